"""Sign-ins that are held: let in, told to the service, and decided by their owner or an officer.

The service takes what the person does and holds its effect back. Its owner is asked at the
address we know; an officer may decide instead. What nobody decides within a week runs out, which
is judged when it is read (risk-model.md T6, "defer").
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, func, insert, or_, select, update

from idp.assurance import histories
from idp.assurance.familiarity import Contribution
from idp.assurance.policy import Policies
from idp.authentication.ending import end_session
from idp.authentication.sessions import SessionFacts
from idp.callers.records import ClientRecord
from idp.journal.actions import Entry, record
from idp.keyring.ring import Keyring
from idp.keyring.sealing import digest, random_ref, random_token
from idp.notices.actions import Contact, Notice, send
from idp.oidc import issuing
from idp.oidc.records import DeferralRecord, GrantRecord
from idp.register.actions import contacts_of
from idp.signin.weighing import Seen, Weighed
from idp.storage import Transaction, db_now
from idp.storage.dialects import Duration

LASTS = timedelta(days=7)
WAITING, RELEASED, REFUSED, EXPIRED = "waiting", "released", "refused", "expired"
OWNER = "owner"
SHOWN_AT_ONCE = 100
TOLD_A_DAY = 5  # of which one owner hears: whoever knows a password may not flood a mailbox
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deferral:
    """A held sign-in as it stands at `now`. `reasons` say how each thing weighed, in nats."""

    ref: str
    session_ref: str
    client_id: str
    service: str
    account_ref: str
    reasons: tuple[Contribution, ...]
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
    _D.ref, _D.session_ref, _D.client_id, ClientRecord.client_name.label("service"),
    _D.account_ref, _D.reasons, _D.created_at, _D.expires_at, _D.decided_at, _D.decision,
    db_now().label("now"),
).join(ClientRecord, ClientRecord.client_id == _D.client_id)  # fmt: skip
_OPEN = (_D.decision.is_(None), _D.expires_at > db_now())
_SAME = (
    select(_D.ref)
    .where(
        _D.session_ref == bindparam("session"),
        _D.client_id == bindparam("client"),
        _D.place == bindparam("here"),
        _D.expires_at > db_now(),
        or_(_D.decision.is_(None), _D.decision == RELEASED),
    )
    .order_by(_D.created_at.desc())
    .limit(1)
)
_TOLD = select(func.count()).where(
    _D.account_ref == bindparam("account"),
    _D.created_at > db_now() - bindparam("day", DAY, type_=Duration()),
)
_OF_CLIENT = _SHOWN.where(_D.ref == bindparam("deferral"), _D.client_id == bindparam("client"))
_BY_TOKEN = _SHOWN.where(
    _D.token_digest == bindparam("token"), _D.account_ref == bindparam("account")
)
_BY_REF = _SHOWN.where(_D.ref == bindparam("deferral"))
_OLDEST = (_D.created_at, _D.ref)
_WAITING = _SHOWN.where(*_OPEN).order_by(*_OLDEST).limit(SHOWN_AT_ONCE)
_WAITING_OF = _SHOWN.where(*_OPEN, _D.account_ref == bindparam("account")).order_by(*_OLDEST)
_DECIDED = (
    update(_D)
    .values(decided_at=db_now(), decision=bindparam("decided"), decided_by=bindparam("by"))
    .returning(_D.ref, _D.grant_ref, _D.account_ref, _D.client_id, _D.session_ref, _D.seen)
)
_DECIDE = _DECIDED.where(_D.ref == bindparam("deferral"), *_OPEN)
_REFUSE_REST = _DECIDED.where(_D.session_ref == bindparam("session"), *_OPEN)
_GRANTS = select(GrantRecord.ref).where(
    GrantRecord.session_ref == bindparam("session"),
    GrantRecord.deferral_ref == bindparam("deferral"),
    GrantRecord.ended_at.is_(None),
)


def hold(
    tx: Transaction,
    keyring: Keyring,
    *,
    session: SessionFacts,
    client_id: str,
    grant_ref: str,
    weighed: Weighed,
    seen: Seen,
    now: datetime,
) -> str:
    """Hold a sign-in that is being granted; answer the deferral's reference. Its owner is told,
    at all known contacts: whoever has a password may have the mailbox too.

    The same session at the same service from the same place is held once, however often the
    service asks: what its owner said of it stands, and nobody is sent a message for each.
    """
    values = {"session": session.ref, "client": client_id, "here": seen.mark}
    known: str | None = tx.execute(_SAME, values).scalar_one_or_none()
    if known is not None:
        return known
    told = tx.execute(_TOLD, {"account": session.account_ref}).scalar_one()
    ref, token = random_ref(), random_token()
    tx.write(
        _ADD,
        {
            "ref": ref,
            "grant_ref": grant_ref,
            "session_ref": session.ref,
            "client_id": client_id,
            "account_ref": session.account_ref,
            "place": seen.mark,
            "token_digest": digest(token),
            "reasons": weighed.detail()["contributions"],
            "seen": histories.keys_of(keyring, session.account_ref, seen.visit),
            "created_at": now,
            "expires_at": now + LASTS,
        },
    )
    if told < TOLD_A_DAY:
        _tell(tx, keyring, session, f"/account/held/{token}")
    detail = {"deferral": ref, "grant": grant_ref}
    kind = "sign-in-deferred"
    record(tx, Entry(kind=kind, person=session.account_ref, client_id=client_id, detail=detail))
    return ref


def of_client(tx: Transaction, ref: str, client_id: str) -> Deferral | None:
    """Find a client's own; another's is not found."""
    return _first(tx, _OF_CLIENT, {"deferral": ref, "client": client_id})


def by_token(tx: Transaction, token: str, account_ref: str) -> Deferral | None:
    """Find the one that a link names, for the account that it was sent to and no other."""
    return _first(tx, _BY_TOKEN, {"token": digest(token), "account": account_ref})


def find(tx: Transaction, ref: str) -> Deferral | None:
    """Find one for an officer."""
    return _first(tx, _BY_REF, {"deferral": ref})


def waiting(tx: Transaction) -> list[Deferral]:
    """List those that wait for somebody, oldest first, at most `SHOWN_AT_ONCE`."""
    return [_read(row) for row in tx.execute(_WAITING, {}).mappings()]


def waiting_of(tx: Transaction, account_ref: str) -> list[Deferral]:
    """List an account's own that wait, oldest first."""
    return [_read(row) for row in tx.execute(_WAITING_OF, {"account": account_ref}).mappings()]


