"""The standard agreement, read and signed by an organisation's administrator."""

from flask import request, url_for
from flask.typing import ResponseReturnValue

from idp.account.views.common import signed_in
from idp.authentication.sessions import SessionFacts
from idp.delegation.views.common import bp
from idp.delegation.views.sealed import not_here, page
from idp.organisations import agreement, texts
from idp.organisations.actions import working
from idp.organisations.agreement import Agreement
from idp.organisations.rules import Member, Organisation, Role, Verdict
from idp.organisations.views.common import led_to_open, opener_of
from idp.storage import Transaction
from idp.web import house, see_other
from idp.words import gettext as _


@bp.get("/helping/organisations/<ref>/agreement")
def read_agreement(ref: str) -> ResponseReturnValue:
    """The text, and whether it is signed."""
    session = signed_in()
    if not isinstance(session, SessionFacts):
        return session
    return _page(ref, session)


@bp.post("/helping/organisations/<ref>/agreement")
def sign_agreement(ref: str) -> ResponseReturnValue:
    """Sign it, as it was shown."""
    session = signed_in(return_to=url_for("helping.read_agreement", ref=ref))
    if not isinstance(session, SessionFacts):
        return session
    shown = request.form.get("shown", "")
    opener, services = opener_of(session), _open_services()
    signed = house().database.transaction(
        lambda tx: agreement.sign(tx, ref, opener, services=services, shown=shown)
    )
    if isinstance(signed, Verdict):
        led = led_to_open("helping.read_agreement", ref=ref)
        return led or _page(ref, session, texts.refused(signed), 422)
    if signed is None:
        return _page(ref, session, _("The text has changed. Read it again before you sign."), 422)
    return see_other(url_for("helping.read_agreement", ref=ref))


def _page(
    ref: str, session: SessionFacts, error: str | None = None, status: int = 200
) -> ResponseReturnValue:
    services = _open_services()

    def work(tx: Transaction) -> tuple[tuple[Organisation, Member] | None, Agreement | None]:
        return working(tx, ref, session.account_ref), agreement.in_force(tx, ref)

    found, signed = house().database.read(work)
    if found is None:
        not_here()
    name, roles = found[0].name, found[1].roles
    signable = Role.ADMIN in roles and bool(services) and signed is None
    text = agreement.text_of(name, sorted(services))
    return page(
        "agreement",
        status,
        organisation=name,
        back=url_for("organisations.home", ref=ref),
        services=[house().policies.name_of(one) for one in sorted(services)],
        terms=agreement.TERMS,
        edition=agreement.EDITION,
        shown=agreement.fingerprint(text) if signable else None,
        signed=signed,
        action=url_for("helping.sign_agreement", ref=ref) if signable else None,
        assist=url_for("helping.assist", ref=ref) if signed else None,
        error=error,
    )


def _open_services() -> list[str]:
    return sorted(name for name, entry in house().policies.powers.items() if entry.assisted)
