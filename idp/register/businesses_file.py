"""A file of businesses: its columns, its lines, and how a batch of them is stored."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from enum import StrEnum
from pathlib import Path

from idp.identifiers import businesses as numbers
from idp.identifiers.businesses import BusinessNumber, BusinessProblem, NumberKind
from idp.identifiers.rules import NationalInsuranceNumber, Problem
from idp.identifiers.rules import parse as parse_person
from idp.journal.actions import Entry, record
from idp.keyring.ring import Keyring
from idp.register.actions import find_by_number, index_fits
from idp.register.businesses import KINDS, Brought, BusinessLine, bring
from idp.register.importing import ImportProblem
from idp.register.reading import ADDRESS, read_day
from idp.register.reasons import EXPLANATIONS, Reason
from idp.register.tables import Counts, Line, Outcome, Table, load
from idp.storage import Database, Transaction

NUMBERS = {
    "company_number": NumberKind.COMPANY,
    "tax_reference": NumberKind.TAX,
    "vat_number": NumberKind.VAT,
}
COLUMNS = {
    "name": 160, "kind": 20, **dict.fromkeys(NUMBERS, 40), "street_address": 200, "locality": 100,
    "region": 100, "postal_code": 40, "country": 100, "person_number": 40, "ceased_on": 10,
}  # fmt: skip


class BusinessReason(StrEnum):
    """Why a line of a file of businesses is refused."""

    NAME_MISSING = "name-missing"
    KIND = "unknown-kind"
    CEASED = "bad-ceased-day"
    NO_TRADER = "sole-trader-without-person"
    NOT_A_TRADER = "person-of-no-sole-trader"
    PERSON_UNKNOWN = "person-unknown"


WHY: Mapping[str, str] = {
    **EXPLANATIONS,
    **numbers.EXPLANATIONS,
    BusinessReason.NAME_MISSING: "The name is missing.",
    BusinessReason.KIND: "The kind is not one of: company, partnership, sole-trader.",
    BusinessReason.CEASED: "The day it ceased is not a day until today, like 2020-05-01.",
    BusinessReason.NO_TRADER: "A sole trader needs the person's own number in person_number.",
    BusinessReason.NOT_A_TRADER: "Only a sole trader has a person_number.",
    BusinessReason.PERSON_UNKNOWN: "Nobody in the register has this person_number.",
    Brought.NUMBER_MISSING: "A business needs one number at least.",
    Brought.TWO_BUSINESSES: "These numbers are of two businesses in the register.",
    Brought.NUMBER_DIFFERS: "The register holds another number of this kind for this business.",
    Brought.KIND_DIFFERS: "The register holds another kind of business under this number.",
    Brought.OTHER_TRADER: "The register holds another person as this sole trader.",
    Brought.TRADES_AGAIN: "The register says that this business ceased. The file says otherwise.",
}  # fmt: skip
TABLE = Table(
    columns=COLUMNS, required=("name", "kind"), command="idp register business import",
    explanations=WHY,
)  # fmt: skip


def import_businesses(
    database: Database,
    keyring: Keyring,
    file: Path,
    rejects: Path,
    told: Callable[[Counts], None],
    *,
    by: str,
) -> Counts:
    """Import a file of businesses; run again, it changes nothing. `by` is for the journal.

    Raises `HeaderProblem`, `ImportProblem`, `RejectsProblem`, `OSError`.
    """
    today = database.now().date()

    def store(tx: Transaction, lines: Sequence[Line]) -> Outcome:
        if keyring.turning("number_index") or not index_fits(tx, keyring):
            raise ImportProblem("the register is indexed under another key; see: idp keys reindex")
        done = Outcome()
        for line in lines:
            _take(tx, keyring, line, today, by, done)
        return done

    counts = load(database, file, rejects, TABLE, store, told)
    detail = {"by": by, **counts.counts()}
    database.transaction(lambda tx: record(tx, Entry(kind="businesses-imported", detail=detail)))
    return counts


def _take(
    tx: Transaction, keyring: Keyring, line: Line, today: date, by: str, done: Outcome
) -> None:
    read = read_line(line.fields, today)
    if isinstance(read, StrEnum):
        done.refused.append(line.refused(read))
        return
    business, trader = read
    if trader is not None:
        person = find_by_number(tx, keyring, trader)
        if person is None:
            done.refused.append(line.refused(BusinessReason.PERSON_UNKNOWN))
            return
        business = replace(business, person_ref=person.ref)
    brought = bring(tx, keyring, business, by=by)
    if brought is Brought.ADDED:
        done.added += 1
    elif brought is Brought.CHANGED:
        done.changed += 1
    elif brought is Brought.UNCHANGED:
        done.unchanged += 1
    else:
        done.refused.append(line.refused(brought))


def read_line(
    fields: Mapping[str, str], today: date
) -> (
    tuple[BusinessLine, NationalInsuranceNumber | None]
    | BusinessReason
    | BusinessProblem
    | (Problem | Reason)
):
    """Read one line: the business, and the number of the sole trader. Pure; never raises."""
    if not fields["name"]:
        return BusinessReason.NAME_MISSING
    kind = fields["kind"].lower()
    if kind not in KINDS:
        return BusinessReason.KIND
    found = []
    for column, number_kind in NUMBERS.items():
        if fields[column]:
            number = numbers.parse(number_kind, fields[column])
            if not isinstance(number, BusinessNumber):
                return number
            found.append(number)
    trader = None
    if kind == "sole-trader":
        read = parse_person(fields["person_number"])
        if not isinstance(read, NationalInsuranceNumber):
            return BusinessReason.NO_TRADER if read is Problem.EMPTY else read
        trader = read
    elif fields["person_number"]:
        return BusinessReason.NOT_A_TRADER
    ceased = read_day(fields["ceased_on"]) if fields["ceased_on"] else None
    if fields["ceased_on"] and (ceased is None or ceased > today):
        return BusinessReason.CEASED
    address = {name: fields[name] for name in ADDRESS if fields[name]} or None
    return BusinessLine(
        name=fields["name"], kind=kind, numbers=tuple(found), address=address, ceased_on=ceased
    ), trader
