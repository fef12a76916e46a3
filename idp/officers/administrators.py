"""A new administrator for an organisation that has lost its last: two officers, as for the first.

One officer puts forward who it is, and why there is nobody else; another makes sure that this
person works there, and confirms. Then the person gets a one-time link, and every member is told,
so that one who was not lost at all can take the link back. Nobody is put out: that is for the new
administrator to do.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from idp.keyring.ring import Keyring
from idp.officers import proposals
from idp.officers.actions import officer_now
from idp.officers.organisations import Refused
from idp.officers.proposals import Decision, Outcome, Proposal
from idp.officers.rules import Act, judge
from idp.officers.rules import Verdict as Allowed
from idp.organisations import entering
from idp.organisations.actions import find
from idp.organisations.entering import Problem
from idp.organisations.rules import Organisation, read_email, read_name
from idp.storage import Transaction

NAME_ADMIN = "name-administrator"  # what the proposals of this file are called


class Lost(StrEnum):
    """What became of the last administrator: fixed, so that the journal holds nobody's story."""

    LEFT = "administrator-left"
    DIED = "administrator-died"
    LOCKED_OUT = "administrator-cannot-sign-in"


class Missing(StrEnum):
    """What an officer did not say; the value names a message."""

    WHY = "reason-missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """Who is put forward, why, and by whom."""

    proposal: Proposal
    name: str
    email: str
    why: Lost


def propose(
    tx: Transaction,
    keyring: Keyring,
    ref: str,
    *,
    by: str,
    name: str,
    email: str,
    why: str,
) -> str | Problem | Refused | Missing:
    """Put a new administrator forward; answers the proposal's reference."""
    if judge(officer_now(tx, by), Act.ENTER_ORGANISATION) is not Allowed.ALLOWED:
        return Refused.ROLE_LACKING
    person, address = read_name(name), read_email(email)
    if person is None:
        return Problem.ADMIN_NAME
    if address is None:
        return Problem.ADMIN_EMAIL
    if why not in set(Lost):
        return Missing.WHY
    wrong = _standing(find(tx, ref))
    if wrong is not None:
        return wrong
    payload = {"name": person, "email": address, "why": why}
    return proposals.propose(tx, keyring, act=NAME_ADMIN, about=ref, payload=payload, by=by)


def waiting(tx: Transaction, ref: str) -> list[Proposal]:
    """List what waits to be confirmed for an organisation, without what it says."""
    return [one for one in proposals.waiting(tx, [NAME_ADMIN]) if one.about == ref]


def look_at(
    tx: Transaction, keyring: Keyring, ref: str, proposal: str, *, officer: str
) -> Named | None:
    """Open a proposal for an officer, and keep that they have looked. None: it is over, or is not
    about this organisation."""
    found = proposals.find(tx, keyring, proposal)
    if found is None or found.act != NAME_ADMIN or found.about != ref:
        return None
    proposals.look_at(tx, keyring, proposal, officer)
    return _named(found)


def decide(
    tx: Transaction,
    keyring: Keyring,
    ref: str,
    proposal: str,
    *,
    officer: str,
    decision: Decision,
) -> datetime | Problem | Outcome:
    """Decide what another officer put forward. Confirmed, the link goes out here and now, and
    every member is told; answers until when it works.

    An organisation that was closed meanwhile is a `Problem`, and leaves it undecided.
    """
    found = proposals.find(tx, keyring, proposal)
    if found is None or found.act != NAME_ADMIN or found.about != ref:
        return Outcome.GONE
    if decision is Decision.CONFIRM:
        wrong = _standing(find(tx, ref))
        if wrong is not None:
            return wrong
    outcome = proposals.decide(
        tx, proposal, officer=officer, needs=Act.VERIFY_ORGANISATION, decision=decision
    )
    if outcome is not Outcome.CONFIRMED:
        return outcome
    one = _named(found)
    return entering.name_administrator(
        tx, keyring, ref, name=one.name, email=one.email, why=one.why, by=officer
    )


def _standing(organisation: Organisation | None) -> Problem | None:
    if organisation is None or organisation.closed_at is not None:
        return Problem.GONE
    return Problem.CHANGED if organisation.verified_at is None else None


def _named(proposal: Proposal) -> Named:
    kept: Mapping[str, str] = proposal.payload
    return Named(proposal=proposal, name=kept["name"], email=kept["email"], why=Lost(kept["why"]))
