"""Sign-ins that are held: let in, told to the service, and decided by their owner or an officer.

The service takes what the person does and holds its effect back. Its owner is asked at the
address we know; an officer may decide instead. What nobody decides within a week runs out, which
is judged when it is read (risk-model.md T6, "defer").
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, insert, select, update

from idp.assurance.familiarity import said_to_service
from idp.authentication.telling import tell
from idp.callers.records import ClientRecord
from idp.journal.actions import Entry, record
from idp.keyring.ring import Keyring
from idp.keyring.sealing import digest, random_ref, random_token
from idp.notices.actions import Notice
from idp.oidc import issuing
from idp.oidc.records import DeferralRecord
from idp.signin.weighing import Weighed
from idp.storage import Transaction, db_now

LASTS = timedelta(days=7)
WAITING, RELEASED, REFUSED, EXPIRED = "waiting", "released", "refused", "expired"
OWNER = "owner"
SHOWN_AT_ONCE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Deferral:
    """A held sign-in as it stands at `now`. `reasons` are for the service and for officers."""

    ref: str
    client_id: str
    service: str
    account_ref: str
    reasons: str
    created_at: datetime
    expires_at: datetime
    decided_at: datetime | None
    decision: str | None
    now: datetime

    @property
    def state(self) -> str:
        """Waiting, released, refused or expired."""
        if self.decision is not None:
            return self.decision
        return EXPIRED if self.expires_at <= self.now else WAITING


_D = DeferralRecord
_ADD = insert(_D)
_SHOWN = select(
    _D.ref, _D.client_id, ClientRecord.client_name.label("service"), _D.account_ref, _D.reasons,
    _D.created_at, _D.expires_at, _D.decided_at, _D.decision, db_now().label("now"),
).join(ClientRecord, ClientRecord.client_id == _D.client_id)  # fmt: skip
_OPEN = (_D.decision.is_(None), _D.expires_at > db_now())
_OF_CLIENT = _SHOWN.where(_D.ref == bindparam("deferral"), _D.client_id == bindparam("client"))
_BY_TOKEN = _SHOWN.where(
    _D.token_digest == bindparam("token"), _D.account_ref == bindparam("account")
)
_BY_REF = _SHOWN.where(_D.ref == bindparam("deferral"))
_WAITING = _SHOWN.where(*_OPEN).order_by(_D.created_at, _D.ref).limit(SHOWN_AT_ONCE)
_DECIDE = (
    update(_D)
    .where(_D.ref == bindparam("deferral"), *_OPEN)
    .values(decided_at=db_now(), decision=bindparam("decided"), decided_by=bindparam("by"))
    .returning(_D.grant_ref, _D.account_ref, _D.client_id)
)


def hold(
    tx: Transaction,
    keyring: Keyring,
    *,
    grant_ref: str,
    client_id: str,
    account_ref: str,
    weighed: Weighed,
    now: datetime,
) -> str:
    """Hold a sign-in that was just granted; answer its reference. Its owner is told."""
    ref, token = random_ref(), random_token()
    tx.write(
        _ADD,
        {
            "ref": ref,
            "grant_ref": grant_ref,
            "client_id": client_id,
            "account_ref": account_ref,
            "token_digest": digest(token),
            "reasons": said_to_service(weighed.contributions),
            "created_at": now,
            "expires_at": now + LASTS,
        },
    )
    tell(tx, keyring, account_ref, Notice.SIGN_IN_HELD, link=f"/account/held/{token}")
    _record(tx, "sign-in-deferred", account_ref, client_id, ref, grant_ref)
    return ref


def of_client(tx: Transaction, ref: str, client_id: str) -> Deferral | None:
    """Find a client's own; another's is not found."""
    return _read(tx, _OF_CLIENT, {"deferral": ref, "client": client_id})


def by_token(tx: Transaction, token: str, account_ref: str) -> Deferral | None:
    """Find the one that a link names, for the account that it was sent to and no other."""
    return _read(tx, _BY_TOKEN, {"token": digest(token), "account": account_ref})


def find(tx: Transaction, ref: str) -> Deferral | None:
    """Find one for an officer."""
    return _read(tx, _BY_REF, {"deferral": ref})


def waiting(tx: Transaction) -> list[Deferral]:
    """List those that wait for somebody, oldest first."""
    return [Deferral(**row) for row in tx.execute(_WAITING, {}).mappings()]


def decide(tx: Transaction, ref: str, *, release: bool, by: str) -> bool:
    """Release or refuse one that waits, once; False where it was decided or ran out before.

    A refused one takes its grant along, and with it every token.
    """
    decision = RELEASED if release else REFUSED
    row = tx.execute(_DECIDE, {"deferral": ref, "decided": decision, "by": by}).first()
    if row is None:
        return False
    _record(tx, f"deferral-{decision}", row.account_ref, row.client_id, ref, row.grant_ref, by)
    if not release:
        issuing.end_grant(tx, row.grant_ref, "deferral-refused")
    return True


def _read(tx: Transaction, statement: Any, values: dict[str, str]) -> Deferral | None:
    row = tx.execute(statement, values).mappings().first()
    return Deferral(**row) if row else None


def _record(
    tx: Transaction,
    kind: str,
    account_ref: str,
    client_id: str,
    ref: str,
    grant_ref: str,
    by: str = "",
) -> None:
    detail = {"deferral": ref, "grant": grant_ref, **({"by": by} if by else {})}
    record(tx, Entry(kind=kind, person=account_ref, client_id=client_id, detail=detail))
