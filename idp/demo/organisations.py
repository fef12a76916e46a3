"""The sandbox's organisations: an accountant, a charity and an insurer, each with one member.

They are as two officers would have left them: names verified, the charity's agreement signed. What
they may do for whom is asked for and agreed to on pages.
"""

from dataclasses import dataclass

from sqlalchemy import select

from idp.assurance.policy import Policies
from idp.assurance.rules import Level
from idp.delegation.opening import Opener
from idp.house import House
from idp.organisations import agreement, entering, members
from idp.organisations.records import OrganisationRecord
from idp.storage import Transaction

ENTERED_BY, VERIFIED_BY = "sandbox", "sandbox again"
ALL_ROLES = ("admin", "assigner", "worker")


@dataclass(frozen=True, kw_only=True)
class SampleOrganisation:
    """A made-up organisation, and the role in the cast of its only member."""

    kind: str
    name: str
    role: str
    assurance: int


CAST = (
    SampleOrganisation(kind="firm", name="Shah Accounts", role="accountant", assurance=2),
    SampleOrganisation(kind="charity", name="Open Door Advice", role="adviser", assurance=1),
    SampleOrganisation(kind="insurer", name="Safe Roads Insurance", role="insurer", assurance=2),
)


def build(tx: Transaction, house: House, accounts: dict[str, tuple[str, str]]) -> None:
    """Make them. `accounts` gives by role of the cast the account and the name of its person."""
    for one in CAST:
        account, name = accounts[one.role]
        entered = entering.enter(
            tx, house.keyring, name=one.name, kind=one.kind, assurance=one.assurance,
            admin_name=name, admin_email=f"{one.role}@example.test", by=ENTERED_BY,
        )  # fmt: skip
        if isinstance(entered, entering.Problem):
            raise RuntimeError(f"{one.name}: {entered}")
        version = tx.execute(
            select(OrganisationRecord.version).where(OrganisationRecord.ref == entered)
        ).scalar_one()
        done = entering.verify(tx, house.keyring, entered, version=version, by=VERIFIED_BY)
        if isinstance(done, entering.Problem):
            raise RuntimeError(f"{one.name}: {done}")
        members.add_member(tx, entered, account, name=name, roles=ALL_ROLES, by=ENTERED_BY)
        for left in members.waiting(tx, house.keyring, entered):  # nobody has to answer it
            members.cancel(tx, entered, account, left.ref)
        if one.kind == "charity":
            _sign(tx, house.policies, entered, one.name, account)


def _sign(tx: Transaction, policies: Policies, ref: str, name: str, account: str) -> None:
    services = sorted(client for client, entry in policies.powers.items() if entry.assisted)
    shown = agreement.fingerprint(agreement.text_of(name, services))
    top = Level(identity=3, sign_in=3)
    signer = Opener(account=account, level=top, device_bound=True, rules=policies.risk)
    if agreement.sign(tx, ref, signer, services=services, shown=shown) != shown:
        raise RuntimeError(f"{name}: the agreement could not be signed")


def refs(tx: Transaction) -> dict[str, str]:
    """The references of the sandbox's organisations, by kind."""
    names = {one.name: one.kind for one in CAST}
    rows = tx.execute(
        select(OrganisationRecord.name, OrganisationRecord.ref).where(
            OrganisationRecord.name.in_(names), OrganisationRecord.entered_by == ENTERED_BY
        )
    )
    return {names[row.name]: row.ref for row in rows}
