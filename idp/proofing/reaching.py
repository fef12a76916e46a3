"""What follows from evidence: a level reached, an account joined, or a way back begun."""

from dataclasses import dataclass
from enum import StrEnum

from idp.accounts.actions import Joining, account_of_person, join_person
from idp.assurance.policy import Policies
from idp.journal.actions import Entry, record
from idp.keyring.ring import Keyring
from idp.notices.actions import Contact, Notice, send
from idp.proofing import cases, stopping, ways_back
from idp.proofing.cases import Case, Ending
from idp.proofing.evidence import pieces_of
from idp.proofing.rules import level_reached, told_of_late
from idp.proofing.ways_back import Begun
from idp.storage import Transaction

HIGHEST_LEVEL = 3


class Reached(StrEnum):
    """What a piece of evidence led to; the value is also its journal code."""

    MORE = "more-needed"
    RAISED = "identity-proved"
    WAY_BACK = "way-back-begun"
    OTHER_WAY_BACK = "way-back-of-somebody-else"
    COUNTER = "counter-visit-needed"
    SHUT = "cannot-be-joined"


_FROM_BEGUN = {
    Begun.BEGUN: Reached.WAY_BACK,
    Begun.UNDER_WAY: Reached.WAY_BACK,
    Begun.OTHERS: Reached.OTHER_WAY_BACK,
    Begun.COUNTER: Reached.COUNTER,
    Begun.SHUT: Reached.SHUT,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """How a case stands after its evidence was weighed."""

    reached: Reached
    level: int


def settle(tx: Transaction, keyring: Keyring, policies: Policies, case_ref: str) -> Settled:
    """Weigh a case's evidence and do what follows, in the transaction that added to it.

    The case is locked first, so that of two pieces held at once the later sees the other. A
    level that rises joins the account to its person, once. Where the person has an account
    already, nothing is said and nothing done until the evidence is worth as much as what
    that account was proved by; then the way back begins.
    """
    case = cases.lock_case(tx, case_ref)
    if case is None:
        return Settled(reached=Reached.SHUT, level=0)
    pieces = pieces_of(tx, case_ref)
    level = level_reached(pieces, policies.evidence, policies.profiles)
    if case.joined_to is not None:  # an owner seen at a counter ends what others began
        stopping.overtake(tx, keyring, case, case.account_ref)
    if level == 0 or (case.joined_to is not None and level <= case.identity_level):
        return Settled(reached=Reached.MORE, level=level)
    joining = join_person(
        tx, account_ref=case.account_ref, person_ref=case.person_ref, identity_level=level
    )
    if joining is Joining.JOINED:
        _joined(tx, policies, case, level)
        if case.joined_to is None or not told_of_late(pieces, tx.now()):
            told = {"account": case.sign_in_name}
            send(tx, keyring, Contact("email", case.email), Notice.IDENTITY_PROVED, told)
        return Settled(reached=Reached.RAISED, level=level)
    if joining is Joining.ALREADY_HAS_ACCOUNT:
        return Settled(reached=_way_back(tx, keyring, case, level), level=level)
    return Settled(reached=Reached.SHUT, level=level)


def prospect(tx: Transaction, case: Case, level: int) -> Reached:
    """Say where evidence worth `level` leaves a case whose account it has not joined. Reads only.

    What `settle` would answer, but for a way back that could begin now: that is `WAY_BACK` too.
    """
    if level == 0 or case.joined_to is not None:
        return Reached.MORE
    old = account_of_person(tx, case.person_ref)
    if old is None:
        return Reached.SHUT
    if not ways_back.is_enough(tx, level, old):
        return Reached.MORE
    begun = ways_back.outlook(tx, case, old.ref)
    return _FROM_BEGUN[begun]


def _joined(tx: Transaction, policies: Policies, case: Case, level: int) -> None:
    detail = {"case": case.ref, "level": level, "policy": policies.fingerprint}
    record(tx, Entry(kind=Reached.RAISED, person=case.person_ref, detail=detail))
    if level == HIGHEST_LEVEL:
        cases.close_case(tx, case.ref, Ending.JOINED)


def _way_back(tx: Transaction, keyring: Keyring, case: Case, level: int) -> Reached:
    old = account_of_person(tx, case.person_ref)
    if old is None:  # it is disabled: nothing leads back into that but an officer
        return Reached.SHUT
    if not ways_back.is_enough(tx, level, old):
        return Reached.MORE
    return _FROM_BEGUN[ways_back.begin(tx, keyring, case=case, old=old, level=level)]
