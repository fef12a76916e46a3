"""After the yes: let it go on, end it quietly, give it back, print it; and where one is told."""

from datetime import timedelta

from flask import abort, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.account.actions import service_names
from idp.authentication.numbers import read_number
from idp.delegation import actions as delegation
from idp.delegation import owning, telling
from idp.delegation.actions import HeldMandate
from idp.delegation.views.common import SessionFacts, bp, level_of, needed, says, signed_in
from idp.enrolment.addresses import AddressProblem, read_address
from idp.errors import Refusal
from idp.storage import Transaction
from idp.web import house, notice, see_other
from idp.words import gettext as _

CHANNELS = ("usual", "email", "text", "letter", "none")
# Nobody is told when it changes, so whoever sits down at a screen that was left open neither sees
# where somebody is told, nor turns the warnings to themselves.
FRESH = timedelta(minutes=15)


@bp.post("/account/helpers/<ref>/renew")
def renew(ref: str) -> ResponseReturnValue:
    """Let a permission go on for as long again."""
    session = signed_in(return_to=url_for("account.mandate", ref=ref))
    if not isinstance(session, SessionFacts):
        return session
    here, person = house(), session.party
    found = here.database.read(lambda tx: delegation.find(tx, ref))
    if found is None or found.principal != session.person_ref:
        abort(404)
    ready = signed_in(
        return_to=url_for("account.mandate", ref=ref), least=needed([found.service])
    )  # fmt: skip
    if not isinstance(ready, SessionFacts):
        return ready
    entry = here.policies.powers.get(found.service)
    longest = entry.longest_days if entry else 0
    done = here.database.transaction(
        lambda tx: owning.renew(
            tx, ref, principal=person, level=level_of(ready), longest_days=longest
        )
    )
    if done is None or isinstance(done, Refusal):
        return notice(409, _("It cannot go on now"), [
            _("You can press this in the last month only, while it has not ended.")
        ], link=_helpers())  # fmt: skip
    return see_other(url_for("account.mandate", ref=ref))


@bp.post("/account/helpers/<ref>/end-quietly")
def end_quietly(ref: str) -> ResponseReturnValue:
    """End a permission at once, with a page that says nothing of it."""
    session = signed_in(return_to=url_for("account.helpers"))
    if not isinstance(session, SessionFacts):
        return session
    here, person = house(), session.party
    done = here.database.transaction(
        lambda tx: owning.end(tx, here.keyring, ref, principal=person, quiet=True)
    )
    if done is None:
        abort(404)
    return see_other(url_for("helping.saved"))


@bp.get("/account/saved")
def saved() -> ResponseReturnValue:
    """What anybody may see over a shoulder."""
    session = signed_in()
    if not isinstance(session, SessionFacts):
        return session
    link = (url_for("account.home"), _("Go to your page"))
    return notice(200, _("Saved"), [_("All is up to date. You need do nothing more.")], link=link)


@bp.post("/account/helping/<ref>/resign")
def resign(ref: str) -> ResponseReturnValue:
    """Give a permission back."""
    session = signed_in(return_to=url_for("account.helping"))
    if not isinstance(session, SessionFacts):
        return session
    here, person = house(), session.party
    done = here.database.transaction(
        lambda tx: owning.resign(tx, here.keyring, ref, delegate=person)
    )
    if done is None:
        abort(404)
    return see_other(url_for("account.helping"))


@bp.get("/account/helpers/<ref>/receipt")
def receipt(ref: str) -> ResponseReturnValue:
    """A permission on one page, to print and keep."""
    session = signed_in()
    if not isinstance(session, SessionFacts):
        return session

    def work(tx: Transaction) -> tuple[HeldMandate, str] | None:
        found = delegation.find(tx, ref)
        person = session.person_ref
        if found is None or person is None or person not in {found.principal, found.delegate}:
            return None
        if person == found.delegate:
            found = owning.as_helper_sees(tx, found)
        names = service_names(tx, [found.service])
        return found, names.get(found.service, found.service)

    answer = house().database.read(work)
    if answer is None or answer[0].starts is None:
        abort(404)
    found, service = answer
    kept = [one for one in found.evidence if one.get("type") == "words"]
    return render_template(
        "delegation/receipt.html",
        principal=found.principal_name,
        delegate=found.delegate_name,
        service=service,
        powers=says(found.service, found.powers),
        starts=found.starts,
        until=found.expires,
        ended=found.ended_at,
        reference=found.ended_reference,
        said=kept[0]["words"] if kept else [],
        text_hash=found.text_hash,
        back=url_for("account.helpers" if found.principal == session.person_ref
                     else "account.helping"),
    )  # fmt: skip


@bp.get("/account/helpers/contact")
def contact() -> ResponseReturnValue:
    """Where I am told about helpers."""
    session = signed_in(fresh=FRESH)
    if not isinstance(session, SessionFacts):
        return session
    here, person = house(), session.party
    kept = here.database.read(lambda tx: telling.safe_contact(tx, here.keyring, person))
    channel, address = kept or ("usual", None)
    return _contact_page(channel, {channel: address or ""}, None)


@bp.post("/account/helpers/contact")
def set_contact() -> ResponseReturnValue:
    """Keep it. Nobody is told of the change."""
    session = signed_in(return_to=url_for("helping.contact"), fresh=FRESH)
    if not isinstance(session, SessionFacts):
        return session
    channel = request.form.get("channel", "")
    typed = {name: request.form.get(name, "").strip()[:320] for name in ("email", "text")}
    address: str | None = None
    if channel == "email":
        read = read_address(typed["email"])
        if isinstance(read, AddressProblem):
            wrong = _("Type in an email address, like name@example.com")
            return _contact_page(channel, typed, wrong), 422
        address = read
    elif channel == "text":
        address = read_number(typed["text"])
        if address is None:
            return _contact_page(channel, typed, _("Type in a mobile phone number")), 422
    elif channel not in CHANNELS:
        return _contact_page("", typed, _("Choose where we tell you")), 422
    here, person = house(), session.party
    chosen = None if channel == "usual" else channel
    here.database.transaction(
        lambda tx: telling.set_safe_contact(tx, here.keyring, person, chosen, address)
    )
    return see_other(url_for("helping.saved"))


def _contact_page(channel: str, typed: dict[str, str], error: str | None) -> str:
    return render_template(
        "delegation/contact.html",
        chosen=channel,
        email=typed.get("email", ""),
        text=typed.get("text", ""),
        error=error,
        action=url_for("helping.set_contact"),
    )


def _helpers() -> tuple[str, str]:
    return url_for("account.helpers"), _("See who can act for me")
