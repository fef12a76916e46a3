"""Officers change the policies: who may propose, sign, refuse and roll back.

An operator at the command line (`COMMAND`) may propose, refuse and roll back, but never signs: a
signature is a named officer's, other than the one who proposed and apart from them.
"""

from datetime import date, datetime
from pathlib import Path

from idp.assurance import applying
from idp.assurance.applying import Prepared
from idp.assurance.policy import Policies, load_policies
from idp.assurance.sets import Verdict
from idp.officers.actions import COMMAND, officer_now, who_let_in
from idp.officers.rules import Act, are_apart, judge
from idp.officers.rules import Verdict as Allowed
from idp.policy.files import packaged_directory
from idp.storage import Database, Transaction


def propose(
    tx: Transaction,
    prepared: Prepared,
    base: Policies,
    *,
    by: str,
    starts_at: datetime | None = None,
) -> str | Verdict:
    """Propose a checked set; answer its reference, or why not."""
    if not _may(tx, by, Act.PROPOSE_POLICY):
        return Verdict.ROLE_LACKING
    return applying.propose(tx, prepared, base, by=by, starts_at=starts_at)


def sign(tx: Transaction, ref: str, base: Policies, *, by: str, way: str) -> Verdict:
    """Sign another officer's set. Neither of the two may have let the other in: whoever adds an
    officer may keep their key, and would be both people."""
    if by == COMMAND or not _may(tx, by, Act.SIGN_POLICY):
        return Verdict.ROLE_LACKING
    found = applying.find_set(tx, ref)
    two = found is not None and found.proposed_by not in (by, COMMAND)
    if found is not None and two and not are_apart(found.proposed_by, by, who_let_in(tx)):
        return Verdict.NOT_APART
    return applying.sign(tx, ref, base, by=by, way=way)


def refuse(tx: Transaction, ref: str, *, by: str, why: str = "") -> Verdict:
    """Refuse a set that is not in force yet, or take one's own back."""
    if not _may(tx, by, Act.PROPOSE_POLICY):
        return Verdict.ROLE_LACKING
    return applying.refuse(tx, ref, by=by, why=why)


def roll_back(
    database: Database, directory: Path, today: date, *, ref: str | None, by: str, why: str = ""
) -> Verdict:
    """End the set that is in force and restore what was before it, at once.

    Raises PolicyProblems, and changes nothing, where what was before cannot be used any more.
    """
    load_policies(
        database.read(lambda tx: applying.texts_before(tx, ref, directory)),
        today,
        fallback=packaged_directory(),
    )

    def work(tx: Transaction) -> Verdict:
        if not _may(tx, by, Act.ROLL_BACK_POLICY):
            return Verdict.ROLE_LACKING
        return applying.roll_back(tx, ref, by=by, why=why)

    return database.transaction(work)


def _may(tx: Transaction, by: str, act: Act) -> bool:
    return by == COMMAND or judge(officer_now(tx, by), act) is Allowed.ALLOWED
