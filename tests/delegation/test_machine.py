"""A permission's whole life, in any order of moves, against a plain model of it.

Both engines keep to `delegation.md`: final states are final, an answer is the answerer's, nothing
stands past its term whether or not a job ran, and one exclusive helper holds a service at a time.
"""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import delete, select

from idp.assurance.rules import Level
from idp.delegation import answering, inviting, owning
from idp.delegation.answering import Answerer
from idp.delegation.inviting import Way
from idp.delegation.lifecycle import HELD, OFFER_LASTS, Move, Party, State
from idp.delegation.moving import By, Moved, move, read, read_bundle
from idp.delegation.offers import Asked, Term
from idp.delegation.records import MandateInvitationRecord, MandateRecord
from idp.delegation.reminding import remind_all
from idp.errors import Refusal
from idp.keyring.ring import Keyring
from idp.register.names import names_of
from idp.storage import Transaction
from idp.throttle.records import ThrottleRecord
from tests.build import Site
from tests.delegation.conftest import Town

SAID = ("Margaret Hughes lets Sian Hughes do this for them.",)
LEVEL = Level(identity=2, sign_in=2)
NAMES = names_of([])
HELPERS = {"sian": ("Sian", "Hughes"), "tom": ("Tom", "Barker")}


class Life(RuleBasedStateMachine):
    """One principal, two helpers, one exclusive service. `town` is set by the test."""

    site: Site
    offers = Bundle("offers")

    def __init__(self) -> None:
        super().__init__()
        self.model: dict[str, dict[str, Any]] = {}
        self.keyring: Keyring = self.site.house.keyring
        self.people = {name: str(self.site.account(name)["person_ref"])
                       for name in ("margaret", *HELPERS)}  # fmt: skip

    @property
    def now(self) -> datetime:
        return self.site.database.now()

    def seen(self, ref: str) -> State:
        one = self.model[ref]
        if one["state"] is State.OFFERED and one["answer_by"] <= self.now:
            return State.LAPSED
        if one["state"] in HELD and one["expires"] is not None and one["expires"] <= self.now:
            return State.ENDED
        return State(one["state"])

    @rule(target=offers, helper=st.sampled_from(sorted(HELPERS)), days=st.sampled_from([1, 31]))
    def offer(self, helper: str, days: int) -> str:
        given, family = HELPERS[helper]
        asked = Asked(services={"tax": ("view",)}, term=Term(days=days))
        way = Way(given_name=given, family_name=family, email=f"{helper}@mail.test")

        def work(tx: Transaction) -> str:
            ref = inviting.draft(
                tx, self.keyring, asked, way, person=self.people["margaret"],
                answerer=Party.DELEGATE, exclusive=frozenset({"tax"}),
            )  # fmt: skip
            said = {one.ref: SAID for one in read_bundle(tx, ref)}
            sent = inviting.offer(tx, self.keyring, ref, person=self.people["margaret"],
                                  said=said, level=LEVEL)  # fmt: skip
            assert isinstance(sent, str)
            return ref

        ref = self.site.database.transaction(work)
        self.model[ref] = {"state": State.OFFERED, "helper": helper, "days": days, "expires": None,
                           "answer_by": self.now + OFFER_LASTS}  # fmt: skip
        return ref

    @rule(ref=offers, who=st.sampled_from(["margaret", *sorted(HELPERS)]), yes=st.booleans())
    def answer(self, ref: str, who: str, yes: bool) -> None:
        before, names = self.seen(ref), HELPERS.get(who, ("Margaret", "Hughes"))
        answerer = Answerer(account=who, person=self.people[who], given_name=names[0],
                            family_name=names[1], level=LEVEL)  # fmt: skip

        def work(tx: Transaction) -> Any:
            found = answering.by_ref(tx, self.keyring, ref)
            assert found
            choices = {one.ref: yes for one in found.mandates}
            said = dict.fromkeys(choices, SAID)
            return answering.answer(tx, self.keyring, found, answerer, choices, said=said,
                                    names=NAMES)  # fmt: skip

        done = self.site.database.transaction(work)
        if who != self.model[ref]["helper"]:
            assert isinstance(done, Refusal)
        elif before is not State.OFFERED:
            assert (done.accepted, done.refused) == ((), ())
        elif yes:
            assert len(done.accepted) == 1
            self.said_yes(ref)
        else:
            assert len(done.refused) == 1
            self.model[ref]["state"] = State.REFUSED

    @rule(ref=offers)
    def cancel(self, ref: str) -> None:
        by = By(party=Party.PRINCIPAL, who=self.people["margaret"])
        done = self.site.database.transaction(lambda tx: inviting.cancel(tx, ref, by))
        assert done == (self.seen(ref) is State.OFFERED)
        if done:
            self.model[ref]["state"] = State.CANCELLED

    @rule(ref=offers, who=st.sampled_from(["principal", "quietly", "delegate", "stranger"]))
    def end(self, ref: str, who: str) -> None:
        mandate = self.mandate(ref)["ref"]
        helper = self.people[self.model[ref]["helper"]]

        def work(tx: Transaction) -> object:
            if who == "delegate":
                return owning.resign(tx, self.keyring, mandate, delegate=helper)
            principal = self.people["margaret"] if who != "stranger" else "somebody"
            return owning.end(tx, self.keyring, mandate, principal=principal,
                              quiet=who == "quietly")  # fmt: skip

        self.site.database.transaction(work)
        if who != "stranger" and self.seen(ref) in HELD:
            self.model[ref]["state"] = State.ENDED

    @rule(ref=offers, what=st.sampled_from([Move.SUSPEND, Move.RESUME]), by=st.sampled_from(Party))
    def officers(self, ref: str, what: Move, by: Party) -> None:
        mandate, before = self.mandate(ref)["ref"], self.seen(ref)
        done = self.site.database.transaction(
            lambda tx: move(tx, mandate, what, By(party=by, who="x"))
        )
        wanted = {Move.SUSPEND: (State.ACTIVE, {Party.OFFICER, Party.SYSTEM}),
                  Move.RESUME: (State.SUSPENDED, {Party.OFFICER})}[what]  # fmt: skip
        may = before is wanted[0] and by in wanted[1]
        assert isinstance(done, Moved) == may
        if may:
            self.model[ref]["state"] = {Move.SUSPEND: State.SUSPENDED,
                                        Move.RESUME: State.ACTIVE}[what]  # fmt: skip

    @rule(days=st.sampled_from([1, 10, 21, 31]), works=st.booleans())
    def time_passes(self, days: int, works: bool) -> None:
        self.site.later(days=days)
        if works:
            remind_all(self.site.database, self.keyring)

    def mandate(self, ref: str) -> dict[str, Any]:
        return dict(self.site.rows(MandateRecord, bundle=ref)[0])

    @invariant()
    def everybody_sees_what_the_model_says(self) -> None:
        def look(tx: Transaction) -> dict[str, State]:
            rows = tx.execute(select(MandateRecord.ref, MandateRecord.bundle))
            found = {}
            for row in rows:
                one = read(tx, row.ref)
                assert one is not None
                found[row.bundle] = one.reads_as
            return found

        seen = self.site.database.read(look)
        assert seen == {ref: self.seen(ref) for ref in self.model}
        assert sum(state in HELD for state in seen.values()) <= 1, "exclusive (I8)"

    def said_yes(self, ref: str) -> None:
        """What follows from a yes: whoever helped until now stops."""
        for other, one in self.model.items():
            if other != ref and self.seen(other) in HELD:
                one["state"] = State.ENDED
        (row,) = self.site.rows(MandateRecord, bundle=ref)
        assert row["expires"] - row["starts"] == timedelta(days=self.model[ref]["days"])
        self.model[ref] |= {"state": State.ACTIVE, "expires": row["expires"]}

    def teardown(self) -> None:
        def forget(tx: Transaction) -> None:
            tx.execute(delete(MandateRecord))
            tx.execute(delete(MandateInvitationRecord))
            tx.execute(delete(ThrottleRecord))

        self.site.database.transaction(forget)
        self.site.database.move_clock(-self.site.database.clock.offset)


