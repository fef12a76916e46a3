"""How often a code may be sent and tried before there is an account, and in a password reset.

A code has six digits. Five tries at each, and twenty in a row at one address or name and then two
an hour, leave a machine one chance in twenty thousand a day; a new code voids the old one, so
asking for many gives no more. Each limit is named in the same order everywhere: the network first,
so that a flooder is stopped by his own bucket, then the address or name, then the code itself.
"""

from datetime import timedelta

from idp.authentication.rules import network_of
from idp.authentication.tries import address_limit
from idp.throttle.actions import Limit

CODE_LASTS = timedelta(minutes=10)
TRIES_PER_CODE = 5
# Longer than any code lives: nobody gets a sixth try by waiting.
NO_MORE = timedelta(days=1)


def start_limits(address: str) -> list[Limit]:
    """Limit how many enrolments or resets one network begins: 720 an hour."""
    per = timedelta(seconds=5)
    return [Limit(kind="enrolment-start", value=network_of(address), burst=50, per=per)]


def mail_limits(address: str, email: str, enrolment_ref: str) -> list[Limit]:
    """Limit the codes sent: from one network, to one address, for one enrolment."""
    return [
        Limit(kind="code-mail-network", value=network_of(address), burst=50,
              per=timedelta(seconds=10)),
        Limit(kind="code-mail-address", value=email, burst=5, per=timedelta(minutes=15)),
        Limit(kind="code-mail-enrolment", value=enrolment_ref, burst=5, per=timedelta(minutes=5)),
    ]  # fmt: skip


def try_limits(address: str, whose: str, code_ref: str) -> list[Limit]:
    """Limit the tries at a code. `whose`: the address it went to, or the index of the name."""
    return [address_limit("mailed-code", address), tries_in_a_row(whose), _per_code(code_ref)]


def tries_in_a_row(whose: str) -> Limit:
    """Limit the wrong codes at one address or name; forgotten when the right one is given."""
    return Limit(kind="mailed-code-whose", value=whose, burst=20, per=timedelta(minutes=30))


def name_limits(address: str, enrolment_ref: str) -> list[Limit]:
    """Limit how many sign-in names one enrolment, or one network, may find to be taken."""
    return [
        address_limit("enrolment-name", address),
        Limit(kind="enrolment-names", value=enrolment_ref, burst=20, per=timedelta(minutes=1)),
    ]


def reset_limits(address: str, name_index: str) -> list[Limit]:
    """Limit the password resets begun from one network, and for one name."""
    return [
        *start_limits(address),
        Limit(kind="reset-name", value=name_index, burst=3, per=timedelta(minutes=15)),
    ]


def _per_code(code_ref: str) -> Limit:
    return Limit(kind="mailed-code", value=code_ref, burst=TRIES_PER_CODE, per=NO_MORE)
