"""Decisions about acting for someone else. Pure: no clock, no database, no Flask."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from idp.assurance.rules import Level


class Verdict(StrEnum):
    """Answer to a question about a mandate; the value is also its journal code."""

    ALLOWED = "allowed"
    ENDED = "mandate-ended"
    OUT_OF_TERM = "mandate-out-of-term"
    OTHER_SERVICE = "service-not-in-mandate"
    LEVEL_TOO_LOW = "actor-level-too-low"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mandate:
    """What a principal allowed a delegate to do, as it stands now."""

    services: frozenset[str]
    starts: datetime
    expires: datetime
    ended: bool = False


def may_act(
    mandate: Mandate, *, service: str, level: Level, needed: Level, now: datetime
) -> Verdict:
    """Say whether the actor may enter `service` on the principal's behalf.

    `level` is what the actor proved and `needed` what the service asks, pairs of
    identity and sign-in compared part by part. `now` is aware. The term is half open:
    a mandate no longer holds at the instant it `expires`. The most lasting reason
    wins: an ended mandate says so even after it expires.

    Never raises: a refusal is an answer, and the journal keeps it.
    Source: Transformational Government (2005), 84(7) and Annex B.
    """
    if mandate.ended:
        return Verdict.ENDED
    if not mandate.starts <= now < mandate.expires:
        return Verdict.OUT_OF_TERM
    if service not in mandate.services:
        return Verdict.OTHER_SERVICE
    return Verdict.ALLOWED if level.covers(needed) else Verdict.LEVEL_TOO_LOW


def effective_level(actor: Level, grant: Level) -> Level:
    """The lowest, part by part, of what the actor and the grant were proved to.

    Evidence joins it when mandates can be made offline. Source: `delegation.md` section 1.
    """
    return Level(
        identity=min(actor.identity, grant.identity), sign_in=min(actor.sign_in, grant.sign_in)
    )
