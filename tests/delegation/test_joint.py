"""Delegates appointed together: no token before enough of them agreed, each for themselves."""

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import combinations
from threading import Barrier, Thread
from typing import Any

import pytest

from idp.accounts.actions import create_account, join_person
from idp.accounts.records import AccountRecord
from idp.assurance.rules import Level
from idp.authentication.records import SessionRecord
from idp.callers import acting
from idp.callers.authority import Bar, Wish, bar
from idp.delegation import actions as delegation
from idp.delegation import joint
from idp.delegation.joint import JointAct
from idp.delegation.lifecycle import Move, Party, Reason
from idp.delegation.moving import By, move
from idp.delegation.records import JointActRecord, JointSignatureRecord
from idp.errors import Refusal
from idp.identifiers.rules import NationalInsuranceNumber, parse
from idp.journal.records import JournalEntry
from idp.notices.actions import Notice, unseal
from idp.oidc.records import GrantRecord
from idp.outbox.records import OutboxRecord
from idp.register.actions import add_person
from idp.storage import Transaction
from tests.build import Site, claims_of, read_answer

TWO = Level(identity=2, sign_in=2)
DAYS = timedelta(days=30)


class Court:
    """A principal and three delegates appointed together; `quorum` of them have to agree."""

    def __init__(self, site: Site, quorum: int) -> None:
        """Appoint them."""
        self.site, self.database = site, site.database
        self.principal = site.account("margaret")["person_ref"]
        self.delegates = [site.account(name)["person_ref"] for name in ("sian", "tom")]
        self.delegates.append(self._third())
        self.authority, self.mandates = self.appoint(self.delegates, quorum)

    def _third(self) -> str:
        number = parse("JK123456A")
        assert isinstance(number, NationalInsuranceNumber)

        def work(tx: Transaction) -> str:
            ref = add_person(
                tx, self.site.house.keyring, number=number, given_name="Dee", family_name="Gill",
                birth_date=date(1970, 1, 2), sex="female", address={},
            )  # fmt: skip
            assert isinstance(ref, str)
            account = create_account(tx, sign_in_name="dee@example.test", email="d@example.test")
            join_person(tx, account_ref=account, person_ref=ref, identity_level=2)
            return ref

        return self.database.transaction(work)

    def appoint(
        self, delegates: Sequence[str], quorum: int, services: Sequence[str] = ("tax",),
        principal: str | None = None,
    ) -> tuple[str, dict[str, str]]:  # fmt: skip
        principal = principal or self.principal

        def work(tx: Transaction) -> tuple[str, dict[str, str]]:
            authority = joint.make_authority(tx, principal=principal, quorum=quorum)
            made = {}
            for one in delegates:
                refs = delegation.give(
                    tx, principal=principal, delegate=one, expires=tx.now() + DAYS,
                    services={name: ["view"] for name in services}, grant_level=TWO,
                    basis="lasting-power", by="tests", authority_ref=authority,
                )  # fmt: skip
                assert not isinstance(refs, Refusal)
                made[one] = refs[-1]
            return authority, made

        return self.database.transaction(work)

    def ask(self, who: str, service: str = "tax") -> JointAct | None:
        return self.database.transaction(
            lambda tx: joint.ask(
                tx,
                self.site.house.keyring,
                authority_ref=self.authority,
                service=service,
                asker=who,
                purpose="the return",
            )
        )

    def sign(self, act: JointAct, who: str) -> JointAct | None:
        return self.database.transaction(lambda tx: joint.sign(tx, act.ref, who))

    def barred(self, who: str, act: str | None) -> Bar | None:
        """What a token path would answer this delegate, with this joint act."""

        def work(tx: Transaction) -> Bar | None:
            found = acting.ask(
                tx, self.mandates[who], account_ref="", person_ref=who, joint_act=act
            )
            assert found is not None
            return bar(found.facts, Wish(service="tax", level=TWO, needed=TWO))

        return self.database.read(work)

    def told(self, notice: Notice) -> list[str]:
        """Who was sent this notice."""
        sealed = [row["payload"] for row in self.site.rows(OutboxRecord)]
        found = [unseal(self.site.house.keyring, one) for one in sealed if "sealed" in one]
        return sorted(one.contact.address for one in found if one.notice is notice)

    def end(self, who: str) -> None:
        by = By(party=Party.DELEGATE, who=who)
        self.database.transaction(
            lambda tx: move(tx, self.mandates[who], Move.END, by, reason=Reason.RESIGNED)
        )


