"""A firm of a served house: its clerk and software act for a principal; and each way that ends."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import insert, select, update

from idp.authentication import sessions, unattended
from idp.callers.authority import Bar
from idp.delegation import machines
from idp.delegation.actions import give
from idp.delegation.machine_rules import Verdict
from idp.delegation.machines import Machine
from idp.delegation.records import AssignmentRecord
from idp.errors import Refusal
from idp.keyring.sealing import random_ref
from idp.officers import organisations as officers
from idp.officers.actions import COMMAND
from idp.oidc.exchange_rules import ACCESS_TOKEN_TYPE, GRANT_TYPE, MANDATE_TYPE
from idp.organisations.records import MemberRecord, OrganisationRecord
from idp.storage import Transaction
from tests.rig.dpop import Holder
from tests.rig.firms import opener
from tests.rig.stock import LEVEL, Application, Grant, Stock, Visitor
from tests.rig.wire import Answer

EXCHANGES = ["authorization_code", "refresh_token", GRANT_TYPE]
Ask = Callable[[bytes], Answer]


@dataclass
class Practice:
    """A verified firm: an administrator who assigns, a clerk, software; another that passes on."""

    stock: Stock
    ref: str = field(default_factory=random_ref)
    passes_on: str = field(default_factory=random_ref)
    sign_ins: int = 100  # more than are used up

    def __post_init__(self) -> None:
        self.admin, self.clerk = self.stock.visitors(2)
        self.stock.house.database.transaction(self._enter)
        self.software: Application = self.stock.client(
            f"software-{self.ref}", "private_key_jwt", sector="filing",
            organisation_ref=self.ref, grant_types=EXCHANGES,
            acts_at=[self.stock.confidential.client_id],
        )  # fmt: skip
        self._signed_in = self.stock.grants(self.sign_ins, [self.clerk], self.software)

    def member(self) -> str:
        """The clerk's membership: as it stands, gone on with, or begun again."""

        def work(tx: Transaction) -> str:
            here = (MemberRecord.account_ref == self.clerk.account, MemberRecord.left_at.is_(None))
            found = tx.execute(select(MemberRecord.ref).where(*here)).scalar()
            if found is None:
                return self._join(tx, self.clerk, ["worker"])
            tx.execute(update(MemberRecord).where(*here).values(suspended_at=None))
            return str(found)

        return self.stock.house.database.transaction(work)

    def machine(self, member: str) -> Machine:
        """The machine mandate that the clerk answers for: as it stands, or agreed to anew."""

        def work(tx: Transaction) -> Machine:
            stands = machines.standing_for(
                tx, client_id=self.software.client_id, organisation_ref=self.ref,
                service=self.stock.confidential.client_id,
            )  # fmt: skip
            if stands is not None:
                return stands
            house = self.stock.house
            ref = machines.ask(
                tx, house.keyring, self.ref, opener(self.admin.account),
                client_id=self.software.client_id, member=member, days=30,
                services=[self.stock.confidential.client_id],
            )  # fmt: skip
            session = sessions.find(tx, self.clerk.session_secret)
            assert session is not None
            by = opener(session.account_ref)
            agreed = unattended.agree(tx, house.policies, session, by, self.ref, ref)
            made = machines.find(tx, self.ref, ref)
            assert agreed is Verdict.ALLOWED, (ref, agreed)
            assert made is not None
            return made

        return self.stock.house.database.transaction(work)

    def assigned(self, principal: Visitor, member: str, *, passed_on: bool = False) -> "Held":
        """A new permission of a principal's, in place of the last one, open to the clerk."""

        def work(tx: Transaction) -> Held:
            parent = self._give(tx, principal, self.passes_on) if passed_on else None
            ref = self._give(tx, principal, self.ref, parent)
            tx.execute(insert(AssignmentRecord).values(
                mandate_ref=ref, assignee=member, assigned_by="proofs", assigned_at=tx.now()
            ))  # fmt: skip
            return Held(ref=ref, member=member, principal=principal, parent=parent)

        return self.stock.house.database.transaction(work)

    def acting(
        self, held: "Held", many: int = 1, apis: Sequence[str | None] = (None,)
    ) -> list[Grant]:
        """Grants in which the clerk acts at the service's own pages; for each API in turn."""
        return self.stock.grants(
            0, [self.clerk], self.stock.confidential, mandates=[held.ref] * many, apis=apis,
            principal=held.principal.person, organisation=self.ref, member=held.member,
        )  # fmt: skip

    def sign_in(self) -> Grant:
        """A grant of the software's, for the clerk's own token of it, which names who acts."""
        return self._signed_in.pop()

    def exchange(
        self, held: "Held", actor: str | None, holder: Holder | None = None, api: str | None = None
    ) -> bytes:
        """The request by which the software acts under a permission: in the name of the member
        whose own token `actor` is, else by itself. For an API it proves a key."""
        who = {"actor_token": actor, "actor_token_type": ACCESS_TOKEN_TYPE} if actor else {}
        return self.stock.as_client("/token", {
            "grant_type": GRANT_TYPE, "subject_token": held.ref,
            "subject_token_type": MANDATE_TYPE, **who, **({"resource": api} if api else {}),
        }, self.software, holder)  # fmt: skip

    def suspend(self) -> None:
        """The firm is suspended at once, as `idp organisation suspend` does it."""
        house = self.stock.house
        house.database.transaction(lambda tx: officers.suspend(
            tx, house.keyring, self.ref, notice=None, reason="tests", by=COMMAND
        ))  # fmt: skip

    def resume(self) -> None:
        """The firm goes on; nothing happens where it was not suspended."""
        house = self.stock.house
        house.database.transaction(
            lambda tx: officers.resume(tx, house.keyring, self.ref, by=COMMAND)
        )

    def by_form(self, ask: Ask, path: str, visitor: Visitor, **fields: str) -> None:
        """Send a form of ours from a visitor's browser; it must be done."""
        answer = ask(self.stock.form(path, visitor, fields))
        assert answer.status == 303, answer
        assert "/sign-in" not in answer.headers["location"], answer

    def _give(self, tx: Transaction, principal: Visitor, to: str, parent: str | None = None) -> str:
        given = give(
            tx, principal=principal.person, delegate=to, delegate_kind="organisation",
            services={self.stock.confidential.client_id: ["all"]}, basis="own", by="proofs",
            expires=tx.now() + timedelta(days=30), grant_level=LEVEL, parent_ref=parent,
        )  # fmt: skip
        assert not isinstance(given, Refusal), given
        return given[0]

    def _enter(self, tx: Transaction) -> None:
        for ref in (self.ref, self.passes_on):
            tx.execute(insert(OrganisationRecord).values(
                ref=ref, name=f"Practice {ref}", kind="firm", entered_by="proofs",
                verified_by="proofs", verified_at=tx.now(), created_at=tx.now(),
            ))  # fmt: skip
        self._join(tx, self.admin, ["admin", "assigner"])

    def _join(self, tx: Transaction, visitor: Visitor, roles: list[str]) -> str:
        ref = random_ref()
        tx.execute(insert(MemberRecord).values(
            ref=ref, organisation_ref=self.ref, account_ref=visitor.account, name="Proof",
            roles=roles, added_by="proofs", joined_at=tx.now(),
        ))  # fmt: skip
        return ref


