"""What a journey still needs: one pure question, asked after every page (decision 11).

No answer is a dead end. Whoever holds what it takes is asked for it, the best first, and may
choose another of their ways; whoever holds too little is led on to set a method up or to prove who
they are. Only what nobody could ever reach here is refused.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import combinations

from idp.assurance.rules import Level, Methods, next_methods, sign_in_level

PASSWORD, CODE, RECOVERY_CODE = "password", "one-time-code", "recovery-code"
PASSKEY, SECURITY_KEY = "passkey", "security-key"
SMS_CODE, EMAIL_CODE = "sms-code", "email-code"
OFFERED = frozenset(  # those with a page
    {PASSWORD, CODE, PASSKEY, SECURITY_KEY, SMS_CODE, EMAIL_CODE, RECOVERY_CODE}
)
NEVER: Mapping[int, int] = {}  # no level fades before its session ends
CLOCKS_MAY_DIFFER_MS = 60_000
TWO_CHECKS = 2  # the sign-in level (C2) of two different factors


NOTHING = Level(identity=0, sign_in=0)


class Step(StrEnum):
    """What comes next; the value is also the last part of the page's path."""

    PASSWORD = "password"
    CODE = "code"
    PASSKEY = "passkey"
    TEXT_CODE = "text-code"
    EMAIL_CODE = "email-code"
    RECOVERY_CODE = "recovery-code"
    METHODS = "methods"
    PROVE = "prove"
    WHO = "who"
    CONSENT = "consent"
    ISSUE = "issue"
    REFUSE = "refuse"


# The page of each method. A key that can be copied and one that cannot are asked for alike.
PAGE_OF: Mapping[str, Step] = {
    PASSWORD: Step.PASSWORD,
    CODE: Step.CODE,
    PASSKEY: Step.PASSKEY,
    SECURITY_KEY: Step.PASSKEY,
    SMS_CODE: Step.TEXT_CODE,
    EMAIL_CODE: Step.EMAIL_CODE,
    RECOVERY_CODE: Step.RECOVERY_CODE,
}
# What a sign-in may begin with: each of them says by itself whose it is. The last one may not do.
BEGINNINGS = (Step.PASSWORD, Step.PASSKEY, Step.EMAIL_CODE)
BESIDES = frozenset({CODE, SMS_CODE, RECOVERY_CODE})  # asked of somebody who has begun


