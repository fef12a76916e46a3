"""Which methods count in one sign-in: certificates, and the conditions that can be checked. Pure.

What methods.toml says in words is for people; what it says in keys is obeyed here, at every step of
every sign-in, so that a change of policy is felt at the next one.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import timedelta

from idp.assurance.rules import Method, Methods, Status

AGENTS = "agents"
# Whoever acts for others reaches no more than this with a key that can be copied.
COPYABLE_FOR_AGENTS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What is known of a sign-in that decides what counts in it.

    `identity` is the identity level (0-3) of the account, `agent` that it acts for somebody else.
    `number_age`: how long the account's telephone number has been what it is; None: it has none.
    """

    identity: int = 0
    agent: bool = False
    number_age: timedelta | None = None


ANYBODY = Circumstances()


def counts(methods: Methods, method: str) -> bool:
    """Say whether a method counts at all; one that the list does not know counts for nothing."""
    found = methods.get(method)
    return found is not None and found.usable


def methods_in(
    methods: Methods, certified: Collection[str], circumstances: Circumstances
) -> Methods:
    """The methods as they count in these circumstances, in the order of the file.

    `certified` are the restricted ones for which the service's body has a certificate in force.
    Nothing ever counts for more here than the list says.
    """
    return {method.id: _counted(method, certified, circumstances) for method in methods.values()}


def _counted(method: Method, certified: Collection[str], found: Circumstances) -> Method:
    if not method.usable:
        return method
    if not _holds(method, certified, found):
        return replace(method, usable=False)
    if found.agent and not method.device_bound and _most(method) > COPYABLE_FOR_AGENTS:
        return replace(
            method,
            alone=min(method.alone, COPYABLE_FOR_AGENTS),
            second=min(method.second, COPYABLE_FOR_AGENTS),
        )
    return method


def _holds(method: Method, certified: Collection[str], found: Circumstances) -> bool:
    if method.status is Status.RESTRICTED and method.id not in certified:
        return False
    if found.identity > method.most_identity or (found.agent and AGENTS in method.not_for):
        return False
    least = timedelta(hours=method.not_after_move_hours)
    return found.number_age is None or found.number_age >= least


def _most(method: Method) -> int:
    return max(method.alone, method.second)
