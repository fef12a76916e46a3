"""No import adds people again whom another index key hides."""

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from idp.keyring import ring, secrets_file
from idp.keyring.ring import Keyring
from idp.register import importing
from idp.register.actions import number_of
from idp.register.importing import Import, ImportProblem, Progress
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


def test_an_import_stops_where_the_register_was_indexed_anew_between_two_batches(
    own: Importer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "BATCH_LINES", 1)
    own.file.write([MARGARET, TOM, MARGARET])

    def turn(at: Progress) -> None:
        for change in (ring.add_key, ring.use_newest, ring.forget_old):
            change(own.keyring.folder, "number_index")
        own.keyring.look(force=True)

    work = Import(own.database, own.keyring, own.file.path, own.file.rejects, by="x")
    with pytest.raises(ImportProblem, match="indexed anew"):
        work.run(turn)
    assert len(own.all(PersonRecord.ref)) == 1


@pytest.mark.parametrize("beside_from", [0, 10**9])
def test_nobody_is_lost_whose_number_was_sealed_before_the_key_was_turned(
    own: Importer, monkeypatch: pytest.MonkeyPatch, beside_from: int
) -> None:
    """What is read ahead is sealed with the key of then, which may be forgotten any moment."""
    monkeypatch.setattr(importing, "BATCH_LINES", 1)
    monkeypatch.setattr(importing, "BESIDE_FROM_BYTES", beside_from)
    own.file.write([MARGARET, TOM])
    work = Import(own.database, own.keyring, own.file.path, own.file.rejects, by="x")
    made = work._reading

    def turned(*given: Any) -> Any:
        reading = made(*given)
        for change in (ring.add_key, ring.use_newest, ring.forget_old):
            change(own.keyring.folder, "seal")
        own.keyring.look(force=True)
        return reading

    monkeypatch.setattr(work, "_reading", turned)
    assert work.run(lambda at: None).added == 2
    for number in ("CS100700", "EH123456"):
        ref = own.known(number).ref
        found = own.database.read(partial(number_of, keyring=own.keyring, person_ref=ref))
        assert found is not None
        assert found.key == number


def test_an_import_under_another_index_key_is_refused_before_it_begins(own: Importer) -> None:
    own.load(MARGARET)
    secrets_file.make_index_anew(own.keyring.folder)
    own.keyring = Keyring(own.keyring.folder, own.database.clock)
    with pytest.raises(ImportProblem, match="idp keys reindex"):
        own.load(MARGARET, TOM)
    assert len(own.all(PersonRecord.ref)) == 1
