"""Browsers that their owners asked us to remember: a mark for one account, never a check alone.

The browser holds a 256-bit secret for thirty days; the database only its digest. The secret changes
at each use. So of a copy and the browser it was copied from, whichever comes second shows a secret
that was used up, and then neither counts any more. Whatever is forged, copied, run out or another
account's is simply not there: no page ever says why.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, insert, select, update

from idp.authentication.records import RememberedDeviceRecord, SessionRecord
from idp.journal.actions import Entry, record
from idp.keyring.sealing import digest, random_ref, random_token
from idp.storage import Transaction, db_now
from idp.storage.dialects import Duration

LASTS = timedelta(days=30)
# Two tabs may show the same secret at once; whoever shows it later than this has a copy.
TABS_APART = timedelta(seconds=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """A browser that is remembered, whose it is, and since when. `name` is what its owner
    knows it by."""

    ref: str
    account_ref: str
    since: datetime
    used_at: datetime
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """A browser that was remembered, and the secret that its cookie holds from now on."""

    device: Remembered
    secret: str


_DEVICE = RememberedDeviceRecord
_LIVE = (_DEVICE.ended_at.is_(None), _DEVICE.expires_at > db_now())
_COLUMNS = (
    _DEVICE.ref,
    _DEVICE.account_ref,
    _DEVICE.created_at.label("since"),
    _DEVICE.used_at,
    _DEVICE.name,
)
_ADD = insert(_DEVICE)
_FIND = select(*_COLUMNS).where(_DEVICE.secret_digest == bindparam("shown"), *_LIVE)
_LIST = (
    select(*_COLUMNS)
    .where(_DEVICE.account_ref == bindparam("of_account"), *_LIVE)
    .order_by(_DEVICE.used_at.desc(), _DEVICE.ref)
)
_ROTATE = (
    update(_DEVICE)
    .where(
        _DEVICE.secret_digest == bindparam("shown"),
        _DEVICE.account_ref == bindparam("of_account"),
        *_LIVE,
    )
    .values(previous_digest=bindparam("shown"), secret_digest=bindparam("fresh"), used_at=db_now())
    .returning(*_COLUMNS)
)
_END_COPIED = (
    update(_DEVICE)
    .where(
        _DEVICE.previous_digest == bindparam("shown"),
        _DEVICE.used_at < db_now() - bindparam("apart", TABS_APART, type_=Duration()),
        *_LIVE,
    )
    .values(ended_at=db_now())
    .returning(_DEVICE.ref, _DEVICE.account_ref)
)
_END = (
    update(_DEVICE)
    .where(
        _DEVICE.ref == bindparam("device_ref"), _DEVICE.account_ref == bindparam("of_account"),
        *_LIVE,
    )
    .values(ended_at=db_now())
)  # fmt: skip
_END_ALL = (
    update(_DEVICE)
    .where(_DEVICE.account_ref == bindparam("of_account"), _DEVICE.ended_at.is_(None))
    .values(ended_at=db_now())
)

# What stood on a device that is gone stands on nothing: its sessions are weighed anew.
_WEIGH_AGAIN = (
    update(SessionRecord)
    .where(SessionRecord.account_ref == bindparam("of_account"), SessionRecord.ended_at.is_(None))
    .values(risk=None)
)


def remember(tx: Transaction, account_ref: str, now: datetime, device: str = "") -> str:
    """Remember a browser for an account; answer the secret for its cookie.

    The caller has seen two checks there. `device` is what its owner may know it by.
    """
    ref, secret = random_ref(), random_token()
    row = {
        "ref": ref,
        "secret_digest": digest(secret),
        "account_ref": account_ref,
        "name": device,
        "created_at": now,
        "used_at": now,
        "expires_at": now + LASTS,
    }
    tx.execute(_ADD, row)
    detail = {"device": ref}
    record(tx, Entry(kind="device-remembered", person=account_ref, detail=detail))
    return secret


def find(tx: Transaction, secret: str) -> Remembered | None:
    """Find the browser of a cookie's secret, or None. One statement; writes nothing."""
    row = tx.execute(_FIND, {"shown": digest(secret)}).mappings().first()
    return Remembered(**row) if row else None


def use(tx: Transaction, account_ref: str, secret: str) -> Used | None:
    """Count a browser as remembered in a sign-in to `account_ref`, and change its secret.

    None: it is not, or not for this account. One conditional statement; a secret that was used up
    before ends what it stood for, with a journal entry.
    """
    fresh = random_token()
    values = {"shown": digest(secret), "of_account": account_ref, "fresh": digest(fresh)}
    row = tx.execute(_ROTATE, values).mappings().first()
    if row is not None:
        return Used(device=Remembered(**row), secret=fresh)
    copied = tx.execute(_END_COPIED, {"shown": digest(secret)}).first()
    if copied is not None:
        detail = {"device": copied.ref}
        record(tx, Entry(kind="device-copied", person=copied.account_ref, detail=detail))
    return None


def list_devices(tx: Transaction, account_ref: str) -> list[Remembered]:
    """List the browsers that an account is remembered in, the one used last first."""
    rows = tx.execute(_LIST, {"of_account": account_ref}).mappings()
    return [Remembered(**row) for row in rows]


def forget(tx: Transaction, account_ref: str, ref: str) -> bool:
    """Forget one browser; False where it is none of this account's."""
    if tx.execute(_END, {"device_ref": ref, "of_account": account_ref}).rowcount != 1:
        return False
    tx.write(_WEIGH_AGAIN, {"of_account": account_ref})
    record(tx, Entry(kind="device-forgotten", person=account_ref, detail={"device": ref}))
    return True


def forget_all(tx: Transaction, account_ref: str) -> None:
    """Forget every browser of an account: its methods changed, or somebody came back into it."""
    tx.write(_END_ALL, {"of_account": account_ref})
    tx.write(_WEIGH_AGAIN, {"of_account": account_ref})
