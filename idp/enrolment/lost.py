"""What somebody must show before a lost password is replaced. Pure.

Recovery is never weaker than the sign-in it restores. The argument:

1. Recovery replaces one thing only, the password. Every other method stays as it was, and
   recovery signs nobody in: whoever finishes it signs in afterwards, with the new password and
   with all that the service asks beyond it.
2. So what recovery could give away is what the password alone bought: one of two checks, or all
   of one check (C1).
3. Of two checks (C2, C3). Whoever holds a second method proves it here as well, with the same
   counter of tries as at sign-in. A thief needs the mailbox in place of the password, and the
   same second method: as many different things as the sign-in asks, one of them the same. It is
   what NIST SP 800-63B-4 section 4.2.2.2 asks for at AAL2: a recovery code sent to an address
   that was confirmed, and an authenticator bound to the account.
4. Of one check. An account without a second method reaches C1 at most, and one code sent to its
   address is one check as well (section 4.2.2.1, AAL1). It is enough only while nobody was
   proved to be its holder: an account that stands for a person is worth more than its password,
   so there the way back is proving who one is, which is how the account got its worth.
5. Who holds a passkey and no password loses nothing by (3): the passkey is proved, or a printed
   code beside the mail, and what is gained, a password, is less than the passkey gave.

`tests/enrolment/test_lost.py` tries every set of methods against every set a thief may have.
"""

from collections.abc import Set
from dataclasses import dataclass
from enum import StrEnum

# In the order in which they are offered: what is at hand, what needs no device, what needs one.
RECOVERY_CODE = "recovery-code"
SECOND_METHODS = ("one-time-code", "sms-code", RECOVERY_CODE, "passkey", "security-key")


class ResetStep(StrEnum):
    """What a password reset asks next; the value ends the page's path."""

    CODE = "code"
    SECOND = "second"
    PROVE_AGAIN = "other-ways"
    PASSWORD = "password"
    DONE = "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResetFacts:
    """How far a reset is. `held` are the account's methods now, `identity` its level, 0 to 3.

    `proved` is the second method that was proved here.
    """

    code_right: bool = False
    proved: str | None = None
    finished: bool = False
    held: Set[str] = frozenset()
    identity: int = 0


def second_methods(held: Set[str]) -> tuple[str, ...]:
    """List the methods of which one is proved beside the mailed code."""
    return tuple(method for method in SECOND_METHODS if method in held)


def next_reset_step(facts: ResetFacts) -> ResetStep:
    """Answer what is asked next; the module says why it is enough."""
    if facts.finished:
        return ResetStep.DONE
    if not facts.code_right:
        return ResetStep.CODE
    # A method that was taken away since counts no more; a printed code is gone by being used.
    if facts.proved is not None and facts.proved in {*facts.held, RECOVERY_CODE}:
        return ResetStep.PASSWORD
    if second_methods(facts.held):
        return ResetStep.SECOND
    return ResetStep.PROVE_AGAIN if facts.identity > 0 else ResetStep.PASSWORD
