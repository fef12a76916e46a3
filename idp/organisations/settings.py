"""What an organisation chooses for itself: who may open its people, and how many each of them."""

from sqlalchemy import bindparam, update

from idp.organisations.actions import ORG, Opener, count_members, journal, judged
from idp.organisations.records import OrganisationRecord
from idp.organisations.rules import Act, Verdict, may_have_access, opens_more, read_limit
from idp.storage import Transaction

_CHANGE = (
    update(OrganisationRecord)
    .where(ORG.ref == bindparam("organisation"))
    .values(
        access=bindparam("new_access"), people_limit=bindparam("new_limit"), version=ORG.version + 1
    )
)  # fmt: skip


def change(
    tx: Transaction, organisation: str, opener: Opener, *, access: str, limit: str
) -> Verdict:
    """Change who may open whom. `limit` as typed: people for each member; nothing: no limit.

    Where everybody is open to every member there is no limit. A lower limit takes nobody away
    from a member; it keeps more from being added. `LEVEL` only where it opens more than before.
    """
    allowed = judged(tx, organisation, opener.account, Act.CHANGE_SETTINGS)
    if isinstance(allowed, Verdict):
        return allowed
    verdict = may_have_access(
        allowed.organisation, access, members=count_members(tx, organisation)
    )  # fmt: skip
    if verdict is not Verdict.ALLOWED:
        return verdict
    read = read_limit(limit) if access == "assigned" else None
    if isinstance(read, Verdict):
        return read
    if opens_more(allowed.organisation, access, read) and not opener.may_open(tx, organisation):
        return Verdict.LEVEL
    values = {"organisation": organisation, "new_access": access, "new_limit": read}
    tx.execute(_CHANGE, values)
    journal(tx, "organisation-settings-changed", allowed, access=access, people_limit=read)
    return Verdict.ALLOWED
