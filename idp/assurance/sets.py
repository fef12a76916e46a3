"""A set of policies on its way into force: its states, and what may be done with it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

LONGEST_WAIT = timedelta(days=366)
LARGEST_FILE = 256_000  # bytes of UTF-8; the largest file of ours is a tenth of it
LARGEST_SET = 1_000_000


class State(StrEnum):
    """Where a set stands; the value is also what commands print."""

    PROPOSED = "proposed"
    SCHEDULED = "scheduled"
    IN_FORCE = "in force"
    REPLACED = "replaced"
    ROLLED_BACK = "rolled back"
    REFUSED = "refused"


class Verdict(StrEnum):
    """Answer to what somebody wants to do with a set; the value is also its journal code."""

    DONE = "done"
    GONE = "set-not-waiting"
    SAME_PERSON = "proposed-by-the-same-person"
    NOT_APART = "one-let-the-other-in"
    STALE = "policies-changed-since"
    NOTHING_NEW = "says-what-is-in-force"
    TOO_LATE = "start-too-far-away"
    NOTHING_BEFORE = "nothing-to-roll-back"
    RESTORED = "rolled-back-already"
    ROLE_LACKING = "role-lacking"


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicySet:
    """A set as it was kept, without its files.

    `proposed_by` and the like are an officer's reference, or "command". `base_ref` names the set
    that was in force when it was proposed, None for the files of the folder. `acknowledged` says
    why a level falls, by the name of each that does. `starts_at` None: as soon as it is signed.
    """

    ref: str
    fingerprint: str
    base_ref: str | None
    base_fingerprint: str
    acknowledged: Mapping[str, str]
    proposed_by: str
    proposed_at: datetime
    starts_at: datetime | None = None
    signed_by: str | None = None
    signed_at: datetime | None = None
    in_force_at: datetime | None = None
    rolled_back_by: str | None = None
    rolled_back_at: datetime | None = None
    refused_by: str | None = None
    refused_at: datetime | None = None
    why: str = ""

    def state(self, in_force: str | None) -> State:
        """Where it stands while the set `in_force` is."""
        if self.ref == in_force:
            return State.IN_FORCE
        if self.refused_at is not None:
            return State.REFUSED
        if self.rolled_back_at is not None:
            return State.ROLLED_BACK
        if self.in_force_at is not None:
            return State.REPLACED
        return State.PROPOSED if self.signed_at is None else State.SCHEDULED


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is in force, as the database says at one moment.

    `in_force` is a set's reference, None where the files of the folder are. `serial` counts the
    changes. `restored`: a rollback brought it back. `due` is a signed set whose time has come.
    """

    in_force: str | None
    serial: int
    restored: bool
    changed_at: datetime | None
    changed_by: str | None
    due: str | None


def judge_start(starts_at: datetime | None, now: datetime) -> Verdict:
    """Say whether a set may wait until `starts_at`. A start in the past means at once."""
    late = starts_at is not None and starts_at > now + LONGEST_WAIT
    return Verdict.TOO_LATE if late else Verdict.DONE


def why_not_signed(found: PolicySet | None, *, by: str, standing: Standing) -> Verdict:
    """Say why a signature did not count. The most lasting reason wins."""
    if found is None or found.state(standing.in_force) is not State.PROPOSED:
        return Verdict.GONE
    return Verdict.SAME_PERSON if found.proposed_by == by else Verdict.STALE


def why_not_rolled_back(expected: str | None, standing: Standing) -> Verdict:
    """Say why a rollback did not happen.

    It undoes one change. Going further back is a change like any other and takes two people:
    else one of them could walk back to whatever was the least that ever was.
    """
    if standing.in_force is None:
        return Verdict.NOTHING_BEFORE
    if standing.restored:
        return Verdict.RESTORED
    return Verdict.STALE if standing.in_force != expected else Verdict.GONE
