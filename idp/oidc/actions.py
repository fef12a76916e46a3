"""Answer an authorization request: read it, see who is there, issue a code or start a journey."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import update

from idp.assurance.rules import Level
from idp.authentication import sessions
from idp.authentication.rules import network_of
from idp.authentication.sessions import SessionFacts
from idp.errors import Refusal
from idp.journal.actions import Entry, record
from idp.keyring import jose
from idp.oidc.asking import Answer, Validated, error, validate
from idp.oidc.granting import SELF, asked_detail, issue, needs_consent, own_subject
from idp.oidc.server import Call, Services
from idp.oidc.tokens import read_hint
from idp.signin import actions as signin
from idp.signin.actions import Journey, Position, milliseconds
from idp.signin.records import JourneyRecord
from idp.signin.rules import NOTHING, Asked, Step, lowest_first
from idp.signin.weighing import NOWHERE, Seen, learn, weigh
from idp.storage import Database, Transaction
from idp.throttle import actions as throttle
from idp.throttle.actions import Limit

# OpenID Connect Core 3.1.2.6. What could be had with pages is said to need them; only what no
# page could ever bring is refused for good.
PROMPT_NONE = {
    Step.PASSWORD: "login_required",
    Step.CODE: "login_required",
    Step.PASSKEY: "login_required",
    Step.RECOVERY_CODE: "login_required",
    Step.METHODS: "interaction_required",
    Step.PROVE: "interaction_required",
    Step.WHO: "interaction_required",
    Step.CONSENT: "consent_required",
    Step.REFUSE: "unmet_authentication_requirements",
}


# 600 a minute, for a network that many share: a whole council, or a carrier's telephones.
JOURNEYS_AT_ONCE, JOURNEY_EACH = 600, timedelta(milliseconds=100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """The person has to be asked something: the journey that asks it."""

    journey: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Browser:
    """What the browser showed us: the secrets of its cookies, and where it is. `address` is the
    caller's IP address; journeys begun without one, by the sandbox itself, are not limited."""

    binding: str
    session: str | None
    seen: Seen = NOWHERE
    address: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowded:
    """Too many journeys begin from this network; none was begun now."""

    wait: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """What becomes of a request, and the remembered browser's new secret where it has one."""

    outcome: Answer | Started | Refusal | Crowded
    device: str | None = None


def begin(
    database: Database, services: Services, params: Mapping[str, str], browser: Browser
) -> Begun:
    """Take an authorization request. A `Refusal` is for a page of ours: no redirect is safe."""
    # What is sent without a value counts as left out: RFC 6749 section 3.1.
    params = {name: value for name, value in params.items() if value}

    def work(tx: Transaction) -> Begun:
        call = Call(tx=tx, services=services)
        session = sessions.find(tx, browser.session) if browser.session else None
        valid = validate(call, params, signed_in=session is not None)
        if not isinstance(valid, Validated):
            return Begun(outcome=valid)
        device = None
        if session is not None:
            session, device = weigh(
                tx, services.keyring, services.population, services.policies, session,
                browser.seen, client_id=valid.client.client_id,
            )  # fmt: skip
        return Begun(outcome=_begin(call, valid, session, params, browser), device=device)

    return database.transaction(work)


def _begin(
    call: Call,
    valid: Validated,
    session: SessionFacts | None,
    params: Mapping[str, str],
    browser: Browser,
) -> Answer | Started | Refusal | Crowded:
    tx, services = call.tx, call.services
    now = session.now if session else tx.now()
    asked = _asked(call, valid, session, now)
    journey = Journey(
        ref="",
        client_id=valid.client.client_id,
        request={
            "asked": signin.describe(asked),
            # The scope as it may be granted: what the consent page lists is what is told. And
            # whom one may act for, also where only `authorization_details` says it.
            "params": {**params, "scope": valid.scope, **_acting_for(valid)},
        },
        choice=None,
        consented=False,
        created_at=now,
    )
    position = signin.position(services.policies, journey, session, now=now)
    if position.next.step is Step.ISSUE and _is_who_was_meant(call, valid, session):
        return _issue(call, valid, position, browser.seen, now)
    if "none" in valid.wanted.prompt:
        return error(call, valid, PROMPT_NONE.get(position.next.step, "login_required"))
    wait = _reserve_journey(call, browser.address)
    if wait is not None:
        return Crowded(wait=wait)
    ref = signin.start(
        tx,
        browser_secret=browser.binding,
        client_id=valid.client.client_id,
        request=journey.request,
        now=now,
    )
    detail = {
        "journey": ref,
        **asked_detail(valid, asked),
        "demand": str(position.next.demand),
        "stands": str(_stands(call, journey, asked, session, now)),
    }
    record(tx, Entry(kind="sign-in-started", client_id=valid.client.client_id, detail=detail))
    return Started(journey=ref)


