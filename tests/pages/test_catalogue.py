"""No text escapes the catalogue, and no markup slips in as text."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po
from flask import Flask
from jinja2 import Environment, nodes

from idp.pages.frame import TEMPLATES
from idp.pages.language import LANGUAGES, TRANSLATIONS

IDP = TEMPLATES.parent.parent
FILES = sorted(TEMPLATES.rglob("*.html"))
NAMES = [path.relative_to(TEMPLATES).as_posix() for path in FILES]

# A name is not translated.
UNTRANSLATED = {"Gatehouse"}
SHOWN_ATTRIBUTES = re.compile(
    r"""\b(?:aria-label|alt|title|placeholder|data-copied|data-copy-by-hand)\s*=\s*["']([^"']*)"""
)
SHOWN_OPTION = re.compile(r"(^|[a-z])(text|label|announcement)$", re.I)
MARKUP_OPTION = re.compile(r"(^html$|Html$)")


def extracted() -> set[tuple[str, ...] | str]:
    """Give the message ids in the code and templates of `idp/`, as babel.cfg says."""
    with (TEMPLATES.parent / "babel.cfg").open(encoding="utf-8") as file:
        methods, options = parse_mapping_cfg(file)
    found = extract_from_dir(IDP, methods, options)
    return {message for _file, _line, message, _comments, _context in found}


def test_the_committed_catalogue_holds_exactly_the_texts_of_the_pages() -> None:
    with (TRANSLATIONS / "messages.pot").open("rb") as file:
        committed = {message.id for message in read_po(file) if message.id}
    assert committed == extracted(), f"run the command in {TEMPLATES.parent.name}/babel.cfg"


def test_every_language_but_the_source_has_a_catalogue_with_every_text() -> None:
    for locale in LANGUAGES.keys() - {"en"}:
        path = TRANSLATIONS / locale / "LC_MESSAGES" / "messages.po"
        with path.open("rb") as file:
            done = {message.id for message in read_po(file) if message.id and message.string}
        assert extracted() <= done, locale


def raw_text(environment: Environment, source: str) -> list[str]:
    """Give what a template shows that did not go through `_()`, as far as its tags tell."""
    page = ""
    in_code = False
    for _line, kind, value in environment.lex(source):
        if kind == "data":
            page += value
        elif kind in ("variable_begin", "block_begin") and not in_code:
            page += "\x00"  # stands for an expression: no letter, and no end to a tag
            in_code = True
        elif kind in ("variable_end", "block_end"):
            in_code = False
    shown = SHOWN_ATTRIBUTES.findall(page)
    page = re.sub(r"<(script|style)\b.*?</\1>", " ", page, flags=re.S)
    shown += re.split(r"<[^>]*>", page)
    shown = [re.sub(r"&\w+;", "", text).replace("\x00", " ").strip() for text in shown]
    return [text for text in shown if re.search(r"[^\W\d_]", text) and text not in UNTRANSLATED]


def raw_options(environment: Environment, source: str) -> Iterator[str]:
    """Give the texts handed to a component as they are, and every way to hand it markup."""
    tree = environment.parse(source)
    for pair in tree.find_all(nodes.Pair):
        name = pair.key.value if isinstance(pair.key, nodes.Const) else ""
        if MARKUP_OPTION.search(str(name)):
            yield f"line {pair.lineno}: option {name!r}"
        value = pair.value.value if isinstance(pair.value, nodes.Const) else None
        if SHOWN_OPTION.search(str(name)) and isinstance(value, str) and value not in UNTRANSLATED:
            yield f"line {pair.lineno}: {value!r}"
    for used in tree.find_all(nodes.Filter):
        if used.name == "safe":
            yield f"line {used.lineno}: |safe"
    for block in tree.find_all(nodes.ScopedEvalContextModifier):
        yield f"line {block.lineno}: autoescape switched"


@pytest.mark.parametrize("name", NAMES)
def test_a_template_shows_no_text_that_cannot_be_translated(app: Flask, name: str) -> None:
    page = TEMPLATES / name
    assert raw_text(app.jinja_env, without_title_of_house(page)) == []


@pytest.mark.parametrize("name", NAMES)
def test_a_template_hands_no_markup_and_no_raw_text_to_a_component(app: Flask, name: str) -> None:
    found = list(raw_options(app.jinja_env, (TEMPLATES / name).read_text("utf-8")))
    assert found == []


def without_title_of_house(path: Path) -> str:
    """Give a template's source; the base page adds the untranslated name to each title."""
    return path.read_text("utf-8").replace(" - Gatehouse\n", "\n")


@pytest.mark.parametrize(
    "source",
    [
        "<p>Hello</p>",
        '<a href="{{ x }}">Go</a>',
        '<p aria-label="Hello">{{ x }}</p>',
        "{% if x %}Hello{% endif %}",
    ],
)
def test_the_check_for_raw_text_finds_it(app: Flask, source: str) -> None:
    assert raw_text(app.jinja_env, source) != []


@pytest.mark.parametrize(
    "source",
    [
        '{{ button({"text": "Go"}) }}',
        '{{ button({"html": name}) }}',
        '{{ panel({"titleHtml": name}) }}',
        "{{ name | safe }}",
        "{% autoescape false %}{{ name }}{% endautoescape %}",
    ],
)
def test_the_check_for_markup_finds_it(app: Flask, source: str) -> None:
    assert list(raw_options(app.jinja_env, source)) != []
