"""The `idp` command says what an operator can mend in a sentence, and loses nothing."""

import shutil
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from idp.cli import idp, main
from idp.house import open_house
from idp.identifiers.rules import NationalInsuranceNumber, parse
from idp.register.actions import add_person
from idp.settings import load


@pytest.fixture
def installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("IDP_DATA", str(tmp_path))
    assert CliRunner().invoke(idp, ["migrate"]).exit_code == 0
    return tmp_path


def test_migrating_again_has_nothing_to_do_and_keeps_the_keys(installation: Path) -> None:
    keys = sorted(path.read_text() for path in (installation / "keys").glob("*.json"))
    again = CliRunner().invoke(idp, ["migrate"])
    assert again.exit_code == 0
    assert keys == sorted(path.read_text() for path in (installation / "keys").glob("*.json"))
    assert CliRunner().invoke(idp, ["migrate", "--plan"]).output.strip() == "Nothing to do."


def test_no_new_keys_are_made_over_data_that_others_sealed(installation: Path) -> None:
    house = open_house(load())
    number = parse("AB123456C")
    assert isinstance(number, NationalInsuranceNumber)
    house.database.transaction(
        lambda tx: add_person(
            tx, house.keyring, number=number, given_name="A", family_name="B",
            birth_date=date(1980, 1, 1), sex="female", address={},
        )
    )  # fmt: skip
    shutil.rmtree(installation / "keys")
    refused = CliRunner().invoke(idp, ["migrate"])
    assert refused.exit_code == 1
    assert "put the copy of the keys folder back" in refused.output
    assert not (installation / "keys").exists()


def test_sqlites_file_is_its_owners_alone(installation: Path) -> None:
    assert (installation / "gatehouse.sqlite3").stat().st_mode & 0o077 == 0


def test_serve_does_not_start_on_an_old_schema(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IDP_DATA", str(tmp_path))
    refused = CliRunner().invoke(idp, ["serve"])
    assert refused.exit_code == 1
    assert "run: idp migrate" in refused.output


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("nonsense", "cannot be read"),
        ("mysql://x/y", "must start with"),
        ("postgresql://nobody@/no?host=/nowhere", "the database cannot be used"),
    ],
)
def test_a_database_that_cannot_be_used_is_said_in_a_sentence(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    url: str,
    said: str,
) -> None:
    monkeypatch.setenv("IDP_DATA", str(tmp_path))
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.setattr("sys.argv", ["idp", "migrate"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    error = capsys.readouterr().err
    assert said in error
    assert "Traceback" not in error


def test_the_doctor_says_what_is_missing_also_to_a_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IDP_DATA", str(tmp_path))
    ill = CliRunner().invoke(idp, ["doctor", "--json"])
    assert ill.exit_code == 1
    assert "run: idp migrate" in ill.output
    CliRunner().invoke(idp, ["migrate"])
    well = CliRunner().invoke(idp, ["doctor", "--json"])
    assert (well.exit_code, well.output.strip()) == (
        0,
        '{"ready": true, "problems": [], "notes": []}',
    )