def decide(
    tx: Transaction,
    policies: Policies,
    ref: str,
    *,
    release: bool,
    by: str,
    reason: str = "",
) -> bool:
    """Release or refuse one that waits, once; False where it was decided or ran out before.

    `by` is `OWNER` or an officer's reference, `reason` an officer's code. What is released is
    learnt, so that the same place is not held again. What is refused takes along its grants, the
    session it was made in, and whatever else of that session waits.
    """
    decision = RELEASED if release else REFUSED
    row = tx.execute(_DECIDE, {"deferral": ref, "decided": decision, "by": by}).first()
    if row is None:
        return False
    _record(tx, decision, row, by, reason)
    if release:
        rules = policies.risk
        histories.teach_keys(
            tx, row.account_ref, row.seen, now=tx.now(), rules=rules,
            half_life_days=rules.half_life_for(row.client_id),
        )  # fmt: skip
        return True
    end_session(tx, row.session_ref, row.account_ref)
    values = {"session": row.session_ref, "decided": REFUSED, "by": by}
    rest = tx.execute(_REFUSE_REST, values).all()
    for other in rest:
        _record(tx, REFUSED, other, by, reason)
    _end_grants(tx, [row, *rest])
    return True


def _tell(tx: Transaction, keyring: Keyring, session: SessionFacts, link: str) -> None:
    """Tell the account's own address and those of the register that may be sent a code."""
    to = {Contact("email", session.email)}
    if session.person_ref is not None:
        known = contacts_of(tx, session.person_ref)
        to |= {Contact("email", known.email)} if known.email else set()
        to |= {Contact("text", known.phone)} if known.phone else set()
    told = {"account": session.sign_in_name, "link": link}
    for contact in sorted(to, key=lambda one: (one.channel, one.address)):
        send(tx, keyring, contact, Notice.SIGN_IN_HELD, told)


def _end_grants(tx: Transaction, refused: Sequence[Any]) -> None:
    for row in refused:
        values = {"session": row.session_ref, "deferral": row.ref}
        for grant in tx.execute(_GRANTS, values).scalars().all():
            issuing.end_grant(tx, grant, "deferral-refused")


def _first(tx: Transaction, statement: Any, values: dict[str, str]) -> Deferral | None:
    row = tx.execute(statement, values).mappings().first()
    return _read(row) if row else None


def _read(row: Any) -> Deferral:
    reasons = tuple(Contribution(code=code, nats=nats) for code, nats in row["reasons"])
    return Deferral(**{**row, "reasons": reasons})


def _record(tx: Transaction, decision: str, row: Any, by: str, reason: str) -> None:
    detail = {"deferral": row.ref, "grant": row.grant_ref, "by": by}
    if reason:
        detail["reason"] = reason
    entry = Entry(
        kind=f"deferral-{decision}",
        person=row.account_ref,
        actor=None if by == OWNER else by,
        client_id=row.client_id,
        detail=detail,
    )
    record(tx, entry)
