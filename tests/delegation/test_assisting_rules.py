"""Help in person, asked past its pages: every thing it stands on can stop it; on both engines."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from idp.delegation import assisting
from idp.delegation.assisting import Helper, Wanted
from idp.delegation.records import MandateInvitationRecord, MandateRecord
from idp.errors import Refusal
from idp.identifiers.rules import NationalInsuranceNumber, parse
from idp.journal.records import JournalEntry
from idp.notices.actions import unseal
from idp.notices.rules import Notice
from idp.organisations import agreement
from idp.outbox.records import OutboxRecord
from idp.register.matching import Claim
from idp.register.records import PersonRecord
from tests.build import Site
from tests.rig.firms import opener

PHONE = "+447700900123"
PAPER = Wanted(services={"vehicles": ("renew",)}, days=1, evidence="signed-paper",
               text_hash="0" * 64, document="1" * 64)  # fmt: skip
TEXT = replace(PAPER, evidence="text-two-steps", document=None)


def _sign(site: Site, organisation: str) -> None:
    mark = agreement.fingerprint(agreement.text_of("Example Advice", ["vehicles"]))
    signed = site.database.transaction(
        lambda tx: agreement.sign(
            tx, organisation, opener(site.account("tom")["ref"]), services=["vehicles"], shown=mark
        )
    )
    assert signed == mark


@pytest.fixture
def charity(site: Site) -> str:
    """A charity that signed, with Tom as its administrator and Sian as its adviser."""
    organisation = site.give_organisation()
    site.give_member(organisation, "tom", "admin")
    site.give_member(organisation, "sian", "worker")
    _sign(site, organisation)
    site.change(PersonRecord, {"contacts": {"phone": PHONE}}, ref=_margaret(site))
    return organisation


def _margaret(site: Site) -> str:
    return str(site.account("margaret")["person_ref"])


def _helper(site: Site, charity: str, name: str = "sian") -> Helper | Refusal | None:
    account = site.account(name)
    return site.database.read(
        lambda tx: assisting.helper_of(
            tx, site.house.policies, charity, account=account["ref"], person=account["person_ref"]
        )
    )


def _sian(site: Site, charity: str) -> Helper:
    helper = _helper(site, charity)
    assert isinstance(helper, Helper)
    return helper


def _make(site: Site, charity: str, want: Wanted, person: str | None = None) -> str | Refusal:
    helper = _sian(site, charity)
    return site.database.transaction(
        lambda tx: assisting.make(
            tx, site.house.keyring, site.house.policies, helper, person or _margaret(site), want
        )
    )


def _code(site: Site, helper: Helper, bundle: str, typed: str) -> bool:
    return site.database.transaction(
        lambda tx: assisting.give_code(tx, site.house.keyring, helper, bundle, typed)
    )


def _sent(site: Site, notice: Notice) -> list[dict[str, str]]:
    """What was sent of one notice, oldest first."""
    found = [unseal(site.house.keyring, row["payload"]) for row in site.rows(OutboxRecord)
             if row["kind"].startswith("notice-")]  # fmt: skip
    return [dict(one.values) for one in found if one.notice is notice]


def _state(site: Site, bundle: str) -> set[str]:
    return {row["state"] for row in site.rows(MandateRecord, bundle=bundle)}


def test_who_only_administers_helps_nobody(site: Site, charity: str) -> None:
    refused = _helper(site, charity, "tom")
    assert isinstance(refused, Refusal)
    assert refused.code == "role-lacking"
    assert _helper(site, charity, "margaret") is None


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"evidence": "spoken-word"}, "evidence"),
        ({"evidence": "phone-appointment"}, "evidence"),
        ({"evidence": "signed-paper", "document": None}, "document"),
        ({"evidence": "signed-paper", "document": ""}, "document"),
        ({"days": 2}, "term"),
        ({"days": 366}, "term"),
        ({"services": {}}, "services"),
        ({"services": {"tax": ("view",)}}, "services"),
        ({"services": {"vehicles": ("renew",), "tax": ("view",)}}, "services"),
        ({"services": {"vehicles": ()}}, "powers"),
        ({"services": {"vehicles": ("sell",)}}, "powers"),
    ],
)
def test_what_was_not_agreed_or_is_not_proved_is_not_made(
    site: Site, charity: str, change: dict[str, Any], code: str
) -> None:
    made = _make(site, charity, replace(PAPER, **change))
    assert isinstance(made, Refusal)
    assert made.code == code
    assert site.rows(MandateRecord) == []
    assert site.rows(MandateInvitationRecord) == []


def test_health_is_never_given_together_with_anything_else(site: Site, charity: str) -> None:
    """I21."""
    policies, helper = site.house.policies, _sian(site, charity)
    other = policies.powers["vehicles"].model_copy(update={"client_id": "boats"})
    ill = policies.powers["vehicles"].model_copy(update={"realm": "health"})
    health = replace(policies, powers={**policies.powers, "vehicles": ill, "boats": other})
    both = replace(helper, services=frozenset({"vehicles", "boats"}))

    def make(*services: str) -> str | Refusal:
        want = replace(PAPER, services=dict.fromkeys(services, ("renew",)))
        return site.database.transaction(lambda tx: assisting.make(
            tx, site.house.keyring, health, both, _margaret(site), want
        ))  # fmt: skip

    made = make("vehicles", "boats")
    assert isinstance(made, Refusal)
    assert made.code == "realms"
    assert site.rows(MandateRecord) == []
    assert isinstance(make("vehicles"), str), "alone it may be"


def test_nobody_helps_themself(site: Site, charity: str) -> None:
    made = _make(site, charity, PAPER, str(site.account("sian")["person_ref"]))
    assert isinstance(made, Refusal)
    assert made.code == "own-delegate"


def test_without_a_telephone_on_the_register_there_is_no_way_by_text(
    site: Site, charity: str
) -> None:
    site.change(PersonRecord, {"contacts": {}}, ref=_margaret(site))
    made = _make(site, charity, TEXT)
    assert isinstance(made, Refusal)
    assert made.code == "no-contact"
    assert isinstance(_make(site, charity, PAPER), str), "paper needs none"


def test_a_code_is_of_one_draft_one_member_and_one_use(site: Site, charity: str) -> None:
    site.give_member(charity, "margaret", "worker")
    sian = _sian(site, charity)
    other = _helper(site, charity, "margaret")
    assert isinstance(other, Helper)
    first, second = _make(site, charity, TEXT), _make(site, charity, TEXT)
    assert isinstance(first, str)
    assert isinstance(second, str)
    codes = [one["code"] for one in _sent(site, Notice.ASSISTED_CODE)]
    assert len(codes) == 2
    assert not _code(site, sian, first, codes[1])
    assert not _code(site, other, first, codes[0]), "another member's draft"
    assert [row["attempts"] for row in site.rows(MandateInvitationRecord, ref=second)] == [0]
    assert len(site.rows(JournalEntry, kind="assist-code-refused")) == 2
    assert _code(site, sian, first, codes[0])
    assert (_state(site, first), _state(site, second)) == ({"active"}, {"draft"})
    assert not _code(site, sian, first, codes[0]), "spent"
    assert len(site.rows(JournalEntry, kind="mandate-given")) == 1


def test_the_person_is_told_and_the_new_one_takes_the_place_of_the_old(
    site: Site, charity: str
) -> None:
    first, second = _make(site, charity, PAPER), _make(site, charity, replace(PAPER, days=31))
    assert isinstance(first, str)
    assert isinstance(second, str)
    assert (_state(site, first), _state(site, second)) == ({"ended"}, {"active"})
    (new,) = site.rows(MandateRecord, bundle=second)
    assert new["expires"] - new["starts"] >= timedelta(days=30)
    told = _sent(site, Notice.HELP_GIVEN)
    assert [one["organisation"] for one in told] == ["Example Advice"] * 2


def _find(site: Site, charity: str, number: str = "CE 12 34 56 B", **more: Any) -> Any:
    (row,) = site.rows(PersonRecord, ref=_margaret(site))
    parsed = parse(number)
    assert isinstance(parsed, NationalInsuranceNumber)
    said = {"given_name": "Margaret", "family_name": "Hughes", "birth_date": row["birth_date"]}
    return assisting.find_person(
        site.database, site.house.keyring, site.house.policies, _sian(site, charity),
        number=parsed, claim=Claim(**{**said, **more}),
    )  # fmt: skip


def test_only_somebody_alive_who_fits_in_all_is_found(site: Site, charity: str) -> None:
    assert _find(site, charity) == _margaret(site)
    assert _find(site, charity, given_name="Mary") is None
    site.change(PersonRecord, {"died_on": date(2020, 1, 1)}, ref=_margaret(site))
    assert _find(site, charity) is None
    assert len(site.rows(JournalEntry, kind="assist-found")) == 1


def test_a_number_is_tried_a_few_times_and_then_nobody_is_looked_for(
    site: Site, charity: str
) -> None:
    """delegation.md I14: counted before it is looked at."""
    for _try in range(5):
        assert _find(site, charity, given_name="Mary") is None
    assert isinstance(_find(site, charity), timedelta)
    assert len(site.rows(JournalEntry, kind="assist-not-found")) == 5
