"""What the scriptless browser shows: a page's words, links, table rows and forms.

Reads HTML the way somebody without script meets it. It does not lay out: text that only CSS or
`hidden` would hide counts as visible, and nothing is followed by itself but HTTP redirects.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from email.message import Message
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit, urlunsplit

BLOCK_TAGS = """
address article aside br caption dd details div dl dt fieldset figure footer form h1 h2 h3 h4
header hr legend li main nav ol option p pre section summary table td th tr ul
"""
BLOCKS = frozenset(BLOCK_TAGS.split())
UNSEEN = frozenset({"script", "style", "template", "title"})
CHOSEN = frozenset({"radio", "checkbox"})
PRESSED = frozenset({"submit", "image"})
# What the start or end of a tag also ends, since HTML lets these end tags be left out.
CELLS, OPTION = ("td", "th"), ("option",)
LEFT_OUT = {
    "td": CELLS,
    "th": CELLS,
    "tr": CELLS,
    "table": CELLS,
    "option": OPTION,
    "select": OPTION,
}

Go = Callable[[str, str, list[tuple[str, str]] | None], "Page"]


class NotOnPageError(LookupError):
    """The page has no such link, form, field or button; the message lists what it has."""


@dataclass(slots=True)
class Field:
    """One control of a form as it stands; `checked` matters to radios, checkboxes and options."""

    name: str
    kind: str
    value: str
    checked: bool = False
    label: str = ""
    attributes: dict[str, str] = field(default_factory=dict)

    @property
    def sent(self) -> bool:
        """Whether a browser would send it, no button counted."""
        if not self.name or "disabled" in self.attributes or self.kind in PRESSED:
            return False
        return self.checked if self.kind in CHOSEN | {"option"} else self.kind != "button"


@dataclass(frozen=True, slots=True)
class Link:
    """A link's words and its whole address."""

    text: str
    url: str


@dataclass(slots=True)
class Form:
    """A form to fill and send. `method` is GET or POST, `action` a whole address."""

    action: str
    method: str
    fields: list[Field]
    go: Go

    @property
    def values(self) -> dict[str, list[str]]:
        """What would be sent now, no button pressed."""
        found: dict[str, list[str]] = {}
        for one in self.fields:
            if one.sent:
                found.setdefault(one.name, []).append(one.value)
        return found

    @property
    def buttons(self) -> list[Field]:
        """The buttons that send the form."""
        return [one for one in self.fields if one.kind in PRESSED]

    def fill(self, values: Mapping[str, Any] | None = None, /, **named: Any) -> "Form":
        """Type, tick or choose, and return the form. Raises `NotOnPageError` for what is not there.

        A string types or chooses that value; True and False tick a lone checkbox; a list of
        strings ticks exactly those. Hidden fields may be set too: tests tamper.
        """
        for name, value in {**(values or {}), **named}.items():
            controls = [f for f in self.fields if f.name == name and f.kind not in PRESSED]
            if not controls:
                names = sorted({f.name for f in self.fields if f.name})
                raise NotOnPageError(f"no field {name!r} in the form; it has {names}")
            if controls[0].kind in CHOSEN | {"option"}:
                self._choose(controls, name, value)
            else:
                controls[0].value = str(value)
        return self

    @staticmethod
    def _choose(controls: Sequence[Field], name: str, value: Any) -> None:
        offered = [one.value for one in controls]
        if isinstance(value, bool):
            wanted = offered[:1] if value else []
        else:
            wanted = [value] if isinstance(value, str) else list(value)
        if unknown := [one for one in wanted if one not in offered]:
            raise NotOnPageError(f"{name!r} does not offer {unknown}; it offers {offered}")
        for one in controls:
            one.checked = one.value in wanted

    def submit(self, button: str | None = None) -> "Page":
        """Press `button` (by its words, name or value; the first when None) and open the answer."""
        pressed = next(iter(self.buttons), None)
        if button is not None:
            named = [b for b in self.buttons if button in (b.label, b.name, b.value)]
            if not named:
                had = [b.label for b in self.buttons]
                raise NotOnPageError(f"no button {button!r}; there are {had}")
            pressed = named[0]
        pairs = [(f.name, f.value) for f in self.fields if f.sent or (f is pressed and f.name)]
        chosen = pressed.attributes if pressed else {}
        method = chosen.get("formmethod", self.method).upper()
        url = urljoin(self.action, chosen.get("formaction", ""))
        if method == "POST":
            return self.go("POST", url, pairs)
        return self.go("GET", urlunsplit(urlsplit(url)._replace(query=urlencode(pairs))), None)


