"""Answer times of what intermediaries depend on: counted, kept, summed up; on both engines."""

import atexit
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from idp.callers import service_levels
from idp.callers.records import ServiceLevelRecord
from idp.callers.service_levels import (
    CLASSES,
    SLOWER,
    Asked,
    ServiceLevels,
    class_of,
    summary,
)
from idp.delegation.records import MandateRecord
from tests.build import Site, claims_of
from tests.rig.firms import assign

FIRM = Asked(organisation="o-1", service="vehicles", promised_ms=100)


def levels(site: Site, organisation: str = "o-1") -> dict[str, Any]:
    site.house.service_levels.flush()
    return site.database.read(lambda tx: service_levels.read(tx, organisation))


@given(st.lists(st.tuples(st.floats(0, 20_000), st.booleans()), max_size=60))
@example([(4.0, False)] * 14 + [(900.0, False)])  # more than 90 of 100, and less than 95
def test_half_and_95_of_100_came_within_what_is_said(times: list[tuple[float, bool]]) -> None:
    rows = [(class_of(ms), 0 if lost else 1, 0, 1 if lost else 0) for ms, lost in times]
    answered = sorted(ms for ms, lost in times if not lost)
    found = summary(rows)
    assert (found.answers, found.failed) == (len(answered), len(times) - len(answered))
    for percent, bound in ((50, found.half_ms), (95, found.most_ms)):
        within = [ms for ms in answered if bound is None or ms <= bound]
        assert len(within) * 100 >= percent * len(answered)
        if bound is not None and bound > CLASSES[0]:
            lower = CLASSES[CLASSES.index(bound) - 1]
            assert sum(ms <= lower for ms in answered) * 100 < percent * len(answered)
    if not answered:
        assert found.half_ms is found.most_ms is None


def test_a_class_holds_its_upper_bound_and_the_last_has_none() -> None:
    assert [class_of(bound) for bound in CLASSES] == list(CLASSES)
    assert class_of(0) == 5
    assert class_of(CLASSES[-1] + 0.1) == SLOWER


def test_counts_add_up_by_day_and_what_came_late_is_told_from_what_failed(site: Site) -> None:
    note = site.house.service_levels.note
    note(FIRM, 0.004, failed=False)
    note(FIRM, 0.1, failed=False)
    note(FIRM, 0.1001, failed=False)
    note(FIRM, 3.0, failed=True)
    note(Asked(), 0.1, failed=False)
    note(replace(FIRM, service="tax"), 3.0, failed=False)
    assert list(levels(site)) == ["tax", "vehicles"]
    by_days = levels(site)["vehicles"]
    assert by_days[1] == summary([(5, 1, 0, 0), (100, 1, 0, 0), (200, 1, 1, 0), (5000, 0, 0, 1)])
    note(FIRM, 0.004, failed=False)
    assert levels(site)["vehicles"][1].answers == 4, "added to what was there"
    assert levels(site, "o-2") == {}
    site.later(days=6)
    note(FIRM, 0.004, failed=False)
    assert {days: one.answers for days, one in levels(site)["vehicles"].items()} == {
        1: 1, 7: 5, 30: 5,
    }  # fmt: skip
    site.later(days=1)
    assert {days: one.answers for days, one in levels(site)["vehicles"].items()} == {
        1: 0, 7: 1, 30: 5,
    }  # fmt: skip


def test_nothing_is_lost_while_the_database_is_away(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any) -> None:
        site.house.service_levels.note(FIRM, 0.004, failed=False)  # answered meanwhile
        raise OSError("away")

    site.house.service_levels.note(FIRM, 0.004, failed=False)
    with monkeypatch.context() as gone:
        gone.setattr(site.database, "transaction", away)
        site.house.service_levels.flush()
    site.house.service_levels.note(FIRM, 0.004, failed=False)
    assert levels(site)["vehicles"][1].answers == 3


def test_counts_are_kept_every_few_seconds_and_when_the_process_ends(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without anybody asking for it: a process that watches does so by itself."""
    at_the_end: list[Callable[[], None]] = []
    monkeypatch.setattr(atexit, "register", at_the_end.append)
    monkeypatch.setattr(service_levels, "FLUSH_SECONDS", 0.01)
    counting = ServiceLevels(site.database)

    def kept() -> list[int]:
        return [row["answers"] for row in site.rows(ServiceLevelRecord)]

    there = threading.active_count()
    counting.note(FIRM, 0.004, failed=False)
    assert threading.active_count() <= there, "one that does not watch leaves that to others"
    counting.watch()
    for answers in (2, 3):  # it goes on after the first time
        counting.note(FIRM, 0.004, failed=False)
        deadline = time.monotonic() + 60
        while kept() != [answers] and time.monotonic() < deadline:
            threading.Event().wait(0.01)
        assert kept() == [answers]
    other = ServiceLevels(site.database)
    other.note(FIRM, 0.004, failed=False)
    other.watch()
    (_, end) = at_the_end
    end()
    assert kept() == [4]


def test_days_are_forgotten_after_three_months(site: Site) -> None:
    site.house.service_levels.note(FIRM, 0.004, failed=False)
    levels(site)
    for days, left in ((92, 1), (1, 0)):
        site.later(days=days)
        site.database.transaction(service_levels.forget)
        assert len(site.rows(ServiceLevelRecord)) == left


@pytest.fixture
def insurer(site: Site) -> str:
    """An insurer that acts for Margaret at Car tax, through Sian."""
    organisation = site.give_organisation("Safe Roads", kind="insurer")
    sian = site.give_member(organisation, "sian")
    for service in ("vehicles", "tax"):
        mandate = site.give_mandate(delegate=organisation, services={service: ["all"]})
        assign(site, mandate, sian)
    return organisation


def test_tokens_and_checks_of_an_organisation_are_measured_and_shown(
    site: Site, insurer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> str:
        raise OSError("no journal")

    (mandate,) = [row["ref"] for row in site.rows(MandateRecord, service="tax")]
    site.sign_in("sian")
    site.tokens("tax")  # for herself: no organisation depends on it
    assert levels(site, insurer) == {}
    claims = claims_of((site.redeem("tax", site.act(mandate)).json or {})["access_token"])
    assert levels(site, insurer)["tax"][1].answers == 1
    asked = {"delegate": claims["act"]["sub"], "principal": claims["sub"], "scope": "tax:view"}
    site.post("/api/v1/mandates/check", "tax", **asked)
    assert levels(site, insurer)["tax"][1].answers == 2
    with monkeypatch.context() as broken:
        broken.setattr("idp.oidc.checking.record", fail)
        site.post("/api/v1/mandates/check", "tax", **asked)
    found = levels(site, insurer)["tax"][1]
    assert (found.answers, found.failed) == (2, 1), "counted although nothing was committed"
    page = site.get(f"/helping/organisations/{insurer}/service-levels")
    assert "Promised: an answer within 500 milliseconds" in page.text
    assert "No answer because of us" in page.text
    site.browser = site.new_browser()
    site.sign_in("tom")
    assert site.get(f"/helping/organisations/{insurer}/service-levels").status_code == 404
