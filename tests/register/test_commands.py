"""`idp register`: what an operator types, sees, and may not see."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from idp.cli import idp
from idp.register.reading import COLUMNS
from tests.register.conftest import PeopleFile

MARGARET = "CS100700A,Margaret,Hughes,1951-03-14,female,LL00 1AA,m@example.test,,"


@pytest.fixture
def installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("IDP_DATA", str(tmp_path / "data"))
    (tmp_path / "data").mkdir()
    assert run("migrate").exit_code == 0
    return tmp_path


def run(*words: str, typed: str = "") -> Result:
    return CliRunner().invoke(idp, words, input=typed)


def test_a_made_up_register_is_imported_and_the_counts_are_printed(installation: Path) -> None:
    file = installation / "people.csv"
    assert run("register", "generate", "--people", "300", "--seed", "5", str(file)).exit_code == 0
    first = run("register", "import", str(file))
    assert first.exit_code == 0
    assert "read 300, added 300, changed 0, unchanged 0, rejected 0." in first.output
    again = run("register", "import", "--again", "--json", str(file))
    assert json.loads(again.stdout)["unchanged"] == 300


def test_an_import_says_where_the_refused_lines_are(
    installation: Path, people_file: PeopleFile
) -> None:
    people_file.write([MARGARET, "CS10"])
    answer = run("register", "import", str(people_file.path))
    assert answer.exit_code == 0
    assert str(people_file.rejects) in answer.output
    own = run("register", "import", str(people_file.path), "--rejects", str(people_file.path))
    assert own.exit_code == 1
    assert "file of their own" in own.output


def test_a_file_that_names_no_columns_is_refused_in_a_sentence(
    installation: Path, people_file: PeopleFile
) -> None:
    people_file.write([], header="name")
    done = run("register", "import", str(people_file.path))
    assert done.exit_code == 1
    assert "must name the columns" in str(done.exception)


def test_a_person_is_shown_by_a_number_that_is_not_on_the_command_line(
    installation: Path, people_file: PeopleFile
) -> None:
    people_file.write([MARGARET])
    run("register", "import", str(people_file.path))
    shown = run("register", "show", typed="cs 10 07 00 a\n")
    assert shown.exit_code == 0, shown.output
    assert "Margaret Hughes" in shown.output
    assert "•• •• •• 00 A" in shown.output
    assert "m•••@example.test" in shown.output
    assert "1007" not in shown.output.replace(" ", "")
    assert (
        json.loads(run("register", "show", "--json", typed="CS100700\n").stdout)["sex"] == "female"
    )
    assert run("register", "show", "CS100700A").exit_code == 2, "a number is no argument"


@pytest.mark.parametrize(
    ("typed", "said"),
    [("CS100701A\n", "nobody"), ("12A34567\n", "temporary"), ("\n", "missing"), ("", "missing")],
)
def test_a_number_that_nobody_has_is_said_so(installation: Path, typed: str, said: str) -> None:
    answer = run("register", "show", typed=typed)
    assert answer.exit_code == 1
    assert said in answer.output
    assert typed.strip() == "" or typed.strip() not in answer.output


def test_the_help_names_every_column(installation: Path) -> None:
    told = run("register", "import", "--help").output
    assert all(name in told for name in COLUMNS)
