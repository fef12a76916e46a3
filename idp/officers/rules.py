"""Decisions about officers: what each role may do, and to whom. Pure."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

INVITATION_LASTS = timedelta(hours=24)
CHALLENGE_LASTS = timedelta(minutes=5)  # as long as a slow hand may take (WCAG 2.2.1)
SESSION_LASTS = timedelta(hours=12)  # NIST SP 800-63B-4, AAL3
SESSION_IDLES = timedelta(minutes=30)
SESSION_SEEN_EVERY = timedelta(minutes=1)
MOST_KEYS = 5
LONGEST_NAME = 60


class Role(StrEnum):
    """What somebody is at the console."""

    ADMINISTRATOR = "administrator"
    COUNTER = "counter-officer"
    RISK = "risk-officer"
    POLICY = "policy-officer"
    MANDATE = "mandate-officer"
    ORGANISATIONS = "organisation-officer"


class Act(StrEnum):
    """What can be done at the console, but for signing in and out and one's own keys."""

    LOOK_UP = "look-up"
    ENTER_VISIT = "enter-visit"
    DECIDE_VISIT = "decide-visit"
    DECIDE_HELD = "decide-held"
    SEE_OFFICERS = "see-officers"
    ADD_OFFICER = "add-officer"
    CHANGE_ROLES = "change-roles"
    REPLACE_KEYS = "replace-keys"
    DISABLE = "disable"
    SEE_POLICY = "see-policy"
    PROPOSE_POLICY = "propose-policy"
    SIGN_POLICY = "sign-policy"
    ROLL_BACK_POLICY = "roll-back-policy"
    SEE_FIGURES = "see-figures"
    SEE_MANDATE = "see-mandate"
    END_MANDATE = "end-mandate"
    SEE_ORGANISATIONS = "see-organisations"
    ENTER_ORGANISATION = "enter-organisation"
    VERIFY_ORGANISATION = "verify-organisation"
    SUSPEND_ORGANISATION = "suspend-organisation"
    SEE_PRINCIPAL = "see-principal"
    PROPOSE_MANDATE = "propose-mandate"
    DECIDE_MANDATE = "decide-mandate"
    SEND_LETTERS = "send-letters"


class HeldReason(StrEnum):
    """Why a held sign-in is let go on or stopped: fixed, so that the journal holds no name."""

    OWNER_SAID_YES = "owner-said-yes"
    OWNER_CAME = "owner-came"
    OWNER_SAID_NO = "owner-said-no"
    NOT_REACHED = "owner-not-reached"
    ATTACK = "part-of-an-attack"

    @property
    def releases(self) -> bool:
        """True where somebody made sure that it was the owner."""
        return self in {HeldReason.OWNER_SAID_YES, HeldReason.OWNER_CAME}


MAY: Mapping[Role, frozenset[Act]] = {
    Role.ADMINISTRATOR: frozenset(
        {
            Act.SEE_OFFICERS,
            Act.ADD_OFFICER,
            Act.CHANGE_ROLES,
            Act.REPLACE_KEYS,
            Act.DISABLE,
        }
    ),
    Role.COUNTER: frozenset({Act.LOOK_UP, Act.ENTER_VISIT, Act.DECIDE_VISIT}),
    Role.RISK: frozenset({Act.DECIDE_HELD}),
    # Whoever proposed a set never signs it: `idp.assurance.applying` sees to that.
    Role.POLICY: frozenset(
        {
            Act.SEE_POLICY,
            Act.PROPOSE_POLICY,
            Act.SIGN_POLICY,
            Act.ROLL_BACK_POLICY,
            Act.SEE_FIGURES,
        }
    ),
    # Granting takes two of them (`officers.proposals`), ending takes one.
    Role.MANDATE: frozenset(
        {
            Act.SEE_MANDATE,
            Act.END_MANDATE,
            Act.SEE_PRINCIPAL,
            Act.PROPOSE_MANDATE,
            Act.DECIDE_MANDATE,
            Act.SEND_LETTERS,
        }
    ),
    # Whoever entered an organisation never verifies it: `idp.officers.organisations`.
    Role.ORGANISATIONS: frozenset(
        {
            Act.SEE_ORGANISATIONS,
            Act.ENTER_ORGANISATION,
            Act.VERIFY_ORGANISATION,
            Act.SUSPEND_ORGANISATION,
        }
    ),
}
# Nobody gives themselves a role, or gets round the rule that a last key stays; and since nobody
# ends their own work here, there is always an administrator left.
NEVER_TO_ONESELF = frozenset({Act.CHANGE_ROLES, Act.REPLACE_KEYS, Act.DISABLE})


