"""An organisation lets another do a part of what somebody lets it do; and takes that back."""

from datetime import date, datetime
from typing import Any

from flask import abort, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.account.actions import service_names
from idp.assurance.powers_file import ALL, ServicePowersEntry
from idp.callers.authority import Bar
from idp.delegation import passing, passing_texts
from idp.delegation.actions import HeldMandate, find
from idp.delegation.inviting import Firm
from idp.delegation.lifecycle import end_of
from idp.delegation.limits import passing_limits
from idp.delegation.passing import MAY_PASS_ON, Problem
from idp.delegation.views.common import SessionFacts, bp, needed, signed_in
from idp.delegation.views.firm import member
from idp.organisations.views.common import led_to_open, opener_of
from idp.storage import Transaction
from idp.throttle import actions as throttle
from idp.web import house, notice, retry_after, see_other
from idp.words import gettext as _

LONGEST_REFERENCE = 64
AS_LONG, BY_DATE = "as-long", "date"
DAY = ("day", "month", "year")


@bp.get("/helping/organisations/<ref>/people/<mandate>/pass-on")
def pass_on(ref: str, mandate: str) -> ResponseReturnValue:
    """Choose which organisation, what part, and until when."""
    firm = member(ref, MAY_PASS_ON)
    if not isinstance(firm, Firm):
        return firm
    found, entry = _held(firm, mandate)
    return _page(firm, found, entry)


@bp.post("/helping/organisations/<ref>/people/<mandate>/pass-on")
def really_pass_on(ref: str, mandate: str) -> ResponseReturnValue:
    """Pass it on. Every try is counted: a reference is not to be found by trying."""
    firm = member(ref, MAY_PASS_ON)
    if not isinstance(firm, Firm):
        return firm
    found, entry = _held(firm, mandate)
    here = house()
    where = url_for("helping.pass_on", ref=ref, mandate=mandate)
    session = signed_in(return_to=where, least=needed([found.service]))
    if not isinstance(session, SessionFacts):
        return session
    wait = throttle.reserve(here.database, here.keyring, passing_limits(firm.member, ref))
    if wait is not None:
        page = notice(429, _("There were too many tries"), [_("Wait a while. Then try again.")])
        page.headers.update(retry_after(wait))
        return page
    until = _until(found)
    if isinstance(until, str):
        return _page(firm, found, entry, until, "term")
    to = request.form.get("organisation", "").strip()[:LONGEST_REFERENCE]
    powers, opener = request.form.getlist("power")[:50], opener_of(session)
    done = here.database.transaction(
        lambda tx: passing.pass_on(
            tx, here.keyring, here.policies, mandate, opener=opener, to=to, powers=powers,
            expires=until,
        )
    )  # fmt: skip
    led = led_to_open("helping.pass_on", ref=ref, mandate=mandate) if done is Bar.LEVEL else None
    if led is not None:
        return led
    if isinstance(done, Problem | Bar):
        field, said = passing_texts.not_done(done)
        return _page(firm, found, entry, said, field)
    return see_other(url_for("organisations.person", ref=ref, mandate=mandate))


@bp.post("/helping/organisations/<ref>/people/<mandate>/take-back")
def end_passed_on(ref: str, mandate: str) -> ResponseReturnValue:
    """End one that was passed on: by who passed it on, or by who was given it."""
    session = signed_in(return_to=url_for("organisations.person", ref=ref, mandate=mandate))
    if not isinstance(session, SessionFacts):
        return session
    here, child = house(), request.form.get("child", "")
    done = here.database.transaction(
        lambda tx: passing.take_back(
            tx, here.keyring, child, organisation=ref, account=session.account_ref
        )
    )
    if not isinstance(done, HeldMandate):
        abort(404)
    title = _("%(name)s does it no more", name=done.delegate_name)
    link = (url_for("organisations.show_people", ref=ref), _("The people you act for"))
    said = [_("From now on nobody there can do it. We tell the person it is about.")]
    return notice(200, title, said, link=link, reference=done.ended_reference)


def _held(firm: Firm, mandate: str) -> tuple[HeldMandate, ServicePowersEntry]:
    """A mandate of this organisation that a part of can be passed on; any other is not found."""

    def work(tx: Transaction) -> HeldMandate | None:
        found = find(tx, mandate)
        if found is None or found.delegate != firm.organisation:
            return None
        entry = house().policies.powers.get(found.service)
        depth = len(passing.chain_of(tx, found))
        return found if passing.can_pass_on(found, entry, depth) else None

    found = house().database.read(work)
    if found is None:
        abort(404)
    return found, house().policies.powers[found.service]


def _until(found: HeldMandate) -> datetime | str | None:
    """The moment that was chosen, or what is wrong with it. As long as the parent: its end."""
    chosen = request.form.get("term", "")
    if chosen == AS_LONG:
        return found.expires
    if chosen != BY_DATE:
        return _("Choose how long it lasts")
    parts = [request.form.get(name, "").strip()[:4] for name in DAY]
    if not all(part.isascii() and part.isdigit() for part in parts):
        return _("There is no such day. Look at the date again")
    try:
        last = date(int(parts[2]), int(parts[1]), int(parts[0]))
        return end_of(last)
    except (ValueError, OverflowError):
        return _("There is no such day. Look at the date again")


def _page(
    firm: Firm, found: HeldMandate, entry: ServicePowersEntry, error: str = "", field: str = ""
) -> ResponseReturnValue:
    where: dict[str, Any] = {"ref": firm.organisation, "mandate": found.ref}
    names = house().database.read(lambda tx: service_names(tx, [found.service]))
    form = request.form
    held = [one for one in entry.power if one.id in found.powers or ALL in found.powers]
    page = render_template(
        "delegation/pass_on.html",
        firm=firm.name,
        name=found.principal_name,
        service=names.get(found.service, found.service),
        powers=[
            {"value": one.id, "text": one.says, "checked": one.id in form.getlist("power")}
            for one in held
        ],
        until=found.expires,
        open_ended=entry.open_ended,
        typed={name: form.get(name, "").strip()[:LONGEST_REFERENCE]
               for name in ("organisation", "term", *DAY)},
        said={field: error} if error else {},
        errors=[{"text": error, "href": f"#{field}"}] if error else [],
        action=url_for("helping.really_pass_on", **where),
        back=url_for("organisations.person", **where),
    )  # fmt: skip
    return (page, 422) if error else page
