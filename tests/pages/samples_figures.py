"""What the pages of figures are shown with in tests: made by the same functions as in service."""

from collections import Counter
from typing import Any

from flask import Flask

from idp.assurance.rules import Level, Levels
from idp.figures import texts
from idp.figures.review import Assessed, Window, review
from idp.figures.rules import End, Tally
from idp.pages.frame import install_pages

DAY = 86_400_000_000
NOON = 1_906_545_600_000_000
LEVELS = Levels(tiers={n: Level(identity=n, sign_in=n) for n in range(4)})


def _tally(requests: int, *, over: int = 0) -> Tally:
    done = requests - 60
    ends = Counter({End.SIGNED_IN: done, End.FIRST: 20, End.SECOND: 25, End.AFTER: 15})
    return Tally(
        requests=requests, over_floor=over, over_ceiling=over, stepped=30,
        extra_ceiling=over, extra_ceiling_times=Counter({210: over} if over else {}),
        ways=Counter({"essential": over, "nothing": requests - over}),
        asked=Counter({"P2.C2": over, "P1.C1": requests - over}), used=Counter({"P1.C1": done}),
        ends=Counter(ends), times=Counter({120: done}), outcomes=Counter({"allow": done - 20,
        "defer": 20}), deferred=20, released=12, kept_back=0, given=Counter({"password": done}),
        over_tiers=Counter({2: over}), tiers={1: Counter(ends), 2: Counter(ends)},
        weeks={"2030-W22": Counter(scored=done, deferred=20), "2030-W23": Counter(scored=5)},
    )  # fmt: skip


def _figures(tallies: dict[str, Tally]) -> dict[str, Any]:
    low = Level(identity=1, sign_in=1)
    names = {"library": "Library", "leisure": "Leisure and a very long name for a service"}
    known = {ref: Assessed(name=names[ref], owner="Example Borough Council", floor=low, ceiling=low)
             for ref in tallies}  # fmt: skip
    window = Window(since=NOON - 28 * DAY, until=NOON, policy="f" * 64, people=5000,
                    took_up=900, took_up_at=dict.fromkeys(tallies, 300))  # fmt: skip
    return review(tallies, known, LEVELS, window)


def _cases() -> dict[str, tuple[str, dict[str, Any]]]:
    full = _figures({"library": _tally(400), "leisure": _tally(300, over=240)})
    none = _figures({})
    app = Flask("samples", static_folder=None)
    install_pages(app)
    page = {"title": "Review of services", "caption": "", "back": "/console",
            "back_text": "Console", "data": "/console/figures.json"}  # fmt: skip
    with app.test_request_context():
        league = texts.league(full, lambda ref: f"/console/figures/service?id={ref}")
        one = texts.service_sections(full["services"][0])
        return {
            "figures": ("figures/page.html", {
                **page, "about": texts.about(full), "all": league}),
            "figures-none": ("figures/page.html", {
                **page, "about": texts.about(none), "all": texts.league(none, str)}),
            "figures-service": ("figures/page.html", {
                **page, "title": "Leisure", "caption": "Example Borough Council", "data": "",
                "about": texts.about(full), "all": one}),
            "figures-report": ("figures/report.html", {
                "title": "Review of services", "about": texts.about(full), "all": league,
                "services": [{"title": "Leisure", "all": one}]}),
        }  # fmt: skip


CASES = _cases()