class Verdict(StrEnum):
    """Answer to what an officer wants to do; the value is also its journal code."""

    ALLOWED = "allowed"
    ROLE_LACKING = "role-lacking"
    ONESELF = "own-affair"
    GONE = "officer-gone"
    NAME_BAD = "name-bad"
    NAME_TAKEN = "name-taken"
    ROLES_BAD = "roles-bad"
    STALE = "too-old"  # a challenge or invitation that is used, expired or another browser's
    UNVERIFIED = "key-not-believed"
    NOT_BOUND = "key-can-be-copied"
    COPIED = "key-counter-went-back"
    KEY_KNOWN = "key-known"
    KEYS_FULL = "too-many-keys"
    LAST_KEY = "last-key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Officer:
    """Somebody who works at the console, as things stand now."""

    ref: str
    name: str
    roles: frozenset[str]
    disabled: bool = False


def may(roles: Collection[str], act: Act) -> bool:
    """Say whether any of these roles may do it. A role that is not in the table may nothing."""
    return any(act in acts for role, acts in MAY.items() if role in roles)


def judge(by: Officer, act: Act, to: Officer | None = None) -> Verdict:
    """Say whether `by` may do `act`, to the officer `to` where it is done to one.

    The most lasting reason wins: somebody who is gone may nothing, whatever their roles were.
    """
    if by.disabled:
        return Verdict.GONE
    if not may(by.roles, act):
        return Verdict.ROLE_LACKING
    if to is None:
        return Verdict.ALLOWED
    if act in NEVER_TO_ONESELF and to.ref == by.ref:
        return Verdict.ONESELF
    return Verdict.GONE if to.disabled else Verdict.ALLOWED


def read_name(typed: str) -> str | None:
    """Answer a name as it is kept, with single spaces; None for one that is none."""
    name = " ".join(typed.split())
    return name if 0 < len(name) <= LONGEST_NAME and name.isprintable() else None


def read_roles(given: Collection[str]) -> frozenset[Role] | None:
    """Answer the roles of these names; None if there is none, or one that we do not know."""
    known = frozenset(role for role in Role if role in given)
    return known if known and known == frozenset(given) else None


def are_apart(one: str, other: str, let_in_by: Mapping[str, str]) -> bool:
    """Say whether two officers may be the two who stand for one thing: a visit, a change of policy.

    Nobody is both, and neither let the other in, however many stand between: whoever adds an
    officer, or gives one a new address, may keep the key. `let_in_by` names for each officer who
    did so last. Two whom the same administrator let in are apart: else a small office had nobody.
    """
    return one not in _behind(other, let_in_by) and other not in _behind(one, let_in_by)


def _behind(officer: str, let_in_by: Mapping[str, str]) -> set[str]:
    """Everybody through whom an officer came to be here, themselves included."""
    found = {officer}
    while (officer := let_in_by.get(officer, "")) not in found:
        found.add(officer)
    return found


def judge_removal(*, held: int, holds_it: bool) -> Verdict:
    """Say whether an officer with `held` keys may remove one. The last one stays: it is their
    only way in, and only an administrator may give them a new start."""
    if not holds_it:
        return Verdict.GONE
    return Verdict.ALLOWED if held > 1 else Verdict.LAST_KEY
