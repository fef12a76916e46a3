"""Permissions to act, at the console: found, explained, put on hold, ended. None is granted here.

No page names a person: who was looked for by a number is known to the officer already, and the
look is counted and recorded where the person sees it.
"""

from collections.abc import Sequence

from flask import abort, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.callers.authority import Bar
from idp.delegation import holding
from idp.delegation.actions import HeldMandate, find
from idp.delegation.explaining import explain as in_words
from idp.delegation.holding import Happened, Why
from idp.delegation.lifecycle import Move
from idp.delegation.moving import NotMoved
from idp.delegation.stating import explain
from idp.journal.actions import Entry, record
from idp.officers import actions, finding, mandate_texts
from idp.officers.rules import Act
from idp.officers.sessions import OfficerSession
from idp.officers.views.common import bp, signed_in, wait_page
from idp.storage import Transaction
from idp.web import house, notice, see_other
from idp.words import gettext as _


@bp.get("/console/mandates")
def mandates() -> ResponseReturnValue:
    """Ask what to look by. A number is typed into a form: it is never in an address."""
    session = signed_in(Act.SEE_MANDATE)
    return _find_page() if isinstance(session, OfficerSession) else session


@bp.post("/console/mandates")
def find_mandates() -> ResponseReturnValue:
    """List what was found; a reference leads to its page."""
    session = signed_in(Act.SEE_MANDATE)
    if not isinstance(session, OfficerSession):
        return session
    way, typed = request.form.get("way", ""), request.form.get("typed", "").strip()[:200]
    if way not in mandate_texts.ways_to_find():
        return _find_page(error=mandate_texts.way_missing(), field="way"), 422
    wait = actions.reserve_look_up(house().database, house().keyring, session.officer.ref)
    if wait is not None:
        return wait_page(wait)
    if way == "reference":
        ref = house().database.read(lambda tx: holding.ref_of(tx, typed))
        if ref is not None:
            return see_other(url_for("console.look_at_mandate", ref=ref))
    found = house().database.transaction(lambda tx: _found(tx, way, typed, session.officer.ref))
    if not found:
        return _find_page(way, mandate_texts.nothing_found()), 422
    return _find_page(way, found=found)


@bp.get("/console/mandates/<ref>")
def look_at_mandate(ref: str) -> ResponseReturnValue:
    """Show one: how it stands, whether it can be used, and what was done with it."""
    session = signed_in(Act.SEE_MANDATE)
    return session if not isinstance(session, OfficerSession) else _one(ref)


@bp.post("/console/mandates/<ref>")
def move_mandate(ref: str) -> ResponseReturnValue:
    """Put one on hold, lift that, or end it: once, with a reason that is journalled."""
    session = signed_in(Act.END_MANDATE)
    if not isinstance(session, OfficerSession):
        return session
    found = house().database.read(lambda tx: find(tx, ref))
    if found is None:
        abort(404)
    given = request.form.get("act", "")
    known = {choice for state in holding.MOVABLE for choice in mandate_texts.choices(state)}
    if given not in known:
        return _one(ref, mandate_texts.choice_missing())
    what, why = given.split(" ")
    done = house().database.transaction(
        lambda tx: holding.move_and_tell(
            tx, house().keyring, Move(what), ref, Why(why), who=session.officer.ref
        )
    )
    if isinstance(done, NotMoved):
        return _one(ref, mandate_texts.changed_meanwhile())
    title, said = mandate_texts.done(done.to)
    reference = _("Reference: %(reference)s", reference=done.reference)
    link = url_for("console.look_at_mandate", ref=ref), _("Look at this permission")
    return notice(200, title, [said, reference], link=link)


def _found(tx: Transaction, way: str, typed: str, officer: str) -> list[HeldMandate]:
    if way == "organisation":
        named = holding.organisations_named(tx, typed)
        return [one for ref in named for one in holding.of_delegate(tx, ref)]
    about = None if way == "reference" else finding.find_principal(tx, house().keyring, typed, way)
    if about is None:
        return []
    principal, _kind = about
    record(tx, Entry(kind="officer-saw-permissions", person=principal, actor=officer))
    return holding.of_principal(tx, principal)


def _find_page(
    way: str = "", error: str | None = None, field: str = "typed",
    found: list[HeldMandate] | None = None,
) -> str:  # fmt: skip
    return render_template(
        "officers/mandates.html",
        ways=mandate_texts.ways_to_find(),
        way=way,
        found=[_shown(one) for one in (found or [])[: holding.SHOWN]],
        full=len(found or []) > holding.SHOWN,
        error=error,
        field=field,
    )


def _one(ref: str, error: str | None = None) -> ResponseReturnValue:
    def work(tx: Transaction) -> tuple[HeldMandate, Bar | None, Sequence[Happened]] | None:
        one = find(tx, ref)
        if one is None:
            return None
        client = house().services.clients.get(tx, one.service)
        why = explain(tx, house().policies, one, client).bar
        return one, why, holding.history(tx, one)

    read = house().database.read(work)
    if read is None:
        abort(404)
    one, why, happened = read
    names = mandate_texts.kinds()
    page = render_template(
        "officers/mandate.html",
        **_shown(one),
        can=mandate_texts.cannot_be_used() if why else mandate_texts.can_be_used(),
        told=in_words(why) if why else None,
        happened=[
            {"what": names.get(each.kind, each.kind), "when": each.at, "reference": each.reference}
            for each in happened
        ],
        choices=mandate_texts.choices(one.state),
        action=url_for("console.move_mandate", ref=ref),
        error=error,
    )
    return page if error is None else (page, 422)


def _shown(one: HeldMandate) -> dict[str, object]:
    firm = one.delegate_name if one.delegate_kind == "organisation" else ""
    service, entry = house().policies.service(one.service), house().policies.powers.get(one.service)
    return {
        "ref": one.ref,
        "href": url_for("console.look_at_mandate", ref=one.ref),
        "service": service.name if service else one.service,
        "helper": firm or _("A person"),
        "about": _("A business") if one.principal_kind == "business" else _("A person"),
        "state": mandate_texts.states()[one.state],
        "starts": one.starts,
        "expires": one.expires,
        "powers": ", ".join(entry.says(one.powers) if entry else one.powers),
    }
