"""The claim to be somebody of the register: counted first, compared always, answered alike.

An unknown number, a wrong name or date, a record of somebody dead, one kept twice and somebody
else's record all get one answer, after the same statements and the same comparing: whoever tries
numbers learns nothing, not even by the clock (I14).
"""

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from idp.accounts.actions import account_of_person
from idp.assurance.policy import Policies
from idp.identifiers.rules import NationalInsuranceNumber
from idp.journal.actions import Entry, record
from idp.keyring.ring import Keyring
from idp.notices.actions import Contact, Notice, send
from idp.proofing import cases, limits
from idp.register.actions import facts_for_claim
from idp.register.matching import Claim, Verdict, match
from idp.register.rules import ClaimFacts
from idp.storage import Database, Transaction
from idp.throttle import actions as throttle


class Claimed(StrEnum):
    """How a claim ended."""

    MATCHED = "matched"
    NOT_MATCHED = "not-matched"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimant:
    """The account that claims, and whom it is joined to already."""

    account_ref: str
    person_ref: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedClaim:
    """What was typed."""

    number: NationalInsuranceNumber = field(repr=False)
    claim: Claim = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Compared:
    """What comparing found. `person_ref` only where the claimant may be that person."""

    person_ref: str | None
    compared_ref: str  # somebody, in either case
    known_ref: str | None  # whose number it is, if anybody's
    why: str


def claim(
    database: Database,
    keyring: Keyring,
    policies: Policies,
    *,
    claimant: Claimant,
    typed: TypedClaim,
    address: str,
) -> Claimed | timedelta:
    """Open a case for a claim that fits the register; else say no more than that it does not.

    `address` is the caller's IP address. A length of time: too many tries, wait so long.
    """
    index = keyring.index("number_index", typed.number.key)
    wait = throttle.reserve(
        database, keyring, limits.claim_limits(address, claimant.account_ref, index)
    )
    if wait is not None:
        return wait
    facts = database.read(lambda tx: facts_for_claim(tx, keyring, typed.number))
    found = _compare(facts, claimant, typed, policies)
    matched = found.person_ref
    if matched is not None:
        database.transaction(
            lambda tx: cases.open_case(
                tx, keyring, policies, account_ref=claimant.account_ref, person_ref=matched,
                claim=_kept(typed),
            )
        )  # fmt: skip
        return Claimed.MATCHED
    often = throttle.reserve(database, keyring, [limits.failed_limit(index)]) is not None
    tell = often and throttle.reserve(database, keyring, [limits.told_limit(index)]) is None
    database.transaction(lambda tx: _failed(tx, keyring, claimant, found, tell=tell))
    return Claimed.NOT_MATCHED


def _compare(
    facts: ClaimFacts, claimant: Claimant, typed: TypedClaim, policies: Policies
) -> _Compared:
    """Compare with somebody in any case; believe it only of the number's own person."""
    result = match(typed.claim, facts.compared, facts.others, policies.names)
    known = facts.person.ref if facts.person else None
    why = str(result.verdict) if known else "number-unknown"
    fits = known is not None and result.verdict is Verdict.SAME
    if fits and claimant.person_ref not in {None, known}:
        fits, why = False, "account-of-another-person"
    return _Compared(
        person_ref=known if fits else None,
        compared_ref=facts.compared.ref,
        known_ref=known,
        why=why,
    )


def _failed(
    tx: Transaction, keyring: Keyring, claimant: Claimant, found: _Compared, *, tell: bool
) -> None:
    """Journal a claim that did not fit, and tell the number's person, if they have an account."""
    detail = {"why": found.why}
    record(tx, Entry(kind="claim-refused", person=claimant.account_ref, detail=detail))
    held = account_of_person(tx, found.compared_ref)
    if not tell or held is None or found.known_ref is None:
        return
    if held.ref == claimant.account_ref:
        return
    send(tx, keyring, Contact("email", held.email), Notice.NUMBER_TRIED,
         {"account": held.sign_in_name})  # fmt: skip
    record(tx, Entry(kind="number-tried", person=found.known_ref))


def _kept(typed: TypedClaim) -> dict[str, str]:
    return {
        "number": typed.number.canonical,
        "given_name": typed.claim.given_name,
        "family_name": typed.claim.family_name,
        "birth_date": typed.claim.birth_date.isoformat(),
        "postcode": typed.claim.postcode,
    }
