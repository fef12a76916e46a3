"""What the tests of the register share: keys, and files of people."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from idp.keyring.ring import Keyring
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
