"""Find who a permission is about and who is to hold it: by a whole number, name or reference.

Nothing is found by a part of a number or by what merely looks like it: a wrong party would be
shown to an officer, and might be given something. Each look is counted by the caller.
"""

from collections.abc import Mapping, Sequence

from sqlalchemy import and_, bindparam, or_, select

from idp.accounts.records import AccountRecord
from idp.accounts.rules import canonical_sign_in_name
from idp.identifiers.businesses import BusinessNumber, NumberKind
from idp.identifiers.businesses import parse as parse_business
from idp.identifiers.rules import NationalInsuranceNumber, parse
from idp.keyring.ring import Keyring
from idp.organisations.records import OrganisationRecord
from idp.register import businesses
from idp.register.actions import find_by_number, find_person
from idp.register.records import PersonRecord
from idp.storage import Transaction, db_now

LONGEST_TYPED = 64  # of a reference or a registered number
_BY_NAME = select(AccountRecord.person_ref).where(
    AccountRecord.sign_in_name == bindparam("name"),
    AccountRecord.identity_level > 0,
    AccountRecord.disabled_at.is_(None),
)
_PROVED = (
    select(AccountRecord.person_ref)
    .join(PersonRecord, PersonRecord.ref == AccountRecord.person_ref)
    .where(
        AccountRecord.person_ref.in_(bindparam("people", expanding=True)),
        AccountRecord.identity_level > 0,
        AccountRecord.disabled_at.is_(None),
        PersonRecord.died_on.is_(None),
    )
)
_FIRM = OrganisationRecord
# One that can act now: its name was verified by two officers, and nothing has stopped it.
_IN_ORDER = and_(
    _FIRM.verified_at.is_not(None),
    _FIRM.closed_at.is_(None),
    or_(_FIRM.suspends_at.is_(None), _FIRM.suspends_at > db_now()),
)
_ORGANISATION = (
    select(_FIRM.ref)
    .where(
        _IN_ORDER,
        or_(_FIRM.ref == bindparam("named"), _FIRM.registered_number == bindparam("number")),
    )
    .limit(2)
)
_NAME = select(_FIRM.name).where(_FIRM.ref == bindparam("organisation"))


def find_principal(
    tx: Transaction, keyring: Keyring, typed: str, way: str = ""
) -> tuple[str, str] | None:
    """Find whom it is about; answers reference and kind.

    `way` says which number was typed: `company`, `tax` or `vat` for a business's, `ni` for a
    person's; with none it is a person's, or a business's reference here. It is never guessed:
    CE123456 is a person's number without its last letter, and may be a company's.
    """
    if way in set(NumberKind):
        of_business = parse_business(NumberKind(way), typed)
        if not isinstance(of_business, BusinessNumber):
            return None
        found = businesses.find_by_number(tx, keyring, of_business)
        return (found.ref, "business") if found else None
    number = parse(typed)
    if isinstance(number, NationalInsuranceNumber):
        person = find_by_number(tx, keyring, number)
        return (person.ref, "person") if person else None
    if way == "ni":
        return None
    found = businesses.find_business(tx, typed.strip()[:LONGEST_TYPED])
    return (found.ref, "business") if found else None


def find_helper(tx: Transaction, keyring: Keyring, typed: str) -> str | None:
    """Find a helper by number or by the e-mail they sign in with; only who was proved is found."""
    number = parse(typed)
    if isinstance(number, NationalInsuranceNumber):
        person = find_by_number(tx, keyring, number)
        return person.ref if person and person.ref in proved(tx, [person.ref]) else None
    name = canonical_sign_in_name(typed)
    found = tx.execute(_BY_NAME, {"name": name or ""}).scalar_one_or_none()
    return found if found and found in proved(tx, [found]) else None


def find_organisation(tx: Transaction, typed: str) -> str | None:
    """Find an organisation that can act by its reference or its whole registered number; None
    where there is none, or where two have it."""
    named = typed.strip()[:LONGEST_TYPED]
    values = {"named": named, "number": named.replace(" ", "").upper()}
    found = tx.execute(_ORGANISATION, values).scalars().all() if named else []
    return found[0] if len(found) == 1 else None


def proved(tx: Transaction, people: Sequence[str], organisation: str = "") -> frozenset[str]:
    """Which of these may be given something: people whose identity was checked and who are alive,
    and an organisation that can act."""
    found = frozenset(tx.execute(_PROVED, {"people": list(people)}).scalars())
    if organisation and find_organisation(tx, organisation) == organisation:
        return found | {organisation}
    return found


def name_of(tx: Transaction, party: str) -> str:
    """The name of a person or business of the register, or of an organisation."""
    person = find_person(tx, party)
    if person is not None:
        return f"{person.given_name} {person.family_name}"
    business = businesses.find_business(tx, party)
    if business is not None:
        return business.name
    return tx.execute(_NAME, {"organisation": party}).scalar_one_or_none() or ""


def address_of(tx: Transaction, party: str) -> list[str]:
    """The lines of the address that the register holds for a person or business."""
    found = find_person(tx, party) or businesses.find_business(tx, party)
    kept: Mapping[str, object] = found.address if found else {}
    return [str(line) for line in kept.values() if line]
