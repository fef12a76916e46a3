"""Links lead somewhere, pictures are light, and nothing in the documents is of one machine."""

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.docs.documents import DOCUMENTS, ROOT, blocks, prose, read, spans

ids = [path.name for path in DOCUMENTS]
each_document = pytest.mark.parametrize("document", DOCUMENTS, ids=ids)
LINK = re.compile(r"\]\(([^)\s]+)\)")
# Addresses that may stand in a document: our own sandbox, names kept for examples, standards.
HOSTS = re.compile(
    r"localhost|127\.0\.0\.1|[\w.-]+\.localhost|([\w-]+\.)*example\.gov|eidas\.europa\.eu"
    r"|refeds\.org|semver\.org|keepachangelog\.com"
)
PICTURE_BYTES = 150_000


@each_document
def test_every_relative_link_leads_to_a_file_of_the_project(document: Path) -> None:
    for target in LINK.findall(prose(document)):
        if urlsplit(target).scheme:
            continue
        path, _, heading = target.partition("#")
        found = document.parent / path if path else document
        assert found.exists(), f"{document.name}: {target}"
        if heading:
            assert heading in headings(found), f"{document.name}: {target}"


@each_document
def test_every_address_is_the_sandbox_an_example_or_a_standard(document: Path) -> None:
    for address in re.findall(r"\bhttps?://[^\s`'\")>|]+", read(document)):
        host = urlsplit(address).hostname or ""
        assert HOSTS.fullmatch(host), f"{document.name}: {address}"


@each_document
def test_nothing_is_of_the_machine_a_document_was_written_on(document: Path) -> None:
    text = read(document)
    # In pieces, so that this file does not hold what it looks for.
    for word in ("/wo" + "rk/", "/ho" + "me/", "/tm" + "p/", "index" + "-url", "\t"):
        assert word not in text, f"{document.name} holds {word!r}"


@each_document
def test_lines_fit_a_screen_but_for_tables_output_and_links(document: Path) -> None:
    for number, line in enumerate(prose(document).splitlines(), 1):
        assert len(line) <= 122 or line.startswith(("|", "!")), f"{document.name}, line {number}"


@each_document
def test_every_file_of_ours_that_is_named_exists(document: Path) -> None:
    for name in spans(document):
        if re.fullmatch(r"(idp|tests|docs|policies|migrations|bench)/[\w./-]+", name):
            assert (ROOT / name).exists(), f"{document.name}: {name}"


@each_document
def test_every_block_is_of_a_kind_that_a_test_reads(document: Path) -> None:
    for block in blocks(document):
        known = {"sh", "console", "toml", "json", "mermaid", "python", "nginx", "text"}
        assert block.language in known, block.where


def test_every_picture_is_shown_and_light() -> None:
    shown = {Path(target).name for target in LINK.findall(read(ROOT / "README.md"))}
    pictures = sorted((ROOT / "docs" / "pictures").glob("*"))
    assert pictures
    for picture in pictures:
        assert picture.name in shown, f"{picture.name} is shown nowhere"
        assert picture.stat().st_size < PICTURE_BYTES, picture.name


def test_the_readme_begins_with_two_commands_of_one_line_each() -> None:
    first, second = blocks(ROOT / "README.md")[:2]
    assert first.text.count("\n") == second.text.count("\n") == 1
    assert first.text.strip().endswith("idp demo")
    assert second.text.strip() == "./test"
    before = read(ROOT / "README.md").partition("## ")[0]
    assert before.count("```sh") == 2, "they come before everything else"


def headings(document: Path) -> set[str]:
    """The anchors of a document's headings, as code hosts make them."""
    found = re.findall(r"^#+ (.+)$", prose(document), re.M)
    return {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in found}