class LifeByPages(Life):
    """The same life, lived on the pages, each person in a browser of their own."""

    offers = Bundle("offers")

    def __init__(self) -> None:
        super().__init__()
        self.town, self.links = Town(self.site), dict[str, str]()

    @rule(target=offers, helper=st.sampled_from(sorted(HELPERS)), days=st.sampled_from([1, 31]))
    def offer(self, helper: str, days: int) -> str:
        # All lives are lived in one house: what was asked in others is not to slow this one.
        self.site.database.transaction(lambda tx: tx.execute(delete(ThrottleRecord)))
        link = self.town.offered(helper=helper, power=["tax/view"], term=str(days))
        known = self.site.rows(MandateInvitationRecord)
        (ref,) = [one["ref"] for one in known if one["ref"] not in self.model]
        (row,) = self.site.rows(MandateRecord, bundle=ref)
        self.links[ref] = link
        self.model[ref] = {"state": State.OFFERED, "helper": helper, "days": days, "expires": None,
                           "answer_by": row["offer_expires"]}  # fmt: skip
        return str(ref)

    @rule(ref=offers, who=st.sampled_from(["margaret", *sorted(HELPERS)]), yes=st.booleans())
    def answer(self, ref: str, who: str, yes: bool) -> None:
        before = self.seen(ref)
        self.town.as_(who)
        page = self.site.get(f"{self.links[ref]}/answer")
        if before is not State.OFFERED:
            assert page.status_code == 410
        elif who != self.model[ref]["helper"]:
            assert page.status_code == 403
        else:
            answers = self.town.open_ones(page, "yes" if yes else "no")
            done = self.town.send(page, **answers)
            assert ("You said yes" if yes else "You said no") in done.text
            if yes:
                self.said_yes(ref)
            else:
                self.model[ref]["state"] = State.REFUSED

    @rule(ref=offers, who=st.sampled_from(["margaret", "sian"]))
    def cancel(self, ref: str, who: str = "margaret") -> None:
        self.town.as_(who)
        page = self.site.get("/account")
        done = self.town.post(f"/account/helpers/offers/{ref}/cancel", page)
        assert (done.status_code == 404) == (who != "margaret")
        if who == "margaret" and self.seen(ref) is State.OFFERED:
            self.model[ref]["state"] = State.CANCELLED

    @rule(ref=offers, who=st.sampled_from(["margaret", *sorted(HELPERS)]), what=st.sampled_from(
        ["helpers/{}/end", "helpers/{}/end-quietly", "helping/{}/resign"]))  # fmt: skip
    def end(self, ref: str, who: str, what: str = "") -> None:
        mandate, before = self.mandate(ref), self.seen(ref)
        self.town.as_(who)
        page = self.site.get("/account")
        done = self.town.post("/account/" + what.format(mandate["ref"]), page)
        whose = mandate["delegate"] if "resign" in what else mandate["principal"]
        mine = self.people[who] == whose
        if not mine:
            assert done.status_code == 404
        elif before in HELD:
            self.model[ref]["state"] = State.ENDED


@pytest.mark.parametrize(("life", "lives", "steps"), [(Life, 25, 25), (LifeByPages, 8, 15)])
def test_in_any_order_of_moves_a_permission_keeps_to_its_table(
    site: Site, life: type[Life], lives: int, steps: int
) -> None:
    machine = type("Here", (life,), {"site": site})
    run_state_machine_as_test(
        machine,
        settings=settings(max_examples=lives, stateful_step_count=steps, deadline=None,
                          suppress_health_check=list(HealthCheck)),
    )  # fmt: skip
