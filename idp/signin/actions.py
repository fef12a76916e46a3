"""Start a journey, find it again, and keep what the person chose on it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import bindparam, insert, select, update

from idp.assurance.conditions import ANYBODY
from idp.assurance.outcomes import Outcome
from idp.assurance.policy import ACCOUNT, Policies
from idp.assurance.rules import Level, Methods
from idp.authentication import sessions
from idp.authentication.sessions import SessionFacts
from idp.keyring.sealing import digest, random_ref, random_token
from idp.signin.acting import ActingAsked, asked_of_actor, without_key
from idp.signin.records import JourneyRecord, ParkedRequestRecord
from idp.signin.rules import Asked, Next, SignedIn, Step, Why, next_step, standing
from idp.signin.weighing import Weighed, signed_in, weigh_up
from idp.storage import Transaction, db_now

JOURNEY = timedelta(hours=1)
PARKED = timedelta(minutes=5)
SELF = "self"  # the choice of whoever acts for nobody else


class Stop(StrEnum):
    """Why a journey cannot go on in this browser now; each has a page of its own."""

    COOKIES = "cookies-refused"
    OTHER_BROWSER = "other-browser"
    UNKNOWN = "unknown-journey"
    EXPIRED = "expired"
    FINISHED = "finished"


@dataclass(frozen=True, slots=True, kw_only=True)
class Journey:
    """A journey as it stands."""

    ref: str
    client_id: str | None
    request: Mapping[str, Any]
    choice: str | None
    consented: bool
    created_at: datetime
    purpose: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """Where a journey is: the journey, who is signed in here, and what comes next."""

    journey: Journey
    session: SessionFacts | None
    next: Next
    risk: Weighed | None = None
    acting: ActingAsked | None = None


_INSERT = insert(JourneyRecord)
_BY_REF = select(
    JourneyRecord.__table__, db_now().label("now")
).where(JourneyRecord.ref == bindparam("journey"))  # fmt: skip
_FINISH = (
    update(JourneyRecord)
    .where(JourneyRecord.ref == bindparam("journey"), JourneyRecord.finished_at.is_(None))
    .values(finished_at=db_now())
)


def start(
    tx: Transaction,
    *,
    browser_secret: str,
    client_id: str | None,
    request: Mapping[str, Any],
    now: datetime,
) -> str:
    """Start a journey bound to one browser, and answer its reference.

    `request` holds `asked` (see `describe`) and whatever the room that finishes it needs.
    """
    ref = random_ref()
    tx.write(
        _INSERT,
        {
            "ref": ref,
            "browser_digest": digest(browser_secret),
            "client_id": client_id,
            "request": dict(request),
            "account_ref": None,
            "created_at": now,
            "expires_at": now + JOURNEY,
        },
    )
    return ref


def describe(asked: Asked) -> dict[str, Any]:
    """Write what a request asks as JSON for the journey's row. The floor is not kept: policy
    is asked again at every step."""
    return {
        "requested": [str(level) for level in asked.requested],
        "essential": asked.essential,
        "again": asked.again,
        "max_age": asked.max_age_seconds,
        "acting": asked.acting,
        "consent": asked.consent,
        "started": asked.started,
    }


def asked_of(journey: Journey, policies: Policies) -> Asked:
    """Read what the journey's request asks, with the floor that policy sets now."""
    kept, client_id = journey.request["asked"], journey.client_id or ACCOUNT
    return Asked(
        floor=policies.floor(client_id),
        ceiling=policies.ceiling(client_id),
        requested=tuple(Level.parse(text) for text in kept["requested"]),
        essential=kept["essential"],
        again=kept["again"],
        max_age_seconds=kept["max_age"],
        acting=kept["acting"],
        consent=kept["consent"],
        started=kept["started"],
    )


def signed_in_of(session: SessionFacts | None, policies: Policies) -> SignedIn | None:
    """What the pure rule asks about a session."""
    return None if session is None else signed_in(session, policies.risk)


def standing_of(
    asked: Asked, session: SessionFacts, methods: Methods, policies: Policies, *, now: datetime
) -> tuple[int, dict[str, int]]:
    """Answer the sign-in level that stands now, and the proofs (Unix ms) it stands on."""
    return standing(
        asked,
        signed_in(session, policies.risk),
        now=milliseconds(now),
        methods=methods,
        fades_after=policies.levels.fades_after,
    )


def methods_of(policies: Policies, journey: Journey, session: SessionFacts | None) -> Methods:
    """Answer the methods as they count on this journey: at its service, for this person, and for
    an agent from the moment that somebody to act for was chosen."""
    agent = journey.choice not in (None, SELF)
    known = session.circumstances(agent=agent) if session else ANYBODY
    return policies.methods_for(journey.client_id or ACCOUNT, known)


def locate(
    tx: Transaction,
    policies: Policies,
    ref: str,
    *,
    browser_secret: str | None,
    session_secret: str | None,
) -> Position | Stop:
    """Say where a journey is, or why it cannot go on in this browser."""
    if browser_secret is None:
        return Stop.COOKIES
    row = tx.execute(_BY_REF, {"journey": ref}).mappings().first()
    if row is None:
        return Stop.UNKNOWN
    if row["browser_digest"] != digest(browser_secret):
        return Stop.OTHER_BROWSER
    if row["finished_at"] is not None:
        return Stop.FINISHED
    if row["expires_at"] <= row["now"]:
        return Stop.EXPIRED
    journey = Journey(
        ref=ref,
        client_id=row["client_id"],
        request=row["request"],
        choice=row["choice"],
        purpose=row["purpose"],
        consented=row["consented"],
        created_at=row["created_at"],
    )
    session = sessions.find(tx, session_secret) if session_secret else None
    if session is None or row["account_ref"] != session.account_ref:
        # What one person chose or agreed to on this journey says nothing about another.
        journey = replace(journey, choice=None, purpose=None, consented=False)
    return position(
        policies, journey, session, now=row["now"], acting=_acting(tx, policies, journey, session)
    )


