"""Keys that seal and index are turned while the house goes on, and a lost one has a way back."""

import json
import os
import signal
import stat
import subprocess
import sys
import threading
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import select, update

import idp.schema
from idp.accounts.actions import create_account
from idp.authentication.actions import code_at, enrol_totp, new_seed, spend_code
from idp.authentication.records import OneTimeCodeRecord
from idp.house import open_house
from idp.identifiers.rules import NationalInsuranceNumber, parse
from idp.keyring import backup, ring, secrets_file
from idp.keyring.commands import SEALED, keys
from idp.keyring.resealing import _again, _page, left
from idp.keyring.ring import Keyring, KeyringError
from idp.keyring.sealing import Unreadable
from idp.operators import not_ready
from idp.outbox.actions import put
from idp.outbox.records import OutboxRecord
from idp.proofing.checking import check_purpose
from idp.register import actions as register
from idp.register.records import PersonNumberRecord
from idp.register.rules import number_purpose
from idp.storage import Base, Database, Transaction
from idp.storage.clock import Clock

assert idp.schema.TABLES
PASSPHRASE = "a long enough passphrase"


def number(index: int) -> NationalInsuranceNumber:
    found = parse(f"CE{index:06d}")
    assert isinstance(found, NationalInsuranceNumber)
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    ring.prepare(tmp_path / "keys", Clock().now())
    return tmp_path / "keys"


