"""How hard a text is to read, by a named formula that needs no list of words.

The Automated Readability Index (Senter and Smith, 1967):

    4.71 * (letters / words) + 0.5 * (words / sentences) - 21.43

It answers a school grade; the reading age is about five years more. It counts letters, not
syllables, so two people who work it out get the same answer.
"""

import re
from html.parser import HTMLParser

WORD = re.compile(r"[^\W\d_](?:[\w'’-]*\w)?")
SENTENCE_END = re.compile(r"[.!?:]+(?:\s|$)")
BLOCKS = {"p", "li", "h1", "h2", "h3", "label", "legend", "button", "dt", "dd", "td", "th", "div",
          "a", "span", "summary", "caption", "strong"}  # fmt: skip
UNREAD = {"script", "style", "title", "svg", "head", "code", "pre", "textarea", "select"}


class _Text(HTMLParser):
    """The pieces of text of a page's main part, a block each."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[str] = [""]
        self._main = 0
        self._unread = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._main += tag == "main"
        self._unread += tag in UNREAD
        if tag in BLOCKS - {"a", "span", "strong"}:
            self.pieces.append("")

    def handle_endtag(self, tag: str) -> None:
        self._main -= tag == "main"
        self._unread -= tag in UNREAD
        if tag in BLOCKS - {"a", "span", "strong"}:
            self.pieces.append("")

    def handle_data(self, data: str) -> None:
        if self._main > 0 and self._unread == 0:
            self.pieces[-1] += data


def sentences_of_page(html: str) -> list[str]:
    """List the sentences of a page's main part; a heading, a label, an item is one too."""
    reader = _Text()
    reader.feed(html)
    return [sentence for piece in reader.pieces for sentence in sentences(piece)]


def prose(sentences: list[str]) -> list[str]:
    """Leave out labels and headings of a word or three: they would flatter the grade."""
    return [sentence for sentence in sentences if len(WORD.findall(sentence)) > 3]


def sentences(text: str) -> list[str]:
    """Split a text into sentences; what holds no word is none."""
    plain = re.sub(r"\s+", " ", text)
    return [part.strip() for part in SENTENCE_END.split(plain) if WORD.search(part)]


def grade(sentences: list[str]) -> float:
    """Work out the Automated Readability Index of some sentences together."""
    words = [word for sentence in sentences for word in WORD.findall(sentence)]
    if not words:
        return 0.0
    letters = sum(sum(character.isalnum() for character in word) for word in words)
    return 4.71 * letters / len(words) + 0.5 * len(words) / len(sentences) - 21.43