def position(
    policies: Policies,
    journey: Journey,
    session: SessionFacts | None,
    *,
    now: datetime,
    acting: ActingAsked | None = None,
) -> Position:
    """Ask the pure rule what comes next on this journey. `acting` is what is asked besides of
    whoever has chosen to act for somebody."""
    asked, methods = asked_of(journey, policies), methods_of(policies, journey, session)
    if acting is not None:
        asked = asked_in_acting(asked, acting, now)
    weighed = None
    if session is not None:
        # Until they choose to act for nobody, they may be about to.
        for_others = asked.acting and journey.choice != SELF
        weighed = weigh_up(
            asked, session, policies, methods, now=milliseconds(now), acting=for_others
        )
    binding = weighed if weighed and weighed.enforced else None
    if binding:
        asked = replace(asked, raised=binding.raised)
    following = next_step(
        asked,
        signed_in_of(session, policies),
        chosen=journey.choice is not None,
        consented=journey.consented,
        now=milliseconds(now),
        methods=methods,
        provable=policies.provable,
        fades_after=policies.levels.fades_after,
    )
    if binding and binding.outcome is Outcome.REFUSE:
        following = replace(following, step=Step.REFUSE, why=Why.TOO_UNUSUAL, ways=())
    if acting is not None and session is not None and acting.stop is None:
        acting = replace(acting, stop=without_key(session.held, methods, acting))
    return Position(journey=journey, session=session, next=following, risk=weighed, acting=acting)


def asked_in_acting(asked: Asked, acting: ActingAsked, now: datetime) -> Asked:
    """What a request asks once somebody to act for was chosen: no less, and as fresh."""
    age = asked.max_age_seconds
    if acting.since is not None:
        since = int((now - acting.since).total_seconds())
        age = since if age is None else min(age, since)
    return replace(asked, floor=asked.floor.join(acting.level), max_age_seconds=age)


def _acting(
    tx: Transaction, policies: Policies, journey: Journey, session: SessionFacts | None
) -> ActingAsked | None:
    if session is None or journey.choice in (None, SELF) or journey.client_id is None:
        return None
    floor = policies.floor(journey.client_id)
    return asked_of_actor(tx, policies, session, str(journey.choice), floor)


def client_of(tx: Transaction, ref: str) -> str | None:
    """Whose journey this is; None for one of our own pages, or for no journey."""
    row = tx.execute(_BY_REF, {"journey": ref}).mappings().first()
    return row["client_id"] if row else None


def choose(
    tx: Transaction, position: Position, choice: str | None, purpose: str | None = None
) -> None:
    """Keep whom this person acts for, `self` or a mandate's reference, and what for; None takes
    the choice back."""
    _answer(tx, position, choice=choice, purpose=purpose, consented=False)


def consent(tx: Transaction, position: Position) -> None:
    """Keep that this person agreed."""
    journey = position.journey
    _answer(tx, position, choice=journey.choice, purpose=journey.purpose, consented=True)


def finish(tx: Transaction, journey: Journey) -> bool:
    """Finish a journey, once: of two tabs one gets the answer."""
    return tx.execute(_FINISH, {"journey": journey.ref}).rowcount == 1


def park(tx: Transaction, request: Mapping[str, str]) -> str:
    """Keep what a cross-site POST brought, and answer the one-time id for our own GET.

    No cookie is read or set on such a POST: SameSite withholds them (decision 21).
    """
    one_time_id = random_token()
    tx.write(
        insert(ParkedRequestRecord),
        {
            "id_digest": digest(one_time_id),
            "request": dict(request),
            "expires_at": tx.now() + PARKED,
        },
    )
    return one_time_id


_TAKE = (
    update(ParkedRequestRecord)
    .where(
        ParkedRequestRecord.id_digest == bindparam("digest"),
        ParkedRequestRecord.used_at.is_(None),
        ParkedRequestRecord.expires_at > db_now(),
    )
    .values(used_at=db_now())
    .returning(ParkedRequestRecord.request)
)


def take_parked(tx: Transaction, one_time_id: str) -> dict[str, str] | None:
    """Take what a cross-site POST brought, once, or None."""
    request: dict[str, str] | None = tx.execute(
        _TAKE, {"digest": digest(one_time_id)}
    ).scalar_one_or_none()
    return request


def milliseconds(moment: datetime) -> int:
    """Whole Unix milliseconds."""
    return int(moment.timestamp() * 1000)


_ANSWER = (
    update(JourneyRecord)
    .where(JourneyRecord.ref == bindparam("journey"), JourneyRecord.finished_at.is_(None))
    .values(
        account_ref=bindparam("account"),
        choice=bindparam("chosen"),
        purpose=bindparam("what_for"),
        consented=bindparam("agreed"),
    )
)


def _answer(
    tx: Transaction,
    position: Position,
    *,
    choice: str | None,
    purpose: str | None,
    consented: bool,
) -> None:
    session = position.session
    if session is not None:  # next_step asks nobody who is not signed in
        values = {"account": session.account_ref, "chosen": choice, "agreed": consented,
                  "what_for": purpose}  # fmt: skip
        tx.execute(_ANSWER, {"journey": position.journey.ref, **values})
