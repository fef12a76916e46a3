"""Pictures are well-formed, named, and safe whatever a service is called."""

import re
import xml.etree.ElementTree as ET
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.figures.pictures import (
    BLUE,
    INK,
    PAPER,
    QUIET,
    RED,
    Dot,
    bars,
    funnel,
    grid,
    line,
    waterfall,
)

HOSTILE = '<script>alert("1")</script>&\x00\x0b\ud800' + "x" * 500
SVG = "{http://www.w3.org/2000/svg}"
LEVELS = [f"P{p}.C{c}" for p, c in product(range(4), repeat=2)]


def every(label, *, number=12, share: float | None = 0.02):
    return [
        grid(label, [Dot(label=label, floor="P1.C1", asks="P3.C3")]),
        funnel(label, [(label, number), (label, 0)]),
        bars(label, [(label, number), (label, 0)], label),
        line(label, [(label, share), (label, None), (label, 0.0)], limit=0.01, limit_label=label),
        waterfall(label, "P2.C2", [(label, "P1.C2"), (label, "P3.C3")]),
    ]


EMPTY = [
    grid("No grid", []),
    funnel("No funnel", []),
    bars("No bars", []),
    line("No line", [], limit=0.01, limit_label="Limit"),
    waterfall("No waterfall", "P0.C0", []),
]


@given(st.text(st.characters(), max_size=60), st.integers(0, 10**9))
def test_any_label_gives_well_formed_xml_with_nothing_in_it_but_text(label, number) -> None:
    for picture in every(label, number=number):
        root = ET.fromstring(picture)
        assert {element.tag.removeprefix(SVG) for element in root.iter()} <= {
            "svg", "title", "desc", "rect", "circle", "line", "polyline", "polygon", "text",
        }  # fmt: skip


def test_a_hostile_label_is_escaped_clipped_and_rid_of_what_xml_has_no_place_for() -> None:
    for picture in every(HOSTILE):
        root = ET.fromstring(picture)
        assert "<script" not in picture
        for text in root.iter(f"{SVG}text"):
            assert len(text.text or "") <= 42


def test_a_picture_is_an_image_with_a_name_and_a_description_of_what_it_shows() -> None:
    for picture in every("Parking"):
        root = ET.fromstring(picture)
        named = {element.get("id"): element for element in root if element.get("id")}
        title, desc = (named[key] for key in root.attrib["aria-labelledby"].split())
        assert root.get("role") == "img"
        assert title.text == "Parking"
        assert "Parking" in (desc.text or "")


def test_two_pictures_on_a_page_have_names_of_their_own() -> None:
    found = re.findall(r' id="([^"]+)"', "".join([*every("a"), *every("b"), *EMPTY]))
    assert len(found) == len(set(found))


def test_nothing_to_show_is_still_a_picture() -> None:
    for picture in EMPTY:
        assert ET.fromstring(picture).get("role") == "img"


def test_no_picture_brings_a_style_or_a_script_of_its_own() -> None:
    for picture in [*every("Parking"), *EMPTY]:
        assert not re.search(r"\bstyle=|<style|<script|\bon\w+=|href=", picture)


def test_no_text_is_smaller_than_a_telephone_can_show() -> None:
    for picture in every("Parking"):
        root = ET.fromstring(picture)
        assert root.attrib["viewBox"].split()[2] == "360"
        sizes = [int(text.attrib["font-size"]) for text in root.iter(f"{SVG}text")]
        assert min(sizes) >= 12


def test_all_is_drawn_within_the_picture() -> None:
    many = [Dot(label=str(n), floor=LEVELS[n % 3], asks=LEVELS[-n % 16]) for n in range(40)]
    for picture in [*every("Parking", share=1.0), grid("Many", many)]:
        root = ET.fromstring(picture)
        _x, _y, wide, high = map(float, root.attrib["viewBox"].split())
        for box in root.iter(f"{SVG}rect"):
            at = {name: float(box.attrib[name]) for name in ("x", "y", "width", "height")}
            assert at["x"] >= 0
            assert at["x"] + at["width"] <= wide
            assert at["y"] >= 0
            assert at["y"] + at["height"] <= high
        for text in root.iter(f"{SVG}text"):
            assert 0 < float(text.attrib["y"]) <= high


def test_a_service_that_asks_its_floor_has_no_arrow_and_one_that_asks_less_a_dashed_one() -> None:
    def arrows(floor, asks):
        root = ET.fromstring(grid("Grid", [Dot(label="a", floor=floor, asks=asks)]))
        return [one.get("stroke-dasharray") for one in root.iter(f"{SVG}line")]

    assert arrows("P2.C2", "P2.C2") == []
    assert arrows("P1.C1", "P2.C2") == [None]
    assert arrows("P2.C2", "P1.C1") == ["6 4"]


def test_more_services_in_a_cell_than_it_has_room_for_are_counted() -> None:
    dots = [Dot(label=str(n), floor="P1.C1", asks="P1.C1") for n in range(12)]
    root = ET.fromstring(grid("Grid", dots))
    assert len(list(root.iter(f"{SVG}circle"))) == 8
    assert "+4" in [text.text for text in root.iter(f"{SVG}text")]


def test_a_hidden_week_leaves_a_gap_in_the_line() -> None:
    points = [("1", 0.01), ("2", 0.02), ("3", None), ("4", 0.0)]
    root = ET.fromstring(line("Weeks", points, limit=0.01, limit_label="1%"))
    runs = [one.attrib["points"].split() for one in root.iter(f"{SVG}polyline")]
    assert [len(run) for run in runs] == [2, 1]


def test_a_waterfall_shows_what_each_step_takes_away_and_adds() -> None:
    root = ET.fromstring(waterfall("Steps", "P2.C2", [("Less", "P1.C2"), ("More", "P3.C2")]))
    boxes = list(root.iter(f"{SVG}rect"))
    filled = [box for box in boxes if box.get("fill") == BLUE]
    outlined = [box for box in boxes if box.get("stroke-dasharray")]
    assert (len(filled), len(outlined)) == (4 + 3 + 5, 1)


@pytest.mark.parametrize("level", ["", "P4.C1", "2", "p2.c2", "P2.C2 "])
def test_what_is_no_level_is_refused(level) -> None:
    with pytest.raises(ValueError):
        waterfall("Steps", level, [])
    with pytest.raises(ValueError):
        grid("Grid", [Dot(label="a", floor=level, asks="P1.C1")])


def test_every_colour_stands_out_from_the_paper() -> None:
    def light(colour):
        parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
        r, g, b = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
        return 0.2126 * r + 0.7152 * g + 0.0722 * b

    for colour in (INK, QUIET, BLUE, RED):
        assert (light(PAPER) + 0.05) / (light(colour) + 0.05) >= 3
