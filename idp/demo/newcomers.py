"""People of the sandbox's register who have no account yet: somebody to enrol as.

One has no contact on record and a name of before, so that there is more than one way to try;
the other can be reached at contacts that the register holds.
"""

import json
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

from idp.demo import world
from idp.house import House
from idp.identifiers.rules import NationalInsuranceNumber, parse
from idp.register.actions import NumberTaken, add_person
from idp.register.rules import Contacts, Name
from idp.storage import Transaction

NEWCOMERS_FILE = "newcomers.json"


@dataclass(frozen=True, kw_only=True)
class Newcomer:
    """A made-up person whom the register knows and who never signed in.

    `called` is a short form of the first name, `earlier_family_name` a name of before; both are
    taken for the name. `email` and `phone` are the contacts on record, if any.
    """

    role: str
    given_name: str
    family_name: str
    called: str
    earlier_family_name: str | None
    birth_date: str
    sex: str
    postcode: str
    email: str | None
    phone: str | None
    national_insurance_number: str

    @property
    def name(self) -> str:
        """The name as it is shown."""
        return f"{self.given_name} {self.family_name}"


def newcomers(data: Path) -> list[Newcomer]:
    """Read the sandbox's newcomers."""
    return [Newcomer(**item) for item in json.loads((data / NEWCOMERS_FILE).read_text())]


def build(house: House, data: Path) -> None:
    """Enter them into the register where they are not yet there."""
    path = data / NEWCOMERS_FILE
    if path.exists():
        return
    sample = _cast()

    def work(tx: Transaction) -> None:
        for person in sample:
            _enter(tx, house, person)

    world.write(path, [asdict(person) for person in sample])
    try:
        house.database.transaction(work)
    except BaseException:
        path.unlink()
        raise


def _cast() -> list[Newcomer]:
    first, second = (world.made_up_number(index) for index in (3, 4))
    return [
        Newcomer(
            role="newcomer", given_name="Elizabeth", family_name="Morgan", called="Liz",
            earlier_family_name="Pryce", birth_date="1954-04-02", sex="female",
            postcode="LL00 2AB", email=None, phone=None, national_insurance_number=first,
        ),
        Newcomer(
            role="newcomer-with-contact", given_name="William", family_name="O'Connor",
            called="Bill", earlier_family_name=None, birth_date="1988-09-17", sex="male",
            postcode="LL00 3CD", email="bill.oconnor@example.test", phone="+447700900461",
            national_insurance_number=second,
        ),
    ]  # fmt: skip


def _enter(tx: Transaction, house: House, person: Newcomer) -> None:
    number = parse(person.national_insurance_number)
    assert isinstance(number, NationalInsuranceNumber)
    before = person.earlier_family_name
    ref = add_person(
        tx,
        house.keyring,
        number=number,
        given_name=person.given_name,
        family_name=person.family_name,
        birth_date=date.fromisoformat(person.birth_date),
        sex=person.sex,
        address={
            "street_address": "3 Mill Lane",
            "locality": "Llanfair",
            "postal_code": person.postcode,
            "country": "GB",
        },
        earlier_names=[Name(given_name=person.given_name, family_name=before)] if before else (),
        contacts=Contacts(email=person.email, phone=person.phone),
    )
    if isinstance(ref, NumberTaken):
        raise RuntimeError("the sandbox's number is taken; start over with --reset")
