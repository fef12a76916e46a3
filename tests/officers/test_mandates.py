"""Permissions to act at the console: who finds them, and what an officer may do to one."""

from datetime import timedelta
from typing import Any

from idp.delegation.lifecycle import State
from idp.delegation.records import MandateRecord
from idp.journal.records import JournalEntry
from idp.officers import mandate_texts
from tests.build import Site
from tests.officers.people import COUNTER, MANDATE, Console

MARGARET = "CE 12 34 56 B"


def seated(site: Site) -> tuple[Console, str]:
    console = Console(site)
    officer = console.officer("Cai Rees", MANDATE)
    console.sit(officer)
    return console, officer


def row(site: Site, ref: str) -> Any:
    (found,) = site.rows(MandateRecord, ref=ref)
    return found


def test_a_permission_is_found_by_number_and_the_look_is_recorded_and_in_no_address(
    site: Site,
) -> None:
    (console, officer), ref = seated(site), site.give_mandate()
    page = console.post("/console/mandates", way="ni", typed=MARGARET)
    assert f'href="/console/mandates/{ref}"' in page.text
    assert "Hughes" not in page.text
    (entry,) = site.rows(JournalEntry, kind="officer-saw-permissions")
    assert (entry["person"], entry["actor"]) == (row(site, ref)["principal"], officer)
    by_ref = console.post("/console/mandates", way="reference", typed=ref)
    assert by_ref.location.endswith(f"/console/mandates/{ref}")
    assert len(site.rows(JournalEntry, kind="officer-saw-permissions")) == 1


def test_what_is_not_there_and_what_cannot_be_is_answered_alike(site: Site) -> None:
    console, _ = seated(site)
    for way, typed in (
        ("ni", "EH123456C"), ("ni", "CS100700A"), ("ni", "what"), ("company", "445790"),
        ("tax", "1"), ("vat", ""), ("reference", "x" * 500), ("organisation", "Nobody and Co"),
    ):  # fmt: skip
        answer = console.post("/console/mandates", way=way, typed=typed)
        assert answer.status_code == 422, (way, typed)
        assert "There is no permission under this" in answer.text
    assert "Choose what you look by" in console.post("/console/mandates", way="all").text


def test_an_officer_puts_it_on_hold_lets_it_be_used_again_and_ends_it(site: Site) -> None:
    (console, officer), ref = seated(site), site.give_mandate()
    site.sign_in()
    tokens = site.redeem("tax", site.act(ref)).json or {}
    where = f"/console/mandates/{ref}"
    assert "Yes, by a helper" in console.get(where).text
    done = console.post(where, act="suspended abuse-suspected")
    assert "It is on hold" in done.text
    assert not site.introspect("tax", tokens["access_token"])["active"]
    page = console.get(where).text
    assert "mandate-suspended" in page
    assert "Your permission is on hold" in page
    console.post(where, act="resumed looked-into-and-cleared")
    assert site.introspect("tax", tokens["access_token"])["active"]
    console.post(where, act="ended principal-asked")
    ended = row(site, ref)
    assert (ended["state"], ended["ended_by"], ended["version"]) == ("ended", officer, 4)
    entries = [one for one in site.rows(JournalEntry, mandate_ref=ref)
               if one["person"] == ended["principal"]]  # fmt: skip
    whys = {one["kind"]: one["detail"].get("why") for one in entries}
    assert whys["mandate-suspended"] == "abuse-suspected"
    assert whys["mandate-resumed"] == "looked-into-and-cleared"
    assert whys["mandate-ended"] == "principal-asked"
    assert 'name="act"' not in console.get(where).text


def test_what_is_not_offered_or_comes_too_late_does_nothing(site: Site) -> None:
    (console, _), ref = seated(site), site.give_mandate()
    where = f"/console/mandates/{ref}"
    for act in ("", "ended", "ended looked-into-and-cleared", "renewed made-in-error", "given x"):
        answer = console.post(where, act=act)
        assert answer.status_code == 422, act
        assert "Choose what you do, and why" in answer.text
    late = console.post(where, act="resumed looked-into-and-cleared")
    assert "Nothing was done" in late.text
    assert row(site, ref)["version"] == 1
    past = site.database.now() - timedelta(seconds=1)
    site.change(MandateRecord, {"starts": past - timedelta(days=1), "expires": past}, ref=ref)
    assert "Nothing was done" in console.post(where, act="ended made-in-error").text
    assert console.get("/console/mandates/unknown").status_code == 404
    assert console.post("/console/mandates/unknown", act="ended made-in-error").status_code == 404


def test_the_pages_are_for_the_role_alone(site: Site) -> None:
    ref = site.give_mandate()
    console = Console(site)
    console.sit(console.officer("Dee Wood", COUNTER))
    assert "/console/mandates" not in console.get("/console").text
    for path in ("/console/mandates", f"/console/mandates/{ref}"):
        assert console.get(path).status_code == 403
        assert console.post(path, act="ended made-in-error").status_code == 403
    assert row(site, ref)["state"] == "active"


def test_every_choice_has_words_and_only_states_that_can_be_moved_offer_any() -> None:
    for state in State:
        offered = mandate_texts.choices(state)
        assert bool(offered) == (state in {State.ACTIVE, State.SUSPENDED})
        assert all(len(choice.split(" ")) == 2 for choice in offered)
