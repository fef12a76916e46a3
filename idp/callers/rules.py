"""Is what a token stands on still live? Pure."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Dead(StrEnum):
    """Why a grant no longer carries anything; the value is also its journal code."""

    CLIENT_DISABLED = "client-disabled"
    ACCOUNT_DISABLED = "account-disabled"
    PERSON_DIED = "person-died"
    MANDATE_ENDED = "mandate-ended"
    MANDATE_OUT_OF_TERM = "mandate-out-of-term"
    OTHER_SERVICE = "service-not-in-mandate"
    GRANT_ENDED = "grant-ended"
    SIGNED_OUT = "signed-out"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What a grant stands on, as it is at `now`. None where a thing has not happened."""

    now: datetime
    client_id: str
    client_disabled_at: datetime | None
    account_disabled_at: datetime | None
    holder_died: bool
    session_ended_at: datetime | None
    session_expires_at: datetime
    client_session_ended_at: datetime | None
    grant_ended_at: datetime | None
    offline: bool
    mandate_starts: datetime | None
    mandate_expires: datetime | None
    mandate_ended_at: datetime | None
    mandate_services: tuple[str, ...]
    acting: bool


def why_dead(facts: Standing) -> Dead | None:
    """Answer why nothing may be had on this grant any more, or None while it is live.

    The reason that helps the reader most comes first: an ended mandate says so even when its
    session has ended too. Terms are half open: over at the instant they end.
    Source: `design.md` decision 16; `delegation.md` I1, I4, I7, I12, I19.
    """
    if facts.client_disabled_at is not None:
        return Dead.CLIENT_DISABLED
    if facts.account_disabled_at is not None:
        return Dead.ACCOUNT_DISABLED
    if facts.acting:
        dead = _why_mandate_dead(facts)
        if dead is not None:
            return dead
    if facts.holder_died:
        return Dead.PERSON_DIED
    if facts.grant_ended_at is not None:
        return Dead.GRANT_ENDED
    if facts.offline:
        return None
    if facts.session_ended_at is not None or facts.client_session_ended_at is not None:
        return Dead.SIGNED_OUT
    return Dead.SIGNED_OUT if facts.session_expires_at <= facts.now else None


def _why_mandate_dead(facts: Standing) -> Dead | None:
    if facts.mandate_ended_at is not None:
        return Dead.MANDATE_ENDED
    if facts.mandate_starts is None or facts.mandate_expires is None:
        return Dead.MANDATE_ENDED
    if not facts.mandate_starts <= facts.now < facts.mandate_expires:
        return Dead.MANDATE_OUT_OF_TERM
    if facts.client_id not in facts.mandate_services:
        return Dead.OTHER_SERVICE
    return None


SAID = {
    Dead.CLIENT_DISABLED: "this service has been switched off",
    Dead.ACCOUNT_DISABLED: "the account has been closed",
    Dead.PERSON_DIED: "the person these permissions were about has died",
    Dead.MANDATE_ENDED: "the permission to act for this person was ended",
    Dead.MANDATE_OUT_OF_TERM: "the permission to act for this person has run out",
    Dead.OTHER_SERVICE: "the permission to act for this person does not cover this service",
    Dead.GRANT_ENDED: "what was granted was taken back",
    Dead.SIGNED_OUT: "the person signed out, or the time of the sign-in is over",
}
