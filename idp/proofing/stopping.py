"""What ends a way back before it is taken: a link in a notice, the account's own page, or
somebody seen at a counter.

Every notice has a link that stops it, and what it weighs depends on where it went (`Whose`). The
old account's own address weighs what being signed in to that account weighs: whoever made it, or
took it over, may be the thief, so neither undoes for good what two officers saw
(`rules.own_address_may_stop`). Whoever began it only takes it back.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Any

from sqlalchemy import bindparam, select, update

from idp.accounts.records import AccountRecord
from idp.assurance.policy import Policies
from idp.journal.actions import Entry, record
from idp.keyring.ring import Keyring
from idp.keyring.sealing import digest
from idp.notices.actions import Contact, Notice, send
from idp.proofing import cases
from idp.proofing.cases import Case, Ending
from idp.proofing.evidence import pieces_of
from idp.proofing.records import CaseRecord, WayBackRecord
from idp.proofing.rules import (
    level_reached,
    newest_visit,
    overtakes,
    own_address_may_stop,
)
from idp.register.actions import contacts_to_warn
from idp.storage import Transaction, db_now

STOP_PATH = "/way-back/stop/"


class Whose(IntEnum):
    """Where a link went. Each token is the digest of the one before: nobody gets to a stronger."""

    REGISTER = 0  # a contact that the register holds
    OWN = 1  # the old account's own address, or its page
    BEGUN_BY = 2  # the address of whoever began it


class Stopped(StrEnum):
    """How pressing "Stop it" ended; the value is also its journal code."""

    STOPPED = "way-back-stopped"
    SEEN = "way-back-objected"  # two officers saw its person: only a counter can undo that
    TAKEN_BACK = "way-back-taken-back"  # by whoever began it
    GONE = "way-back-gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stoppable:
    """What a link of a notice, or the account's page, would stop, and whether the button does.

    `due` says that its wait is over: whoever began it may come in at any moment. `taken_back` says
    that it is they who stop it: that sends nobody to a counter.
    """

    ref: str
    case_ref: str
    account_ref: str
    due_at: datetime
    due: bool
    stops: bool
    taken_back: bool


_LIVE = (WayBackRecord.ended_at.is_(None), WayBackRecord.expires_at > db_now())
_STOPPABLE = (
    select(
        WayBackRecord.ref,
        WayBackRecord.case_ref,
        WayBackRecord.account_ref,
        WayBackRecord.due_at,
        AccountRecord.identity_level,
    )
    .join(AccountRecord, AccountRecord.ref == WayBackRecord.account_ref)
    .where(*_LIVE)
)
_BY_TOKEN = _STOPPABLE.where(WayBackRecord.stop_digest == bindparam("stop"))
_INTO_MINE = _STOPPABLE.where(WayBackRecord.account_ref == bindparam("account"))
_INTO = select(
    WayBackRecord.ref, WayBackRecord.case_ref, WayBackRecord.account_ref, WayBackRecord.created_at
).where(WayBackRecord.account_ref == bindparam("old"), *_LIVE)
_LAST_STOPPED = (
    select(WayBackRecord.ended_at)
    .where(WayBackRecord.account_ref == bindparam("old"), WayBackRecord.outcome == "stopped")
    .order_by(WayBackRecord.ended_at.desc())
    .limit(1)
)
_STOP = (
    update(WayBackRecord)
    .where(WayBackRecord.ref == bindparam("way_back"), *_LIVE)
    .values(ended_at=db_now(), outcome=bindparam("how"))
    .returning(
        WayBackRecord.ref,
        WayBackRecord.case_ref,
        WayBackRecord.account_ref,
        WayBackRecord.by_account_ref,
    )
)
# The other open cases of people who say that they are the same person.
_OTHERS = (
    select(CaseRecord.ref, AccountRecord.person_ref.is_not(None).label("joined"))
    .join(AccountRecord, AccountRecord.ref == CaseRecord.account_ref)
    .where(
        CaseRecord.person_ref == bindparam("person"),
        CaseRecord.ref != bindparam("case"),
        CaseRecord.closed_at.is_(None),
        AccountRecord.disabled_at.is_(None),
    )
)
_PERSON_OF = select(CaseRecord.person_ref).where(CaseRecord.ref == bindparam("case"))
_ADDRESS_OF = select(AccountRecord.sign_in_name, AccountRecord.email).where(
    AccountRecord.ref == bindparam("account")
)


def token_of(token: str, whose: Whose) -> str:
    """Make the token of the links that go there."""
    for _ in range(whose):
        token = digest(token)
    return token


def stored(token: str) -> str:
    """What is kept of all tokens: enough to know each, and to make none."""
    return digest(token_of(token, Whose.BEGUN_BY))


def find_link(tx: Transaction, policies: Policies, token: str) -> Stoppable | None:
    """Find the way back that a notice's link is about; None once it has ended."""
    kept = token
    for whose in reversed(Whose):
        kept = digest(kept)
        row = tx.execute(_BY_TOKEN, {"stop": kept}).first()
        if row is not None:
            return _stoppable(tx, policies, row, whose)
    return None


def find_into(tx: Transaction, policies: Policies, account_ref: str) -> Stoppable | None:
    """Find the way back into an account, as who is signed in to it may stop it."""
    row = tx.execute(_INTO_MINE, {"account": account_ref}).first()
    return _stoppable(tx, policies, row, Whose.OWN) if row else None


def last_stopped(tx: Transaction, account_ref: str) -> datetime | None:
    """When the last way back into an account that was stopped was."""
    found: datetime | None = tx.execute(_LAST_STOPPED, {"old": account_ref}).scalar()
    return found