class Why(StrEnum):
    """Why a step is asked, or why a journey is refused; the value is its journal code."""

    FIRST = "first-factor"
    AGAIN = "asked-again"
    MORE = "level-needs-more"
    IDENTITY = "identity-too-low"
    NO_METHOD = "no-method-reaches-it"
    ACTING = "acting-was-asked-for"
    CONSENT = "consent-needed"
    UNUSUAL = "sign-in-looks-unusual"
    TOO_UNUSUAL = "sign-in-looks-too-unusual"
    ENOUGH = "enough"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a request asks of the person. Times are Unix milliseconds, ages seconds.

    `floor` is the service's own, from policy, and `ceiling` what all its actions need together;
    `requested` is what the request named, in its order. An `essential` request is met or refused.
    A voluntary one is met where it can be, and never past the ceiling: a service that asks for
    more than its own assessment says costs people time for nothing (risk-model.md T6, "Request
    and policy combined"). `raised` is what this very sign-in calls for; nothing trims it.
    """

    floor: Level
    started: int
    ceiling: Level | None = None  # None: the floor is all that there is
    raised: Level = NOTHING
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
    """The next step, why, and the level the journey has to reach.

    `ways` are the pages that would do just as well now, the one of `step` among them; empty
    where there is nothing to choose. `beginning`: whoever comes may be anybody.
    """

    step: Step
    why: Why
    demand: Level
    ways: tuple[Step, ...] = ()
    beginning: bool = False


def next_step(
    asked: Asked,
    signed_in: SignedIn | None,
    *,
    chosen: bool,
    consented: bool,
    now: int,
    methods: Methods,
    provable: int,
    fades_after: Mapping[int, int] = NEVER,
) -> Next:
    """Answer what is still missing, one thing at a time, and never what is there already.

    `chosen`: whom they act for was answered on this journey. `now` is Unix milliseconds.
    `provable` is the identity level that proving can reach at most, as policy is today, and
    `fades_after` the seconds after which a proof no longer counts towards a sign-in level.

    What is known of a person is raised by that person alone: all that the account's methods
    reach is asked for before one is added or identity is proved.
    """
    goal = demand(asked, signed_in, methods, provable)
    if signed_in is None:
        ways = beginnings(goal, methods)
        return Next(step=Step.PASSWORD, why=Why.FIRST, demand=goal, ways=ways, beginning=True)
    lasting = _out_of_reach(goal, signed_in, methods, provable)
    if lasting is not None:
        return Next(step=Step.REFUSE, why=lasting, demand=goal)
    needed, reach = _sign_in_needed(goal, signed_in, methods), reach_of(signed_in.held, methods)
    fresh = fresh_proofs(asked, signed_in, now=now, lasts=fades_after.get(min(needed, reach)))
    page, ways = _missing(min(needed, reach), fresh, signed_in, methods)
    if page is not None:
        again = not fresh or any(PAGE_OF.get(method) is page for method in signed_in.proofs)
        why = Why.AGAIN if again else Why.MORE
        if goal != demand(replace(asked, raised=NOTHING), signed_in, methods, provable):
            why = Why.UNUSUAL  # and no word of what: nobody has proved enough yet to be told
        ways = ways or beginnings(goal, methods)
        return Next(step=page, why=why, demand=goal, ways=ways, beginning=not fresh)
    if sign_in_level(fresh, methods) < needed:
        may_add = may_add_methods(signed_in.identity, sign_in_level(fresh, methods))
        step = Step.METHODS if may_add else Step.PROVE
        return Next(step=step, why=Why.NO_METHOD, demand=goal)
    if signed_in.identity < goal.identity:
        return Next(step=Step.PROVE, why=Why.IDENTITY, demand=goal)
    if asked.acting and not chosen:
        return Next(step=Step.WHO, why=Why.ACTING, demand=goal)
    if asked.consent and not consented:
        return Next(step=Step.CONSENT, why=Why.CONSENT, demand=goal)
    return Next(step=Step.ISSUE, why=Why.ENOUGH, demand=goal)


def may_add_methods(identity: int, proved: int) -> bool:
    """Say whether a session that proved sign-in level `proved` may add a way to sign in.

    To an account that nobody proved, yes: there is nobody in it to be mistaken for. To a proved
    one only after two checks: else whoever found out a password could add a second factor of
    his own and be that person everywhere. Its owner proves again who they are instead.

    The caller has asked for all that the account's methods reach.
    Source: NIST SP 800-63B-3 sections 6.1.2.2 (upgrade at IAL1) and 6.1.2.3 (a lost factor of
    a proved account: repeat the proofing).
    """
    return identity == 0 or proved >= TWO_CHECKS


def demand(asked: Asked, signed_in: SignedIn | None, methods: Methods, provable: int) -> Level:
    """Answer the level to reach: never below the service's floor, whatever was requested.

    A voluntary request counts no further than the service's own ceiling. Of several requested
    levels the first that this person can reach counts. Where there is none, a voluntary request
    falls back to the floor, for nobody is sent to prove anything for a wish; an essential one
    stays: the first that enrolling and proving can reach, else the first, which is refused
    (OpenID Connect Core 5.5.1.1; keycloak 31534 took the lowest).
    """
    least = asked.floor.join(asked.raised)
    most = least.join(asked.ceiling or asked.floor)
    named = asked.requested if asked.essential else [most.meet(one) for one in asked.requested]
    wanted = [least.join(level) for level in named]
    if not wanted:
        return least
    if signed_in is None:
        return wanted[0]
    reach = reach_of(signed_in.held, methods)
    at_once = Level(identity=signed_in.identity, sign_in=reach)
    in_time = Level(
        identity=max(signed_in.identity, provable), sign_in=max(reach, reach_of(OFFERED, methods))
    )
    if not asked.essential:
        return next((level for level in wanted if at_once.covers(level)), least)
    for reached in (at_once, in_time):
        for level in wanted:
            if reached.covers(level):
                return level
    return wanted[0]


def beginnings(goal: Level, methods: Methods) -> tuple[Step, ...]:
    """Answer the pages that a sign-in to `goal` may begin with.

    A code by e-mail only where it can be all that is asked: it is no part of two checks, and
    opens no account whose holder was proved.
    """
    mail = methods.get(EMAIL_CODE)
    enough = mail and mail.usable and mail.alone >= max(goal.sign_in, 1)
    if mail and enough and mail.most_identity >= goal.identity:
        return BEGINNINGS
    return BEGINNINGS[:-1]


def reach_of(held: Collection[str], methods: Methods) -> int:
    """Answer the sign-in level that these methods reach through our pages."""
    return sign_in_level(OFFERED.intersection(held), methods)


def fresh_proofs(
    asked: Asked, signed_in: SignedIn, *, now: int, lasts: int | None = None
) -> dict[str, int]:
    """Answer the proofs that count for this request, of a level that `lasts` so many seconds.

    `prompt=login` counts only what was proved on this journey; `max_age`, and a level that
    fades, what is young enough, or was proved on this journey, however long its pages took. A
    proof from the future counts for nothing: a clock that was set back makes nobody younger.
    """
    if asked.again:
        oldest = asked.started
    else:
        ages = [age for age in (asked.max_age_seconds, lasts) if age is not None]
        oldest = min(asked.started, now - min(ages) * 1000) if ages else 0
    latest = now + CLOCKS_MAY_DIFFER_MS
    return {method: at for method, at in signed_in.proofs.items() if oldest <= at <= latest}


def standing(
    asked: Asked,
    signed_in: SignedIn,
    *,
    now: int,
    methods: Methods,
    fades_after: Mapping[int, int] = NEVER,
) -> tuple[int, dict[str, int]]:
    """Answer the sign-in level that stands at `now`, and the proofs it stands on.

    The highest level that the proofs which still count towards it reach: a passkey of this
    morning may be two checks still, and no longer what a C3 service means by one.
    """
    for level in (3, 2, 1):
        counted = fresh_proofs(asked, signed_in, now=now, lasts=fades_after.get(level))
        if sign_in_level(counted, methods) >= level:
            return level, counted
    return 0, fresh_proofs(asked, signed_in, now=now, lasts=fades_after.get(1))


def lowest_first(vectors: Sequence[Level], floor: Level) -> tuple[Level, ...]:
    """Order a `vtr` list: those that meet the floor as they are before those it would raise.

    Any vector of the list will do for the service, so the least that policy allows is asked.
    """
    return tuple(sorted(vectors, key=lambda level: not level.covers(floor)))


def _out_of_reach(goal: Level, signed_in: SignedIn, methods: Methods, provable: int) -> Why | None:
    """Why no enrolling and no proving ever gets this person to `goal`, or None."""
    if goal.identity > max(signed_in.identity, provable):
        return Why.IDENTITY
    if goal.sign_in > reach_of(OFFERED | signed_in.held, methods):
        return Why.NO_METHOD
    return None


def _sign_in_needed(goal: Level, signed_in: SignedIn, methods: Methods) -> int:
    """The sign-in level to reach now. Nobody is proved into an account that one check opens:
    they could not add a second factor to it afterwards (`may_add_methods`)."""
    if signed_in.identity >= goal.identity:
        return goal.sign_in
    return max(goal.sign_in, min(TWO_CHECKS, reach_of(OFFERED, methods)))


def _missing(
    needed: int, fresh: Mapping[str, int], signed_in: SignedIn, methods: Methods
) -> tuple[Step | None, tuple[Step, ...]]:
    """The page of the best method to prove now, and all that would do; None when none is missing.

    `needed` is no more than what the person holds reaches.
    """
    held = OFFERED & signed_in.held
    if not fresh:
        # Somebody who is asked again is asked to be there at all, also where C0 would do. Who
        # comes back may be another person, with another way to begin.
        best = next_methods(max(needed, 1), (), held - BESIDES, methods)
        return (PAGE_OF[best[0]] if best else Step.PASSWORD), ()
    best = next_methods(needed, set(fresh), held, methods)
    if not best:
        return None, ()
    # Whatever else brings it up as well, in no more prompts than it must.
    pages = dict.fromkeys([PAGE_OF[best[0]], *_useful(needed, set(fresh), held, methods)])
    return PAGE_OF[best[0]], tuple(pages)


def _useful(
    needed: int, fresh: Collection[str], held: Collection[str], methods: Methods
) -> Iterator[Step]:
    """The pages of the methods that are part of a way up to `needed` with none to spare."""
    for prompts in (1, 2):
        for chosen in combinations([method for method in methods if method in held], prompts):
            if len(next_methods(needed, fresh, chosen, methods)) == prompts:
                yield from (PAGE_OF[method] for method in chosen)
