"""Help with the person present: find them, choose, show what it means, and make it."""

from datetime import date, timedelta
from hashlib import sha256
from typing import Any

from flask import request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from idp.account.views.common import signed_in
from idp.authentication.sessions import SessionFacts
from idp.delegation import assisting, holding
from idp.delegation.actions import find_bundle
from idp.delegation.assisting import PAPER, TEXT, Helper, Wanted
from idp.delegation.lifecycle import State
from idp.delegation.views.common import bp
from idp.delegation.views.sealed import errors, not_here, open_form, page, seal_form
from idp.errors import Refusal
from idp.identifiers.rules import NationalInsuranceNumber, parse
from idp.register.matching import Claim
from idp.web import house, notice, see_other
from idp.words import gettext as _

FIELDS = ("number", "given_name", "family_name", "day", "month", "year")
LONGEST = 100
Problems = list[tuple[str, str]]


@bp.get("/helping/organisations/<ref>/assist")
def assist(ref: str) -> ResponseReturnValue:
    """Ask who the person is."""
    helper = _helper(ref)
    return helper if not isinstance(helper, Helper) else _who_page(helper, {}, [])


@bp.post("/helping/organisations/<ref>/assist")
def assist_find(ref: str) -> ResponseReturnValue:
    """Find the person; one answer for everything that does not fit."""
    helper = _helper(ref)
    if not isinstance(helper, Helper):
        return helper
    typed = {name: request.form.get(name, "").strip()[:LONGEST] for name in FIELDS}
    number, born = parse(typed["number"]), _born(typed)
    problems: Problems = []
    if not isinstance(number, NationalInsuranceNumber):
        problems.append(("number", _("Enter the National Insurance number, like QQ 12 34 56 C")))
    for name, said in (("given_name", _("Enter the first names")),
                       ("family_name", _("Enter the family name"))):  # fmt: skip
        if not typed[name]:
            problems.append((name, said))
    if born is None:
        problems.append(("day", _("Enter the date of birth, like 31 3 1980")))
    if problems or born is None or not isinstance(number, NationalInsuranceNumber):
        return _who_page(helper, typed, problems)
    here = house()
    found = assisting.find_person(
        here.database, here.keyring, here.policies, helper, number=number,
        claim=Claim(given_name=typed["given_name"], family_name=typed["family_name"],
                    birth_date=born),
    )  # fmt: skip
    if isinstance(found, timedelta):
        return notice(429, _("Too many tries"), [_("Wait a while, then try again.")])
    if found is None:
        said = _("We cannot match these details. Look at a letter together, and try again.")
        return _who_page(helper, typed, [("number", said)])
    name = f"{typed['given_name']} {typed['family_name']}"
    return _choose_page(helper, {"person": found, "name": name}, MultiDict(), [])


@bp.post("/helping/organisations/<ref>/assist/check")
def assist_check(ref: str) -> ResponseReturnValue:
    """Take the choice, and show what it means before anything is made."""
    helper = _helper(ref)
    if not isinstance(helper, Helper):
        return helper
    kept = open_form("assist", helper.member_ref, request.form.get("kept", ""))
    if kept is None:
        return _too_old(helper)
    wanted = _wanted(helper)
    problems: Problems = []
    if not wanted:
        problems.append(("powers", _("Choose what you may do")))
    days = request.form.get("days", "")
    if days not in {str(one) for one in assisting.TERMS_DAYS}:
        problems.append(("days", _("Choose for how long")))
    evidence = request.form.get("evidence", "")
    if evidence not in {PAPER, TEXT}:
        problems.append(("evidence", _("Choose how the person shows that they agree")))
    if problems:
        return _choose_page(helper, kept, request.form, problems)
    words = assisting.words_shown(
        helper, house().policies, {name: tuple(powers) for name, powers in wanted.items()}
    )
    return _check_page(helper, {**kept, "days": int(days), "evidence": evidence, "wanted": wanted,
                                "text_hash": assisting.fingerprint(words)}, [])  # fmt: skip


