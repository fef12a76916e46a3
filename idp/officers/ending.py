"""Permissions that an officer ends: at the principal's word, or because their basis is no more.

To end takes one officer: it only takes away, and at a principal's word it must not wait.
"""

from collections.abc import Mapping
from enum import StrEnum

from idp.assurance.evidence import worth
from idp.assurance.policy import Policies
from idp.delegation import actions as delegation
from idp.delegation import ending
from idp.delegation.actions import HeldMandate
from idp.delegation.holding import quoted_of
from idp.delegation.lifecycle import HELD, Move, Party, Reason
from idp.delegation.moving import By, Moved, move
from idp.delegation.offline import tell_principal
from idp.keyring.ring import Keyring
from idp.notices.rules import Notice
from idp.officers.actions import officer_now
from idp.officers.appointing import APPOINTED
from idp.officers.calls import Call
from idp.officers.rules import Act, Verdict, judge
from idp.storage import Transaction


class Lapsed(StrEnum):
    """Why a basis is no more: fixed, so that the journal holds nobody's story."""

    ORDER = "order-lapsed"
    REVOKED = "power-revoked"
    REMOVED = "director-removed"
    OF_AGE = "child-of-age"
    WOUND_UP = "estate-wound-up"


class Problem(StrEnum):
    """Why nothing was ended; the value names a message."""

    ROLE_LACKING = "role-lacking"
    NOT_SURE = "principal-not-identified"
    GONE = "gone"


def may_hear(call: Call, policies: Policies) -> bool:
    """Say whether enough was shown in this call for a principal's word to end something: the check
    is the same as for appointing, at whatever certainty it is usable."""
    return call.party_kind == "person" and worth(call.kinds, APPOINTED, policies.grants) is not None


def end_at_word(
    tx: Transaction, keyring: Keyring, policies: Policies, call: Call, bundle: str,
    names: Mapping[str, str],
) -> int | Problem:  # fmt: skip
    """End what was given together, at the word of the principal of this call. From the commit on
    no token of it is issued or valid. `names` are the services' names. Answers how many ended."""
    if judge(officer_now(tx, call.officer_ref), Act.END_MANDATE) is not Verdict.ALLOWED:
        return Problem.ROLE_LACKING
    if not may_hear(call, policies):
        return Problem.NOT_SURE
    by = By(party=Party.PRINCIPAL, who=call.party, actor=call.officer_ref)
    ended = [
        one
        for one in held_of(tx, call.party)
        if one.bundle == bundle
        and isinstance(
            move(tx, one.ref, Move.END, by, reason=Reason.BY_PRINCIPAL,
                 detail={"officer": call.officer_ref, "call": call.ref}),
            Moved,
        )
    ]  # fmt: skip
    return _told(tx, keyring, call, ended, names) if ended else Problem.GONE


def lapse(
    tx: Transaction, keyring: Keyring, call: Call, ref: str, why: Lapsed, names: Mapping[str, str]
) -> int | Problem:
    """End all that stands on the basis of one mandate, found by its reference: of its authority
    where it was given to several together, else of its delegate. One transaction."""
    if judge(officer_now(tx, call.officer_ref), Act.END_MANDATE) is not Verdict.ALLOWED:
        return Problem.ROLE_LACKING
    before = held_of(tx, call.party)
    one = next((held for held in before if held.ref == ref), None)
    if one is None or one.basis == "own":
        return Problem.GONE
    together = ending.authority_of(tx, ref)
    ended = ending.end_basis(
        tx, call.party, one.basis, by=By(party=Party.OFFICER, who=call.officer_ref),
        authority_ref=together, delegate=None if together else one.delegate,
        detail={"why": why, "call": call.ref},
    )  # fmt: skip
    left = {held.ref for held in held_of(tx, call.party)}
    over = [held for held in before if held.ref not in left]
    return _told(tx, keyring, call, over, names) if ended else Problem.GONE


def held_of(tx: Transaction, principal: str) -> list[HeldMandate]:
    """List what others hold for a principal now."""
    return [one for one in delegation.given_by(tx, principal) if one.state in HELD]


def _told(
    tx: Transaction, keyring: Keyring, call: Call, ended: list[HeldMandate],
    names: Mapping[str, str],
) -> int:  # fmt: skip
    helpers = sorted({one.delegate_name for one in ended})
    services = sorted({names.get(one.service, one.service) for one in ended})
    people = [one.delegate for one in ended if one.delegate and one.delegate_kind == "person"]
    tell_principal(
        tx, keyring, principal=call.party, principal_kind=call.party_kind, helpers=people,
        notice=Notice.HELPER_ENDED,
        values={"helper": ", ".join(helpers), "services": ", ".join(services),
                "reference": quoted_of(tx, ended[0].bundle)[0]},
    )  # fmt: skip
    return len(ended)
