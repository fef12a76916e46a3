"""Is what a token stands on still live? Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from idp.callers.authority import SAID as SAID_OF_ACTING
from idp.callers.authority import Bar


class Dead(StrEnum):
    """Why a grant no longer carries anything; the value is also its journal code."""

    CLIENT_DISABLED = "client-disabled"
    ACCOUNT_DISABLED = "account-disabled"
    PERSON_DIED = "person-died"
    MACHINE_ENDED = "machine-mandate-ended"
    GRANT_ENDED = "grant-ended"
    SIGNED_OUT = "signed-out"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What a grant stands on, as it is at `now`. None where a thing has not happened.

    `barred`: of a grant that acts, what `authority.bar` says. `actor_grant_ended_at` is of the
    grant that was shown as the actor's in an exchange, `machine_ended` of the standing of
    software that acts unattended.
    """

    now: datetime
    client_disabled_at: datetime | None
    account_disabled_at: datetime | None
    holder_died: bool
    session_ended_at: datetime | None
    session_expires_at: datetime
    client_session_ended_at: datetime | None
    grant_ended_at: datetime | None
    actor_grant_ended_at: datetime | None
    machine_ended: bool
    offline: bool
    barred: Bar | None


def why_dead(facts: Standing) -> Dead | Bar | None:
    """Answer why nothing may be had on this grant any more, or None while it is live.

    The reason that helps the reader most comes first: an ended mandate says so even when its
    session has ended too. Terms are half open: over at the instant they end.
    Source: `design.md` decision 16; `delegation.md` I1, I4, I7, I12, I19.
    """
    if facts.client_disabled_at is not None:
        return Dead.CLIENT_DISABLED
    if facts.account_disabled_at is not None:
        return Dead.ACCOUNT_DISABLED
    if facts.barred is not None:
        return facts.barred
    if facts.machine_ended:
        return Dead.MACHINE_ENDED
    if facts.holder_died:
        return Dead.PERSON_DIED
    if facts.grant_ended_at is not None or facts.actor_grant_ended_at is not None:
        return Dead.GRANT_ENDED
    if facts.offline:
        return None
    if facts.session_ended_at is not None or facts.client_session_ended_at is not None:
        return Dead.SIGNED_OUT
    return Dead.SIGNED_OUT if facts.session_expires_at <= facts.now else None


SAID: Mapping[StrEnum, str] = {
    **SAID_OF_ACTING,
    Dead.CLIENT_DISABLED: "this service has been switched off",
    Dead.ACCOUNT_DISABLED: "the account has been closed",
    Dead.PERSON_DIED: "the person these permissions were about has died",
    Dead.MACHINE_ENDED: "this software may not act by itself any more",
    Dead.GRANT_ENDED: "what was granted was taken back",
    Dead.SIGNED_OUT: "the person signed out, or the time of the sign-in is over",
}
