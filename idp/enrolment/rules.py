"""What an enrolment asks next, and what an account that is new still needs. Pure."""

from collections.abc import Set
from dataclasses import dataclass
from enum import StrEnum

PASSWORD, CODE_APP, RECOVERY_CODE = "password", "one-time-code", "recovery-code"
TEXT_CODE = "sms-code"
PASSKEYS = frozenset({"passkey", "security-key"})
# Two checks (C2): what every account should be able to reach by two ways.
TWO_CHECKS = 2


class Step(StrEnum):
    """What comes next before there is an account; the value ends the page's path."""

    EMAIL = "email"
    CODE = "code"
    NAME = "name"
    PASSWORD = "password"  # or a passkey: one page offers both
    RESUME = "next"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """How far an enrolment is.

    `address_in_use`: an account has this address or signs in with it. It is asked only of an
    address that was confirmed, so nobody learns it who does not read that mail.
    """

    address_given: bool = False
    address_confirmed: bool = False
    address_in_use: bool = False
    name_chosen: bool = False
    has_account: bool = False


def next_step(facts: Facts) -> Step:
    """Answer the one thing to ask for next."""
    if facts.has_account:
        return Step.RESUME
    if not facts.address_given:
        return Step.EMAIL
    if not facts.address_confirmed:
        return Step.CODE
    if facts.address_in_use and not facts.name_chosen:
        return Step.NAME
    return Step.PASSWORD


class Task(StrEnum):
    """A line of the page that says what is done and what is left."""

    EMAIL = "email"
    FIRST_WAY = "first-way"
    SECOND_WAY = "second-way"
    RECOVERY_CODES = "recovery-codes"
    PASSWORD = "password"
    IDENTITY = "identity"


# Minutes each takes somebody who has not done it before, with the mail or the phone at hand.
MINUTES = {
    Task.EMAIL: 2,
    Task.FIRST_WAY: 2,
    Task.SECOND_WAY: 3,
    Task.RECOVERY_CODES: 2,
    Task.PASSWORD: 2,
    Task.IDENTITY: 10,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What an account has, and what the service that waits for it asks.

    `enough`: what is held makes two ways to two checks, one of them without a phone
    (`authentication.rules.enough_ways_in`). Identity is P0 to P3 as a number; `needed_identity`
    is 0 where nothing waits.
    """

    held: Set[str]
    enough: bool
    address_confirmed: bool = True
    identity: int = 0
    needed_identity: int = 0


@dataclass(frozen=True, slots=True)
class Item:
    """One line: what, whether it is done, whether it has to be, and how long it takes."""

    task: Task
    done: bool
    needed: bool

    @property
    def minutes(self) -> int:
        """How long it takes."""
        return MINUTES[self.task]


def left(standing: Standing) -> list[Item]:
    """List what is done and what is left, in the order in which it is best done.

    Where enough is held, ways that are not there are offered and not asked for. Where all that
    is offered is there and it is still not enough, a password is asked for: it goes with the
    printed codes and needs no phone.
    """
    held, missing = standing.held, not standing.enough
    first = bool(held & (PASSKEYS | {PASSWORD}))
    second = len(_kinds(held)) > 1
    codes = RECOVERY_CODE in held
    items = [
        Item(Task.FIRST_WAY, first, not first),
        Item(Task.SECOND_WAY, second, missing and not second),
        Item(Task.RECOVERY_CODES, codes, missing and not codes),
    ]
    if standing.address_confirmed:
        items.insert(0, Item(Task.EMAIL, True, False))
    if missing and second and codes and PASSWORD not in held:
        items.append(Item(Task.PASSWORD, False, True))
    if standing.needed_identity > 0:
        proved = standing.identity >= standing.needed_identity
        items.append(Item(Task.IDENTITY, proved, not proved))
    return items


def things_left(items: list[Item]) -> int:
    """Count the lines that have to be done and are not."""
    return sum(item.needed and not item.done for item in items)


def _kinds(held: Set[str]) -> set[str]:
    """The kinds of everyday ways held: two passkeys are two things, but one kind to lose."""
    kinds = {PASSWORD, CODE_APP, TEXT_CODE} & held
    return kinds | ({"passkey"} if held & PASSKEYS else set())