@bp.post("/helping/organisations/<ref>/assist/make")
def assist_make(ref: str) -> ResponseReturnValue:
    """Make it, or send the code that makes it."""
    helper = _helper(ref)
    if not isinstance(helper, Helper):
        return helper
    kept = open_form("assist-check", helper.member_ref, request.form.get("kept", ""))
    if kept is None:
        return _too_old(helper)
    document = " ".join(request.form.get("document", "").split())[:200]
    if kept["evidence"] == PAPER and not document:
        said = _("Enter where the signed paper is kept, like a folder and a number")
        return _check_page(helper, kept, [("document", said)])
    want = Wanted(
        services={name: tuple(powers) for name, powers in kept["wanted"].items()},
        days=kept["days"], evidence=kept["evidence"], text_hash=kept["text_hash"],
        document=sha256(document.encode()).hexdigest() if document else None,
    )  # fmt: skip
    here = house()
    made = here.database.transaction(
        lambda tx: assisting.make(tx, here.keyring, here.policies, helper, kept["person"], want)
    )
    if isinstance(made, Refusal) and made.code == "too-often":
        return notice(429, _("Too many tries"), [_("Wait a while, then try again.")])
    if isinstance(made, Refusal):
        return _check_page(helper, kept, [("evidence", _refused(made))])
    step = "assist_receipt" if want.evidence == PAPER else "assist_code"
    return see_other(url_for(f"helping.{step}", ref=helper.organisation, bundle=made))


@bp.get("/helping/organisations/<ref>/assist/<bundle>/code")
def assist_code(ref: str, bundle: str) -> ResponseReturnValue:
    """Ask for the code that the person reads out."""
    helper = _helper(ref)
    return helper if not isinstance(helper, Helper) else _code_page(helper, bundle, [])


@bp.post("/helping/organisations/<ref>/assist/<bundle>/code")
def assist_give_code(ref: str, bundle: str) -> ResponseReturnValue:
    """Take the code."""
    helper = _helper(ref)
    if not isinstance(helper, Helper):
        return helper
    here, typed = house(), request.form.get("code", "").replace(" ", "")[:20]
    right = here.database.transaction(
        lambda tx: assisting.give_code(tx, here.keyring, helper, bundle, typed)
    )
    if not right:
        said = _("This code is not right, or too old. After three tries, begin again.")
        return _code_page(helper, bundle, [("code", said)])
    return see_other(url_for("helping.assist_receipt", ref=ref, bundle=bundle))


@bp.get("/helping/organisations/<ref>/assist/<bundle>/receipt")
def assist_receipt(ref: str, bundle: str) -> ResponseReturnValue:
    """What was agreed, to print and give to the person."""
    helper = _helper(ref)
    if not isinstance(helper, Helper):
        return helper
    found, references = house().database.read(
        lambda tx: (find_bundle(tx, bundle), holding.quoted_of(tx, bundle))
    )
    held = [one for one in found if one.delegate == helper.organisation]
    if not held or held[0].state not in {State.ACTIVE, State.ENDED, State.SUSPENDED}:
        not_here()
    policies = house().policies
    return page(
        "assist_receipt",
        organisation=helper.organisation_name,
        person=held[0].principal_name,
        lines=[(policies.name_of(one.service), policies.powers[one.service].says(one.powers))
               for one in held],
        until=held[0].expires,
        references=references,
        back=url_for("organisations.home", ref=ref),
        again=url_for("helping.assist", ref=ref),
    )  # fmt: skip


def _helper(ref: str) -> Helper | ResponseReturnValue:
    session = signed_in(return_to=url_for("helping.assist", ref=ref))
    if not isinstance(session, SessionFacts):
        return session
    here = house()

    helper = here.database.read(
        lambda tx: assisting.helper_of(
            tx, here.policies, ref, account=session.account_ref, person=session.person_ref
        )
    )
    if helper is None:
        not_here()
    if isinstance(helper, Refusal):
        if helper.code == "no-agreement":
            return see_other(url_for("helping.read_agreement", ref=ref))
        return notice(403, _("You cannot do this here"),
                      [_("Only a member whose role is to help people can do this.")])  # fmt: skip
    return helper