@dataclass(slots=True)
class Page:
    """An answer as read. `history` is the way to it: (method, url, status), this page last."""

    url: str
    status: int
    headers: Message
    body: bytes
    history: list[tuple[str, str, int]]
    go: Go
    title: str = ""
    heading: str = ""
    text: str = ""
    links: list[Link] = field(default_factory=list)
    forms: list[Form] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        decoded = self.body.decode(self.headers.get_content_charset("utf-8"), "replace")
        if self.headers.get_content_type() == "text/html":
            reader = _Reader(self)
            reader.feed(decoded)
            reader.close()
            reader.finish()
        else:
            self.text = decoded

    def json(self) -> Any:
        """The body as JSON. Raises `ValueError` when it is not."""
        return json.loads(self.body)

    def form(self, with_field: str | None = None) -> Form:
        """The first form, or the first that has the field. Raises `NotOnPageError`."""
        for one in self.forms:
            if with_field is None or any(f.name == with_field for f in one.fields):
                return one
        had = [sorted({f.name for f in one.fields}) for one in self.forms]
        raise NotOnPageError(
            f"no form with {with_field!r} on {self.url} ({self.heading!r}); has {had}"
        )

    @property
    def form_fields(self) -> set[str]:
        """The names of all fields of its forms."""
        return {f.name for one in self.forms for f in one.fields}

    def click(self, text: str) -> "Page":
        """Follow the link or press the button of these words (whole words first, then part)."""
        for matches in (lambda words: words == text, lambda words: text in words):
            for link in self.links:
                if matches(link.text):
                    return self.go("GET", link.url, None)
            for one in self.forms:
                if found := [b.label for b in one.buttons if matches(b.label)]:
                    return one.submit(found[0])
        words = [link.text for link in self.links]
        words += [b.label for one in self.forms for b in one.buttons]
        raise NotOnPageError(
            f"no link or button {text!r} on {self.url} ({self.heading!r}); has {words}"
        )


class _Reader(HTMLParser):
    """Fills a page. Open captures collect the text that passes while they are open."""

    def __init__(self, page: Page) -> None:
        super().__init__(convert_charrefs=True)
        self.page = page
        self.words: list[str] = []
        self.unseen: str | None = None
        self.captures: dict[str, list[str]] = {}
        self.form: Form | None = None
        self.control: Field | None = None
        self.select: dict[str, str] = {}
        self.href = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag in UNSEEN:
            self.unseen = tag
        if tag in BLOCKS:
            self.words.append("\n")
        for ended in LEFT_OUT.get(tag, ()):
            self._close(ended)
        if tag in ("title", "h1", "td", "th", "textarea", "option", "button"):
            self.captures[tag] = []
        if tag == "a" and "href" in given:
            self.href, self.captures["a"] = given["href"], []
        elif tag == "img" and "a" in self.captures:
            self.captures["a"].append(given.get("alt", ""))
        elif tag == "tr":
            self.page.rows.append([])
        elif tag == "form":
            action = urljoin(self.page.url, given.get("action", "") or self.page.url)
            method = given.get("method", "get").upper()
            self.form = Form(action, method, [], self.page.go)
            self.page.forms.append(self.form)
        elif tag in ("input", "textarea", "button", "select", "option"):
            self._control(tag, given)

    def _control(self, tag: str, given: dict[str, str]) -> None:
        if tag == "select":
            self.select = given
            return
        kind = {"input": "text", "button": "submit"}.get(tag, tag)
        if tag in ("input", "button"):
            kind = given.get("type", kind).lower() or kind
        value = given.get("value", "on" if kind in CHOSEN else "")
        one = Field(given.get("name", ""), kind, value, "checked" in given, "", given)
        if tag == "input" and kind in PRESSED:
            one.label = value or "Submit"
        if tag == "option":
            one.name, one.checked = self.select.get("name", ""), "selected" in given
        if tag != "input":
            self.control = one
        if self.form is not None:
            self.form.fields.append(one)

    def handle_data(self, data: str) -> None:
        for capture in self.captures.values():
            capture.append(data)
        if self.unseen is None:
            self.words.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == self.unseen:
            self.unseen = None
        if tag in BLOCKS:
            self.words.append("\n")
        for ended in LEFT_OUT.get(tag, ()):
            self._close(ended)
        self._close(tag)
        if tag == "form":
            self.form = None
        elif tag == "select":
            self._preselect()

    def _close(self, tag: str) -> None:
        """End a capture, and put what it held where it belongs."""
        if (parts := self.captures.pop(tag, None)) is None:
            return
        words = " ".join("".join(parts).split())
        if tag == "title":
            self.page.title = self.page.title or words
        elif tag == "h1":
            self.page.heading = self.page.heading or words
        elif tag == "a":
            self.page.links.append(Link(words, urljoin(self.page.url, self.href)))
        elif tag in ("td", "th") and self.page.rows:
            self.page.rows[-1].append(words)
        elif tag == "textarea" and self.control:
            self.control.value = "".join(parts).removeprefix("\n")
        elif tag in ("button", "option") and self.control:
            self.control.label = words
            if tag == "option" and "value" not in self.control.attributes:
                self.control.value = words

    def _preselect(self) -> None:
        """A list that allows one choice and marks none has its first option chosen."""
        if self.form is not None and "multiple" not in self.select:
            options = [f for f in self.form.fields if f.name == self.select.get("name")]
            if options and not any(one.checked for one in options):
                options[0].checked = True

    def finish(self) -> None:
        lines = (" ".join(line.split()) for line in "".join(self.words).split("\n"))
        self.page.text = "\n".join(line for line in lines if line)
