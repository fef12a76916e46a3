"""The statements that issue and spend: codes, grants, refresh tokens."""

import hmac
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import String, bindparam, exists, insert, or_, select, update

from idp.journal.actions import Entry, record
from idp.keyring.sealing import digest, random_token
from idp.oidc.records import AuthorizationCodeRecord, GrantRecord, RefreshTokenRecord
from idp.storage import Transaction, db_now
from idp.storage.dialects import Duration, upsert

REFRESH_IDLE = timedelta(days=30)
REFRESH_ABSOLUTE = timedelta(days=365)
RETRY_WINDOW = timedelta(seconds=10)

_CODE = AuthorizationCodeRecord
_REFRESH = RefreshTokenRecord

INSERT_GRANT = insert(GrantRecord)
INSERT_CODE = insert(_CODE)
_INSERT_REFRESH = insert(_REFRESH)
_INSERT_REFRESH_ONCE = upsert(lambda insert: insert(_REFRESH).on_conflict_do_nothing())


def _fits_key(bound: Any) -> Any:
    """What is bound to a key is spent by its holder only: else whoever stole it could burn it."""
    return or_(bound.is_(None), bound == bindparam("jkt", type_=String()))


_SPEND_CODE = (
    update(_CODE)
    .where(
        _CODE.code_digest == bindparam("digest"),
        _CODE.client_id == bindparam("client"),
        _CODE.used_at.is_(None),
        _CODE.expires_at > db_now(),
        _fits_key(_CODE.dpop_jkt),
    )
    .values(used_at=db_now())
    .returning(
        _CODE.grant_ref,
        _CODE.redirect_uri,
        _CODE.redirect_uri_sent,
        _CODE.code_challenge,
        _CODE.nonce,
    )
)
_SPENT_CODE = select(_CODE.grant_ref).where(
    _CODE.code_digest == bindparam("digest"),
    _CODE.client_id == bindparam("client"),
    _CODE.used_at.is_not(None),
    _fits_key(_CODE.dpop_jkt),
)
_END_GRANT = (
    update(GrantRecord)
    .where(GrantRecord.ref == bindparam("grant"), GrantRecord.ended_at.is_(None))
    .values(ended_at=db_now(), ended_reason=bindparam("reason"))
    .returning(GrantRecord.holder, GrantRecord.client_id, GrantRecord.mandate_ref)
)
_BIND_GRANT = (
    update(GrantRecord)
    .where(GrantRecord.ref == bindparam("grant"), GrantRecord.dpop_jkt.is_(None))
    .values(dpop_jkt=bindparam("jkt"))
)
_KEY_OF_GRANT = exists().where(
    GrantRecord.ref == _REFRESH.grant_ref, _fits_key(GrantRecord.dpop_jkt)
)
_USABLE_REFRESH = (
    _REFRESH.token_digest == bindparam("digest"),
    _REFRESH.client_id == bindparam("client"),
    _REFRESH.superseded_at.is_(None),
    _REFRESH.idle_until > db_now(),
    _REFRESH.expires_at > db_now(),
)
_USE_REFRESH = (
    update(_REFRESH)
    .where(*_USABLE_REFRESH)
    .values(idle_until=db_now() + bindparam("idle", REFRESH_IDLE, type_=Duration()))
    .returning(_REFRESH.grant_ref, _REFRESH.expires_at)
)
_SUPERSEDE_REFRESH = (
    update(_REFRESH)
    .where(*_USABLE_REFRESH, _KEY_OF_GRANT)
    .values(superseded_at=db_now())
    .returning(_REFRESH.grant_ref, _REFRESH.expires_at)
)
_OLD_REFRESH = select(
    _REFRESH.grant_ref, _REFRESH.superseded_at, _REFRESH.expires_at, db_now().label("now")
).where(
    _REFRESH.token_digest == bindparam("digest"),
    _REFRESH.client_id == bindparam("client"),
    _REFRESH.superseded_at.is_not(None),
    _KEY_OF_GRANT,
)
_FIND_REFRESH = select(
    _REFRESH.grant_ref, _REFRESH.client_id, _REFRESH.superseded_at, _REFRESH.idle_until,
    _REFRESH.expires_at, db_now().label("now"),
).where(_REFRESH.token_digest == bindparam("digest"))  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class SpentCode:
    """A code that was just spent. The method names are Authlib's `AuthorizationCodeMixin`."""

    grant_ref: str
    redirect_uri: str
    redirect_uri_sent: bool
    code_challenge: str | None
    nonce: str | None
    code_challenge_method: str = "S256"

    def get_redirect_uri(self) -> str | None:
        """The redirect URI the token request must repeat, when one was sent."""
        return self.redirect_uri if self.redirect_uri_sent else None

    def get_scope(self) -> str:
        """Nothing: the scope is the live grant's."""
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UsedRefresh:
    """A refresh token that was just used, and its successor where the client is public."""

    grant_ref: str
    expires_at: datetime
    successor: str | None = None
    stored: bool = False


