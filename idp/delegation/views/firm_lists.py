"""An organisation asks everybody on a list: what cannot be asked by is shown with why."""

from flask import abort, make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.delegation import lists
from idp.delegation.inviting import Firm
from idp.delegation.limits import list_limits
from idp.delegation.offers import COLUMNS, MOST_ROWS, Rejected, read_list
from idp.delegation.views.common import (
    Typed,
    bp,
    exclusive_of,
    form_facts,
    read_form,
)
from idp.delegation.views.firm import LISTS, member
from idp.enrolment.addresses import AddressProblem, read_address
from idp.keyring.sealing import random_ref
from idp.throttle import actions as throttle
from idp.web import house, notice, retry_after, see_other
from idp.words import gettext as _

REJECTED_SHOWN = 200
LONGEST_FORM = 40


@bp.get("/helping/invitations/<organisation>/many")
def new_list(organisation: str) -> ResponseReturnValue:
    """Ask everybody on a list."""
    firm = member(organisation, LISTS)
    return _list_page(firm, None, "", []) if isinstance(firm, Firm) else firm


@bp.post("/helping/invitations/<organisation>/many")
def take_list(organisation: str) -> ResponseReturnValue:
    """Take a list in, once a form; what cannot be asked by is shown with why, the rest goes on."""
    firm = member(organisation, LISTS)
    if not isinstance(firm, Firm):
        return firm
    here = house()
    today = here.database.now().date()
    typed = here.database.read(lambda tx: read_form(tx, today=today, named=False))
    text = request.form.get("list", "")
    lines, rejected = read_list(text, _email)
    asked, said = typed.asked, dict(typed.said)
    if not lines:
        said["list"] = _("There is nobody on this list whom we can ask")
    if asked is None or said:
        typed = Typed(fields=typed.fields, powers=typed.powers, asked=asked, said=said)
        return _list_page(firm, typed, text, rejected), 422
    batch = lists.batch_of(firm, request.form.get("form", "")[:LONGEST_FORM], text)
    before = here.database.read(
        lambda tx: lists.progress(tx, here.keyring, organisation, batch).many
    )
    wait = None if before else throttle.reserve(here.database, here.keyring,
                                                list_limits(organisation))  # fmt: skip
    if wait is not None:
        page = notice(429, _("You asked too often"), [_("A few lists a day are enough.")])
        page.headers.update(retry_after(wait))
        return page
    if not before:
        here.database.transaction(
            lambda tx: lists.ask_list(
                tx, here.keyring, firm, asked, lines, exclusive_of(asked), batch=batch
            )
        )
    if not rejected:
        return see_other(url_for("helping.one_list", organisation=organisation, batch=batch))
    return make_response(_progress_page(firm, batch, rejected))


@bp.get("/helping/invitations/<organisation>/lists/<batch>")
def one_list(organisation: str, batch: str) -> ResponseReturnValue:
    """How far a list is."""
    firm = member(organisation, LISTS)
    return _progress_page(firm, batch, []) if isinstance(firm, Firm) else firm


def _list_page(firm: Firm, typed: Typed | None, text: str, rejected: list[Rejected]) -> str:
    facts = house().database.read(lambda tx: form_facts(tx, typed, ("list",)))
    facts["typed"]["list"] = text
    return render_template(
        "delegation/firm_list.html",
        firm=firm.name,
        most=MOST_ROWS,
        columns=",".join(COLUMNS),
        rejected=_shown(rejected),
        form=random_ref(),
        action=url_for("helping.take_list", organisation=firm.organisation),
        back=url_for("helping.invitations", organisation=firm.organisation),
        **facts,
    )


def _progress_page(firm: Firm, batch: str, rejected: list[Rejected]) -> str:
    here = house()
    far = here.database.read(lambda tx: lists.progress(tx, here.keyring, firm.organisation, batch))
    if not far.many:
        abort(404)
    return render_template(
        "delegation/firm_progress.html",
        firm=firm.name,
        many=far.many,
        done=far.many - far.waiting - far.by_facts - far.by_email,
        by_facts=far.by_facts,
        by_email=far.by_email,
        unwritten=[f"{one.given_name} {one.family_name}, {one.email}" for one in far.unwritten],
        rejected=_shown(rejected),
        rejected_many=len(rejected),
        again=url_for("helping.one_list", organisation=firm.organisation, batch=batch)
        if far.waiting
        else None,
        back=url_for("helping.invitations", organisation=firm.organisation),
    )


def _shown(rejected: list[Rejected]) -> list[dict[str, object]]:
    why = {
        "header": _("The first line names other columns than those above"),
        "number": _("The National Insurance number is not one"),
        "birth-date": _("The date is not one like 1980-03-31"),
        "date-or-postcode": _("A number needs a date of birth or a postcode with it"),
        "name": _("A name is missing"),
        "email": _("The email address is not one"),
        "repeated": _("It is there twice"),
        "too-many": _("A list has 5,000 people at most"),
        "too-many-cells": _("It has more columns than the first line"),
        "too-long": _("Something in it is too long"),
        "not-csv": _("This is no list that we can read"),
    }
    return [
        {"line": one.line, "text": one.text, "why": why[one.why]}
        for one in rejected[:REJECTED_SHOWN]
    ]


def _email(typed: str) -> str | None:
    read = read_address(typed)
    return None if isinstance(read, AddressProblem) else read
