"""The review over a real journal, on both engines: read in pages, kept, shown to the right role."""

import json
from datetime import timedelta

import pytest
from click.testing import CliRunner
from sqlalchemy import insert

from idp.cli import idp
from idp.figures import actions
from idp.figures.actions import keep_fresh, make_review, newest
from idp.figures.records import ReviewRecord
from idp.figures.rules import KINDS
from idp.journal.records import JournalEntry
from idp.operators import create_console
from tests.build import ISSUER, Site
from tests.officers.people import ADMINISTRATOR, POLICY, Console

TIER_2 = "urn:gatehouse:tier:2"
ON_ONE_ENGINE = pytest.mark.parametrize("world_url", ["sqlite"], indirect=True)


def write(site: Site, rows) -> None:
    """Write entries as they lie in a journal: at, kind, client, detail."""
    written = [
        {"reference": f"R{n}", "at": at, "kind": kind, "person": None, "client_id": client,
         "detail": detail}
        for n, (at, kind, client, detail) in enumerate(rows)
    ]  # fmt: skip
    site.database.transaction(lambda tx: tx.connection.execute(insert(JournalEntry), written))


def visits(now, count, client="library", *, asked=(), demand="P1.C1", first=0):
    """Attempts that end at the service after 20 seconds, one each minute up to two hours ago."""
    for n in range(count):
        at = now - timedelta(hours=2, minutes=count - n)
        ref = f"{client}-{first + n}"
        asks = {"floor": "P1.C1", "ceiling": "P1.C1", "asked": list(asked), "trimmed": [],
                "essential": bool(asked), "demand": demand, "stands": "P0.C0"}  # fmt: skip
        given = {"journey": ref, "method": "password"}
        ended = {"journey": ref, "vot": demand, "stepped": False, "methods": ["password"]}
        yield at, "sign-in-started", client, {"journey": ref, **asks}
        yield at + timedelta(seconds=9), "proof-given", client, given
        yield at + timedelta(seconds=20.25), "signed-in-to-service", client, ended


def review_of(site: Site, **window):
    return make_review(site.database, site.house.policies, **window)


def test_what_real_sign_ins_leave_in_the_journal_is_what_the_review_counts(site: Site) -> None:
    for _ in range(12):
        site.browser = site.new_browser()
        site.sign_in(methods=("password",))
        assert "code" in site.answer("library")
    for _ in range(12):
        site.browser = site.new_browser()
        page = site.authorize("basic", acr_values=TIER_2)
        site.later(seconds=3)
        sian = site.world.people["sian"]
        site.submit(page, email=sian.email, password=sian.password)
        site.later(seconds=5)
    site.later(hours=2)
    figures = {one["client_id"]: one for one in review_of(site)["services"]}
    assert figures["library"]["sign_ins"] == 12
    assert figures["library"]["without_a_page"] == 1.0
    assert figures["library"]["attempts"] == 0
    basic = figures["basic"]
    assert (basic["attempts"], basic["completion"]) == (12, 1.0)
    assert 3 <= basic["seconds_median"] <= 8
    assert basic["asks"] == "P2.C2"
    assert basic["methods"] == [
        {"method": "password", "given": 12, "refused": 0, "sign_ins": 12}
    ]  # fmt: skip


def test_pages_of_the_journal_are_read_to_the_end_with_progress(site: Site, monkeypatch) -> None:
    monkeypatch.setattr(actions, "BATCH", 7)
    write(site, visits(site.database.now(), 25))
    heard: list[tuple[int, int]] = []
    figures = review_of(site, progress=lambda done, total: heard.append((done, total)))
    (library,) = figures["services"]
    assert (library["attempts"], library["seconds_median"]) == (25, 20.2)
    assert heard == sorted(heard)
    assert heard[-1][0] == heard[-1][1]
    assert len(heard) > 75 // 7


def test_only_the_window_is_counted_and_found_without_reading_what_lies_before(site: Site) -> None:
    now = site.database.now()
    write(site, visits(now, 40))
    since = now - timedelta(hours=2, minutes=25, seconds=1)
    figures = review_of(site, since=since, until=now - timedelta(hours=2, minutes=10, seconds=1))
    assert figures["services"][0]["attempts"] == 15
    first = actions.first_id(site.database, since)
    assert actions.first_id(site.database, now + timedelta(days=1)) - first == 75
    with pytest.raises(ValueError, match="ends before it begins"):
        review_of(site, since=now + timedelta(seconds=2))


