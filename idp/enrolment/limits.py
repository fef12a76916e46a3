"""How often a code may be sent and tried before there is an account, and in a password reset.

A code has six digits and five tries. What bounds guessing is how many codes there are: from one
network few for one address or name, from everywhere together thirty and then six an hour. Even
against all of them a machine has less than one chance in a thousand a day, and each code is a mail
that its owner reads. The tight limits hold for one network, so that a stranger who knows an address
or a name cannot shut its owner out; and a code's own tries are always looked at, whatever others
tried elsewhere. Limits are named in the same order everywhere, the narrowest cause first: a flooder
is stopped by his own bucket and fills nobody else's.
"""

from datetime import timedelta

from idp.authentication.rules import network_of
from idp.authentication.tries import CODE_LASTS, NO_MORE, TRIES_PER_CODE, address_limit, per_code
from idp.throttle.actions import Limit

__all__ = ["CODE_LASTS", "NO_MORE", "TRIES_PER_CODE"]


def start_limits(address: str) -> list[Limit]:
    """Limit how many enrolments or resets one network begins: 720 an hour."""
    per = timedelta(seconds=5)
    return [Limit(kind="enrolment-start", value=network_of(address), burst=50, per=per)]


def mail_limits(address: str, email: str, enrolment_ref: str) -> list[Limit]:
    """Limit the codes sent: from one network, to one address, for one enrolment."""
    return [
        Limit(kind="code-mail-network", value=network_of(address), burst=50,
              per=timedelta(seconds=10)),
        Limit(kind="code-mail-enrolment", value=enrolment_ref, burst=5, per=timedelta(minutes=5)),
        Limit(kind="code-mail-address", value=f"{network_of(address)} {email}", burst=5,
              per=timedelta(minutes=15)),
        _everywhere("code-mail-everywhere", email),
    ]  # fmt: skip


def try_limits(address: str, code_ref: str) -> list[Limit]:
    """Limit the tries at a code: from one network, and at that code."""
    return [address_limit("mailed-code", address), per_code("mailed-code", code_ref)]


def name_limits(address: str, enrolment_ref: str) -> list[Limit]:
    """Limit how many sign-in names one enrolment, or one network, may find to be taken."""
    return [
        address_limit("enrolment-name", address),
        Limit(kind="enrolment-names", value=enrolment_ref, burst=20, per=timedelta(minutes=1)),
    ]


def reset_limits(address: str, name: str) -> list[Limit]:
    """Limit the password resets begun from one network, there for one name, and for one name."""
    return [
        *start_limits(address),
        Limit(kind="reset-name", value=f"{network_of(address)} {name}", burst=3,
              per=timedelta(minutes=15)),
        _everywhere("reset-everywhere", name),
    ]  # fmt: skip


def _everywhere(kind: str, whose: str) -> Limit:
    return Limit(kind=kind, value=whose, burst=30, per=timedelta(minutes=10))
