"""How unusual a sign-in looks, weighed once for each session and place it is used from.

The answer is kept with the session, as digests and numbers: every later step of every journey in
it asks the pure rules anew, with the policy of that moment. In shadow mode the same is done and
kept, and binds nobody (risk-model.md T6).
"""

from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import bindparam, distinct, func, select

from idp.assurance import histories
from idp.assurance.familiarity import (
    AT_MOST,
    Contribution,
    Evidence,
    Token,
    Visit,
    reach_nats,
    score,
)
from idp.assurance.outcomes import Outcome, decide, remembered_device_counts, thresholds
from idp.assurance.policy import ACCOUNT, Policies
from idp.assurance.population import Population
from idp.assurance.risk_rules import RiskRules
from idp.assurance.rules import Level, Methods
from idp.authentication import remembered, sessions
from idp.authentication.records import RememberedDeviceRecord, SessionRecord
from idp.authentication.sessions import SessionFacts
from idp.callers.acting import holds
from idp.delegation.records import MandateRecord
from idp.journal.actions import Entry, record
from idp.keyring.ring import Keyring
from idp.signin.rules import (
    EMAIL_CODE,
    NOTHING,
    PASSWORD,
    Asked,
    SignedIn,
    demand,
    reach_of,
    standing,
)
from idp.storage import Transaction, db_now
from idp.storage.dialects import Duration

REMEMBERED = "remembered-device"
# What says nothing against whoever has found out a password.
NO_FURTHER_CHECK = frozenset({PASSWORD, EMAIL_CODE, REMEMBERED})
PLACES_KEPT = 16
TRAVEL = timedelta(hours=4)  # nobody is in another country within it, as a rule
FAILED_COUNT = timedelta(hours=1)
MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a request shows of where it comes from. `device` is the secret of its cookie, if any."""

    visit: Visit
    hosting: bool = False
    attack_ratio: float = 1.0
    device: str | None = None

    @property
    def mark(self) -> str:
        """A digest of the visit: whether a session is used from where it was weighed."""
        return sha256(repr((self.visit, self.hosting)).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """What run-time risk says of one request. `raised` is the least level it then needs."""

    outcome: Outcome
    nats: float
    contributions: tuple[Contribution, ...]
    enforced: bool
    raised: Level = NOTHING

    def detail(self) -> dict[str, Any]:
        """What the journal keeps of it."""
        return {
            "nats": round(self.nats, 3),
            "outcome": str(self.outcome),
            "enforced": self.enforced,
            "contributions": [[part.code, round(part.nats, 3)] for part in self.contributions],
        }


NOWHERE = Seen(visit=Visit())  # nothing is known: nothing speaks for anybody


# In one statement: was a browser ever remembered, where was the account used last, and for how many
# people could this sign-in act?
_AROUND = select(
    select(RememberedDeviceRecord.ref)
    .where(
        RememberedDeviceRecord.account_ref == bindparam("account"),
        RememberedDeviceRecord.ended_at.is_(None),
        RememberedDeviceRecord.expires_at > db_now(),
    )
    .exists()
    .label("has_device"),
    select(SessionRecord.risk)
    .where(
        SessionRecord.account_ref == bindparam("account"),
        SessionRecord.ref != bindparam("session"),
        SessionRecord.seen_at > db_now() - bindparam("travel", TRAVEL, type_=Duration()),
        SessionRecord.risk.is_not(None),
    )
    .order_by(SessionRecord.seen_at.desc())
    .limit(1)
    .scalar_subquery()
    .label("last"),
    select(func.count(distinct(MandateRecord.principal)))
    .where(
        MandateRecord.delegate == bindparam("person"),
        holds(MandateRecord.__table__),
    )
    .scalar_subquery()
    .label("reach"),
)


def needs_weighing(session: SessionFacts, seen: Seen) -> bool:
    """True when a session was not weighed yet, or is used from somewhere else than then."""
    return (session.risk or {}).get("mark") != seen.mark


def weigh(
    tx: Transaction,
    keyring: Keyring,
    population: Population,
    policies: Policies,
    session: SessionFacts,
    seen: Seen,
    *,
    client_id: str,
) -> tuple[SessionFacts, str | None]:
    """Weigh a session as it is used now: the session with the answer, and the remembered
    browser's new secret where it has one. Two reads and one write; nothing for a known place."""
    if not needs_weighing(session, seen):
        return session, None
    rules, before = policies.risk, session.risk or {}
    population.look(tx, rules)
    history = histories.read(
        tx,
        session.account_ref,
        now=session.now,
        half_life_days=rules.half_life_for(client_id),
        forget_below=rules.forget_below,
    )
    n, network, browser = histories.counts_of(keyring, session.account_ref, seen.visit, history)
    used = remembered.use(tx, session.account_ref, seen.device) if seen.device else None
    whose = {"account": session.account_ref, "session": session.ref, "person": session.party}
    around = tx.execute(_AROUND, whose).one()
    country = seen.visit.network[0]
    # Where the account was last: in another browser, or in this very session (a copied cookie).
    lately = session.now.timestamp() * 1000 - before.get("at", 0) <= TRAVEL / MILLISECOND
    last = before.get("country") if lately else (around.last or {}).get("country")
    failed = before.get("failed", 0) if session.now - session.created_at < FAILED_COUNT else 0
    if used is not None:
        token = Token.PRESENT
    else:
        token = Token.ABSENT if around.has_device else Token.NONE_ISSUED
    found = score(
        Evidence(
            n=n,
            network_counts=network,
            network_shares=population.shares(histories.NETWORK, seen.visit.network),
            browser_counts=browser,
            browser_shares=population.shares(histories.BROWSER, seen.visit.browser),
            token=token,
            failed_last_hour=failed,
            impossible_travel=bool(country and last and country != last),
            hosting=seen.hosting,
            attack_ratio=seen.attack_ratio,
        ),
        rules,
    )
    age = (session.now - used.device.since) / timedelta(days=1) if used else None
    risk = {
        "mark": seen.mark,
        "nats": found.nats,
        "n": n,
        "why": [[part.code, part.nats] for part in found.contributions],
        "device_days": age,
        "at": int(session.now.timestamp() * 1000),
        "country": country,
        "reach": around.reach,
        "failed": failed,
        "taught": before.get("taught", []),  # no place is learnt twice in one session
    }
    sessions.keep_weighed(tx, session.ref, risk)
    # Here, and not only where it ends well: whoever walks away from a further check is kept too.
    detail = {
        "nats": round(found.nats, 3),
        "contributions": [[part.code, round(part.nats, 3)] for part in found.contributions],
        "enforced": rules.enforced,
        "policy": policies.fingerprint,
    }
    about = client_id if client_id != ACCOUNT else None
    record(
        tx,
        Entry(kind="sign-in-weighed", person=session.account_ref, client_id=about, detail=detail),
    )
    return replace(session, risk=risk), used.secret if used else None


