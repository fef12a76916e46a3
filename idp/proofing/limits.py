"""How often numbers may be tried, codes sent and typed, and checks asked for.

Each limit is named in the same order everywhere, the network first: a flooder is stopped by his
own bucket before he fills another's. A number is counted by its index, known or not, so that a
refusal says nothing about it.
"""

from datetime import timedelta

from idp.authentication.rules import network_of
from idp.throttle.actions import Limit

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
TOLD_AFTER = 3  # failed tries at one number, before its owner is told


def claim_limits(address: str, account_ref: str, number_index: str) -> list[Limit]:
    """Limit the numbers tried: from one network (a library has many people), by one account, and
    at one number.

    At one number each account and each network has tries of its own, so that whoever tries
    another's number stands only in their own way. A network has twice what an account has: one
    account alone shuts out nobody at home or in the same library.

    All tries at one number together are limited widely, against many accounts in many places:
    60 guesses at a name and a day of birth (some 30,000 days) find next to nothing, a match
    alone proves nothing, and the number's owner is told after the third that failed. A narrow
    limit here would let anybody who knows a number shut its owner out.
    """
    here = network_of(address)
    return [
        Limit(kind="claim-network", value=here, burst=30, per=timedelta(seconds=20)),
        Limit(kind="claim-account", value=account_ref, burst=6, per=timedelta(minutes=10)),
        # The account first: what it is refused must not fill the bucket of others at home.
        Limit(kind="claim-number-account", value=f"{number_index} {account_ref}", burst=6,
              per=timedelta(minutes=30)),
        Limit(kind="claim-number-network", value=f"{number_index} {here}", burst=12,
              per=timedelta(minutes=15)),
        Limit(kind="claim-number", value=number_index, burst=60, per=timedelta(minutes=10)),
    ]  # fmt: skip


def failed_limit(number_index: str) -> Limit:
    """Count failed tries at a number; the third within a day is refused, and that is told."""
    return Limit(kind="claim-failed", value=number_index, burst=TOLD_AFTER - 1, per=DAY)


def told_limit(number_index: str) -> Limit:
    """Let the owner of a number be told once a day."""
    return Limit(kind="claim-told", value=number_index, burst=1, per=DAY)


def send_limits(address: str, case_ref: str, person_ref: str) -> list[Limit]:
    """Limit the codes sent: from one network, for one case, and to one person by anybody."""
    return [
        Limit(kind="contact-network", value=network_of(address), burst=30,
              per=timedelta(seconds=20)),
        Limit(kind="contact-case", value=case_ref, burst=4, per=timedelta(minutes=10)),
        Limit(kind="contact-person", value=person_ref, burst=6, per=HOUR),
    ]  # fmt: skip


def code_limits(address: str, case_ref: str, code_ref: str) -> list[Limit]:
    """Limit the tries at a code of six digits: five at each, ten in a row in one case.

    `code_ref` names the case instead where no code is left to try.
    """
    return [
        Limit(kind="contact-code-network", value=network_of(address), burst=50,
              per=timedelta(seconds=2)),
        Limit(kind="contact-code-case", value=case_ref, burst=10, per=HOUR),
        Limit(kind="contact-code", value=code_ref, burst=5, per=DAY),
    ]  # fmt: skip


def check_limits(address: str, account_ref: str) -> list[Limit]:
    """Limit the checks that one network and one account may ask outside checkers for."""
    return [
        Limit(kind="check-network", value=network_of(address), burst=30,
              per=timedelta(minutes=1)),
        Limit(kind="check-account", value=account_ref, burst=4, per=timedelta(minutes=30)),
    ]  # fmt: skip
