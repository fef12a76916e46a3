"""Liveness: one SQL statement, asked by every token path (decision 16).

It reads named columns of other rooms' tables; `tests/callers` checks the names against the
real schema, since this room may not import the rooms above it.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Boolean, Date, String, bindparam, column, select, table
from sqlalchemy.sql import ColumnElement

from idp.callers.rules import Dead, Standing, why_dead
from idp.storage import Transaction, UtcDateTime, db_now

TIME, TEXT = UtcDateTime(), String()


def _table(name: str, **columns: Any) -> Any:
    return table(name, *(column(key, kind) for key, kind in columns.items()))


GRANT = _table(
    "oauth_grant", ref=TEXT, client_id=TEXT, account_ref=TEXT, session_ref=TEXT,
    client_session_ref=TEXT, holder=TEXT, sub=TEXT, actor=TEXT, act_sub=TEXT, mandate_ref=TEXT,
    resource=TEXT, scope=TEXT, claims=JSON(), acr=TEXT, vot=TEXT, amr=JSON(),
    auth_time=BigInteger(), policy=TEXT, offline=Boolean(), ended_at=TIME, risk_outcome=TEXT,
    deferral_ref=TEXT,
)  # fmt: skip
CLIENT = _table("client", client_id=TEXT, disabled_at=TIME)
ACCOUNT = _table("account", ref=TEXT, disabled_at=TIME)
SESSION = _table("session", ref=TEXT, ended_at=TIME, expires_at=TIME)
CLIENT_SESSION = _table("client_session", ref=TEXT, ended_at=TIME)
PERSON = _table("person", ref=TEXT, died_on=Date())
MANDATE = _table(
    "mandate", ref=TEXT, version=BigInteger(), services=JSON(), basis=TEXT, starts=TIME,
    expires=TIME, ended_at=TIME, ended_reference=TEXT, grant_identity=BigInteger(),
    grant_sign_in=BigInteger(),
)  # fmt: skip
DEFERRAL = _table("deferral", ref=TEXT, expires_at=TIME, decision=TEXT)
TABLES = (GRANT, CLIENT, ACCOUNT, SESSION, CLIENT_SESSION, PERSON, MANDATE, DEFERRAL)


PREFIXES = ("g", "c", "a", "s", "cs", "p", "m", "d")


def _labelled(source: Any, prefix: str) -> list[ColumnElement[Any]]:
    return [col.label(f"{prefix}_{col.name}") for col in source.c]


LIVE = (
    select(
        db_now().label("now"),
        *(value for source, prefix in zip(TABLES, PREFIXES, strict=True)
          for value in _labelled(source, prefix)),
    )
    .select_from(GRANT)
    .join(CLIENT, CLIENT.c.client_id == GRANT.c.client_id)
    .join(ACCOUNT, ACCOUNT.c.ref == GRANT.c.account_ref)
    .join(SESSION, SESSION.c.ref == GRANT.c.session_ref)
    .join(CLIENT_SESSION, CLIENT_SESSION.c.ref == GRANT.c.client_session_ref)
    .join(PERSON, PERSON.c.ref == GRANT.c.holder, isouter=True)
    .join(MANDATE, MANDATE.c.ref == GRANT.c.mandate_ref, isouter=True)
    .join(DEFERRAL, DEFERRAL.c.ref == GRANT.c.deferral_ref, isouter=True)
    .where(GRANT.c.ref == bindparam("grant"))
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveMandate:
    """The mandate a grant acts under, as it is now."""

    ref: str
    version: int
    services: tuple[str, ...]
    basis: str
    expires: datetime
    grant_level: tuple[int, int]
    ended_reference: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveGrant:
    """A grant and whether it is live; what a token of it may say."""

    ref: str
    now: datetime
    dead: Dead | None
    client_id: str
    account_ref: str
    session_ref: str
    sid: str
    holder: str
    sub: str
    actor: str | None
    act_sub: str | None
    mandate: LiveMandate | None
    resource: str | None
    scope: str
    claims: dict[str, Any]
    acr: str
    vot: str
    amr: list[str]
    auth_time: int
    policy: str
    offline: bool
    risk_outcome: str | None
    deferral: str | None
    deferral_state: str | None

    @property
    def reference(self) -> str:
        """Answer the reference of the act that ended it, where there is one."""
        return (self.mandate and self.mandate.ended_reference) or ""


def ask(tx: Transaction, grant_ref: str) -> LiveGrant | None:
    """Ask for a grant and everything it stands on, in one statement. None: no such grant."""
    row = tx.execute(LIVE, {"grant": grant_ref}).mappings().first()
    return None if row is None else _read(row)


_DISABLED = select(CLIENT.c.disabled_at).where(CLIENT.c.client_id == bindparam("client"))


def is_disabled(tx: Transaction, client_id: str) -> bool:
    """Say whether a client is switched off now, where no grant of it is asked for yet."""
    return tx.execute(_DISABLED, {"client": client_id}).scalar_one_or_none() is not None


def _read(row: Any) -> LiveGrant:
    mandate = None
    if row["m_ref"] is not None:
        mandate = LiveMandate(
            ref=row["m_ref"],
            version=row["m_version"],
            services=tuple(row["m_services"]),
            basis=row["m_basis"],
            expires=row["m_expires"],
            grant_level=(row["m_grant_identity"], row["m_grant_sign_in"]),
            ended_reference=row["m_ended_reference"],
        )
    standing = Standing(
        now=row["now"],
        client_id=row["g_client_id"],
        client_disabled_at=row["c_disabled_at"],
        account_disabled_at=row["a_disabled_at"],
        holder_died=row["p_died_on"] is not None,
        session_ended_at=row["s_ended_at"],
        session_expires_at=row["s_expires_at"],
        client_session_ended_at=row["cs_ended_at"],
        grant_ended_at=row["g_ended_at"],
        offline=row["g_offline"],
        mandate_starts=row["m_starts"],
        mandate_expires=row["m_expires"],
        mandate_ended_at=row["m_ended_at"],
        mandate_services=mandate.services if mandate else (),
        acting=row["g_mandate_ref"] is not None,
    )
    same = ("client_id", "account_ref", "session_ref", "holder", "sub", "actor", "act_sub",
            "resource", "scope", "claims", "acr", "vot", "amr", "auth_time", "policy",
            "offline", "risk_outcome", "ref")  # fmt: skip
    state = row["d_decision"]
    if row["d_ref"] is not None and state is None:
        state = "expired" if row["d_expires_at"] <= row["now"] else "deferred"
    return LiveGrant(
        deferral=row["d_ref"],
        deferral_state=state,
        now=row["now"],
        dead=why_dead(standing),
        sid=row["g_client_session_ref"],
        mandate=mandate,
        **{name: row[f"g_{name}"] for name in same},
    )
