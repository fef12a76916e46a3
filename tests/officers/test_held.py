"""Held sign-ins at the console: who sees them, and what an officer's decision does."""

import re

from idp.journal.records import JournalEntry
from idp.officers.rules import HeldReason
from idp.oidc.records import DeferralRecord
from tests.build import Site
from tests.officers.people import RISK, Console
from tests.rig.holding import held, holding

__all__ = ["holding"]


def seated(site: Site) -> tuple[Console, str]:
    console = Console(site)
    officer = console.officer("Cai Rees", RISK)
    console.sit(officer)
    return console, officer


def waiting(site: Site) -> str:
    return str(site.rows(DeferralRecord)[-1]["ref"])


def decisions(site: Site) -> list[tuple[str | None, str | None]]:
    return [(row["decision"], row["decided_by"]) for row in site.rows(DeferralRecord)]


def test_an_officer_reads_why_it_waits_and_lets_it_go_on_with_a_reason(holding: Site) -> None:
    tokens = held(holding)
    (console, officer), ref = seated(holding), waiting(holding)
    listed = console.get("/console/held").text
    assert f'href="/console/held/{ref}"' in listed
    page = console.get(f"/console/held/{ref}").text
    assert "Why it waits" in page
    assert "Hughes" not in page
    done = console.post(f"/console/held/{ref}", reason="owner-said-yes")
    assert "You let it go on" in done.text
    assert decisions(holding) == [("released", officer)]
    (entry,) = holding.rows(JournalEntry, kind="deferral-released")
    assert entry["actor"] == officer
    assert entry["detail"]["reason"] == "owner-said-yes"
    assert holding.introspect("basic", tokens["access_token"])["risk_outcome"] == "released"


def test_an_officer_stops_it_and_the_session_that_it_came_from(holding: Site) -> None:
    tokens = held(holding)
    console, officer = seated(holding)
    done = console.post(f"/console/held/{waiting(holding)}", reason="part-of-an-attack")
    assert "You stopped it" in done.text
    assert decisions(holding) == [("refused", officer)]
    assert holding.introspect("basic", tokens["access_token"]) == {"active": False}
    assert holding.answer("library", prompt="none")["error"] == "login_required"


def test_every_reason_does_what_its_words_say(holding: Site) -> None:
    console, _ = seated(holding)
    for reason in HeldReason:
        holding.browser = holding.new_browser()
        held(holding)
        ref = waiting(holding)
        words = re.search(
            rf'value="{reason}".*?<label[^>]*>\s*(.*?):', console.get(f"/console/held/{ref}").text,
            re.S,
        )  # fmt: skip
        console.post(f"/console/held/{ref}", reason=str(reason))
        (row,) = holding.rows(DeferralRecord, ref=ref)
        assert words is not None
        assert (row["decision"] == "released") == (words[1] == "Let it go on") == reason.releases


def test_no_reason_decides_nothing_and_a_second_decision_finds_nothing(holding: Site) -> None:
    held(holding)
    (console, officer), ref = seated(holding), waiting(holding)
    for reason in ("", "release", "owner-came "):
        answer = console.post(f"/console/held/{ref}", reason=reason)
        assert answer.status_code == 422
        assert "Choose what you do, and why" in answer.text
    assert decisions(holding) == [(None, None)]
    assert console.post("/console/held/unknown", reason="owner-came").status_code == 422
    assert console.get("/console/held/unknown").status_code == 404
    console.post(f"/console/held/{ref}", reason="owner-came")
    late = console.post(f"/console/held/{ref}", reason="part-of-an-attack")
    assert late.status_code == 422
    assert "Somebody decided it before you" in late.text
    assert console.get(f"/console/held/{ref}").status_code == 422
    assert decisions(holding) == [("released", officer)]
