"""Liveness: one SQL statement, asked by every token path (decision 16).

It reads named columns of other rooms' tables; `tests/callers` checks the names against the
real schema, since this room may not import the rooms above it.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Boolean, Select, String, and_, bindparam, select
from sqlalchemy.sql import ColumnElement

from idp.assurance.rules import Level
from idp.callers import acting
from idp.callers.acting import ActingMandate, labelled, named
from idp.callers.authority import AFTER_DEATH, Bar, Wish, bar, named_powers
from idp.callers.rules import Dead, Standing, why_dead
from idp.storage import Transaction, UtcDateTime, db_now

TIME, TEXT = UtcDateTime(), String()

GRANT = named(
    "oauth_grant", ref=TEXT, client_id=TEXT, account_ref=TEXT, session_ref=TEXT,
    client_session_ref=TEXT, holder=TEXT, sub=TEXT, actor=TEXT, act_sub=TEXT, mandate_ref=TEXT,
    resource=TEXT, scope=TEXT, claims=JSON(), acr=TEXT, vot=TEXT, amr=JSON(),
    auth_time=BigInteger(), policy=TEXT, offline=Boolean(), ended_at=TIME, risk_outcome=TEXT,
    deferral_ref=TEXT, organisation_ref=TEXT, member_ref=TEXT, software=TEXT, purpose=TEXT,
    joint_act_ref=TEXT, actor_grant_ref=TEXT, machine_ref=TEXT, details=JSON(), dpop_jkt=TEXT,
)  # fmt: skip
CLIENT = acting.CLIENT
RESOURCE = named("resource", uri=TEXT, client_id=TEXT)
AUDIENCE = CLIENT.alias("audience")  # the service whose API a token is for
ACCOUNT = named("account", ref=TEXT, person_ref=TEXT, identity_level=BigInteger(), disabled_at=TIME)
SESSION = named("session", ref=TEXT, proofs=JSON(), ended_at=TIME, expires_at=TIME)
CLIENT_SESSION = named("client_session", ref=TEXT, ended_at=TIME)
HOLDER = acting.PERSON.alias("holder")
DEFERRAL = named("deferral", ref=TEXT, expires_at=TIME, decision=TEXT)
ACTOR_GRANT = named("oauth_grant", ref=TEXT, ended_at=TIME).alias("actor_grant")
MACHINE = named("machine_mandate", ref=TEXT, ended_at=TIME, expires=TIME)
_OWN = {
    "g": GRANT, "c": CLIENT, "a": ACCOUNT, "s": SESSION, "cs": CLIENT_SESSION, "h": HOLDER,
    "d": DEFERRAL, "ag": ACTOR_GRANT, "mm": MACHINE, "au": AUDIENCE,
}  # fmt: skip
TABLES = (
    GRANT, RESOURCE, ACCOUNT, SESSION, CLIENT_SESSION, DEFERRAL, MACHINE,
    *acting.ALL_TABLES,
)  # fmt: skip


def _columns() -> list[ColumnElement[Any]]:
    own = [value for prefix, source in _OWN.items() for value in labelled(source, prefix)]
    return [*own, *acting.columns(GRANT.c.joint_act_ref)]


def _with(mandate: ColumnElement[bool], member: ColumnElement[bool]) -> Select[Any]:
    """A grant and all it stands on, beside a mandate and all that one stands on."""
    return (
        select(db_now().label("now"), *_columns())
        .select_from(
            acting.joined(
                GRANT.join(CLIENT, CLIENT.c.client_id == GRANT.c.client_id)
                .join(ACCOUNT, ACCOUNT.c.ref == GRANT.c.account_ref)
                .join(SESSION, SESSION.c.ref == GRANT.c.session_ref)
                .join(CLIENT_SESSION, CLIENT_SESSION.c.ref == GRANT.c.client_session_ref)
                .join(HOLDER, HOLDER.c.ref == GRANT.c.holder, isouter=True)
                .join(DEFERRAL, DEFERRAL.c.ref == GRANT.c.deferral_ref, isouter=True)
                .join(ACTOR_GRANT, ACTOR_GRANT.c.ref == GRANT.c.actor_grant_ref, isouter=True)
                .join(MACHINE, MACHINE.c.ref == GRANT.c.machine_ref, isouter=True)
                .join(RESOURCE, RESOURCE.c.uri == GRANT.c.resource, isouter=True)
                .join(AUDIENCE, AUDIENCE.c.client_id == RESOURCE.c.client_id, isouter=True),
                mandate=mandate, member=member, account=GRANT.c.account_ref,
                person=ACCOUNT.c.person_ref,
            )
        )
        .where(GRANT.c.ref == bindparam("grant"))
    )  # fmt: skip


LIVE = _with(acting.MANDATE.c.ref == GRANT.c.mandate_ref, acting.MEMBER.c.ref == GRANT.c.member_ref)
_WANTS = _with(
    acting.MANDATE.c.ref == bindparam("mandate"),
    and_(acting.MEMBER.c.account_ref == GRANT.c.account_ref, acting.MEMBER.c.left_at.is_(None)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveGrant:
    """A grant and whether it is live; what a token of it may say.

    `visiting`: it is live, and so is the visit it was made in, which an `offline` one outlives.
    `person_ref` and `identity_level` are of whoever signed in, as they are now, and `proofs` is
    what was proved in that visit.
    """

    ref: str
    now: datetime
    dead: Dead | Bar | None
    visiting: bool
    client_id: str
    account_ref: str
    person_ref: str | None
    identity_level: int
    session_ref: str
    proofs: dict[str, int]
    sid: str
    holder: str
    sub: str
    actor: str | None
    act_sub: str | None
    mandate: ActingMandate | None
    organisation_ref: str | None
    member_ref: str | None
    software: str | None
    purpose: str | None
    joint_act_ref: str | None
    machine_ref: str | None
    details: list[dict[str, Any]] | None
    dpop_jkt: str | None
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
    ended_reference: str | None

    @property
    def reference(self) -> str:
        """Answer the reference of the act that ended its mandate, where there is one."""
        return self.ended_reference or ""


def ask(tx: Transaction, grant_ref: str) -> LiveGrant | None:
    """Ask for a grant and everything it stands on, in one statement. None: no such grant."""
    row = tx.execute(LIVE, {"grant": grant_ref}).mappings().first()
    if row is None:
        return None
    mandate = None
    if row["m_ref"] is not None:
        mandate = acting.read(row, now=row["now"], actor=row["g_actor"], grant=row["g_ref"])
    return _read(row, mandate)


def ask_to_act(
    tx: Transaction, grant_ref: str, mandate_ref: str
) -> tuple[LiveGrant, ActingMandate | None] | None:
    """Ask for a grant as `ask` does and, in the same statement, for the mandate that its holder
    wants to act under, as `acting.ask` does. None: no such grant.

    For a grant of somebody's own: one that acts already is not live here.
    """
    row = tx.execute(_WANTS, {"grant": grant_ref, "mandate": mandate_ref}).mappings().first()
    if row is None:
        return None
    return _read(row, None), acting.wanted(row, actor=row["a_person_ref"])


_DISABLED = select(CLIENT.c.disabled_at).where(CLIENT.c.client_id == bindparam("client"))


def is_disabled(tx: Transaction, client_id: str) -> bool:
    """Say whether a client is switched off now, where no grant of it is asked for yet."""
    return tx.execute(_DISABLED, {"client": client_id}).scalar_one_or_none() is not None


def _read(row: Any, mandate: ActingMandate | None) -> LiveGrant:
    standing = Standing(
        now=row["now"],
        # Off is whoever the token was issued to, or is for: an API takes none while it is off.
        client_disabled_at=row["c_disabled_at"] or row["au_disabled_at"],
        account_disabled_at=row["a_disabled_at"],
        # Whom it is about may be dead where the mandate is for just that.
        holder_died=row["h_died_on"] is not None
        and not (mandate is not None and mandate.basis in AFTER_DEATH),
        session_ended_at=row["s_ended_at"],
        session_expires_at=row["s_expires_at"],
        client_session_ended_at=row["cs_ended_at"],
        grant_ended_at=row["g_ended_at"],
        actor_grant_ended_at=row["ag_ended_at"],
        machine_ended=row["mm_ref"] is not None
        and (row["mm_ended_at"] is not None or row["mm_expires"] <= row["now"]),
        offline=row["g_offline"],
        barred=_barred(row, mandate),
    )
    same = ("client_id", "account_ref", "session_ref", "holder", "sub", "actor", "act_sub",
            "resource", "scope", "claims", "acr", "vot", "amr", "auth_time", "policy", "offline",
            "risk_outcome", "ref", "organisation_ref", "member_ref", "software", "purpose",
            "joint_act_ref", "machine_ref", "details", "dpop_jkt")  # fmt: skip
    state = row["d_decision"]
    if row["d_ref"] is not None and state is None:
        state = "expired" if row["d_expires_at"] <= row["now"] else "deferred"
    return LiveGrant(
        deferral=row["d_ref"],
        deferral_state=state,
        now=row["now"],
        dead=why_dead(standing),
        visiting=why_dead(replace(standing, offline=False)) is None,
        person_ref=row["a_person_ref"],
        identity_level=row["a_identity_level"],
        proofs=row["s_proofs"],
        sid=row["g_client_session_ref"],
        mandate=mandate,
        ended_reference=row["m_ended_reference"],
        **{name: row[f"g_{name}"] for name in same},
    )


def _barred(row: Any, mandate: ActingMandate | None) -> Bar | None:
    if row["g_mandate_ref"] is None:
        return None
    if mandate is None:
        return Bar.UNKNOWN
    proved = Level.parse(row["g_vot"])
    # What the service asks and what software is registered for was judged when the grant was
    # made; what the mandate asks of whoever acts may have risen since. What software was given
    # names its service with each power.
    service, powers = row["g_client_id"], named_powers(row["g_scope"], mandate.service)
    if row["g_software"] is not None:
        service = mandate.service if powers else ""
    wish = Wish(
        service=service, powers=powers, level=proved, needed=mandate.facts.actor_level
    )  # fmt: skip
    return bar(mandate.facts, wish)
