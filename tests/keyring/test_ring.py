"""The keys folder: turned without a gap, revoked at once, read by its owner only."""

import json
import stat
from datetime import timedelta
from pathlib import Path

import pytest

from idp.keyring import jose, ring
from idp.keyring.ring import SECRETS, Keyring, KeyringError
from idp.keyring.rules import ANNOUNCE, RETIRING, KeyState
from idp.keyring.sealing import Sealer, Unreadable
from idp.storage.clock import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def folder(tmp_path: Path, clock: Clock) -> Path:
    folder = tmp_path / "keys"
    ring.prepare(folder, clock.now())
    return folder


@pytest.fixture
def keys(folder: Path, clock: Clock) -> Keyring:
    return Keyring(folder, clock)


def signer(keys: Keyring) -> str:
    token = keys.sign({"a": 1}, algorithm="ES256", typ="at+jwt")
    return str(jose.peek_header(token)["kid"])


def published(keys: Keyring) -> set[str]:
    return {str(key["kid"]) for key in keys.jwks()["keys"]}


def test_a_turned_key_is_published_before_it_signs(
    folder: Path, clock: Clock, keys: Keyring
) -> None:
    old = signer(keys)
    token = keys.sign({"a": 1}, algorithm="ES256", typ="at+jwt")
    new = ring.rotate(folder, "ES256", now=clock.now(), at_once=False).kid
    keys.look(force=True)
    assert signer(keys) == old
    assert {old, new} <= published(keys)
    clock.offset += ANNOUNCE
    assert signer(keys) == new
    assert keys.verify_own(token, typ="at+jwt") == {"a": 1}
    clock.offset += RETIRING
    assert old not in published(keys)
    with pytest.raises(jose.BadToken):
        keys.verify_own(token, typ="at+jwt")


def test_a_revoked_key_is_believed_no_more_and_another_signs_at_once(
    folder: Path, clock: Clock, keys: Keyring
) -> None:
    old = signer(keys)
    token = keys.sign({"a": 1}, algorithm="ES256", typ="at+jwt")
    ring.revoke(folder, old, now=clock.now())
    keys.look(force=True)
    assert signer(keys) != old
    assert old not in published(keys)
    with pytest.raises(jose.BadToken, match="unknown"):
        keys.verify_own(token, typ="at+jwt")
    states = {times.kid: times.state(clock.now()) for times in keys.list()}
    assert states[old] is KeyState.REVOKED
    with pytest.raises(KeyringError, match="no key"):
        ring.revoke(folder, "nobody", now=clock.now())


def test_the_published_keys_hold_nothing_private(keys: Keyring) -> None:
    for key in keys.jwks()["keys"]:
        assert not {"d", "p", "q", "dp", "dq", "qi", "k"} & set(key)
        assert key["use"] == "sig"
        assert key["alg"] in jose.ALGORITHMS


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601, 0o777])
@pytest.mark.parametrize("which", ["secrets", "key"])
def test_a_file_that_others_may_touch_is_refused(
    folder: Path, clock: Clock, mode: int, which: str
) -> None:
    path = folder / SECRETS
    if which == "key":
        path = next(p for p in folder.glob("*.json") if p.name != SECRETS)
    path.chmod(mode)
    with pytest.raises(KeyringError, match="chmod 600"):
        Keyring(folder, clock)


def test_files_are_written_for_the_owner_alone_and_nothing_half_done_stays(folder: Path) -> None:
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    names = sorted(folder.iterdir())
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in names)
    assert not [path for path in names if path.name.startswith(".")]


def test_a_write_that_was_cut_short_leaves_the_old_file(
    folder: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {path: path.read_text() for path in folder.glob("*.json")}

    def cut(_descriptor: int) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr("os.fsync", cut)
    with pytest.raises(OSError, match="full"):
        ring.rotate(folder, "ES256", now=clock.now(), at_once=True)
    monkeypatch.undo()
    assert {path: path.read_text() for path in folder.glob("*.json")} == before
    assert signer(Keyring(folder, clock))


def test_preparing_twice_changes_nothing(folder: Path, clock: Clock) -> None:
    before = {path.name: path.read_text() for path in folder.iterdir()}
    ring.prepare(folder, clock.now() + timedelta(days=1))
    assert {path.name: path.read_text() for path in folder.iterdir()} == before


def test_an_empty_folder_says_what_to_run(tmp_path: Path, clock: Clock) -> None:
    with pytest.raises(KeyringError, match="run: idp"):
        Keyring(tmp_path, clock)


def test_what_is_sealed_opens_for_its_purpose_only(keys: Keyring) -> None:
    sealed = keys.sealer.seal("JBSWY3DPEHPK3PXP", purpose="totp:a1")
    assert keys.sealer.open(sealed, purpose="totp:a1") == "JBSWY3DPEHPK3PXP"
    assert keys.sealer.seal("JBSWY3DPEHPK3PXP", purpose="totp:a1") != sealed
    for purpose in ("totp:a2", "number:a1", ""):
        with pytest.raises(Unreadable):
            keys.sealer.open(sealed, purpose=purpose)


def test_a_sealed_value_that_was_altered_anywhere_does_not_open(keys: Keyring) -> None:
    sealed = keys.sealer.seal("secret", purpose="p")
    for place in range(sealed.index(".") + 1, len(sealed.rstrip("="))):
        swapped = "A" if sealed[place] != "A" else "B"
        if place == len(sealed.rstrip("=")) - 1:
            continue  # its last bits may be padding
        with pytest.raises(Unreadable):
            keys.sealer.open(sealed[:place] + swapped + sealed[place + 1 :], purpose="p")
    with pytest.raises(Unreadable, match="no seal key"):
        keys.sealer.open("9" + sealed, purpose="p")


def test_an_older_seal_key_still_opens_what_it_sealed() -> None:
    old = Sealer({"1": b"1" * 32}, "1").seal("x", purpose="p")
    both = Sealer({"1": b"1" * 32, "2": b"2" * 32}, "2")
    assert both.open(old, purpose="p") == "x"
    assert both.seal("x", purpose="p").startswith("2.")


def test_a_key_file_without_its_times_is_refused(folder: Path, clock: Clock) -> None:
    path = next(p for p in folder.glob("*.json") if p.name != SECRETS)
    data = json.loads(path.read_text())
    path.write_text(json.dumps({**data, "created": None}))
    with pytest.raises(KeyringError, match="times"):
        Keyring(folder, clock)