@dataclass(frozen=True, kw_only=True)
class Held:
    """A permission that a firm holds and that is open to one member."""

    ref: str
    member: str
    principal: Visitor
    parent: str | None


def _own(firm: Practice, held: Held, ask: Ask) -> None:
    firm.by_form(ask, f"/account/helpers/{held.ref}/end", held.principal)


def _parents(firm: Practice, held: Held, ask: Ask) -> None:
    firm.by_form(ask, f"/account/helpers/{held.parent}/end", held.principal)


def _member(act: str) -> Callable[[Practice, Held, Ask], None]:
    def end(firm: Practice, held: Held, ask: Ask) -> None:
        path = f"/helping/organisations/{firm.ref}/members/{held.member}/{act}"
        firm.by_form(ask, path, firm.admin)

    return end


def _machines(firm: Practice, held: Held, ask: Ask) -> None:
    path = f"/helping/organisations/{firm.ref}/software/{firm.machine(held.member).ref}/end"
    firm.by_form(ask, path, firm.admin)


def _signed_out(firm: Practice, held: Held, ask: Ask) -> None:
    path = f"/account/sessions/{firm.machine(held.member).session_ref}/end"
    firm.by_form(ask, path, firm.clerk)


def _closed(firm: Practice, held: Held, ask: Ask) -> None:
    path = f"/helping/organisations/{firm.ref}/people/{held.ref}/close"
    firm.by_form(ask, path, firm.admin, **{"from": held.member})


@dataclass(frozen=True, kw_only=True)
class Way:
    """A way in which acting ends, and what stands in the way of software from then on.

    `why`: of software that shows a member's own token; None where the end is none of the member's
    own acting. `alone`: of software that acts by itself, with a member who answers for it.
    """

    end: Callable[[Practice, Held, Ask], None]
    why: Bar | None
    alone: str


def _all(end: Callable[[Practice, Held, Ask], None], why: Bar) -> Way:
    return Way(end=end, why=why, alone=why)


NOBODY_ANSWERS = "actor-missing"
PASSED_ON = "what it was passed on from ends"
ENDS: Mapping[str, Way] = {
    "the principal ends it": _all(_own, Bar.ENDED),
    "the member leaves": Way(
        end=_member("leave"), why=Bar.NOT_A_MEMBER, alone=NOBODY_ANSWERS
    ),
    "the member is suspended": _all(_member("suspend"), Bar.MEMBER_SUSPENDED),
    "the assignment is taken away": _all(_closed, Bar.NOT_ASSIGNED),
    "the organisation is suspended": _all(
        lambda firm, held, ask: firm.suspend(), Bar.ORGANISATION_SUSPENDED
    ),
    PASSED_ON: _all(_parents, Bar.ENDED),
    "the machine mandate is ended": Way(end=_machines, why=None, alone=NOBODY_ANSWERS),
    "who answers for the software ends its session": Way(
        end=_signed_out, why=None, alone=NOBODY_ANSWERS
    ),
}  # fmt: skip