@pytest.mark.parametrize("quorum", [1, 2, 3])
def test_any_one_all_and_k_of_n_hold_for_every_set_of_signers(site: Site, quorum: int) -> None:
    court = Court(site, quorum)
    asker, *others = court.delegates
    assert (court.barred(asker, None) is None) == (quorum == 1)
    for size in range(len(others) + 1):
        for signers in combinations(others, size):
            act = court.ask(asker)
            assert act is not None
            for one in signers:
                court.sign(act, one)
            enough = 1 + size >= quorum
            assert (court.barred(asker, act.ref) is None) == enough, signers
            now = site.database.read(lambda tx, ref=act.ref: joint.find(tx, ref))  # type: ignore[misc]
            assert now is not None
            assert now.ready == enough
            assert {one.person for one in now.fellows if one.agreed} == {asker, *signers}
            site.database.transaction(lambda tx, ref=act.ref: joint.use_up(tx, ref, asker))  # type: ignore[misc]


def test_nobody_forms_a_quorum_alone_however_often_they_sign_or_ask(site: Site) -> None:
    court = Court(site, 2)
    asker, other, _ = court.delegates
    act = court.ask(asker)
    assert act is not None
    for _ in range(3):
        court.sign(act, asker)
        again = court.ask(asker)
        assert again is not None
        assert again.ref == act.ref
    assert len(site.rows(JointSignatureRecord, act_ref=act.ref)) == 1
    assert not site.rows(JournalEntry, kind="joint-act-signed")
    assert court.barred(asker, act.ref) is Bar.QUORUM
    # Signatures on two acts do not add up, nor do those of strangers or of the principal.
    theirs = court.ask(other)
    assert theirs is not None
    assert court.barred(asker, theirs.ref) is Bar.QUORUM
    stranger = site.account("nobody")["ref"]
    for one in (stranger, court.principal, ""):
        assert court.sign(act, one) is None
    assert len(site.rows(JointSignatureRecord, act_ref=act.ref)) == 1