def signed_in(session: SessionFacts, rules: RiskRules) -> SignedIn:
    """What the pure rule asks about a session: with the remembered browser among its proofs,
    where it may stand for one."""
    proofs, risk = session.proofs, session.risk or {}
    age = risk.get("device_days")
    if rules.enforced and age is not None and remembered_device_counts(
        risk["nats"], n=risk["n"], age_days=age, rules=rules
    ):  # fmt: skip
        proofs = {**proofs, REMEMBERED: risk["at"]}
    return SignedIn(identity=session.identity_level, proofs=proofs, held=session.held)


def weigh_up(
    asked: Asked,
    session: SessionFacts,
    policies: Policies,
    methods: Methods,
    *,
    now: int,
    acting: bool = False,
) -> Weighed | None:
    """Say what becomes of this request; None for a session that was never weighed.

    Whoever is `acting` for others is weighed with how many they could act for (T7). Before the
    floor is reached nothing is said: what it asks for anyway may be check enough.
    """
    risk, rules = session.risk or {}, policies.risk
    if "nats" not in risk:
        return None
    contributions = [Contribution(code=code, nats=part) for code, part in risk["why"]]
    reach = reach_nats(risk.get("reach", 1), rules) if acting else 0.0
    if reach:
        contributions.append(Contribution(code="reach", nats=reach))
    person, nats = signed_in(session, rules), min(AT_MOST, risk["nats"] + reach)
    needed = demand(asked, person, methods, policies.provable).sign_in
    level, counted = standing(
        asked, person, now=now, methods=methods, fades_after=policies.levels.fades_after
    )
    outcome, raised = Outcome.ALLOW, NOTHING
    if needed and level >= needed:
        further = [method for method in counted if method not in NO_FURTHER_CHECK]
        blocked = max((methods[method].blocks_attacks for method in further), default=None)
        above = [c for c in range(level + 1, 4) if reach_of(session.held, methods) >= c]
        doubted = session.doubted_at is not None
        outcome = decide(
            nats, sign_in=needed, rules=rules, stepped_up_by=blocked, can_step_up=bool(above),
            hard_flag=doubted,
        )  # fmt: skip
        if outcome is Outcome.STEP_UP:
            raised = Level(identity=0, sign_in=above[0])
        elif outcome is Outcome.ALLOW and blocked is not None:
            unusual = doubted or nats >= thresholds(needed, rules).step_up
            outcome = Outcome.STEP_UP if unusual else Outcome.ALLOW
    return Weighed(
        outcome=outcome,
        nats=nats,
        contributions=tuple(contributions),
        enforced=rules.enforced,
        raised=raised,
    )


def learn(
    tx: Transaction,
    keyring: Keyring,
    policies: Policies,
    session: SessionFacts,
    seen: Seen,
    weighed: Weighed | None,
    *,
    client_id: str,
) -> None:
    """Learn an accepted sign-in, once for each session and place. What was held back teaches
    nothing: an attacker must not become usual by trying."""
    risk = session.risk or {}
    held_back = weighed is not None and weighed.enforced and weighed.outcome >= Outcome.DEFER
    if held_back or risk.get("mark") != seen.mark or seen.mark in risk.get("taught", []):
        return
    rules = policies.risk
    histories.teach(
        tx, keyring, session.account_ref, seen.visit, now=session.now, rules=rules,
        half_life_days=rules.half_life_for(client_id),
    )  # fmt: skip
    taught = [*risk.get("taught", []), seen.mark][-PLACES_KEPT:]
    sessions.keep_weighed(tx, session.ref, {**risk, "taught": taught})