def _who_page(helper: Helper, typed: dict[str, str], problems: Problems) -> ResponseReturnValue:
    return page(
        "assist_who", 422 if problems else 200, organisation=helper.organisation_name,
        back=url_for("organisations.home", ref=helper.organisation),
        action=url_for("helping.assist_find", ref=helper.organisation),
        typed={name: typed.get(name, "") for name in FIELDS}, said=dict(problems),
        errors=errors(problems),
    )  # fmt: skip


def _choose_page(
    helper: Helper, kept: dict[str, Any], typed: MultiDict[str, str], problems: Problems
) -> ResponseReturnValue:
    policies = house().policies
    chosen = typed.getlist("powers")
    services = [
        {
            "id": name,
            "name": policies.name_of(name),
            "powers": [
                {
                    "value": f"{name}:{power.id}",
                    "text": power.says,
                    "checked": f"{name}:{power.id}" in chosen,
                }
                for power in policies.powers[name].power
            ],
        }
        for name in sorted(helper.services)
    ]
    return page(
        "assist_choose", 422 if problems else 200, organisation=helper.organisation_name,
        back=url_for("helping.assist", ref=helper.organisation),
        person=kept["name"], services=services, said=dict(problems), errors=errors(problems),
        days=typed.get("days", ""), evidence=typed.get("evidence", ""),
        kept=seal_form("assist", helper.member_ref,
                       {"person": kept["person"], "name": kept["name"]}),
        action=url_for("helping.assist_check", ref=helper.organisation),
    )  # fmt: skip


def _check_page(helper: Helper, kept: dict[str, Any], problems: Problems) -> ResponseReturnValue:
    policies = house().policies
    return page(
        "assist_check", 422 if problems else 200, organisation=helper.organisation_name,
        person=kept["name"], days=kept["days"], paper=kept["evidence"] == PAPER,
        lines=[(policies.name_of(name), policies.powers[name].says(powers))
               for name, powers in sorted(kept["wanted"].items())],
        said=dict(problems), errors=errors(problems),
        kept=seal_form("assist-check", helper.member_ref, kept),
        action=url_for("helping.assist_make", ref=helper.organisation),
    )  # fmt: skip


def _code_page(helper: Helper, bundle: str, problems: Problems) -> ResponseReturnValue:
    return page(
        "assist_code", 422 if problems else 200, organisation=helper.organisation_name,
        said=dict(problems), errors=errors(problems),
        action=url_for("helping.assist_give_code", ref=helper.organisation, bundle=bundle),
        again=url_for("helping.assist", ref=helper.organisation),
    )  # fmt: skip


def _too_old(helper: Helper) -> ResponseReturnValue:
    again = url_for("helping.assist", ref=helper.organisation)
    return notice(422, _("This form is too old"), [_("Please begin again.")],
                  link=(again, _("Begin again")))  # fmt: skip


def _wanted(helper: Helper) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for value in request.form.getlist("powers"):
        service, _colon, power = value.partition(":")
        entry = house().policies.powers.get(service)
        if entry and service in helper.services and not entry.unknown([power]):
            found.setdefault(service, []).append(power)
    return found


def _born(typed: dict[str, str]) -> date | None:
    try:
        return date(int(typed["year"]), int(typed["month"]), int(typed["day"]))
    except (ValueError, OverflowError):
        return None


def _refused(refusal: Refusal) -> str:
    return {
        "no-contact": _("We have no mobile number of this person. Use paper instead."),
        "own-delegate": _("You cannot help yourself here."),
        "realms": _("Ask for health services alone, and for the others later"),
        "services": _("These services do not take part any more. Begin again."),
    }.get(refusal.code, _("This kind of proof is not enough for these services."))
