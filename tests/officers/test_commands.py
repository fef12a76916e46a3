"""`idp operator`: the first administrator comes from the host's terminal."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from idp.cli import idp
from idp.house import open_house
from idp.officers.rules import Verdict
from idp.settings import load
from tests.officers.people import give_key, new_key


def run(*words: str) -> Result:
    return CliRunner().invoke(idp, ["operator", *words])


@pytest.fixture
def installation(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("IDP_DATA", str(tmp_path))
    monkeypatch.setenv("IDP_DATABASE_URL", sqlite_url)
    assert CliRunner().invoke(idp, ["migrate"]).exit_code == 0
    return tmp_path


def address_in(said: Result) -> str:
    found = re.search(r"^(\S+)/console/set-up/([\w-]{43})$", said.output, re.M)
    assert found is not None, said.output
    assert found[1] == load().console_address
    return found[2]


def test_adding_an_officer_prints_the_one_time_address_of_the_console(
    installation: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    roles = ("--role", "administrator", "--role", "counter-officer")
    first = address_in(run("add", "Asha Patel", *roles))
    database = open_house(load()).database
    assert give_key(database, first, new_key()) is Verdict.ALLOWED
    assert run("list").output == "Asha Patel: administrator, counter-officer (1 keys)\n"
    monkeypatch.setenv("IDP_CONSOLE_ORIGIN", "https://console.example.gov")
    again = run("new-key", "Asha Patel")
    assert "https://console.example.gov/console/set-up/" in again.output
    assert address_in(again) != first
    assert run("list").output.endswith("(0 keys)\n"), "the lost key signs nobody in"
    assert run("disable", "Asha Patel").exit_code == 0
    assert run("list").output.endswith("(disabled)\n")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("add", "Asha Patel", "--role", "administrator"), "there is an officer with this name"),
        (("add", " ", "--role", "administrator"), "a name has 1 to 60"),
        (("add", "Ben Owen"), "Missing option '--role'"),
        (("add", "Ben Owen", "--role", "root"), "'root' is not one of"),
        (("disable", "Ben Owen"), "no officer Ben Owen"),
        (("new-key", "Ben Owen"), "no officer Ben Owen"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(
    installation: Path, words: tuple[str, ...], said: str
) -> None:
    run("add", "Asha Patel", "--role", "counter-officer")
    refused = run(*words)
    assert refused.exit_code != 0
    assert said in refused.output
    assert "Traceback" not in refused.output
    assert run("list").output == "Asha Patel: counter-officer (0 keys)\n"


def test_who_was_disabled_stays_so(installation: Path) -> None:
    run("add", "Asha Patel", "--role", "counter-officer")
    run("disable", "Asha Patel")
    for words in (("disable", "Asha Patel"), ("new-key", "Asha Patel")):
        assert "disabled already" in run(*words).output
