"""The ways I sign in: what there is, what to add, and taking one away."""

from flask import abort, render_template, url_for
from flask.typing import ResponseReturnValue

from idp.account import texts
from idp.account.views.common import bp, signed_in
from idp.assurance.conditions import counts
from idp.assurance.policy import ACCOUNT
from idp.assurance.rules import Methods
from idp.authentication import methods
from idp.authentication.held import EMAIL_CODE, ONE_TIME_CODE, PASSWORD, RECOVERY_CODE, SMS_CODE
from idp.authentication.methods import HeldMethod, NotRemoved
from idp.authentication.rules import enough_ways_in
from idp.authentication.sessions import SessionFacts
from idp.authentication.texts import method_name
from idp.authentication.views import let_in, shown
from idp.pages.language import plain_date
from idp.web import house, notice, see_other
from idp.words import gettext as _
from idp.words import ngettext

# Where a method is set anew. Keys are added beside one another, never changed.
CHANGED_AT = {
    PASSWORD: "methods.password",
    ONE_TIME_CODE: "methods.app",
    SMS_CODE: "methods.text",
    RECOVERY_CODE: "methods.recovery_codes",
}


@bp.get("/account/methods", endpoint="methods")
def list_methods() -> ResponseReturnValue:
    """How I sign in, and what I could add."""
    session = signed_in()
    if not isinstance(session, SessionFacts):
        return session
    held = house().database.read(lambda tx: methods.list_methods(tx, session.account_ref))
    # A number that is young counts no less for that as something to add.
    ids, counted = {one.method for one in held}, _counted(session)
    return render_template(
        "account/methods.html",
        methods=[
            {
                "name": method_name(one.method),
                "about": about_method(one),
                "change": url_for(CHANGED_AT[one.method]) if one.method in CHANGED_AT else None,
                "remove": url_for("account.remove_method", key=key_of(one)),
            }
            for one in held
        ],
        enough=enough_ways_in(ids, counted),
        add=[
            {"href": url_for("methods.passkey"), "text": _("Set up a passkey")},
            *(
                {"href": url_for(place), "text": texts.add_method(method)}
                for method, place in {**CHANGED_AT, EMAIL_CODE: "methods.email_code"}.items()
                if method not in ids and counts(counted, method)
            ),
        ],
    )


@bp.get("/account/methods/<key>/remove")
def remove_method(key: str) -> ResponseReturnValue:
    """Ask whether this one is to go, and say what comes with it."""
    session = let_in(return_to=url_for("account.methods"))
    if not isinstance(session, SessionFacts):
        return session
    found = _find(session, key)
    return render_template(
        "account/remove_method.html",
        name=method_name(found.method),
        about=about_method(found),
        action=url_for("account.really_remove_method", key=key),
        shown=shown(session),
    )


@bp.post("/account/methods/<key>/remove")
def really_remove_method(key: str) -> ResponseReturnValue:
    """Take it away, unless too few ways in would be left."""
    session = let_in(return_to=url_for("account.methods"))
    if not isinstance(session, SessionFacts):
        return session
    here, found = house(), _find(session, key)
    done = here.database.transaction(
        lambda tx: methods.remove_method(
            tx,
            here.keyring,
            _counted(session),
            session=session,
            method=found.method,
            ref=found.ref,
        )
    )
    if done is NotRemoved.TOO_FEW:
        title, paragraphs = texts.too_few_ways_in()
        back = (url_for("account.methods"), _("Go back to how you sign in"))
        return notice(409, title, paragraphs, link=back)
    return see_other(url_for("account.methods"))


def about_method(one: HeldMethod) -> list[str]:
    """Say what its owner may know a method by."""
    since = plain_date(one.since)
    if one.method == RECOVERY_CODE:
        left = ngettext("%(num)d code left", "%(num)d codes left", one.left)
        return [left, _("Made on %(day)s", day=since)]
    if one.method in {PASSWORD, ONE_TIME_CODE, SMS_CODE, EMAIL_CODE}:
        return [_("Set on %(day)s", day=since)]
    said = [_("Made on %(day)s", day=since)]
    if one.name:
        said = [_("Made on %(day)s in %(browser)s", day=since, browser=one.name)]
    if one.last_used is not None:
        said.append(_("Last used on %(day)s", day=plain_date(one.last_used)))
    return said


def key_of(one: HeldMethod) -> str:
    """Name a method in an address: keys by their reference, the others by what they are."""
    return one.ref or one.method


def _counted(session: SessionFacts) -> Methods:
    """The methods as they count on our own pages for this person."""
    return house().policies.methods_for(ACCOUNT, session.circumstances())


def _find(session: SessionFacts, key: str) -> HeldMethod:
    held = house().database.read(lambda tx: methods.list_methods(tx, session.account_ref))
    found = next((one for one in held if key_of(one) == key), None)
    if found is None:
        abort(404)
    return found
