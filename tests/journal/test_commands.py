import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from idp.house import open_house
from idp.journal.commands import journal
from idp.journal.receipts import check_receipt
from tests.journal.ledger import ISSUER, Ledger


@pytest.fixture
def run(ledger: Ledger, monkeypatch: pytest.MonkeyPatch):
    """Run `idp journal ...` in this ledger's house, opened the way a real one is."""
    for name, value in {
        "IDP_DATABASE_URL": ledger.database.url.render_as_string(hide_password=False),
        "IDP_DATA": str(ledger.file.parent),
        "IDP_KEYS": str(ledger.keys),
        "IDP_ISSUER": ISSUER,
    }.items():
        monkeypatch.setenv(name, value)
    settings = open_house().settings
    ledger.file = settings.checkpoint_file

    def invoke(*arguments: str):
        return CliRunner().invoke(journal, arguments)

    return invoke


def test_seal_then_verify_says_that_nothing_is_wrong(run, ledger: Ledger) -> None:
    ledger.write(7)
    assert run("verify").output.endswith(" seconds.\nNothing is wrong.\n")
    assert run("seal").output == "7 entries sealed\n"
    result = run("verify")
    assert result.exit_code == 0
    assert "7 entries under 1 checkpoints.\nNothing is wrong." in result.output
    found = json.loads(run("verify", "--json").stdout)
    assert found["ok"] is True
    assert found["entries"] == 7
    assert found["problems"] == []


def test_verify_exits_1_and_says_where_when_something_is_wrong(run, ledger: Ledger) -> None:
    ledger.write(7)
    run("seal")
    ledger.run("UPDATE journal_entry SET kind = 'x' WHERE id = 3")
    result = run("verify")
    assert result.exit_code == 1
    assert "position 2, entry 3: the entry or its leaf was edited" in result.output
    assert "1 PROBLEM" in result.output
    result = run("verify", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["problem_count"] == 1


def test_seal_on_a_damaged_journal_says_so_without_a_stack_trace(run, ledger: Ledger) -> None:
    ledger.write(2)
    run("seal")
    ledger.run("DELETE FROM journal_leaf")
    ledger.write(1)
    result = run("seal")
    assert result.exit_code == 1
    assert result.output == "Error: the log has 0 leaves where 2 were signed\n"


def test_show_takes_a_reference_as_it_was_written_down(run, ledger: Ledger) -> None:
    _, reference = ledger.write(2)
    spoken = f"{reference[:4]}-{reference[4:8]} {reference[8:]}".lower()
    shown = json.loads(run("show", spoken).output)
    assert shown["reference"] == reference
    assert shown["detail"] == {"a": "Siân £", "level": {"to": "P2.C2"}, "z": 1}
    assert shown["at"].endswith("+00:00")
    result = run("show", "NOTHING")
    assert result.exit_code == 1
    assert result.output == "Error: there is no entry NOTHING\n"


def test_export_writes_every_entry_once_in_order(run, ledger: Ledger, tmp_path: Path) -> None:
    references = ledger.write(12)
    assert run("export", str(tmp_path / "out.jsonl")).exit_code == 0
    lines = (tmp_path / "out.jsonl").read_text().splitlines()
    assert [json.loads(line)["reference"] for line in lines] == references


def test_a_printed_receipt_checks_offline(run, ledger: Ledger) -> None:
    (reference,) = ledger.write(1)
    assert run("receipt", reference).output.endswith("ask again in a second\n")
    run("seal")
    printed = json.loads(run("receipt", reference).output)
    assert check_receipt(printed, ledger.keyring.jwks()) == 1
