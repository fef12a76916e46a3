"""The colours of the pictures can be told apart: axe does not look behind a text in an SVG."""

from itertools import product

from idp.figures.pictures import BLUE, INK, PALE, PAPER, QUIET, RED

TEXT, SHAPE = 4.5, 3.0  # WCAG 2.2, 1.4.3 and 1.4.11


def luminance(colour: str) -> float:
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_texts_and_shapes_stand_out_from_what_they_lie_on() -> None:
    assert contrast("#000000", "#ffffff") == 21
    for colour, ground in product((INK, QUIET), (PAPER, PALE)):
        assert contrast(colour, ground) >= TEXT, (colour, ground)
    for colour, ground in product((BLUE, RED), (PAPER, PALE)):
        assert contrast(colour, ground) >= SHAPE, (colour, ground)
