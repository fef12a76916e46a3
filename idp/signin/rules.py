"""What a journey still needs: one pure question, asked after every page (decision 11)."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from idp.assurance.rules import Level, Methods, next_methods, sign_in_level

PASSWORD, CODE = "password", "one-time-code"
OFFERED = frozenset({PASSWORD, CODE})  # the methods that have a page


class Step(StrEnum):
    """What comes next; the value is also the last part of the page's path."""

    PASSWORD = "password"
    CODE = "code"
    WHO = "who"
    CONSENT = "consent"
    ISSUE = "issue"
    REFUSE = "refuse"


class Why(StrEnum):
    """Why a step is asked, or why a journey is refused; the value is its journal code."""

    FIRST = "first-factor"
    AGAIN = "asked-again"
    MORE = "level-needs-more"
    IDENTITY = "identity-too-low"
    NO_METHOD = "no-method-reaches-it"
    ACTING = "acting-was-asked-for"
    CONSENT = "consent-needed"
    ENOUGH = "enough"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a request asks of the person. Times are Unix milliseconds, ages seconds.

    `floor` is the service's own, from policy; `requested` what the request named, in its
    order; an `essential` request is met or refused, a voluntary one is met where it can be.
    """

    floor: Level
    started: int
    requested: tuple[Level, ...] = ()
    essential: bool = False
    again: bool = False  # prompt=login or select_account
    max_age_seconds: int | None = None
    acting: bool = False
    consent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """Who is signed in in this browser. `proofs` maps a method to when it was proved (ms)."""

    identity: int
    proofs: Mapping[str, int]
    held: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Next:
    """The next step, why, and the level the journey has to reach."""

    step: Step
    why: Why
    demand: Level


def next_step(
    asked: Asked,
    signed_in: SignedIn | None,
    *,
    chosen: bool,
    consented: bool,
    now: int,
    methods: Methods,
) -> Next:
    """Answer what is still missing, one thing at a time, and never what is there already.

    `chosen`: whom they act for was answered on this journey. `now` is Unix milliseconds.
    """
    goal = demand(asked, signed_in, methods)
    if signed_in is None:
        return Next(step=Step.PASSWORD, why=Why.FIRST, demand=goal)
    fresh = fresh_proofs(asked, signed_in, now=now)
    if signed_in.identity < goal.identity:
        return Next(step=Step.REFUSE, why=Why.IDENTITY, demand=goal)
    missing = _missing(goal.sign_in, fresh, signed_in, methods)
    if missing is None:
        return Next(step=Step.REFUSE, why=Why.NO_METHOD, demand=goal)
    if missing:
        why = Why.AGAIN if missing in signed_in.proofs else Why.MORE
        step = Step.PASSWORD if missing == PASSWORD else Step.CODE
        return Next(step=step, why=why, demand=goal)
    if asked.acting and not chosen:
        return Next(step=Step.WHO, why=Why.ACTING, demand=goal)
    if asked.consent and not consented:
        return Next(step=Step.CONSENT, why=Why.CONSENT, demand=goal)
    return Next(step=Step.ISSUE, why=Why.ENOUGH, demand=goal)


def demand(asked: Asked, signed_in: SignedIn | None, methods: Methods) -> Level:
    """Answer the level to reach: never below the service's floor, whatever was requested.

    Of several requested levels the first that this person can reach counts; an essential one
    that nobody here can reach stays the demand and is refused, a voluntary one falls back to
    the floor (OpenID Connect Core 5.5.1.1; keycloak 31534 took the lowest).
    """
    wanted = [asked.floor.join(level) for level in asked.requested]
    if not wanted:
        return asked.floor
    if signed_in is None:
        return wanted[0]
    for level in wanted:
        enough = signed_in.identity >= level.identity
        if enough and sign_in_level(signed_in.held & OFFERED, methods) >= level.sign_in:
            return level
    return wanted[0] if asked.essential else asked.floor


def fresh_proofs(asked: Asked, signed_in: SignedIn, *, now: int) -> dict[str, int]:
    """Answer the proofs that count for this request.

    `prompt=login` counts only what was proved on this journey; `max_age` what is young
    enough, or was proved on this journey, however long its pages took.
    """
    oldest = None
    if asked.again:
        oldest = asked.started
    elif asked.max_age_seconds is not None:
        oldest = min(asked.started, now - asked.max_age_seconds * 1000)
    return {method: at for method, at in signed_in.proofs.items() if oldest is None or at >= oldest}


def _missing(
    needed: int, fresh: Mapping[str, int], signed_in: SignedIn, methods: Methods
) -> str | None:
    """The next method to prove, "" when enough is proved, None when nothing held suffices."""
    if not fresh:
        # Somebody who is asked again is asked to be there at all, also where C0 would do.
        return PASSWORD if PASSWORD in signed_in.held else None
    if sign_in_level(fresh, methods) >= needed:
        return ""
    further = next_methods(needed, set(fresh), signed_in.held & OFFERED, methods)
    return further[0] if further else None
