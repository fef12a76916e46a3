"""What a browser says of itself, in four values."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.assurance.agents import LONGEST, levels

KIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
KNOWN = [
    (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {KIT} Chrome/131.0.0.0 Safari/537.36",
     ("computer", "Windows 10", "Chrome 131")),
    (f"Mozilla/5.0 (Windows NT 10.0; Win64) {KIT} Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0",
     ("computer", "Windows 10", "Edge 131")),
    (f"Mozilla/5.0 (Windows NT 6.1) {KIT} Chrome/99.0.0.0 Safari/537.36 OPR/85.0.1",
     ("computer", "Windows 6", "Opera 85")),
    ("Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0",
     ("computer", "Linux", "Firefox 133")),
    (f"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {KIT} Chrome/131.0.0.0 Safari/537.36",
     ("computer", "Chrome OS 14541", "Chrome 131")),
    ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
     "Version/18.1 Safari/605.1.15", ("computer", "macOS 10", "Safari 18")),
    ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
     "Gecko) Version/18.1 Mobile/15E148 Safari/604.1", ("phone", "iOS 18", "Safari 18")),
    ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
     "Gecko) CriOS/131.0.6778.73 Mobile/15E148 Safari/604.1", ("phone", "iOS 17", "Chrome 131")),
    ("Mozilla/5.0 (iPad; CPU OS 16_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
     "FxiOS/133.0 Mobile/15E148 Safari/605.1.15", ("tablet", "iOS 16", "Firefox 133")),
    (f"Mozilla/5.0 (Linux; Android 14; SM-S918B) {KIT} SamsungBrowser/27.0 Chrome/125.0.0.0 Mobile "
     "Safari/537.36", ("phone", "Android 14", "Samsung 27")),
    (f"Mozilla/5.0 (Linux; Android 13; SM-X200) {KIT} Chrome/131.0.0.0 Safari/537.36",
     ("tablet", "Android 13", "Chrome 131")),
    ("curl/8.5.0", ("program", None, None)),
    ("something new", (None, None, None)),
]  # fmt: skip


@pytest.mark.parametrize(("agent", "expected"), KNOWN)
def test_usual_browsers_are_read_from_coarse_to_fine(agent, expected) -> None:
    assert levels(agent) == (*expected, agent)


@pytest.mark.parametrize("agent", [None, "", " \t\n"])
def test_saying_nothing_is_not_known(agent) -> None:
    assert levels(agent) == (None, None, None, None)


def test_a_new_version_changes_the_finer_values_only() -> None:
    old = levels(KNOWN[0][0])
    new = levels(KNOWN[0][0].replace("131", "132"))
    assert old[:2] == new[:2]
    assert old[2] != new[2]


@given(st.text())
def test_no_text_raises_and_no_value_is_endless(text) -> None:
    for value in levels(text):
        assert value is None or 0 < len(value) <= LONGEST


def test_a_text_made_to_be_slow_is_not() -> None:
    began = time.perf_counter()
    for made in (
        "Version/1" * 10**5,
        "CrOS " + "x" * 10**6,
        " " * 10**6,
        "Version/1 Mobile/" * 10**5,
    ):
        assert all(value is None or len(value) <= LONGEST for value in levels(made))
    assert time.perf_counter() - began < 5
