"""What a service designer typed into the questionnaire: read, checked, made an assessment. Pure.

Every field is text that anybody may have sent. A question left out is an answer missing, never
"no harm"; what is wrong is told as a code for each field, and nothing is made of it.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from idp.assurance.assessment import FAILURES, Mitigation, Override, Questionnaire
from idp.assurance.checks import in_twelve_months
from idp.assurance.files import (
    ActionEntry,
    MitigationEntry,
    OverrideEntry,
    ServiceEntry,
    SeveritiesEntry,
    SignatureEntry,
)
from idp.assurance.harms import CATEGORIES, MITIGATIONS, SERIOUS, TAKEN_OVER, WRONG_PERSON
from idp.assurance.nearest import THREATS

CUSTOMERS = ("people", "families", "older_people", "businesses", "helpers", "public_servants")
LONGEST = 200  # characters of one text
YES, NO = "yes", "no"
SEVERITY = frozenset("01234")
DAY = re.compile(r"(\d{1,2})[ ./-](\d{1,2})[ ./-](\d{4})|(\d{4})-(\d{1,2})-(\d{1,2})", re.ASCII)

# The questions for a usual action, by field: two on the first page, ten on the second.
FIRST = ("about", "customers")
USUAL = (*(f"{WRONG_PERSON}-{c}" for c in CATEGORIES), "same", "threat", "shut_out")
AGAIN = tuple(f"{TAKEN_OVER}-{c}" for c in CATEGORIES)
OF_MITIGATION = ("evidence", "owner", "review")
MITIGATED = tuple(f"{part}-{kind}" for kind in MITIGATIONS for part in OF_MITIGATION)
EXCEPTION = ("fix_identity", "fix_sign_in", "fix_reason", "fix_owner", "fix_until")
MORE = (*AGAIN, "other_route", "return_visits", *MITIGATED, *EXCEPTION)
SIGNING = ("service_name", "body", "action", "signer", "role", "signed_on")
FIELDS = (*FIRST, *USUAL, *MORE, *SIGNING)


class Wrong(StrEnum):
    """What is wrong with one field."""

    EMPTY = "empty"
    CHOOSE = "choose"
    TOO_LONG = "too-long"
    UNTYPABLE = "untypable"
    NO_DAY = "no-day"
    TO_COME = "to-come"
    NO_ROUTE = "no-route"
    TOO_LATE = "too-late"
    PAST = "past"
    NOTHING_FIXED = "nothing-fixed"


@dataclass(slots=True)
class Typed:
    """The fields as they were typed, trimmed, and what is wrong with some of them."""

    fields: dict[str, str]
    wrong: dict[str, Wrong] = field(default_factory=dict)

    def text(self, name: str, *, needed: bool = True) -> str:
        """One line of text; notes it when it is missing."""
        if needed and not self.fields.get(name):
            self.wrong.setdefault(name, Wrong.EMPTY)
        return self.fields.get(name, "")

    def choice(self, name: str, known: frozenset[str] | tuple[str, ...], default: str = "") -> str:
        """One of the `known` words; notes it when it is none of them."""
        value = self.fields.get(name) or default
        if value in known:
            return value
        self.wrong.setdefault(name, Wrong.CHOOSE)
        return ""

    def day(self, name: str) -> date | None:
        """A day, in one of the ways people write one; notes it when there is no such day."""
        text = self.fields.get(name, "")
        if not text:
            return None
        found = parse_day(text)
        if found is None:
            self.wrong.setdefault(name, Wrong.NO_DAY)
        return found


def read(form: Mapping[str, str]) -> Typed:
    """Take the known fields of a form: line ends and double spaces gone, the rest as typed."""
    typed = Typed({})
    for name in FIELDS:
        sent = form.get(name, "")
        text = " ".join(sent[: LONGEST * 4].split())
        if any(unicodedata.category(character) in ("Cc", "Cs") for character in text):
            typed.wrong[name] = Wrong.UNTYPABLE
            kept = (c for c in text if unicodedata.category(c) not in ("Cc", "Cs"))
            text = " ".join("".join(kept).split())
        if len(text) > LONGEST or len(sent) > LONGEST * 4:
            typed.wrong[name] = Wrong.TOO_LONG
        if text:
            typed.fields[name] = text[:LONGEST].strip()
    return typed


def parse_day(text: str) -> date | None:
    """Read a day: "30 6 2027", "30/6/2027", "2027-06-30". None for what is none."""
    if not (match := DAY.fullmatch(text)):
        return None
    day, month, year, year_first, month_second, day_third = match.groups()
    try:
        return date(int(year or year_first), int(month or month_second), int(day or day_third))
    except ValueError:
        return None


def questionnaire(typed: Typed, today: date) -> Questionnaire:
    """The answers as the assessor takes them; look at `typed.wrong` before using them."""
    typed.text("about")
    typed.choice("customers", CUSTOMERS)
    wrong_person = _severities(typed, WRONG_PERSON)
    same = typed.choice("same", (YES, NO)) != NO
    taken_over = dict(wrong_person) if same else _severities(typed, TAKEN_OVER)
    shut_out = int(typed.choice("shut_out", SEVERITY) or 0)
    if shut_out >= SERIOUS and not typed.fields.get("other_route"):
        typed.wrong.setdefault("other_route", Wrong.NO_ROUTE)
    return Questionnaire(
        wrong_person=wrong_person,
        taken_over=taken_over,
        threat=typed.choice("threat", THREATS) or "high",
        return_visits=typed.choice("return_visits", (YES, NO), YES) != NO,
        mitigations=tuple(_mitigations(typed)),
        override=_override(typed, today),
        shut_out=shut_out,
        other_route=typed.fields.get("other_route", ""),
    )


def _severities(typed: Typed, failure: str) -> dict[str, int]:
    return {c: int(typed.choice(f"{failure}-{c}", SEVERITY) or 4) for c in CATEGORIES}


def _mitigations(typed: Typed) -> list[Mitigation]:
    """Those of which anything was filled in. What one lacks is told by the working itself."""
    return [
        Mitigation(
            kind=kind,
            evidence=typed.fields.get(f"evidence-{kind}", ""),
            owner=typed.fields.get(f"owner-{kind}", ""),
            review_by=typed.day(f"review-{kind}"),
        )
        for kind in MITIGATIONS
        if any(typed.fields.get(f"{part}-{kind}") for part in OF_MITIGATION)
    ]


def _override(typed: Typed, today: date) -> Override | None:
    if not any(typed.fields.get(name) for name in EXCEPTION):
        return None
    parts = {
        name: int(typed.choice(name, SEVERITY - {"4"}) or 3) if typed.fields.get(name) else None
        for name in ("fix_identity", "fix_sign_in")
    }
    if set(parts.values()) == {None}:
        typed.wrong.setdefault("fix_identity", Wrong.NOTHING_FIXED)
    until = typed.day("fix_until")
    if until is None:
        typed.wrong.setdefault("fix_until", Wrong.EMPTY)
    elif until < today:
        typed.wrong.setdefault("fix_until", Wrong.PAST)
    elif until > in_twelve_months(today):
        typed.wrong.setdefault("fix_until", Wrong.TOO_LATE)
    return Override(
        identity=parts["fix_identity"],
        sign_in=parts["fix_sign_in"],
        reason=typed.text("fix_reason"),
        owner=typed.text("fix_owner"),
        until=until or today,
    )


def signed_service(typed: Typed, asked: Questionnaire, today: date) -> ServiceEntry | None:
    """The assessment as the service's entry, signed; None when something is wrong or missing."""
    names = {name: typed.text(name) for name in ("service_name", "body", "action")}
    signer, role = typed.text("signer"), typed.text("role")
    signed_on = typed.day("signed_on")
    if signed_on is None:
        typed.wrong.setdefault("signed_on", Wrong.EMPTY)
    elif signed_on > today:
        typed.wrong.setdefault("signed_on", Wrong.TO_COME)
    if typed.wrong or signed_on is None:
        return None
    exception = asked.override
    return ServiceEntry(
        client_id=slug(names["service_name"], "service"),
        name=names["service_name"],
        owner=names["body"],
        about=typed.fields.get("about", ""),
        customers=typed.fields.get("customers"),  # type: ignore[arg-type]  # read() checked it
        shut_out=asked.shut_out,
        other_route=asked.other_route,
        signature=SignatureEntry(name=signer, role=role, date=signed_on),
        action=(
            ActionEntry(
                id=slug(names["action"], "action"),
                threat=asked.threat,  # type: ignore[arg-type]  # so was this
                return_visits=asked.return_visits,
                wrong_person=SeveritiesEntry(**asked.wrong_person),
                taken_over=SeveritiesEntry(**asked.taken_over),
                mitigation=tuple(
                    MitigationEntry.model_validate(
                        {"kind": m.kind, "evidence": m.evidence, "owner": m.owner,
                         "review_by": m.review_by}
                    )
                    for m in asked.mitigations
                ),
                override=OverrideEntry(
                    identity=exception.identity,
                    sign_in=exception.sign_in,
                    reason=exception.reason,
                    owner=exception.owner,
                    until=exception.until,
                )
                if exception
                else None,
            ),
        ),
    )  # fmt: skip


def slug(text: str, otherwise: str) -> str:
    """A name for programs made of a name for people: "Bin days" becomes "bin-days"."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return "-".join(re.findall(r"[a-z0-9]+", plain)) or otherwise


def filled_from(asked: Questionnaire) -> dict[str, str]:
    """The fields of the usual questions as another service answered them.

    Mitigations and exceptions stay behind: each service needs its own evidence for those.
    """
    found = {
        f"{failure}-{category}": str(severities.get(category, 0))
        for failure, severities in zip(
            FAILURES, (asked.wrong_person, asked.taken_over), strict=True
        )
        for category in CATEGORIES
    }
    same = dict(asked.wrong_person) == dict(asked.taken_over)
    return {
        **found,
        "same": YES if same else NO,
        "threat": asked.threat,
        "shut_out": str(asked.shut_out),
        "return_visits": YES if asked.return_visits else NO,
    }
