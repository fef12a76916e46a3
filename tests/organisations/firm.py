"""An organisation for tests: entered, verified, with members who have accounts of the world."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlalchemy import delete, insert

from idp.assurance.rules import Level
from idp.delegation import actions as delegation
from idp.journal.records import JournalEntry
from idp.keyring.sealing import random_ref
from idp.notices.actions import Sealed, unseal
from idp.organisations import entering, members
from idp.organisations.records import MemberRecord, OrganisationRecord
from idp.outbox.records import OutboxRecord
from idp.register.records import PersonRecord
from idp.storage import Transaction
from tests.build import Site

T = TypeVar("T")


@dataclass
class Firm:
    """One organisation, and short ways to use it."""

    site: Site
    name: str = "Example & Co"
    kind: str = "firm"
    email: str = "sian@example.test"
    ref: str = field(init=False)

    def __post_init__(self) -> None:
        """Enter it and verify its name."""
        keyring = self.site.house.keyring

        def work(tx: Transaction) -> str:
            ref = entering.enter(
                tx, keyring, name=self.name, kind=self.kind, assurance=2,
                admin_name="Sian Hughes", admin_email=self.email, by="an officer",
            )  # fmt: skip
            assert not isinstance(ref, entering.Problem), ref
            entering.verify(tx, keyring, ref, version=1, by="another officer")
            return ref

        self.ref = self.do(work)

    def do(self, work: Callable[[Transaction], T]) -> T:
        """Run something in one transaction."""
        return self.site.database.transaction(work)

    def account(self, who: str) -> str:
        """Somebody's account."""
        return str(self.site.account(who)["ref"])

    def join(self, who: str, *roles: str, name: str = "") -> str:
        """Make somebody a member, without a link; answer the member's reference."""
        called = name or self.site.world.people[who].given
        return self.do(
            lambda tx: members.add_member(
                tx, self.ref, self.account(who), name=called, roles=roles, by="tests"
            )
        )

    def member(self, who: str) -> str:
        """The reference of somebody's membership, the newest."""
        rows = self.site.rows(
            MemberRecord, organisation_ref=self.ref, account_ref=self.account(who)
        )
        return str(max(rows, key=lambda row: row["joined_at"])["ref"])

    def set(self, **values: Any) -> None:
        """Change the organisation behind the house's back."""
        self.site.change(OrganisationRecord, values, ref=self.ref)

    def acts_for(self, principal: str = "margaret", *services: str, **more: Any) -> str:
        """Let the organisation act for somebody of the world; answer the first mandate."""
        person = self.site.account(principal)["person_ref"]
        return self.acts_for_ref(person, *services, **more)

    def acts_for_ref(self, person: str, *services: str, **more: Any) -> str:
        """The same for a person of the register."""
        asked = {
            "expires": None, "grant_level": Level(identity=2, sign_in=2), "basis": "own",
            "by": "tests", "delegate_kind": "organisation", **more,
        }  # fmt: skip
        given = self.do(
            lambda tx: delegation.give(
                tx, principal=person, delegate=self.ref,
                services={one: ["view", "file"] for one in services or ("tax",)}, **asked
            )
        )  # fmt: skip
        assert isinstance(given, tuple), given
        return given[0]

    def people(self, count: int, *, family: str = "Person") -> list[str]:
        """So many people of the register, let in without their numbers; a mandate from each."""
        born = self.site.rows(PersonRecord)[0]["birth_date"]

        def work(tx: Transaction) -> list[str]:
            refs = [random_ref() for _ in range(count)]
            for place, ref in enumerate(refs):
                tx.execute(insert(PersonRecord).values(
                    ref=ref, given_name=f"Given{place:03}", family_name=family,
                    birth_date=born, sex="female", address={}, created_at=tx.now(),
                ))  # fmt: skip
            return refs

        return [self.acts_for_ref(ref) for ref in self.do(work)]

    def journal(self, *kinds: str) -> list[Any]:
        """The entries of these kinds, oldest first."""
        rows = [row for row in self.site.rows(JournalEntry) if row["kind"] in kinds]
        return sorted(rows, key=lambda row: row["id"])

    def mail(self) -> list[Sealed]:
        """What waits to be sent; it is taken out."""
        rows = self.site.rows(OutboxRecord)
        self.do(lambda tx: tx.execute(delete(OutboxRecord)))
        keyring = self.site.house.keyring
        notices = [row for row in rows if row["kind"].startswith("notice")]
        return [unseal(keyring, row["payload"]) for row in notices]

    def link(self) -> str:
        """The token of the newest link that was sent."""
        (sent,) = [one for one in self.mail() if "link" in one.values]
        return sent.values["link"].rsplit("/", 1)[1]
