"""Which sign-in waits for an account to be finished: remembered with its enrolment."""

from datetime import datetime

from sqlalchemy import bindparam, insert, select, update

from idp.accounts.records import AccountRecord
from idp.enrolment.actions import ENROLMENT
from idp.enrolment.records import EnrolmentRecord
from idp.keyring.sealing import digest, random_ref
from idp.storage import Transaction, db_now

_OF_ACCOUNT = EnrolmentRecord.account_ref == bindparam("account")
_LATEST = (
    select(EnrolmentRecord.ref, EnrolmentRecord.journey_ref, EnrolmentRecord.finished_at)
    .where(_OF_ACCOUNT, EnrolmentRecord.expires_at > db_now())
    .order_by(EnrolmentRecord.created_at.desc(), EnrolmentRecord.ref)
    .limit(1)
)
_ADD = insert(EnrolmentRecord)
_REMEMBER = (
    update(EnrolmentRecord)
    .where(EnrolmentRecord.ref == bindparam("enrolment"))
    .values(journey_ref=bindparam("journey"), finished_at=None)
)
_FINISH = (
    update(EnrolmentRecord)
    .where(EnrolmentRecord.ref == bindparam("enrolment"), EnrolmentRecord.finished_at.is_(None))
    .values(finished_at=db_now())
)
_CONFIRMED = select(AccountRecord.email_confirmed_at).where(
    AccountRecord.ref == bindparam("account")
)


def waits(tx: Transaction, account_ref: str) -> str | None:
    """Answer the journey that waits for this account, or None. One statement."""
    row = tx.execute(_LATEST, {"account": account_ref}).first()
    return row.journey_ref if row else None


def remember(tx: Transaction, account_ref: str, journey_ref: str, *, browser_secret: str) -> None:
    """Remember which journey waits: with the latest enrolment, or with a new one.

    An account that was made some other way, or long ago, gets a row of its own here. The caller
    has looked that the journey is this browser's.
    """
    row = tx.execute(_LATEST, {"account": account_ref}).first()
    if row is not None:
        if row.journey_ref != journey_ref:
            tx.write(_REMEMBER, {"enrolment": row.ref, "journey": journey_ref})
        return
    now = tx.now()
    new = {
        "ref": random_ref(),
        "browser_digest": digest(browser_secret),
        "journey_ref": journey_ref,
        "account_ref": account_ref,
        "created_at": now,
        "expires_at": now + ENROLMENT,
    }
    tx.write(_ADD, new)


def finish(tx: Transaction, account_ref: str) -> None:
    """Note, once, that all that had to be done is done."""
    row = tx.execute(_LATEST, {"account": account_ref}).first()
    if row is not None and row.finished_at is None:
        tx.write(_FINISH, {"enrolment": row.ref})


def address_confirmed(tx: Transaction, account_ref: str) -> datetime | None:
    """Answer when the account's address was confirmed, or None."""
    moment: datetime | None = tx.execute(_CONFIRMED, {"account": account_ref}).scalar_one()
    return moment
