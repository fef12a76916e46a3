"""The console's pages for organisations, and the command: two officers, staged suspension."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from idp.callers.service_levels import Asked
from idp.cli import idp
from idp.organisations.records import OrganisationRecord
from tests.officers.people import COUNTER, Console

ROLE = "organisation-officer"
FORM = {"name": "Example & Co", "kind": "firm", "assurance": "2", "number": "01234567",
        "admin_name": "Sian Hughes", "admin_email": "sian@example.test"}  # fmt: skip


def row(console: Console) -> Any:
    (found,) = console.site.rows(OrganisationRecord)
    return found


def test_an_organisation_goes_from_one_officer_through_another_to_its_end(
    console: Console,
) -> None:
    asha, ben = console.officer("Asha", ROLE), console.officer("Ben", ROLE)
    console.sit(asha)
    assert "/console/organisations" in console.get("/console").text
    wrong = console.post("/console/organisations/enter", **{**FORM, "admin_email": "none"})
    assert (wrong.status_code, "Type in an email address" in wrong.text) == (422, True)
    made = console.post("/console/organisations/enter", **FORM)
    assert made.status_code == 303
    at = made.location
    own = console.get(at).text
    assert "Another officer has to verify it" in own
    assert 'name="look"' not in own
    assert console.post(f"{at}/verify", look="x").status_code == 422

    console.sit(ben)
    page = console.get(at).text
    assert "sian@example.test" in page
    look = re.search(r'name="look" value="([^"]+)"', page)
    assert look
    assert console.post(f"{at}/verify", look="guessed").status_code == 422
    assert row(console)["verified_at"] is None
    assert console.post(f"{at}/verify", look=look[1]).status_code == 303
    assert row(console)["verified_by"] == ben
    assert "Send a new link" in console.get(at).text

    refused = console.post(f"{at}/suspend", when="now", reason="")
    assert re.search(r'value="now" checked', refused.text), "not left at 14 days by mistake"
    assert (refused.status_code, "State a reason" in refused.text) == (422, True)
    assert console.post(f"{at}/suspend", when="notice", reason="").status_code == 303
    assert "will be suspended" in console.get("/console/organisations?name=exam").text
    assert console.post(f"{at}/close").status_code == 422
    assert console.post(f"{at}/resume").status_code == 303
    assert console.post(f"{at}/suspend", when="now", reason="A breach").status_code == 303
    assert console.post(f"{at}/close").status_code == 303
    assert "closed" in console.get(at).text


def test_other_roles_find_none_of_it_and_change_none_of_it(console: Console) -> None:
    asha = console.officer("Asha", ROLE)
    console.sit(asha)
    at = console.post("/console/organisations/enter", **FORM).location
    console.sit(console.officer("Dee", COUNTER, "administrator"))
    before = console.everything()
    for path in ("/console/organisations", "/console/organisations/enter", at):
        assert console.get(path).status_code == 403
    for path in ("verify", "link", "suspend", "resume", "close"):
        assert console.post(f"{at}/{path}", look="x", when="now", reason="y").status_code == 403
    assert console.post("/console/organisations/enter", **FORM).status_code == 403
    assert console.everything() == before


@pytest.mark.parametrize("step", ["verify", "link", "suspend", "resume", "close", ""])
def test_one_that_is_not_there_is_not_found(console: Console, step: str) -> None:
    console.sit(console.officer("Asha", ROLE))
    at = "/console/organisations/nothing"
    answer = console.post(f"{at}/{step}") if step else console.get(at)
    assert answer.status_code == 404


def run(*words: str) -> Result:
    return CliRunner().invoke(idp, ["organisation", *words])


def test_the_command_enters_lists_shows_suspends_resumes_and_closes(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IDP_DATA", str(tmp_path))
    monkeypatch.setenv("IDP_DATABASE_URL", sqlite_url)
    assert CliRunner().invoke(idp, ["migrate"]).exit_code == 0
    asked = ("add", "Example & Co", "--kind", "firm", "--assurance", "2", "--admin",
             "sian@example.test", "--admin-name", "Sian Hughes")  # fmt: skip
    ref = json.loads(run(*asked, "--json").output)["ref"]
    again = run(*asked)
    assert (again.exit_code, "with this name" in again.output) == (1, True)
    assert "not verified" in run("list").output
    assert json.loads(run("list", "--named", "exa", "--json").output)[0]["ref"] == ref
    shown = run("show", ref).output
    assert json.loads(shown)["waits_for_first_administrator"] is True
    assert "Sian" not in shown
    assert "not verified yet" in run("suspend", ref).output
    from idp.house import open_house

    house = open_house()
    from idp.organisations import entering

    house.database.transaction(
        lambda tx: entering.verify(tx, house.keyring, ref, version=1, by="an officer")
    )
    assert "--reason" in run("suspend", ref, "--at-once").output
    assert run("close", ref).exit_code == 1
    assert run("suspend", ref).exit_code == 0
    assert run("resume", ref).exit_code == 0
    assert run("suspend", ref, "--at-once", "--reason", "A breach").exit_code == 0
    assert "suspended" in run("list").output
    assert json.loads(run("service-levels", ref).output) == {}
    house.service_levels.note(
        Asked(organisation=ref, service="tax", promised_ms=500), 0.004, failed=False
    )
    house.service_levels.flush()
    levels = json.loads(run("service-levels", ref).output)
    assert levels["tax"]["promised_ms"] == 500
    assert levels["tax"]["days_7"]["answers"] == 1
    assert run("close", ref).exit_code == 0
    assert run("resume", ref).exit_code == 1
    assert run("show", "nothing").exit_code == 1