def test_rows_that_nobody_should_have_written_stop_nothing(site: Site) -> None:
    now = site.database.now() - timedelta(hours=2)
    write(site, [(now, kind, "library", {"journey": {}, "asked": 7, "floor": None, "risk": []})
                 for kind in KINDS])  # fmt: skip
    assert review_of(site)["services"] == []


def test_an_empty_journal_has_a_review_too(site: Site) -> None:
    figures = review_of(site)
    assert (figures["services"], figures["all"]["attempts"]) == ([], 0)


def test_the_kept_review_is_made_again_when_it_is_due_and_holds_no_small_count(site: Site) -> None:
    write(site, [*visits(site.database.now(), 12), *visits(site.database.now(), 9, "tax")])
    assert newest(site.database) is None
    assert keep_fresh(site.database, site.house.policies)
    assert not keep_fresh(site.database, site.house.policies)
    site.later(minutes=61)
    assert keep_fresh(site.database, site.house.policies)
    assert len(site.rows(ReviewRecord)) == 1
    kept = newest(site.database)
    assert kept is not None
    assert [one["client_id"] for one in kept["services"]] == ["library"]
    site.change(ReviewRecord, {"took_ms": 600_000})  # ten minutes: it then rests for 200
    site.later(minutes=199)
    assert not keep_fresh(site.database, site.house.policies)
    site.later(minutes=2)
    assert keep_fresh(site.database, site.house.policies)


@ON_ONE_ENGINE
def test_figures_are_for_policy_officers_and_shown_once_there_are_any(site: Site) -> None:
    console = Console(site)
    for path in (
        "/console/figures",
        "/console/figures.json",
        "/console/figures/service?id=library",
    ):
        assert console.get(path).status_code == 303
    console.sit(console.officer("Ben Owen", ADMINISTRATOR))
    assert console.get("/console/figures").status_code == 403
    console.sit(console.officer("Asha Patel", POLICY))
    assert "no figures yet" in console.get("/console/figures").text
    assert json.loads(console.get("/console/figures.json").text)["made_at"] is None
    asks = {"asked": (TIER_2,), "demand": "P2.C2"}
    write(site, visits(site.database.now(), 60, **asks))
    keep_fresh(site.database, site.house.policies)
    page = console.get("/console/figures")
    assert "Asks for more than its assessment says" in page.text
    assert page.text.count('role="img"') >= 2
    assert 'href="/console/figures/service?id=library"' in page.text
    one = console.get("/console/figures/service?id=library")
    assert "Completion" in one.text
    assert "no figures of this" in console.get("/console/figures/service?id=nobody").text
    data = json.loads(console.get("/console/figures.json").text)
    assert data["services"][0]["finding"] == "asks-more-than-its-assessment"
    assert set(data["definitions"]["take_up"]) == {"counts", "of"}


@ON_ONE_ENGINE
def test_the_public_listener_shows_no_figures(site: Site) -> None:
    assert site.browser.get("/console/figures", base_url=ISSUER).status_code == 404


@ON_ONE_ENGINE
def test_the_command_answers_people_programs_and_writes_a_page(
    site: Site, monkeypatch, tmp_path
) -> None:
    write(site, visits(site.database.now(), 60, asked=(TIER_2,), demand="P2.C2"))
    for name, value in {
        "IDP_DATABASE_URL": site.database.url.render_as_string(hide_password=False),
        "IDP_DATA": str(tmp_path),
        "IDP_KEYS": str(site.world.folder / "keys"),
        "IDP_POLICIES": str(site.world.folder / "policies"),
        "IDP_ISSUER": ISSUER,
    }.items():
        monkeypatch.setenv(name, value)
    run = CliRunner().invoke
    said = run(idp, ["policy", "review"])
    assert "library: needs P1.C1, asks P2.C2. Asks for more than its assessment" in said.stdout
    out = tmp_path / "review.html"
    told = json.loads(run(idp, ["policy", "review", "--json", "--out", str(out)]).stdout)
    assert told["services"][0]["requests"] == 60
    assert set(told["definitions"]) >= {"take_up", "completion", "step_up", "seconds_median"}
    assert "<svg" in out.read_text()
    wrong = run(idp, ["policy", "review", "--since", "2999-01-01"])
    assert wrong.exit_code == 1
    assert "--since must lie before --until" in wrong.stderr
    assert run(idp, ["policy", "review", "--since", "soon"]).exit_code == 2


def test_the_console_serves_the_pages_that_are_declared(site: Site) -> None:
    create_console(site.house)
