"""Officers, as administrators see them: added, given roles and new keys, ended."""

from collections.abc import Iterable

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.officers import actions, texts
from idp.officers.actions import Invited
from idp.officers.rules import Act, Role, Verdict
from idp.officers.sessions import OfficerSession
from idp.officers.views.common import bp, console_link, signed_in
from idp.web import house, notice, see_other
from idp.words import gettext as _


@bp.get("/console/officers")
def officers() -> ResponseReturnValue:
    """Everybody who works or worked here."""
    session = signed_in(Act.SEE_OFFICERS)
    return _officers_page() if isinstance(session, OfficerSession) else session


@bp.post("/console/officers")
def add_officer() -> ResponseReturnValue:
    """Add an officer, and show the address for their key: once, to whoever passes it on."""
    session = signed_in(Act.ADD_OFFICER)
    if not isinstance(session, OfficerSession):
        return session
    name, roles = request.form.get("name", ""), request.form.getlist("role")
    added = house().database.transaction(
        lambda tx: actions.add_officer(tx, name=name, roles=roles, by=session.officer.ref)
    )
    if isinstance(added, Verdict):
        field = "role" if added is Verdict.ROLES_BAD else "name"
        return _officers_page(texts.refused(added), field, name, roles), 422
    return _address_page(added)


@bp.get("/console/officers/<ref>")
def officer(ref: str) -> ResponseReturnValue:
    """One officer, and what an administrator can change."""
    session = signed_in(Act.SEE_OFFICERS)
    return _officer_page(session, ref) if isinstance(session, OfficerSession) else session


@bp.post("/console/officers/<ref>/roles")
def change_roles(ref: str) -> ResponseReturnValue:
    """Change what another officer may do."""
    session = signed_in(Act.CHANGE_ROLES)
    if not isinstance(session, OfficerSession):
        return session
    roles = request.form.getlist("role")
    verdict = house().database.transaction(
        lambda tx: actions.change_roles(tx, officer_ref=ref, roles=roles, by=session.officer.ref)
    )
    if verdict is not Verdict.ALLOWED:
        return _officer_page(session, ref, texts.refused(verdict))
    return see_other(url_for("console.officer", ref=ref))


@bp.post("/console/officers/<ref>/new-key")
def new_key(ref: str) -> ResponseReturnValue:
    """Give another officer a new start; their old keys end."""
    session = signed_in(Act.REPLACE_KEYS)
    if not isinstance(session, OfficerSession):
        return session
    made = house().database.transaction(
        lambda tx: actions.replace_keys(tx, officer_ref=ref, by=session.officer.ref)
    )
    if isinstance(made, Verdict):
        return _officer_page(session, ref, texts.refused(made))
    return _address_page(made)


@bp.post("/console/officers/<ref>/disable")
def disable(ref: str) -> ResponseReturnValue:
    """End another officer's work here."""
    session = signed_in(Act.DISABLE)
    if not isinstance(session, OfficerSession):
        return session
    verdict = house().database.transaction(
        lambda tx: actions.disable(tx, officer_ref=ref, by=session.officer.ref)
    )
    if verdict is not Verdict.ALLOWED:
        return _officer_page(session, ref, texts.refused(verdict))
    return see_other(url_for("console.officer", ref=ref))


def _officers_page(
    error: str | None = None, field: str = "", name: str = "", chosen: Iterable[str] = ()
) -> str:
    found = house().database.read(actions.list_officers)
    return render_template(
        "officers/officers.html",
        officers=[
            {
                "href": url_for("console.officer", ref=one.ref),
                "name": one.name,
                "roles": texts.role_list(one.roles),
                "ended": one.disabled_at is not None,
                "without_key": one.keys == 0,
            }
            for one in found
        ],
        action=url_for("console.add_officer"),
        roles=texts.role_names(),
        name=name,
        chosen=list(chosen),
        error=error,
        field=field,
    )


def _officer_page(
    session: OfficerSession, ref: str, error: str | None = None
) -> ResponseReturnValue:
    found = house().database.read(lambda tx: actions.find_officer(tx, ref))
    if found is None:
        return notice(404, _("There is no such officer"), [], link=console_link())
    page = render_template(
        "officers/officer.html",
        name=found.name,
        keys=found.keys,
        since=found.created_at,
        ended=found.disabled_at,
        oneself=ref == session.officer.ref,
        roles=texts.role_names(),
        held=[role for role in Role if role in found.roles],
        role_list=texts.role_list(found.roles),
        roles_action=url_for("console.change_roles", ref=ref),
        new_key_action=url_for("console.new_key", ref=ref),
        disable_action=url_for("console.disable", ref=ref),
        error=error,
    )
    return page, 422 if error else 200


def _address_page(invited: Invited) -> str:
    origin = house().settings.console_address
    return render_template(
        "officers/address.html",
        name=invited.name,
        address=origin + url_for("console.set_up", token=invited.token),
        until=invited.expires_at,
    )
