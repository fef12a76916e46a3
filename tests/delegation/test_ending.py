"""A death, or the loss of a basis, ends mandates in one step (I19)."""

from datetime import date
from typing import Any

import pytest

from idp.delegation import actions as delegation
from idp.delegation import ending
from idp.delegation.lifecycle import Party, Reason, State
from idp.delegation.moving import By
from idp.delegation.records import MandateRecord
from idp.journal.records import JournalEntry
from idp.outbox.actions import deliver
from idp.register.actions import record_death
from idp.register.records import PersonRecord
from idp.work import handlers
from tests.build import Site, read_answer

BASES = ("own", "appointed", "lasting-power", "deputyship", "parental", "estate", "official")
OFFICER = By(party=Party.OFFICER, who="officer")


def states(site: Site) -> dict[str, tuple[str, str | None]]:
    return {row["basis"]: (row["state"], row["ended_reason"]) for row in site.rows(MandateRecord)}


def give_all(site: Site) -> dict[str, str]:
    """One permission of Margaret's on each basis, to alternate people and services."""
    given = {}
    for number, basis in enumerate(BASES):
        service = f"service-{number}"
        given[basis] = site.give_mandate(basis=basis, services={service: ["all"]})
    return given


def dies(site: Site, name: str) -> str:
    person: str = site.account(name)["person_ref"]
    day = site.database.now().date()
    site.database.transaction(lambda tx: record_death(tx, person, day, "the registrar"))
    return person


def work(site: Site) -> None:
    deliver(site.database, handlers(site.house))


def test_a_death_ends_all_but_the_estate_and_the_official_act_once_the_worker_hears(
    site: Site,
) -> None:
    give_all(site)
    dies(site, "margaret")
    assert {state for state, _ in states(site).values()} == {State.ACTIVE}, "not before the commit"
    work(site)
    for basis, found in states(site).items():
        if basis in {"estate", "official"}:
            assert found == (State.ACTIVE, None)
        else:
            assert found == (State.ENDED, Reason.PRINCIPAL_DIED), basis
    before = len(site.rows(JournalEntry))
    site.database.transaction(lambda tx: ending.person_died(tx, site.account("margaret")["ref"]))
    work(site)
    assert len(site.rows(JournalEntry)) == before


def test_what_a_dead_helper_held_ends_too_and_offers_are_cancelled(site: Site) -> None:
    site.give_mandate("margaret", "sian")
    kept = site.give_mandate("margaret", "tom", services={"library": ["borrow"]})
    sian, margaret = (site.account(name)["person_ref"] for name in ("sian", "margaret"))

    def offer(tx: Any) -> str:
        return delegation.insert_mandate(
            tx, state=State.OFFERED, bundle="b", principal=margaret, delegate=sian,
            service="library", powers=["borrow"], basis="own", created_by=sian, now=tx.now(),
        )  # fmt: skip

    offered = site.database.transaction(offer)
    dies(site, "sian")
    work(site)
    found = {row["ref"]: row for row in site.rows(MandateRecord)}
    assert found[kept]["state"] == State.ACTIVE
    assert found[offered]["state"] == State.CANCELLED
    ended = [row for row in found.values() if row["state"] == State.ENDED]
    assert [row["ended_reason"] for row in ended] == [Reason.BASIS_LAPSED]


def test_nothing_ends_for_somebody_who_is_alive(site: Site) -> None:
    site.give_mandate()
    person = site.account("margaret")["person_ref"]
    for who in (person, "nobody"):
        done = site.database.transaction(lambda tx, who=who: ending.person_died(tx, who))  # type: ignore[misc]
        assert done == 0
    assert {state for state, _ in states(site).values()} == {State.ACTIVE}


def test_a_lapsed_order_ends_all_of_its_basis_and_nothing_else(site: Site) -> None:
    given = give_all(site)
    other = site.give_mandate("margaret", "tom", basis="deputyship")
    site.give_mandate("tom", "sian", basis="deputyship")
    person = site.account("margaret")["person_ref"]
    done = site.database.transaction(
        lambda tx: ending.end_basis(
            tx, person, "deputyship", by=OFFICER, detail={"why": "order-lapsed"}
        )
    )
    assert done == 2
    ended = {row["ref"] for row in site.rows(MandateRecord, state=State.ENDED)}
    assert ended == {given["deputyship"], other}
    (entry, *_) = site.rows(JournalEntry, kind="mandate-ended", person=person)
    assert entry["detail"]["why"] == "order-lapsed"
    assert entry["detail"]["reason"] == Reason.BASIS_LAPSED


def test_one_director_is_removed_and_the_others_stay(site: Site) -> None:
    site.give_mandate("margaret", "sian", basis="director")
    stays = site.give_mandate("margaret", "tom", basis="director")
    person, sian = (site.account(name)["person_ref"] for name in ("margaret", "sian"))
    done = site.database.transaction(
        lambda tx: ending.end_basis(tx, person, "director", by=OFFICER, delegate=sian)
    )
    assert done == 1
    assert [row["ref"] for row in site.rows(MandateRecord, state=State.ACTIVE)] == [stays]


@pytest.mark.parametrize("basis", ["own", "estate", "official"])
def test_who_acts_for_an_estate_acts_after_the_death_and_never_before(
    site: Site, basis: str
) -> None:
    ref = site.give_mandate(basis=basis, services={"tax": ["view"]})
    site.sign_in("sian")
    page = site.authorize("tax", acting_for="choose")
    assert (f'value="{ref}"' in page.text) == (basis != "estate"), "offered while she lives"
    tokens = None
    if basis != "estate":
        tokens = site.redeem(
            "tax", read_answer(site.submit(page, who=ref, purpose="the return"))["code"]
        ).json
        assert tokens is not None
    person = site.account("margaret")["person_ref"]
    site.change(PersonRecord, {"died_on": date(2026, 1, 1)}, ref=person)
    if tokens is not None:
        active = site.introspect("tax", tokens["access_token"])["active"]
        assert active == (basis == "official")
    page = site.authorize("tax", acting_for="choose")
    assert (f'value="{ref}"' in page.text) == (basis != "own"), "offered after her death"
    if basis != "own":
        code = read_answer(site.submit(page, who=ref, purpose="the return"))["code"]
        answer = site.redeem("tax", code).json
        assert answer is not None
        assert site.introspect("tax", answer["access_token"])["active"]
