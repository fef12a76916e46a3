"""A firm of a served house: its clerk and software act for a principal; and each way that ends."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import insert, select, update

from idp.callers.authority import Bar
from idp.delegation.actions import give
from idp.delegation.records import AssignmentRecord
from idp.errors import Refusal
from idp.keyring.sealing import random_ref
from idp.officers import organisations as officers
from idp.officers.actions import COMMAND
from idp.oidc.exchange_rules import ACCESS_TOKEN_TYPE, GRANT_TYPE, MANDATE_TYPE
from idp.organisations.records import MemberRecord, OrganisationRecord
from idp.storage import Transaction
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

    def acting(self, held: "Held", many: int = 1) -> list[Grant]:
        """Grants in which the clerk acts at the service's own pages."""
        return self.stock.grants(
            0, [self.clerk], self.stock.confidential, mandates=[held.ref] * many,
            principal=held.principal.person, organisation=self.ref, member=held.member,
        )  # fmt: skip

    def sign_in(self) -> Grant:
        """A grant of the software's, for the clerk's own token of it, which names who acts."""
        return self._signed_in.pop()

    def exchange(self, held: "Held", actor: str) -> bytes:
        """The request by which the software acts under a permission, in the clerk's name."""
        return self.stock.as_client("/token", {
            "grant_type": GRANT_TYPE, "subject_token": held.ref,
            "subject_token_type": MANDATE_TYPE, "actor_token": actor,
            "actor_token_type": ACCESS_TOKEN_TYPE,
        }, self.software)  # fmt: skip

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


def _closed(firm: Practice, held: Held, ask: Ask) -> None:
    path = f"/helping/organisations/{firm.ref}/people/{held.ref}/close"
    firm.by_form(ask, path, firm.admin, **{"from": held.member})


# How it ends, and what stands in the way from then on.
ENDS: Mapping[str, tuple[Callable[[Practice, Held, Ask], None], Bar]] = {
    "the principal ends it": (_own, Bar.ENDED),
    "the member leaves": (_member("leave"), Bar.NOT_A_MEMBER),
    "the member is suspended": (_member("suspend"), Bar.MEMBER_SUSPENDED),
    "the assignment is taken away": (_closed, Bar.NOT_ASSIGNED),
    "the organisation is suspended": (
        lambda firm, held, ask: firm.suspend(), Bar.ORGANISATION_SUSPENDED,
    ),
    "what it was passed on from ends": (_parents, Bar.ENDED),
}  # fmt: skip
