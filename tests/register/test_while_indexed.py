"""No import adds people again whom another index key hides."""

from dataclasses import replace
from pathlib import Path

import pytest

from idp.keyring import ring, secrets_file
from idp.keyring.ring import Keyring
from idp.register.importing import ImportProblem
from idp.register.records import PersonRecord
from tests.register.conftest import Importer
from tests.rig.keys import make_keyring

MARGARET = "CS100700A,Margaret,Hughes,1951-03-14,f,LL00 1AA,,,"
TOM = "EH123456C,Tom,Barker,1962-11-27,m,LL00 1AA,,,"


@pytest.fixture
def own(register: Importer, tmp_path: Path) -> Importer:
    """The same with keys of its own, for a test that turns them."""
    register.keyring = make_keyring(tmp_path / "own")
    return register


def test_an_import_waits_while_the_register_is_indexed_anew(own: Importer) -> None:
    own.load(MARGARET)
    ring.add_key(own.keyring.folder, "number_index")
    own.keyring.look(force=True)
    with pytest.raises(ImportProblem, match="indexed anew"):
        own.load(MARGARET, TOM)
    assert len(own.all(PersonRecord.ref)) == 1
    secrets = secrets_file.read(own.keyring.folder)
    kept = replace(secrets, number_index=secrets.number_index.without_old())
    secrets_file.write(own.keyring.folder, kept)
    own.keyring.look(force=True)
    done = own.load()  # the same file goes on where it stopped
    assert (done.unchanged, done.added) == (1, 1)


def test_an_import_under_another_index_key_is_refused_before_it_begins(own: Importer) -> None:
    own.load(MARGARET)
    secrets_file.make_index_anew(own.keyring.folder)
    own.keyring = Keyring(own.keyring.folder, own.database.clock)
    with pytest.raises(ImportProblem, match="idp keys reindex"):
        own.load(MARGARET, TOM)
    assert len(own.all(PersonRecord.ref)) == 1