def spend_code(tx: Transaction, code: str, client_id: str, jkt: str | None) -> SpentCode | None:
    """Spend a code of this client, once, or answer None and end what a replayed one bought.

    `jkt` is of the key that was proved. A wrong client, or a wrong key where the code is bound
    to one, spends nothing. Sources: RFC 6749 section 4.1.2, RFC 9700 section 4.5, RFC 9449
    section 10.
    """
    values = {"digest": digest(code), "client": client_id, "jkt": jkt}
    row = tx.execute(_SPEND_CODE, values).mappings().first()
    if row is not None:
        return SpentCode(**row)
    spent = tx.execute(_SPENT_CODE, values).scalar_one_or_none()
    if spent is not None:
        end_grant(tx, spent, "code-replayed")
    return None


def end_grant(tx: Transaction, grant_ref: str, reason: str) -> str | None:
    """End a grant and so every token of it, once. Answers the journal reference, if it was live."""
    row = tx.execute(_END_GRANT, {"grant": grant_ref, "reason": reason}).first()
    if row is None:
        return None
    entry = Entry(
        kind="grant-ended",
        person=row.holder,
        client_id=row.client_id,
        mandate_ref=row.mandate_ref,
        detail={"grant": grant_ref, "reason": reason},
    )
    return record(tx, entry)


def new_refresh(
    tx: Transaction, *, client_id: str, grant_ref: str, now: datetime, expires: datetime | None
) -> str:
    """Issue a refresh token that ends at `expires`, or a year from now."""
    token = random_token()
    _store(tx, token, client_id, grant_ref, now, expires or now + REFRESH_ABSOLUTE)
    return token


def bind_grant(tx: Transaction, grant_ref: str, jkt: str) -> None:
    """Bind a public client's grant, and so its refresh tokens, to a key (RFC 9449 section 5)."""
    tx.write(_BIND_GRANT, {"grant": grant_ref, "jkt": jkt})


def use_refresh(
    tx: Transaction, token: str, client_id: str, *, public: bool, key: bytes, jkt: str | None
) -> UsedRefresh | None:
    """Use a refresh token of this client; None when it is not one, or no longer.

    A confidential client's token stays (FAPI 2.0). A public client's is superseded by
    HMAC(key, token), so that a retry within ten seconds gets the same answer without its
    being stored in the clear; used later than that, it ends the family (decision 15). One that
    is bound to a key is nothing to whoever did not prove it: `jkt` is of the key that was.
    """
    values = {"digest": digest(token), "client": client_id, "jkt": jkt}
    if not public:
        row = tx.execute(_USE_REFRESH, values).first()
        return UsedRefresh(grant_ref=row.grant_ref, expires_at=row.expires_at) if row else None
    row = tx.execute(_SUPERSEDE_REFRESH, values).first()
    if row is not None:
        return UsedRefresh(
            grant_ref=row.grant_ref, expires_at=row.expires_at, successor=successor(token, key)
        )
    old = tx.execute(_OLD_REFRESH, values).first()
    if old is None:
        return None
    if old.now - old.superseded_at <= RETRY_WINDOW:
        return UsedRefresh(
            grant_ref=old.grant_ref,
            expires_at=old.expires_at,
            successor=successor(token, key),
            stored=True,
        )
    end_grant(tx, old.grant_ref, "refresh-token-reused")
    return None


def store_successor(tx: Transaction, used: UsedRefresh, *, client_id: str, now: datetime) -> None:
    """Store the successor of a public client's token; a retry finds it stored already."""
    if used.successor is None or used.stored:
        return
    tx.write(
        _INSERT_REFRESH_ONCE.on(tx),
        _row(used.successor, client_id, used.grant_ref, now, used.expires_at),
    )


def successor(token: str, key: bytes) -> str:
    """Derive the token that follows a public client's refresh token."""
    made = hmac.new(key, token.encode(), sha256).digest()
    return urlsafe_b64encode(made).rstrip(b"=").decode()


def find_refresh(tx: Transaction, token: str) -> Any:
    """Look at a refresh token, whosever it is, without using it."""
    return tx.execute(_FIND_REFRESH, {"digest": digest(token)}).first()


def _store(
    tx: Transaction, token: str, client_id: str, grant_ref: str, now: datetime, expires: datetime
) -> None:
    tx.write(_INSERT_REFRESH, _row(token, client_id, grant_ref, now, expires))


def _row(
    token: str, client_id: str, grant_ref: str, now: datetime, expires: datetime
) -> dict[str, Any]:
    return {
        "token_digest": digest(token),
        "client_id": client_id,
        "grant_ref": grant_ref,
        "issued_at": now,
        "idle_until": min(now + REFRESH_IDLE, expires),
        "expires_at": expires,
    }