def finish(
    database: Database, services: Services, position: Position, seen: Seen = NOWHERE
) -> Answer | Started | Refusal | None:
    """End a journey that has all it needs. None: another tab was first. `Started`: it goes on,
    for whoever signed in has not yet agreed to what another person may have."""

    def work(tx: Transaction) -> Answer | Started | Refusal | None:
        call, journey, session = Call(tx=tx, services=services), position.journey, position.session
        params = journey.request["params"]
        valid = validate(call, params, signed_in=session is not None)
        if not isinstance(valid, Validated):
            return valid
        if session and not journey.consented and needs_consent(call, valid, session):
            _ask_consent(tx, journey)
            return Started(journey=journey.ref)
        if not signin.finish(tx, journey):
            return None
        if not _is_who_was_meant(call, valid, session):
            return error(call, valid, "login_required", "another person signed in")
        return _issue(call, valid, position, seen, tx.now())

    return database.transaction(work)


def abandon(
    database: Database, services: Services, found: Position, code: str, description: str
) -> Answer | Refusal | None:
    """End a journey without a grant: the person said no, or the level cannot be reached."""
    journey, following = found.journey, found.next

    def work(tx: Transaction) -> Answer | Refusal | None:
        call = Call(tx=tx, services=services)
        valid = validate(call, journey.request["params"], signed_in=True)
        if not isinstance(valid, Validated):
            return valid
        if not signin.finish(tx, journey):
            return None
        detail: dict[str, Any] = {
            "journey": journey.ref, "why": str(following.why), "demand": str(following.demand)
        }  # fmt: skip
        if found.risk is not None:
            detail["risk"] = found.risk.detail()
        return error(call, valid, code, description, detail)

    return database.transaction(work)


def _issue(call: Call, valid: Validated, position: Position, seen: Seen, now: datetime) -> Answer:
    """Issue a code, and learn what this sign-in looked like once it is accepted."""
    answered = issue(call, valid, position, seen, now)
    if "code" in answered.params and position.session is not None:
        learn(
            call.tx, call.services.keyring, call.services.policies, position.session, seen,
            position.risk, client_id=valid.client.client_id,
        )  # fmt: skip
    return answered


def _asked(call: Call, valid: Validated, session: SessionFacts | None, now: datetime) -> Asked:
    wanted, policies = valid.wanted, call.services.policies
    floor = policies.floor(valid.client.client_id)
    levels = wanted.acr_levels
    return Asked(
        floor=floor,
        ceiling=policies.ceiling(valid.client.client_id),
        requested=lowest_first(levels, floor) if wanted.acr_any else levels,
        essential=wanted.acr_essential,
        again=bool(wanted.prompt & {"login", "select_account"}),
        max_age_seconds=wanted.max_age,
        acting=bool(wanted.acting_for),
        # Of nobody yet it cannot be known; `finish` asks again, for whoever signed in.
        consent="consent" in wanted.prompt
        or (session is not None and needs_consent(call, valid, session)),
        started=milliseconds(now),
    )


def _acting_for(valid: Validated) -> dict[str, str]:
    return {"acting_for": valid.wanted.acting_for} if valid.wanted.acting_for else {}


def _reserve_journey(call: Call, address: str) -> timedelta | None:
    """Count a journey against the network it begins from: each is a row or two that anybody may
    have us write. With the journey's own commit; who needs no page begins none."""
    if not address:
        return None
    limit = Limit(
        kind="journey-network",
        value=network_of(address),
        burst=JOURNEYS_AT_ONCE,
        per=JOURNEY_EACH,
    )
    return throttle.reserve_within(call.tx, call.services.keyring, [limit])


def _stands(
    call: Call, journey: Journey, asked: Asked, session: SessionFacts | None, now: datetime
) -> Level:
    """What this browser's session amounts to before anything is asked: what a review of the
    journeys needs to know, to say which of their pages was one too many."""
    if session is None:
        return NOTHING
    policies = call.services.policies
    methods = signin.methods_of(policies, journey, session)
    sign_in, _ = signin.standing_of(asked, session, methods, policies, now=now)
    return Level(identity=session.identity_level, sign_in=sign_in)


def _ask_consent(tx: Transaction, journey: Journey) -> None:
    request = {**journey.request, "asked": {**journey.request["asked"], "consent": True}}
    tx.execute(
        update(JourneyRecord)
        .where(JourneyRecord.ref == journey.ref, JourneyRecord.finished_at.is_(None))
        .values(request=request)
    )


def _is_who_was_meant(call: Call, valid: Validated, session: SessionFacts | None) -> bool:
    """Say whether the person here is the one the request names: by `id_token_hint`, or by
    `claims` with a value for `sub` (OpenID Connect Core 3.1.2.2, last item of its list)."""
    hint, sub = valid.params.get("id_token_hint"), valid.wanted.sub
    if session is None or (hint is None and sub is None):
        return True
    own = own_subject(call, valid.client, session)
    named = [(sub, own)] if sub is not None else []
    if hint is not None:
        try:
            claims = read_hint(call.services, hint)
        except jose.BadToken:
            return False
        act = claims.get("act")
        if act:  # the `sub` is the principal's; who signed in was the actor
            actor = own_subject(call, valid.client, session, "actor")
            named.append((str(act.get("sub")), actor))
        else:
            named.append((str(claims.get("sub")), own))
    return all(hmac.compare_digest(said.encode(), here.encode()) for said, here in named)


__all__ = ["SELF", "Answer", "Browser", "Crowded", "Started", "abandon", "begin", "finish"]
