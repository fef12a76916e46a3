"""A firm that acts for people, put straight into the database."""

from typing import Any

from sqlalchemy import insert

from idp.assurance.risk_rules import RiskRules
from idp.assurance.rules import Level
from idp.delegation.opening import Opener
from idp.delegation.records import AssignmentRecord, MandateRecord
from idp.organisations.records import MemberRecord, OrganisationRecord
from tests.build import Site

TOP = Level(identity=3, sign_in=3)


def opener(account: str, **more: Any) -> Opener:
    """Somebody who has shown all there is, changed as told."""
    shown: dict[str, Any] = {"level": TOP, "device_bound": True, "rules": RiskRules(), **more}
    return Opener(account=account, **shown)


def firm(site: Site, *, member: str = "sian", access: str = "assigned", **more: object) -> str:
    """A firm that acts for Margaret, with one member; answers its mandate's reference."""
    now = site.database.now()

    def work(tx) -> None:
        tx.execute(insert(OrganisationRecord).values(
            {"ref": "the-firm", "name": "Smith & Co", "kind": "firm", "access": access,
             "entered_by": "tests", "created_at": now, "verified_at": now, **more}))  # fmt: skip
        tx.execute(insert(MemberRecord).values(
            ref="the-member", organisation_ref="the-firm",
            account_ref=site.account(member)["ref"], name="Sian Hughes", roles=["worker"],
            added_by="tests", joined_at=now))  # fmt: skip

    site.database.transaction(work)
    return site.give_mandate(delegate="the-firm")


def assign(site: Site, mandate: str, to: str = "the-member") -> None:
    site.database.transaction(lambda tx: tx.execute(insert(AssignmentRecord).values(
        mandate_ref=mandate, assignee=to, assigned_by="tests", assigned_at=tx.now())))  # fmt: skip


def fill(site: Site, mandate: str, people: int, *, named: str = "person") -> list[str]:
    """Give the delegate of a mandate so many more like it, each for a made-up person; answers
    their references."""
    (first,) = site.rows(MandateRecord, ref=mandate)
    made = [
        {**first, "ref": f"mandate-of-{named}-{number:05}", "principal": f"{named}-{number:05}",
         "principal_sort": f"{named} {number:05}"}
        for number in range(people)
    ]  # fmt: skip
    if made:
        site.database.transaction(lambda tx: tx.execute(insert(MandateRecord), made))  # type: ignore[arg-type]
    return [one["ref"] for one in made]
