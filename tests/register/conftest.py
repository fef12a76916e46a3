"""What the tests of the register share: keys, files of people, and imports of them."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from idp.identifiers.rules import NationalInsuranceNumber, parse
from idp.keyring.ring import Keyring
from idp.register.actions import find_by_number
from idp.register.importing import Import, Progress
from idp.register.rules import PersonFacts
from idp.storage import Database
from tests.rig.keys import make_keyring

HEADER = "number,given_name,family_name,birth_date,sex,postal_code,email,status,died_on"


@pytest.fixture(scope="session")
def keyring(tmp_path_factory: pytest.TempPathFactory) -> Keyring:
    return make_keyring(tmp_path_factory.mktemp("house"))


class PeopleFile:
    """A file of people, and where its refused lines go."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "people.csv"
        self.rejects = folder / "people.rejects.csv"

    def write(self, lines: Sequence[str], header: str = HEADER) -> None:
        self.path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")


@pytest.fixture
def people_file(tmp_path: Path) -> PeopleFile:
    return PeopleFile(tmp_path)


class Importer:
    """Imports files into one database, as an operator does."""

    def __init__(self, database: Database, keyring: Keyring, file: PeopleFile) -> None:
        self.database, self.keyring, self.file = database, keyring, file

    def load(self, *lines: str, header: str = HEADER, again: bool = False) -> Progress:
        if lines:
            self.file.write(lines, header)
        work = Import(
            self.database, self.keyring, self.file.path, self.file.rejects, by="an operator"
        )
        return work.run(lambda at: None, again=again)

    def person(self, number: str) -> PersonFacts | None:
        parsed = parse(number)
        assert isinstance(parsed, NationalInsuranceNumber)
        return self.database.read(lambda tx: find_by_number(tx, self.keyring, parsed))

    def known(self, number: str) -> PersonFacts:
        person = self.person(number)
        assert person is not None
        return person

    def rejects(self) -> list[list[str]]:
        with self.file.rejects.open(encoding="utf-8", newline="") as handle:
            return list(csv.reader(handle))[1:]

    def all(self, *columns: Any) -> list[Any]:
        return self.database.read(lambda tx: tx.execute(select(*columns)).all())


@pytest.fixture
def register(database: Database, keyring: Keyring, people_file: PeopleFile) -> Importer:
    return Importer(database, keyring, people_file)
