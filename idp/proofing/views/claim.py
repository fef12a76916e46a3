"""The claim: number, names, date of birth. One answer for everything that does not fit."""

from dataclasses import dataclass
from datetime import date

from flask import render_template, request
from flask.typing import ResponseReturnValue

from idp.identifiers.rules import Problem, parse
from idp.proofing import claims, texts
from idp.proofing.claims import Claimant, Claimed, TypedClaim
from idp.proofing.views.common import (
    Visitor,
    bp,
    page_with,
    proof_of,
    service_name,
    to,
    too_often,
    visitor,
)
from idp.register.matching import Claim
from idp.web import caller_address, house, see_other
from idp.words import gettext as _

LONGEST_FIELD = 100
LONGEST_NUMBER = 40
EARLIEST_YEAR = 1880
FIELDS = ("number", "given_name", "family_name", "day", "month", "year", "postcode")


@dataclass(frozen=True)
class Wrong:
    """Something typed wrongly: the field, and what to say."""

    field: str
    said: str


@bp.get("/identity/claim")
def claim() -> ResponseReturnValue:
    """Ask who they are, and say where the number is to be found."""
    who = visitor()
    if not isinstance(who, Visitor):
        return who
    if proof_of(who) is not None:
        return see_other(to("home", who))
    return _page(who, {}, [])


@bp.post("/identity/claim")
def give_claim() -> ResponseReturnValue:
    """Take a claim: its form first, then counted, then compared."""
    who = visitor()
    if not isinstance(who, Visitor):
        return who
    if proof_of(who) is not None:
        return see_other(to("home", who))
    typed = {name: request.form.get(name, "").strip()[:LONGEST_FIELD] for name in FIELDS}
    number = parse(typed["number"])
    if number is Problem.TEMPORARY_REFERENCE:
        return see_other(to("awaiting_number", who))
    wrong = _wrong(typed)
    born = _born(typed)
    if isinstance(number, Problem):
        wrong.insert(0, Wrong("number", texts.number_problem(number)))
    if isinstance(number, Problem) or isinstance(born, Wrong) or wrong:
        if isinstance(born, Wrong):
            wrong.append(born)
        return page_with(_page(who, typed, wrong), 422)
    answer = claims.claim(
        house().database,
        house().keyring,
        house().policies,
        claimant=Claimant(account_ref=who.session.account_ref, person_ref=who.session.person_ref),
        typed=TypedClaim(
            number=number,
            claim=Claim(
                given_name=typed["given_name"],
                family_name=typed["family_name"],
                birth_date=born,
                postcode=typed["postcode"],
            ),
        ),
        address=caller_address(),
    )
    if answer is Claimed.MATCHED:
        return see_other(to("home", who))
    if answer is Claimed.NOT_MATCHED:
        return see_other(to("not_matched", who))
    return too_often(
        who,
        answer,
        _("It need not have been you: perhaps somebody else typed in the same number. "
          "That alone lets nobody in."),
    )  # fmt: skip


@bp.get("/identity/not-matched")
def not_matched() -> ResponseReturnValue:
    """The one answer to a claim that does not fit, whatever it was."""
    who = visitor()
    if not isinstance(who, Visitor):
        return who
    return render_template("proofing/not_matched.html", again=to("claim", who))


@bp.get("/identity/awaiting-number")
def awaiting_number() -> ResponseReturnValue:
    """What to wait for with a temporary reference."""
    who = visitor()
    if not isinstance(who, Visitor):
        return who
    return render_template("proofing/awaiting_number.html", again=to("claim", who))


def _wrong(typed: dict[str, str]) -> list[Wrong]:
    needed = {
        "given_name": _("Type in your first names"),
        "family_name": _("Type in your family name"),
    }
    return [Wrong(name, said) for name, said in needed.items() if not typed[name]]


def _born(typed: dict[str, str]) -> date | Wrong:
    parts = [typed["year"], typed["month"], typed["day"]]
    if not all(part.isascii() and part.isdigit() and len(part) <= 4 for part in parts):
        return Wrong("day", _("Type in the day, the month and the year. For example: 31 3 1980"))
    try:
        born = date(int(parts[0]), int(parts[1]), int(parts[2]))
    except ValueError:
        return Wrong("day", _("There is no such day. Look at the date again"))
    if not born.year >= EARLIEST_YEAR or born > house().database.now().date():
        return Wrong("year", _("Type in the year you were born, with four numbers"))
    return born


def _page(who: Visitor, typed: dict[str, str], wrong: list[Wrong]) -> str:
    # The number is never shown again: a page left open on a shared screen gives nobody away.
    shown = {name: typed.get(name, "") for name in FIELDS} | {"number": ""}
    return render_template(
        "proofing/claim.html",
        service_name=service_name(who),
        action=to("give_claim", who),
        typed=shown,
        errors=[{"text": one.said, "href": f"#{one.field}"} for one in wrong],
        said={one.field: one.said for one in wrong},
        error=bool(wrong),  # the frame's title says so
        back=to("home", who),
    )
