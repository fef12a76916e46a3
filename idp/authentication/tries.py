"""How often somebody may try, and what they are told when it was too often or wrong."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from idp.authentication.rules import network_of
from idp.throttle.actions import Limit

# After this many wrong tries in a row the method is shut until it is set anew or proved another
# way (NIST SP 800-63B-4 section 3.2.2). "Never" is written as a wait no one will sit out.
TRIES_IN_A_ROW = 100
NEVER = timedelta(days=3650)
# The kinds of tries that are counted by account; passwords are counted by the name typed.
CODES, RECOVERY_CODES, TEXT_CODES = "code", "recovery-code", "text-code"
LIMITED = (CODES, RECOVERY_CODES, TEXT_CODES)
# Six digits that we send: how long they work, and how often they may be tried.
CODE_LASTS = timedelta(minutes=10)
TRIES_PER_CODE = 5
# Longer than any code lives: nobody gets a sixth try by waiting.
NO_MORE = timedelta(days=1)


class Reason(StrEnum):
    """Why a proof was not accepted; the value names a message."""

    WRONG = "wrong"
    WAIT = "wait"
    SHUT = "shut"
    BUSY = "busy"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A proof not accepted. `wait` says when to try again, where trying again will help.

    The same for an unknown name, a wrong password and a disabled account, in words and in work.
    """

    reason: Reason
    wait: timedelta | None = None


def address_limit(method: str, address: str) -> Limit:
    """Limit the tries of one address, wide enough for a library or a council office behind it:
    1,800 an hour."""
    per = timedelta(seconds=2)
    return Limit(kind=f"{method}-address", value=network_of(address), burst=50, per=per)


def wide_address_limit(method: str, address: str) -> Limit:
    """Limit the tries of one address where nothing can be guessed, only work be made: 14,400
    an hour. It must let people in while others attack, perhaps from behind the same address."""
    per = timedelta(seconds=0.25)
    return Limit(kind=f"{method}-address", value=network_of(address), burst=400, per=per)


def account_limits(method: str, account: str) -> list[Limit]:
    """Limit the tries at one account: ten slips of the finger cost nothing, a machine gets two
    tries a minute, and a hundred in all."""
    pace = Limit(kind=f"{method}-account", value=account, burst=10, per=timedelta(seconds=30))
    row = Limit(kind=f"{method}-in-a-row", value=account, burst=TRIES_IN_A_ROW, per=NEVER)
    return [pace, row]


def per_code(kind: str, code_ref: str) -> Limit:
    """Limit the tries at one code that was sent, wherever they come from."""
    return Limit(kind=kind, value=code_ref, burst=TRIES_PER_CODE, per=NO_MORE)


def send_limits(kind: str, address: str, whose: str) -> list[Limit]:
    """Limit the codes sent for whoever `whose` names: from one network, from there for them, and
    from everywhere together thirty and then six an hour.

    Five tries at each are less than one chance in a thousand a day to guess one, even from
    everywhere at once, and each is a message that its owner reads.
    """
    network = network_of(address)
    return [
        Limit(kind=f"{kind}-network", value=network, burst=50, per=timedelta(seconds=10)),
        Limit(kind=f"{kind}-sent", value=f"{network} {whose}", burst=5, per=timedelta(minutes=15)),
        Limit(kind=f"{kind}-everywhere", value=whose, burst=30, per=timedelta(minutes=10)),
    ]


def refused(wait: timedelta) -> Refusal:
    """Say what a throttle's wait means to the person."""
    if wait > timedelta(days=1):
        return Refusal(Reason.SHUT)
    return Refusal(Reason.WAIT, wait)