@pytest.fixture
def house(
    database: Database, database_url: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> Database:
    """The environment that `idp keys` runs in; nobody else's workers to wait for."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("IDP_DATA", str(folder.parent))
    monkeypatch.setattr("idp.keyring.commands.LOOK_AGAIN_SECONDS", 0.0)
    return database


def fill(database: Database, keyring: Keyring, people: int = 5) -> dict[str, str]:
    """Put in people, a seed and a waiting notice; answer the references of each person."""
    name: dict[str, Any] = {"given_name": "Margaret", "family_name": "Hughes", "sex": "female"}

    def work(tx):
        refs = {}
        for index in range(people):
            ref = register.add_person(
                tx, keyring, number=number(index), birth_date=date(1950, 1, 1), address={}, **name
            )
            refs[number(index).key] = ref
        account = create_account(tx, sign_in_name="margaret", email="m@example.test")
        enrol_totp(tx, keyring, account, SEED)
        sealed = keyring.sealer.seal("{}", purpose="notice")
        put(tx, "notice-email", {"sealed": sealed}, expires_in=timedelta(hours=1))
        asked = keyring.sealer.seal("{}", purpose=check_purpose("e1"))
        waits = {"evidence": "e1", "sealed": asked}
        put(tx, "identity-check", waits, expires_in=timedelta(hours=1))
        put(tx, "something-else", {"no": "secret"}, expires_in=timedelta(hours=1))
        return refs

    return database.transaction(work)


SEED = new_seed()


def run(*arguments: str) -> str:
    done = CliRunner().invoke(keys, list(arguments), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def all_found(database: Database, keyring: Keyring, refs: dict[str, str]) -> bool:
    def work(tx):
        return {
            key: found.ref
            for index in range(len(refs))
            if (found := register.find_by_number(tx, keyring, number(index)))
            for key in [number(index).key]
        }

    return database.read(work) == refs


def test_every_sealed_column_of_the_house_is_turned() -> None:
    named = {
        (table.name, column.name)
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if column.name.endswith("_sealed")
    }
    listed = {(each.table.name, each.column) for each in SEALED if each.within is None}
    assert named == listed


def test_sealing_anew_leaves_nothing_under_the_old_key_and_everything_readable(
    house: Database, folder: Path
) -> None:
    keyring = Keyring(folder, house.clock)  # a worker that was there before
    refs = fill(house, keyring)
    assert run("reseal", "--forget-old")
    stored = house.read(
        lambda tx: tx.execute(select(PersonNumberRecord.number_sealed)).scalars().all()
    )
    assert {value.partition(".")[0] for value in stored} == {"2"}
    fresh = Keyring(folder, house.clock)
    assert list(secrets_file.read(folder).seal.keys) == ["2"]

    def numbers(tx: Transaction, each: Keyring) -> set[str]:
        return {found.key for ref in refs.values() if (found := register.number_of(tx, each, ref))}

    assert house.read(lambda tx: numbers(tx, keyring)) == set(refs)
    assert house.read(lambda tx: numbers(tx, fresh)) == set(refs)
    now = house.clock.now()
    account = house.read(lambda tx: tx.execute(select(OneTimeCodeRecord.account_ref)).scalar_one())
    code = code_at(SEED, int(now.timestamp()) // 30)
    assert house.transaction(
        lambda tx: spend_code(tx, fresh, account_ref=account, code=code, now=now)
    )
    payloads = house.read(lambda tx: tx.execute(select(OutboxRecord.payload)).scalars().all())
    sealed_ones = [payload for payload in payloads if "sealed" in payload]
    assert len(sealed_ones) == 2
    for payload in sealed_ones:
        purpose = check_purpose("e1") if "evidence" in payload else "notice"
        assert fresh.sealer.open(payload["sealed"], purpose=purpose) == "{}"


def test_a_worker_that_has_not_looked_yet_opens_what_another_sealed_a_moment_ago(
    database: Database, folder: Path
) -> None:
    one, other = Keyring(folder, database.clock), Keyring(folder, database.clock)
    ring.add_key(folder, "seal")
    ring.use_newest(folder, "seal")
    one.look(force=True)
    sealed = one.sealer.seal("x", purpose="p")
    assert sealed.startswith("2.")
    assert other.sealer.open(sealed, purpose="p") == "x"


def test_what_changes_while_it_is_sealed_anew_is_not_overwritten(
    database: Database, folder: Path
) -> None:
    keyring = Keyring(folder, database.clock)
    fill(database, keyring, people=1)
    ring.add_key(folder, "seal")
    ring.use_newest(folder, "seal")
    keyring.look(force=True)
    column = SEALED[1]
    read_before = database.read(lambda tx: tx.execute(_page(column, None)).all())
    new = keyring.sealer.seal("NEWSEED", purpose=column.purpose(read_before[0][2]))
    change = update(OneTimeCodeRecord).values(seed_sealed=new)
    database.transaction(lambda tx: tx.execute(change))

    def go_on(tx: Transaction) -> int:
        return _again(tx, keyring.sealer, column, read_before[0])

    assert database.transaction(go_on) == 0
    kept = database.read(lambda tx: tx.execute(select(OneTimeCodeRecord.seed_sealed)).scalar())
    assert kept == new


@pytest.mark.parametrize("verb", ["reseal", "reindex"])
def test_a_run_that_was_killed_is_run_again_and_nobody_is_lost(
    house: Database, folder: Path, verb: str
) -> None:
    refs = fill(house, Keyring(folder, house.clock), people=1000)
    started = subprocess.Popen(
        [sys.executable, "-c", "from idp.cli import main; main()", "keys", verb],
        env=os.environ,
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    name = "seal" if verb == "reseal" else "number_index"
    deadline = time.monotonic() + 60
    while getattr(secrets_file.read(folder), name).current == "1":
        assert started.poll() is None, "it ended without turning a key"
        assert time.monotonic() < deadline
        time.sleep(0.005)
    time.sleep(0.05)  # in the middle of the rows
    started.send_signal(signal.SIGKILL)
    started.wait()
    assert all_found(house, Keyring(folder, house.clock), refs)
    run(verb)
    keyring = Keyring(folder, house.clock)
    assert all_found(house, keyring, refs)
    assert not keyring.turning("number_index")
    assert all(left(house, keyring.sealer, column) == 0 for column in SEALED)
    assert getattr(secrets_file.read(folder), name).current in {"2", "3"}  # 3: it was too quick


def test_everybody_is_found_at_every_moment_of_indexing_anew(house: Database, folder: Path) -> None:
    worker = Keyring(folder, house.clock)
    refs = fill(house, worker, people=60)
    stop, misses, looks = threading.Event(), [], []

    def keep_looking() -> None:
        while not stop.is_set():
            looks.append(1)
            if not all_found(house, worker, dict(list(refs.items())[:40])):
                misses.append(1)

    pytest.MonkeyPatch().setattr("idp.keyring.commands.LOOK_AGAIN_SECONDS", 0.3)
    looker = threading.Thread(target=keep_looking)
    looker.start()
    try:
        run("reindex")
    finally:
        stop.set()
        looker.join()
    assert looks
    assert not misses
    assert all_found(house, Keyring(folder, house.clock), refs)


def test_a_number_that_stands_twice_is_reported_and_left_for_somebody_to_settle(
    house: Database, folder: Path
) -> None:
    keyring = Keyring(folder, house.clock)
    refs = fill(house, keyring, people=2)
    # As if another worker had added the same person under a key of its own.
    second = refs[number(1).key]
    sealed = keyring.sealer.seal(number(0).canonical, purpose=number_purpose(second))
    spoilt = update(PersonNumberRecord).where(PersonNumberRecord.person_ref == second)
    house.transaction(lambda tx: tx.execute(spoilt.values(number_sealed=sealed)))
    done = CliRunner().invoke(keys, ["reindex"])
    assert done.exit_code == 1
    assert "1 numbers stand twice" in done.output
    assert Keyring(folder, house.clock).turning("number_index")


def test_a_lost_index_key_is_noticed_and_has_a_way_back(house: Database, folder: Path) -> None:
    refs = fill(house, Keyring(folder, house.clock))
    path = folder / secrets_file.SECRETS
    kept = json.loads(path.read_text())
    del kept["number_index"]
    path.write_text(json.dumps(kept))
    with pytest.raises(KeyringError, match="idp keys reindex --lost"):
        Keyring(folder, house.clock)
    with pytest.raises(KeyringError, match="idp keys reindex --lost"):
        ring.prepare(folder, house.clock.now())  # never quietly replaced
    run("reindex", "--lost")
    assert all_found(house, Keyring(folder, house.clock), refs)


def test_another_index_key_than_the_registers_is_noticed(house: Database, folder: Path) -> None:
    keyring = Keyring(folder, house.clock)
    assert house.read(lambda tx: register.index_fits(tx, keyring))  # nobody yet
    fill(house, keyring)
    assert house.read(lambda tx: register.index_fits(tx, keyring))
    secrets_file.make_index_anew(folder)
    wrong = Keyring(folder, house.clock)
    assert not house.read(lambda tx: register.index_fits(tx, wrong))
    assert [said for said in not_ready(open_house()) if "idp keys reindex" in said]
    run("reindex")
    assert house.read(lambda tx: register.index_fits(tx, Keyring(folder, house.clock)))


def test_a_backup_brings_everything_back(house: Database, folder: Path, tmp_path: Path) -> None:
    refs = fill(house, Keyring(folder, house.clock))
    phrase, file, other = tmp_path / "phrase", tmp_path / "keys.backup", tmp_path / "restored"
    phrase.write_text(PASSPHRASE + "\n")
    run("backup", str(file), "--passphrase-file", str(phrase))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "PRIVATE" not in file.read_text()
    run("restore", str(file), "--into", str(other), "--passphrase-file", str(phrase))
    assert {p.name: json.loads(p.read_text()) for p in other.iterdir()} == {
        p.name: json.loads(p.read_text()) for p in folder.glob("*.json")
    }
    assert all_found(house, Keyring(other, house.clock), refs)


def test_a_backup_is_opened_by_its_passphrase_alone_and_only_whole(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backup, "SCRYPT", {"n": 2**10, "r": 8, "p": 1})  # else each try takes long
    file, empty = tmp_path / "b", tmp_path / "empty"
    with pytest.raises(backup.BackupError, match="15 characters"):
        backup.write(folder, file, "too short")
    backup.write(folder, file, PASSPHRASE)
    with pytest.raises(backup.BackupError, match="exists"):
        backup.write(folder, file, PASSPHRASE)
    with pytest.raises(backup.BackupError, match="another passphrase"):
        backup.restore(file, empty, PASSPHRASE + "x")
    with pytest.raises(backup.BackupError, match="not empty"):
        backup.restore(file, folder, PASSPHRASE)
    good = json.loads(file.read_text())
    for name, value in (("salt", "AAAA"), ("nonce", good["salt"]), ("n", 2), ("format", "x"),
                        ("sealed", good["sealed"][:-8] + "AAAAAAA="), ("sealed", "!")):  # fmt: skip
        file.write_text(json.dumps({**good, name: value}))
        with pytest.raises(backup.BackupError):
            backup.restore(file, empty, PASSPHRASE)
    for text in ("", "[]", "{}", "null", "x"):
        file.write_text(text)
        with pytest.raises(backup.BackupError):
            backup.restore(file, empty, PASSPHRASE)
    assert not empty.exists()


def test_a_value_whose_key_is_lost_stops_the_run_with_a_sentence(
    house: Database, folder: Path
) -> None:
    fill(house, Keyring(folder, house.clock))
    ring.add_key(folder, "seal")
    ring.use_newest(folder, "seal")
    ring.forget_old(folder, "seal")
    done = CliRunner().invoke(keys, ["reseal"])
    assert done.exit_code == 1
    assert "a key is missing" in done.output
    with pytest.raises(Unreadable):
        house.read(lambda tx: register.index_fits(tx, Keyring(folder, house.clock)))
