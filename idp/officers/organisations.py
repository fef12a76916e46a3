"""Officers enter organisations and verify their names: two people, each apart from the other.

The command line enters and suspends; it never verifies: that is a named officer's word.
"""

from datetime import datetime, timedelta
from enum import StrEnum

from idp.journal.actions import Entry, record
from idp.keyring.ring import Keyring
from idp.keyring.sealing import Unreadable
from idp.officers.actions import COMMAND, officer_now, who_let_in
from idp.officers.rules import Act, are_apart, judge
from idp.officers.rules import Verdict as Allowed
from idp.organisations import entering
from idp.organisations.entering import Entered, Problem
from idp.organisations.rules import SuspensionProblem
from idp.storage import Transaction

LOOK_LASTS = timedelta(minutes=30)


class Refused(StrEnum):
    """Why an officer may not do it; the value is also its journal code."""

    ROLE_LACKING = "role-lacking"
    OWN = "organisation-entered-by-the-same-officer"
    NOT_APART = "organisation-officers-not-apart"
    UNSEEN = "organisation-not-looked-at"


def enter(
    tx: Transaction,
    keyring: Keyring,
    *,
    by: str,
    name: str,
    kind: str,
    assurance: int,
    admin_name: str,
    admin_email: str,
    registered_number: str = "",
) -> str | Problem | Refused:
    """Enter an organisation and its first administrator; answer its reference."""
    if not _may(tx, by, Act.ENTER_ORGANISATION):
        return Refused.ROLE_LACKING
    return entering.enter(
        tx, keyring, name=name, kind=kind, assurance=assurance, admin_name=admin_name,
        admin_email=admin_email, registered_number=registered_number, by=by,
    )  # fmt: skip


def look_at(
    tx: Transaction, keyring: Keyring, ref: str, *, officer: str
) -> tuple[Entered, str] | None:
    """Show an officer an organisation, and record it where the first administrator's address is
    shown. With it comes what `verify` takes as proof of the look, good for `LOOK_LASTS`."""
    found = entering.find_entered(tx, keyring, ref)
    if found is None:
        return None
    if found.admin_email is not None:
        detail = {"organisation": ref}
        record(tx, Entry(kind="organisation-looked-at", actor=officer, detail=detail))
    until = str(int((tx.now() + LOOK_LASTS).timestamp()))
    return found, keyring.sealer.seal(until, purpose=_look_purpose(found, officer))


def verify(
    tx: Transaction, keyring: Keyring, ref: str, *, by: str, look: str
) -> datetime | Problem | Refused:
    """Confirm an organisation that another officer entered, as it was looked at; its first
    administrator gets the link. Neither of the two may have let the other in; that they had is
    recorded."""
    if by == COMMAND or not _may(tx, by, Act.VERIFY_ORGANISATION):
        return Refused.ROLE_LACKING
    found = entering.find_entered(tx, keyring, ref)
    if found is None:
        return Problem.GONE
    if found.entered_by == by:
        return Refused.OWN
    if found.entered_by != COMMAND and not are_apart(by, found.entered_by, who_let_in(tx)):
        record(tx, Entry(kind=Refused.NOT_APART, actor=by, detail={"organisation": ref}))
        return Refused.NOT_APART
    if not _looked(tx, keyring, found, by, look):
        return Refused.UNSEEN
    return entering.verify(tx, keyring, ref, version=found.version, by=by)


def send_link(
    tx: Transaction, keyring: Keyring, ref: str, *, by: str
) -> datetime | Problem | Refused:
    """Send the first administrator a new link."""
    if not _may(tx, by, Act.VERIFY_ORGANISATION):
        return Refused.ROLE_LACKING
    return entering.send_first_link(tx, keyring, ref, by=by)


def suspend(
    tx: Transaction, keyring: Keyring, ref: str, *, notice: timedelta | None, reason: str, by: str
) -> datetime | SuspensionProblem | Problem | Refused:
    """Suspend an organisation after notice, or at once for a stated reason."""
    if not _may(tx, by, Act.SUSPEND_ORGANISATION):
        return Refused.ROLE_LACKING
    return entering.suspend(tx, keyring, ref, notice=notice, reason=reason, by=by)


def resume(tx: Transaction, keyring: Keyring, ref: str, *, by: str) -> Problem | Refused | None:
    """End a suspension, or take one back."""
    if not _may(tx, by, Act.SUSPEND_ORGANISATION):
        return Refused.ROLE_LACKING
    return entering.resume(tx, keyring, ref, by=by)


def close(tx: Transaction, ref: str, *, by: str) -> Problem | Refused | None:
    """Close an organisation for good."""
    if not _may(tx, by, Act.SUSPEND_ORGANISATION):
        return Refused.ROLE_LACKING
    return entering.close(tx, ref, by=by)


def _may(tx: Transaction, by: str, act: Act) -> bool:
    return by == COMMAND or judge(officer_now(tx, by), act) is Allowed.ALLOWED


def _looked(tx: Transaction, keyring: Keyring, found: Entered, officer: str, look: str) -> bool:
    try:
        until = keyring.sealer.open(look, purpose=_look_purpose(found, officer))
    except Unreadable:
        return False
    return tx.now().timestamp() < int(until)


def _look_purpose(found: Entered, officer: str) -> str:
    return f"organisation-look {found.organisation.ref} {found.version} {officer}"
