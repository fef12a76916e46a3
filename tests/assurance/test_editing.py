"""A form changes one value of a file, and nobody's comment or order is lost by it."""

import difflib
import tomllib
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.assurance import editing
from idp.policy.files import packaged_directory

TODAY = date(2027, 1, 2)
FILES = {path.name: path.read_text() for path in packaged_directory().glob("*.toml")}


def touched(old: str, new: str) -> list[str]:
    """The lines that are new or gone."""
    lines = difflib.ndiff(old.splitlines(), new.splitlines())
    return [line for line in lines if line[:2] in ("+ ", "- ")]


def test_a_score_changes_in_its_own_line_only() -> None:
    old = FILES["evidence.toml"]
    scores = {"strength": 3, "validity": 2, "fraud": 0}
    new = editing.set_evidence(old, "register-match", scores=scores, status="common", today=TODAY)
    assert touched(old, new) == [
        "- scores = { strength = 2, validity = 2 }", "+ scores = {strength = 3, validity = 2}",
    ]  # fmt: skip


def test_a_status_says_since_when() -> None:
    old = FILES["methods.toml"]
    new = editing.set_method(
        old, "voice-print", status="approved", review_by=date(2027, 6, 1), today=TODAY
    )
    (entry,) = [m for m in tomllib.loads(new)["method"] if m["id"] == "voice-print"]
    assert (entry["status"], entry["since"], entry["review_by"]) == (
        "approved", TODAY, date(2027, 6, 1),
    )  # fmt: skip
    assert len(touched(old, new)) == 5
    assert new.count("#") == old.count("#")


def test_what_is_set_to_what_it_is_changes_nothing() -> None:
    methods, levels, evidence = (FILES[f"{n}.toml"] for n in ("methods", "levels", "evidence"))
    entry = tomllib.loads(methods)["method"][0]
    same = editing.set_method(
        methods, entry["id"], status=entry["status"], review_by=entry["review_by"], today=TODAY
    )
    assert same == methods
    assert editing.set_band(levels, "money_person", (100, 1000, 20000)) == levels
    scores = {"strength": 2, "validity": 2}
    kept = editing.set_evidence(
        evidence, "register-match", scores=scores, status="common", today=TODAY
    )
    assert kept == evidence


@given(st.lists(st.integers(1, 10**12), min_size=3, max_size=3, unique=True).map(sorted))
def test_money_bands_are_written_where_there_are_some_and_where_there_are_none(
    upper: list[int],
) -> None:
    levels = FILES["levels.toml"]
    for text in (levels, levels.replace("[[band]]", "[[band_not]]")):
        new = tomllib.loads(editing.set_band(text, "money_public", upper))
        assert [b["upper"] for b in new["band"] if b["category"] == "money_public"] == [upper]


@given(
    st.text(min_size=1, max_size=40),
    st.from_regex(r"[^/\x00-\x1f]+/[^/\x00-\x1f]+", fullmatch=True),
)
def test_any_reason_is_written_so_that_it_reads_the_same(why: str, name: str) -> None:
    new = tomllib.loads(editing.acknowledge(FILES["risk.toml"], [name], why))
    assert new["acknowledge_lowering"][name] == why


def test_an_entry_that_is_not_there_is_said() -> None:
    with pytest.raises(editing.NoSuchEntry):
        editing.set_method(
            FILES["methods.toml"], "magic", status="common", review_by=None, today=TODAY
        )