def stop(tx: Transaction, keyring: Keyring, policies: Policies, token: str) -> Stopped:
    """Stop a way back by the token of its notices: once, by anybody who was told.

    The case behind it is closed too: whoever it was has to begin anew, and at a counter. From
    the old account's own address it is only written down where an officer's eyes weigh more.
    """
    return _press(tx, keyring, find_link(tx, policies, token))


def stop_into(
    tx: Transaction, keyring: Keyring, policies: Policies, *, account_ref: str, way_back_ref: str
) -> Stopped:
    """Stop the way back into an account, from its own page: as `stop` does from its address.

    `way_back_ref` is the one that the page showed: another, begun since, is not meant.
    """
    found = find_into(tx, policies, account_ref)
    return _press(tx, keyring, found if found and found.ref == way_back_ref else None)


def overtake(tx: Transaction, keyring: Keyring, case: Case, old_ref: str) -> bool:
    """End another's way back into an account, where this case's counter visit weighs more."""
    way = tx.execute(_INTO, {"old": old_ref}).first()
    if way is None or not _is_overtaken(tx, case, way):
        return False
    return _end(tx, keyring, way.ref, by_case=case.ref)


def could_overtake(tx: Transaction, case: Case, old_ref: str) -> bool:
    """Say whether `overtake` would end anything. Reads only."""
    way = tx.execute(_INTO, {"old": old_ref}).first()
    return way is not None and _is_overtaken(tx, case, way)


def stronger_waits(tx: Transaction, case: Case, begun_at: datetime) -> bool:
    """Say whether somebody else was seen at a counter as the person of this case's way back."""
    own = newest_visit(pieces_of(tx, case.ref))
    others = tx.execute(_OTHERS, {"person": case.person_ref, "case": case.ref}).all()
    return any(
        overtakes(
            visit=newest_visit(pieces_of(tx, other.ref)),
            joined=other.joined,
            begun_at=begun_at,
            other_visit=own,
        )
        for other in others
    )


def tell(
    tx: Transaction,
    keyring: Keyring,
    notice: Notice,
    told: dict[str, str],
    person_ref: str,
    *,
    own: str,
    begun_by: str,
    token: str | None = None,
) -> None:
    """Tell every channel known: the register's, the account's `own` address, and `begun_by`.

    With a `token` each gets the link of where it goes; one address that is several gets the
    strongest.
    """
    known = contacts_to_warn(tx, person_ref)
    links = {Contact("email", begun_by): Whose.BEGUN_BY} | {Contact("email", own): Whose.OWN}
    for one in known:
        links |= {Contact("email", one.email): Whose.REGISTER} if one.email else {}
        links |= {Contact("text", one.phone): Whose.REGISTER} if one.phone else {}
    for contact in sorted(links, key=lambda one: (one.channel, one.address)):
        path = f"{STOP_PATH}{token_of(token, links[contact])}" if token else ""
        send(tx, keyring, contact, notice, told | ({"link": path} if path else {}))


def _stoppable(tx: Transaction, policies: Policies, row: Any, whose: Whose) -> Stoppable:
    pieces = pieces_of(tx, row.case_ref)
    stops = whose is not Whose.OWN or own_address_may_stop(
        visit=newest_visit(pieces),
        stopped=last_stopped(tx, row.account_ref),
        level=level_reached(pieces, policies.evidence, policies.profiles),
        old_level=row.identity_level,
    )
    return Stoppable(
        ref=row.ref, case_ref=row.case_ref, account_ref=row.account_ref, due_at=row.due_at,
        due=row.due_at <= tx.now(), stops=stops, taken_back=whose is Whose.BEGUN_BY,
    )  # fmt: skip


def _press(tx: Transaction, keyring: Keyring, found: Stoppable | None) -> Stopped:
    if found is None:
        return Stopped.GONE
    if not found.stops:
        person = tx.execute(_PERSON_OF, {"case": found.case_ref}).scalar_one()
        detail = {"way_back": found.ref, "case": found.case_ref}
        record(tx, Entry(kind=Stopped.SEEN, person=person, detail=detail))
        return Stopped.SEEN
    if not _end(tx, keyring, found.ref, taken_back=found.taken_back):
        return Stopped.GONE
    return Stopped.TAKEN_BACK if found.taken_back else Stopped.STOPPED


def _is_overtaken(tx: Transaction, case: Case, way: Any) -> bool:
    return way.case_ref != case.ref and overtakes(
        visit=newest_visit(pieces_of(tx, case.ref)),
        joined=case.joined_to is not None,
        begun_at=way.created_at,
        other_visit=newest_visit(pieces_of(tx, way.case_ref)),
    )


def _end(
    tx: Transaction,
    keyring: Keyring,
    way_back: str,
    *,
    by_case: str | None = None,
    taken_back: bool = False,
) -> bool:
    how = "lapsed" if taken_back else "stopped"
    row = tx.execute(_STOP, {"way_back": way_back, "how": how}).first()
    if row is None:
        return False
    person = tx.execute(_PERSON_OF, {"case": row.case_ref}).scalar_one()
    old = tx.execute(_ADDRESS_OF, {"account": row.account_ref}).one()
    by = tx.execute(_ADDRESS_OF, {"account": row.by_account_ref}).one()
    cases.close_case(tx, row.case_ref, Ending.GIVEN_UP if taken_back else Ending.STOPPED)
    detail = {"way_back": row.ref, "case": row.case_ref}
    detail |= {"overtaken_by": by_case} if by_case else {}
    kind = Stopped.TAKEN_BACK if taken_back else Stopped.STOPPED
    record(tx, Entry(kind=kind, person=person, detail=detail))
    told = {"account": old.sign_in_name}
    notice = Notice.WAY_BACK_STOPPED
    tell(tx, keyring, notice, told, person, own=old.email, begun_by=by.email)
    return True
