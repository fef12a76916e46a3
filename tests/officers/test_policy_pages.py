"""The console's pages about policies: proposed by forms, seen, signed by another, rolled back."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from werkzeug.test import TestResponse

from idp import web
from idp.assurance import applying
from idp.assurance.in_force import PoliciesInForce
from idp.assurance.sets import LARGEST_FILE, State
from tests.assurance.sets import LAXER, changed, renamed, sample
from tests.officers.people import Console, journal

EDIT = "/console/policies/edit"
POLICY = "policy-officer"


@pytest.fixture
def desk(console: Console) -> Console:
    """The console of a house that follows what is applied, with a policy officer at it."""
    house = console.site.house
    follows = PoliciesInForce(house.settings.policies, console.database.clock, console.database)
    services = replace(house.services, policies_in_force=follows.get)
    console.app.extensions[web.EXTENSION] = replace(
        house, services=services, policies_in_force=follows
    )
    console.sit(console.officer("Ann", POLICY))
    return console


def states(console: Console) -> list[State]:
    standing, found = console.database.read(
        lambda tx: (applying.standing_of(tx), applying.list_sets(tx))
    )
    return [one.state(standing.in_force) for one in found]


def in_force(console: Console) -> str:
    return str(console.app.extensions[web.EXTENSION].policies.fingerprint)


def files_in(page: TestResponse) -> list[str]:
    return re.findall(r'name="(file-[\w.]+)"', page.text)


def propose(console: Console, **more: str) -> str:
    text = renamed("by page")["levels.toml"]
    done = console.post(EDIT, **{"file-levels.toml": text, "do": "propose", **more})
    assert done.status_code == 303, done.text
    return str(done.location)


def test_a_change_is_seen_proposed_signed_by_another_and_rolled_back(desk: Console) -> None:
    first = in_force(desk)
    look = desk.post(EDIT, **{"file-levels.toml": renamed("by page")["levels.toml"]})
    assert look.status_code == 200
    assert "No check, by page" in look.text
    assert "Whom it would have stopped" in look.text
    assert states(desk) == []
    page = propose(desk)
    assert "Another policy officer has to sign it" in desk.get(page).text
    alone = desk.post(f"{page}/sign")
    assert alone.status_code == 409
    assert in_force(desk) == first
    desk.sit(desk.officer("Ben", POLICY))
    assert "together with Ann" in desk.get(page).text
    assert desk.post(f"{page}/sign").status_code == 303
    assert in_force(desk) != first
    assert states(desk) == [State.IN_FORCE]
    assert journal(desk.database, "policy-signed")[0]["detail"]["way"] == "console"
    sets = desk.get("/console/policies").text
    found = re.search(r'name="set" value="([^"]+)"', sets)
    assert found
    back = desk.post("/console/policies/roll-back", set=found[1], why="Too many calls")
    assert back.status_code == 303
    assert in_force(desk) == first
    home = desk.get("/console/policies").text
    assert "Ben went back to these policies" in home
    assert "Too many calls" in home
    assert desk.post("/console/policies/roll-back", set=found[1]).status_code == 409


def test_only_policy_officers_come_in(console: Console) -> None:
    console.sit(console.officer("Cai", "counter-officer", "administrator"))
    for path in ("", "/change", "/edit", "/money", "/evidence/fraud-check", "/methods/password"):
        assert console.get(f"/console/policies{path}").status_code == 403
    for path in ("/edit", "/roll-back", "/sets/x/sign", "/sets/x/refuse", "/money"):
        assert console.post(f"/console/policies{path}").status_code == 403
    console.browser.delete_cookie("gatehouse_console_session", domain="localhost")
    assert console.get("/console/policies").status_code == 303


def test_a_bad_file_is_refused_with_all_that_is_wrong_and_nothing_changes(desk: Console) -> None:
    before = desk.everything()
    bad = {"file-levels.toml": "nonsense = [", "file-risk.toml": "enforce = 3", "do": "propose"}
    page = desk.post(EDIT, **bad)
    assert page.status_code == 422
    assert "levels.toml: " in page.text
    assert "risk.toml: enforce" in page.text
    assert files_in(page) == ["file-levels.toml", "file-risk.toml"]
    long = desk.post(EDIT, **{"file-risk.toml": "a" * (LARGEST_FILE + 1), "do": "propose"})
    assert long.status_code == 422
    far = desk.post(
        EDIT, **{"file-levels.toml": renamed("x")["levels.toml"], "do": "propose",
                 "starts": "2999-01-01"},
    )  # fmt: skip
    assert (far.status_code, "within a year" in far.text) == (422, True)
    soon = desk.post(EDIT, **{"file-levels.toml": "", "do": "propose", "starts": "soon"})
    assert soon.status_code == 422
    same = desk.post(EDIT, **{"file-levels.toml": sample()["levels.toml"], "do": "propose"})
    assert (same.status_code, "what is in force now" in same.text) == (422, True)
    assert desk.everything() == before


def test_what_asks_for_less_needs_a_reason_and_gets_it_into_the_file(desk: Console) -> None:
    laxer = {"file-risk.toml": changed(*LAXER)["risk.toml"]}
    page = desk.post(EDIT, **laxer, do="propose")
    assert page.status_code == 422
    assert "Why may it ask for less?" in page.text
    again = desk.post(EDIT, **laxer, why="Fewer false alarms")
    assert again.status_code == 200
    assert "Fewer false alarms" in again.text
    done = desk.post(EDIT, **laxer, why="Fewer false alarms", do="propose")
    assert done.status_code == 303
    assert "thresholds/C2" in desk.get(done.location).text


def test_small_forms_lead_to_the_page_that_shows_what_they_do(desk: Console) -> None:
    change = desk.get("/console/policies/change").text
    assert "/console/policies/evidence/fraud-check" in change
    assert "/console/policies/methods/sms-code" in change
    evidence = "/console/policies/evidence/fraud-check"
    assert desk.get(evidence).status_code == 200
    form = {"fraud": "2", "strength": "0", "status": "withdrawn"}
    page = desk.post(evidence, **form)
    assert "-scores = { fraud = 1 }" in page.text
    assert files_in(page) == ["file-evidence.toml"]
    assert desk.post(evidence, **{**form, "fraud": "5"}).status_code == 422
    assert desk.post(evidence, **{**form, "status": "magic"}).status_code == 422
    method = "/console/policies/methods/app-push"
    assert desk.get(method).status_code == 200
    page = desk.post(method, status="withdrawn", review_by="2030-01-31")
    assert "app-push goes from approved to withdrawn" in page.text
    assert desk.post(method, status="approved", review_by="some day").status_code == 422
    money = "/console/policies/money"
    assert 'value="20000"' in desk.get(money).text
    upper = {f"money_public-{n}": str(10 ** (n + 3)) for n in range(3)}
    form = {**{f"money_person-{n}": v for n, v in enumerate(("50", "500", "5,000"))}, **upper}
    page = desk.post(money, **form)
    assert "+upper = [50, 500, 5000]" in page.text
    assert desk.post(money, **{**form, "money_person-1": "-1"}).status_code == 422
    for path in ("evidence/magic", "methods/magic", "sets/magic"):
        assert desk.get(f"/console/policies/{path}").status_code == 404


def test_chosen_files_are_shown_as_they_are_and_unknown_ones_are_not(desk: Console) -> None:
    page = desk.get(f"{EDIT}?file=risk.toml&file=names.toml&file=../secret")
    assert files_in(page) == ["file-risk.toml", "file-names.toml"]
    assert desk.get(EDIT).status_code == 303


def test_a_waiting_set_can_be_stopped_and_an_overtaken_one_not_signed(desk: Console) -> None:
    stopped = propose(desk, starts="2027-01-31 06:00")
    assert desk.post(f"{stopped}/refuse", why="Not now").status_code == 303
    assert "Not now" in desk.get(stopped).text
    assert desk.post(f"{stopped}/refuse").status_code == 409
    late, first = propose(desk), propose(desk)
    desk.sit(desk.officer("Ben", POLICY))
    assert desk.post(f"{first}/sign").status_code == 303
    assert "It cannot be signed" in desk.get(late).text
    assert desk.post(f"{late}/sign").status_code == 409


def test_whoever_let_an_officer_in_does_not_sign_beside_them(desk: Console) -> None:
    from idp.officers import actions
    from idp.officers.actions import Invited

    boss = desk.officer("Boss", POLICY, "administrator")
    made = desk.database.transaction(
        lambda tx: actions.add_officer(tx, name="Puppet", roles=[POLICY], by=boss)
    )
    assert isinstance(made, Invited)
    desk.sit(made.officer_ref)
    page = propose(desk)
    desk.sit(boss)
    assert "let the other in" in desk.post(f"{page}/sign").text
    assert states(desk) == [State.PROPOSED]


def test_a_rollback_to_a_folder_that_was_spoilt_changes_nothing(
    desk: Console, tmp_path: Path
) -> None:
    page = propose(desk)
    desk.sit(desk.officer("Ben", POLICY))
    desk.post(f"{page}/sign")
    house = desk.app.extensions[web.EXTENSION]
    (tmp_path / "levels.toml").write_text("nonsense = [")
    spoilt = replace(house, settings=replace(house.settings, policies=tmp_path))
    desk.app.extensions[web.EXTENSION] = spoilt
    ref = page.rpartition("/")[2]
    assert desk.post("/console/policies/roll-back", set=ref).status_code == 409
    assert states(desk) == [State.IN_FORCE]
