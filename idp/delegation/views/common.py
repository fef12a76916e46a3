"""What the pages of permissions share: the form of what is asked, its words, who is there."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from flask import Blueprint, request
from sqlalchemy import select

from idp.account.views.common import level_of, signed_in
from idp.assurance.powers_file import ALL, ServicePowersEntry
from idp.assurance.rules import Level
from idp.authentication.sessions import SessionFacts
from idp.callers.records import ClientRecord
from idp.delegation.actions import HeldMandate
from idp.delegation.answering import Answerer, Offer
from idp.delegation.lifecycle import TERMS_DAYS, Party
from idp.delegation.offers import (
    ONCE,
    OPEN_ENDED,
    Asked,
    At,
    Problem,
    Term,
    is_name,
    passing_words,
    read_asked,
    words,
)
from idp.delegation.passing import may_allow
from idp.enrolment.addresses import AddressProblem, read_address
from idp.pages.language import plain_date
from idp.storage import Transaction
from idp.web import house
from idp.words import gettext as _
from idp.words import ngettext

bp = Blueprint("helping", __name__)

SOMEBODY = Level(identity=1, sign_in=0)  # a permission is between people who are known
LONGEST_NAME = 60
BY_DATE = "date"

_AWARE = (
    select(ClientRecord.client_id, ClientRecord.client_name)
    .where(ClientRecord.delegation_aware, ClientRecord.disabled_at.is_(None))
    .order_by(ClientRecord.client_name, ClientRecord.client_id)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """A form as it was sent: what can be read of it, and what is wrong, by field."""

    fields: Mapping[str, str]
    powers: tuple[str, ...]
    asked: Asked | None
    said: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class There:
    """Who is there, and the offer they look at."""

    session: SessionFacts
    offer: Offer


def services_open(tx: Transaction) -> dict[str, str]:
    """The names of the services where one may act for another, by client id."""
    powers = house().policies.powers
    return {row.client_id: row.client_name for row in tx.execute(_AWARE) if row.client_id in powers}


def exclusive_of(asked: Asked) -> frozenset[str]:
    """Those of the services that have one helper at a time."""
    return frozenset(one for one in asked.services if house().policies.powers[one].exclusive)


def needed(services: Sequence[str]) -> Level:
    """The level that all of these services need of whoever agrees to a permission there."""
    level = SOMEBODY
    for one in services:
        level = level.join(house().policies.floor(one))
    return level


def answerer_of(session: SessionFacts) -> Answerer:
    """Who answers in this session; the caller has made sure that they were proved."""
    return Answerer(
        account=session.account_ref, person=session.person_ref or "",
        given_name=session.given_name or "", family_name=session.family_name or "",
        level=level_of(session),
    )  # fmt: skip


def name_of(session: SessionFacts) -> str:
    """The name that was proved."""
    return f"{session.given_name} {session.family_name}"


def places(tx: Transaction, mandates: Sequence[HeldMandate]) -> list[At]:
    """The services of an offer, in words."""
    names = services_open(tx)
    return [
        At(service=names.get(one.service, one.service), exclusive=one.exclusive,
           says=tuple(says(one.service, one.powers)), passes_on=passes_on(one))
        for one in mandates
    ]  # fmt: skip


def passes_on(mandate: HeldMandate) -> int:
    """How often the helper may pass it on if its principal lets them."""
    return may_allow(
        house().policies.powers.get(mandate.service), delegate_kind=mandate.delegate_kind,
        exclusive=mandate.exclusive, once=mandate.single_use,
    )  # fmt: skip


def says(service: str, powers: Sequence[str]) -> list[str]:
    """What powers at a service are, in the words of its entry in powers.toml."""
    entry = house().policies.powers.get(service)
    return (entry.says(tuple(powers)) if entry else []) or [_("do all that there is")]


def term_of(mandates: Sequence[HeldMandate]) -> Term:
    """The term that an offer was made for."""
    first = mandates[0]
    until = None if first.term_days else first.expires
    return Term(days=first.term_days, until=until, once=first.single_use)


def asked_in(tx: Transaction, offer: Offer) -> dict[str, At]:
    """What of an offer waits to be agreed to, in words, by mandate."""
    waits = offer.mandates if offer.drafted else offer.open
    return {one.ref: place for one, place in zip(waits, places(tx, waits), strict=True)}


def words_of(there: There, asked: Iterable[At], *, mine: bool) -> tuple[str, ...]:
    """The words of an offer, as the one who is there sees them. `mine`: they made it."""
    offer = there.offer
    other = f"{offer.way.given_name} {offer.way.family_name}" if mine else offer.from_name
    here = name_of(there.session)
    gives = (offer.answerer is Party.DELEGATE) == mine  # the one who is there is the principal
    principal, delegate = (here, other) if gives else (other, here)
    return words(principal, delegate, tuple(asked), term_of(offer.mandates), plain_date)


def words_kept(
    there: There, asked: Mapping[str, At], *, mine: bool, ticked: Collection[str] = ()
) -> dict[str, tuple[str, ...]]:
    """Of the same words, those about each mandate alone: they are kept with it, and stay true of
    it whatever is said to the others. `ticked`: those that the principal lets be passed on."""
    kept = {}
    for ref, place in asked.items():
        said = words_of(there, [replace(place, passes_on=0)], mine=mine)
        if ref in ticked:
            passing = passing_words(there.offer.from_name, place)
            said = (*said, _("Ticked: %(what)s", what=passing))
        kept[ref] = said
    return kept


def read_form(tx: Transaction, *, today: date, named: bool = True) -> Typed:
    """Read what a form asks for. `named`: with a name and an e-mail address."""
    form = request.form
    names = ("given_name", "family_name", "email") if named else ()
    fields = {name: " ".join(form.get(name, "").split())[: LONGEST_NAME * 5] for name in names}
    fields |= {name: form.get(name, "").strip()[:10] for name in ("term", "day", "month", "year")}
    said: dict[str, str] = {}
    if named:
        said |= name_problems(fields)
        address = read_address(fields["email"])
        if isinstance(address, AddressProblem):
            said["email"] = _("Type in an email address, like name@example.com")
        else:
            fields["email"] = address
    chosen: dict[str, list[str]] = {}
    sent = tuple(form.getlist("power")[:50])
    for value in sent:
        service, _slash, power = value.partition("/")
        chosen.setdefault(service, []).append(power)
    until, broken = _until(fields)
    open_here = services_open(tx)
    catalogue = {one: entry for one, entry in house().policies.powers.items() if one in open_here}
    found = read_asked(catalogue, chosen, days=fields["term"], until=until, today=today)
    if broken:
        said["until"] = _("There is no such day. Look at the date again")
    elif isinstance(found, Problem):
        said |= _problem(found, {one: open_here[one] for one in chosen if one in open_here})
    if not fields["term"]:
        said["term"] = _("Choose how long it lasts")  # said along with what else is wrong
    asked = found if isinstance(found, Asked) else None
    return Typed(fields=fields, powers=sent, asked=asked, said=said)


def name_problems(fields: Mapping[str, str]) -> dict[str, str]:
    """What is wrong with a name, by field."""
    said = {}
    if not 0 < len(fields["given_name"]) <= LONGEST_NAME or not is_name(fields["given_name"]):
        said["given_name"] = _("Type in their first name")
    if not 0 < len(fields["family_name"]) <= LONGEST_NAME or not is_name(fields["family_name"]):
        said["family_name"] = _("Type in their family name")
    return said


def form_facts(
    tx: Transaction, typed: Typed | None, names: Sequence[str], *, gives: bool = False
) -> dict[str, Any]:
    """What the form's template is shown with; `names` are its fields besides powers and term.

    `gives`: the one who fills it in gives the permission, and does not ask for one.
    """
    powers = house().policies.powers
    chosen = set(typed.powers) if typed else set()
    open_here = services_open(tx)
    fields = dict.fromkeys((*names, "day", "month", "year"), "")
    fields["term"] = ""
    said = dict(typed.said) if typed else {}
    first = {"power": f"power-{next(iter(open_here), '')}", "until": "day"}  # what can have focus
    return {
        "services": [
            {"id": one, "name": name, "powers": _powers(one, powers[one], chosen),
             "alone": powers[one].exclusive}
            for one, name in open_here.items()
        ],
        "terms": _terms(open_here, gives),
        "typed": fields | (dict(typed.fields) if typed else {}),
        "said": said,
        "errors": [
            {"text": said[name], "href": f"#{first.get(name, name)}"}
            for name in (*names, "power", "term", "until") if name in said
        ],
        "error": bool(said),
    }  # fmt: skip


def _powers(service: str, entry: ServicePowersEntry, chosen: set[str]) -> list[dict[str, Any]]:
    return [
        {"value": f"{service}/{one.id}", "text": one.says,
         "checked": f"{service}/{one.id}" in chosen or f"{service}/{ALL}" in chosen}
        for one in entry.power
    ]  # fmt: skip


def _terms(open_here: Mapping[str, str], gives: bool) -> list[dict[str, str]]:
    """How long it may last, each with the services where it may not last so."""
    powers = house().policies.powers
    never_once = [name for one, name in open_here.items() if not powers[one].single_use]
    never_open = [name for one, name in open_here.items() if not powers[one].open_ended]
    found = [
        {"value": str(days), "text": ngettext("%(num)d day", "%(num)d days", days)}
        for days in TERMS_DAYS
    ]
    found.append({"value": BY_DATE, "text": _("Until a day that I choose")})
    if len(never_once) < len(open_here):
        found.insert(0, {"value": ONCE, "text": _("For one visit"), "hint": _not_at(never_once)})
    if len(never_open) < len(open_here):
        text = _("Until I end it") if gives else _("Until one of us ends it")
        found.append({"value": OPEN_ENDED, "text": text, "hint": _not_at(never_open)})
    return found


def _not_at(services: Sequence[str]) -> str:
    return _("Not for %(services)s", services=", ".join(services)) if services else ""


def _until(fields: Mapping[str, str]) -> tuple[date | None, bool]:
    if fields["term"] != BY_DATE:
        return None, False
    try:
        return date(int(fields["year"]), int(fields["month"]), int(fields["day"])), False
    except (ValueError, OverflowError):
        return None, True


def _problem(found: Problem, chosen: Mapping[str, str]) -> dict[str, str]:
    """Say what is wrong, by field. `chosen`: the names of the services, by client id."""
    powers = house().policies.powers

    def where(wrong: Callable[[ServicePowersEntry], bool]) -> dict[str, str]:
        return {"services": ", ".join(chosen[one] for one in chosen if wrong(powers[one]))}

    closed = where(lambda entry: not entry.open_ended)
    daily = where(lambda entry: not entry.single_use)
    longest = min((powers[one].longest_days for one in chosen), default=0)
    short = where(lambda entry: entry.longest_days == longest)
    return {
        Problem.NOTHING: {"power": _("Choose one thing at least")},
        Problem.UNKNOWN: {"power": _("Choose from what is on this page")},
        Problem.TERM: {"term": _("Choose how long it lasts")},
        Problem.SHORT: {"term": _("Choose a day that is still to come")},
        Problem.LONG: {"term": _("Choose %(days)s days at most for %(services)s",
                                 days=longest, **short)},
        Problem.END: {"term": _("Choose when it ends: it has to for %(services)s", **closed)},
        Problem.REALMS: {"power": _("Ask for health services alone, and for the others later")},
        Problem.ONCE: {"term": _("Choose more than one visit for %(services)s", **daily)},
    }[found]  # fmt: skip


__all__ = ["SessionFacts", "level_of", "bp", "signed_in"]