def test_two_who_sign_at_once_count_once_each(site: Site) -> None:
    court = Court(site, 3)
    asker, *others = court.delegates
    act = court.ask(asker)
    assert act is not None
    gate = Barrier(4)

    def press(who: str) -> None:
        gate.wait()
        court.sign(act, who)

    threads = [Thread(target=press, args=(who,)) for who in [*others, *others]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(site.rows(JointSignatureRecord, act_ref=act.ref)) == 3
    assert court.barred(asker, act.ref) is None


def test_after_seven_days_it_is_over_and_signs_no_more(site: Site) -> None:
    court = Court(site, 2)
    asker, other, third = court.delegates
    act = court.ask(asker)
    assert act is not None
    court.sign(act, other)
    site.later(days=7, seconds=-1)
    assert court.barred(asker, act.ref) is None
    site.later(seconds=1)
    assert court.barred(asker, act.ref) is Bar.QUORUM
    assert court.sign(act, third) is None
    used = site.database.transaction(lambda tx: joint.use_up(tx, act.ref, asker))
    assert not used
    new = court.ask(asker)
    assert new is not None
    assert new.ref != act.ref


def test_who_lost_their_own_permission_counts_no_more(site: Site) -> None:
    court = Court(site, 2)
    asker, other, third = court.delegates
    act = court.ask(asker)
    assert act is not None
    court.sign(act, other)
    court.sign(act, other)
    signed = site.rows(JournalEntry, kind="joint-act-signed")
    assert {(row["person"], row["actor"]) for row in signed} == {
        (court.principal, other), (other, None),
    }  # fmt: skip
    assert len(signed) == 2
    assert court.told(Notice.JOINT_ASKED) == ["d@example.test", "tom@example.test"]
    assert court.barred(asker, act.ref) is None
    court.end(other)
    assert court.barred(asker, act.ref) is Bar.QUORUM
    assert court.sign(act, other) is None
    court.sign(act, third)
    assert court.barred(asker, act.ref) is None
    court.end(asker)
    assert court.ask(asker) is None
    assert site.database.read(lambda tx: joint.find(tx, act.ref)) is None
    site.database.transaction(lambda tx: joint.use_up(tx, act.ref, asker))
    assert court.ask(asker) is None
    assert len(site.rows(JointActRecord)) == 1, "nothing was asked"


def test_an_act_counts_for_its_own_service_and_authority_alone(site: Site) -> None:
    court = Court(site, 2)
    asker, other, third = court.delegates
    one = court.ask(asker)
    assert one is not None
    court.sign(one, other)
    # Appointed anew, with one delegate less: what was agreed before counts for nothing.
    court.authority, court.mandates = court.appoint([asker, third], 2, ["library", "tax"])
    assert court.barred(asker, one.ref) is Bar.QUORUM
    books = court.ask(asker, "library")
    assert books is not None
    court.sign(books, third)
    assert court.barred(asker, books.ref) is Bar.QUORUM
    assert court.ask(asker, "basic") is None
    returns = court.ask(asker)
    assert returns is not None
    court.sign(returns, third)
    assert court.barred(asker, returns.ref) is None
    court.end(third)
    assert court.barred(asker, returns.ref) is Bar.QUORUM, "what is left at the library is no help"


def test_what_was_agreed_for_one_person_counts_for_no_other(site: Site) -> None:
    """The same two are appointed for somebody else too, at the same service."""
    court = Court(site, 2)
    asker, other, third = court.delegates
    mine = court.authority
    court.authority, _elsewhere = court.appoint([asker, other], 2, principal=third)
    act = court.ask(asker)
    assert act is not None
    court.sign(act, other)
    assert court.barred(asker, act.ref) is Bar.QUORUM, "an act for another principal"
    court.authority = mine
    own = court.ask(asker)
    assert own is not None
    assert own.ref != act.ref
    assert court.barred(asker, own.ref) is Bar.QUORUM
    court.sign(own, other)
    assert court.barred(asker, own.ref) is None


def test_a_quorum_has_to_be_possible() -> None:
    for quorum, delegates in ((0, 2), (3, 2), (-1, 5)):
        assert joint.quorum_problem(quorum, delegates) == "quorum-impossible"
    for delegates in (0, 1):
        assert joint.quorum_problem(1, delegates) == "delegates-too-few"
    for delegates in range(2, 6):
        for quorum in range(1, delegates + 1):
            assert joint.quorum_problem(quorum, delegates) is None


# Through the sign-in: a page says who has to agree, and a code uses up what they agreed to.


def at_tax(site: Site, court: Court) -> Any:
    page = site.authorize("tax", acting_for="choose")
    return site.submit(page, who=court.mandates[court.delegates[0]], purpose="the return")


def test_the_sign_in_says_who_has_to_agree_and_goes_on_once_they_have(site: Site) -> None:
    court = Court(site, 2)
    site.sign_in("sian")
    page = at_tax(site, court)
    assert page.status_code == 200
    assert "Others have to agree" in page.text
    assert "Tom Barker" in page.text
    assert "Dee Gill" in page.text
    asked = site.submit(page, purpose="Send the tax return")
    assert "1 of 2" in asked.text
    (act,) = site.rows(JointActRecord)
    assert act["purpose"] == "Send the tax return"

    toms = site.new_browser()
    site.sign_in("tom", browser=toms)
    mine, site.browser = site.browser, toms
    assert "Sian Hughes asks you to agree" in site.get("/account/helping").text
    shown = site.get(f"/account/helping/agree/{act['ref']}")
    assert "Send the tax return" in shown.text
    assert "Margaret Hughes" in shown.text
    done = site.submit(shown)
    assert "You agreed" in done.text
    site.browser = mine

    answer = read_answer(at_tax(site, court))
    assert "code" in answer
    (grant,) = site.rows(GrantRecord)
    assert grant["joint_act_ref"] == act["ref"]
    # "the return" was typed in this time: what counts is what the others read and agreed to.
    assert grant["purpose"] == "Send the tax return"
    (begun,) = site.rows(JournalEntry, kind="acting-started")
    assert begun["detail"]["purpose"] == "Send the tax return"
    tokens = site.redeem("tax", answer["code"]).json
    assert tokens is not None
    assert site.introspect("tax", tokens["access_token"])["active"]
    # A service that asks before it acts is told what was agreed to for this visit.
    claims = claims_of(tokens["access_token"])
    two = {"delegate": claims["act"]["sub"], "principal": claims["sub"], "scope": "view"}
    checked = site.post("/api/v1/mandates/check", "tax", **two).json or {}
    assert checked["reason"] == "quorum-not-met"
    checked = site.post(
        "/api/v1/mandates/check", "tax", **two, access_token=tokens["access_token"]
    ).json or {}  # fmt: skip
    assert (checked["allowed"], checked["mandate"]["quorum_met"]) == (True, True)
    # Used up: the next visit is asked for anew.
    assert "Others have to agree" in at_tax(site, court).text
    # And a token stops when one who agreed is removed.
    court.end(court.delegates[1])
    assert site.introspect("tax", tokens["access_token"]) == {"active": False}


def test_who_is_not_asked_sees_nothing_of_it_and_signs_nothing(site: Site) -> None:
    court = Court(site, 2)
    act = court.ask(court.delegates[0])
    assert act is not None
    for name in ("margaret", "sian"):  # the principal, and whoever asks
        site.browser = site.new_browser()
        site.sign_in(name)
        answer = site.get(f"/account/helping/agree/{act.ref}")
        assert (answer.status_code == 404) == (name == "margaret")
        assert 'action="/account/helping/agree' not in answer.text
    assert site.get("/account/helping/agree/unknown").status_code == 404
    assert len(site.rows(JointSignatureRecord)) == 1


def test_a_check_counts_what_was_agreed_to_for_a_visit_to_come_or_one_that_goes_on(
    site: Site,
) -> None:
    court = Court(site, 2)
    asker, other, _third = court.delegates
    site.sign_in("sian")

    def agreed() -> str:
        act = court.ask(asker)
        assert act is not None
        court.sign(act, other)
        return act.ref

    def checked(**visit: str) -> str:
        asked = {"scope": "tax:view", **both, **visit}
        answer = site.post("/api/v1/mandates/check", "tax", **asked).json or {}
        return "allowed" if answer["allowed"] else str(answer["reason"])

    agreed()
    tokens = site.redeem("tax", read_answer(at_tax(site, court))["code"]).json or {}
    claims = claims_of(tokens["access_token"])
    both = {"delegate": claims["act"]["sub"], "principal": claims["sub"]}
    visit = {"access_token": tokens["access_token"]}
    assert checked(**visit) == "allowed", "the visit goes on"
    assert checked() == Bar.QUORUM, "it was agreed to for that visit only"
    court.ask(asker)
    assert checked(**visit) == "allowed", "a question still open takes nothing from the visit"
    site.change(SessionRecord, {"ended_at": site.database.now()})
    assert checked(**visit) == Bar.QUORUM, "the visit is over, and nobody agreed to another"
    court.ask(other)
    assert checked() == Bar.QUORUM, "what another asked is for them"
    agreed()
    assert checked() == "allowed", "a visit to come"
    site.later(days=7)
    assert checked() == Bar.QUORUM


def test_whoever_agrees_proves_as_much_as_whoever_acts(site: Site) -> None:
    """I10: else the weakest sign-in of those appointed together would be the one that counts."""
    court = Court(site, 2)
    act = court.ask(court.delegates[0])
    assert act is not None
    site.sign_in("tom")
    shown = site.get(f"/account/helping/agree/{act.ref}")
    site.change(AccountRecord, {"identity_level": 1}, person_ref=court.delegates[1])
    for answer in (site.get(f"/account/helping/agree/{act.ref}"), site.submit(shown)):
        assert "the return" not in answer.text
        assert "You agreed" not in answer.text
    assert len(site.rows(JointSignatureRecord)) == 1
    site.change(AccountRecord, {"identity_level": 2}, person_ref=court.delegates[1])
    assert "You agreed" in site.submit(shown).text
