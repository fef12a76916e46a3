"""The answer to an offer: from a link, a typed code, or what waits on the account page."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

from flask import abort, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.authentication.rules import network_of
from idp.delegation import answering, inviting
from idp.delegation.answering import Answered, Offer, may_answer
from idp.delegation.lifecycle import Party, last_day
from idp.delegation.limits import token_limits
from idp.delegation.offers import hash_of, passing_words
from idp.delegation.views.common import (
    SOMEBODY,
    SessionFacts,
    There,
    answerer_of,
    asked_in,
    bp,
    needed,
    places,
    signed_in,
    term_of,
    words_kept,
    words_of,
)
from idp.errors import Refusal
from idp.storage import Transaction
from idp.throttle import actions as throttle
from idp.web import caller_address, house, notice, retry_after, see_other
from idp.words import gettext as _

YES, NO = "yes", "no"
LONGEST_CODE = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Here:
    """Where an answer is given: the address of its page, and where it leads afterwards."""

    page: str
    action: str


@bp.get("/invitation")
def code() -> ResponseReturnValue:
    """Type in the code of a letter."""
    return _code_page(None)


@bp.post("/invitation")
def read_code() -> ResponseReturnValue:
    """Look at the offer of a code."""
    typed = "".join(request.form.get("code", "").split())[:LONGEST_CODE]
    plain = inviting.plain_code(typed)
    if not plain.isascii() or not plain.isalnum():
        return _code_page(_("Type in the code from your letter")), 422
    found = _find(plain)
    if isinstance(found, Offer):
        return see_other(url_for("helping.invitation", token=plain))
    if found is not None:
        return found
    return _code_page(_("We do not know this code. Look at your letter again")), 422


@bp.get("/invitation/<token>")
def invitation(token: str) -> ResponseReturnValue:
    """Who asks, and what, before anybody signs in: the names are those we checked."""
    found = _find(token)
    if not isinstance(found, Offer):
        return found or _gone()
    if found.over or not found.open:
        return _gone()
    if not found.able:
        return _not_now(found)
    asked = house().database.read(lambda tx: places(tx, found.open))
    term = term_of(found.mandates)
    return render_template(
        "delegation/invitation.html",
        from_name=found.from_name,
        organisation=found.organisation is not None,
        gives=found.answerer is Party.DELEGATE,
        places=asked,
        days=term.days,
        once=term.once,
        last_day=_last_day(found),
        until=found.expires_at,
        go_on=url_for("helping.answer", token=token),
    )


@bp.get("/invitation/<token>/answer")
def answer(token: str) -> ResponseReturnValue:
    """The exact words, and yes or no for each service."""
    here = Here(
        page=url_for("helping.answer", token=token),
        action=url_for("helping.take_answer", token=token),
    )
    return _ask(_find(token), here)


@bp.post("/invitation/<token>/answer")
def take_answer(token: str) -> ResponseReturnValue:
    """Take the answers, once."""
    here = Here(
        page=url_for("helping.answer", token=token),
        action=url_for("helping.take_answer", token=token),
    )
    return _take(_find(token), here)


@bp.get("/account/helpers/asked/<ref>")
def asked_me(ref: str) -> ResponseReturnValue:
    """What an organisation asks of me because it knows who I am."""
    return _ask(_of_mine(ref), _here(ref))


@bp.post("/account/helpers/asked/<ref>")
def answer_mine(ref: str) -> ResponseReturnValue:
    """Take the answers to it."""
    return _take(_of_mine(ref), _here(ref))


def _here(ref: str) -> Here:
    return Here(
        page=url_for("helping.asked_me", ref=ref), action=url_for("helping.answer_mine", ref=ref)
    )


def _of_mine(ref: str) -> Offer | ResponseReturnValue | None:
    session = signed_in(return_to=url_for("helping.asked_me", ref=ref), least=SOMEBODY)
    if not isinstance(session, SessionFacts):
        return session
    here = house()
    found = here.database.read(lambda tx: answering.by_ref(tx, here.keyring, ref))
    if found is None or session.person_ref is None:
        abort(404)
    # Without one: what this organisation asks in an earlier offer, which is still open, too.
    if {one.principal for one in found.mandates} - {None} != {session.person_ref}:
        abort(404)
    return found


def _find(token: str) -> Offer | ResponseReturnValue | None:
    """Look a link or a code up; every try counts, for right and wrong ones look alike to us."""
    here = house()
    limits = token_limits(network_of(caller_address()))
    wait = throttle.reserve(here.database, here.keyring, limits)
    if wait is not None:
        page = notice(429, _("Too many tries"), [_("Wait a minute. Then try again.")])
        page.headers.update(retry_after(wait))
        return page
    return here.database.read(lambda tx: answering.by_token(tx, here.keyring, token))


def _ask(
    found: Offer | ResponseReturnValue | None,
    here: Here,
    error: str | None = None,
    kept: Mapping[str, str] = MappingProxyType({}),
) -> ResponseReturnValue:
    """The page, with what was `kept` of the form that was sent before."""
    ready = _ready(found, here)
    if not isinstance(ready, There):
        return ready
    offer = ready.offer
    asked = house().database.read(lambda tx: asked_in(tx, offer))
    said = words_of(ready, asked.values(), mine=False)
    delegate = offer.from_name  # an organisation's: nobody else passes anything on
    page = render_template(
        "delegation/answer.html",
        from_name=offer.from_name,
        gives=offer.answerer is Party.PRINCIPAL,
        said=said,
        words=hash_of(said),
        choices=[
            {
                "ref": ref,
                "service": place.service,
                "passing": passing_words(delegate, place) if place.passes_on else "",
                "said": kept.get(f"answer-{ref}", ""),
                "passes": kept.get(f"pass-on-{ref}") == YES,
            }
            for ref, place in asked.items()
        ],
        action=here.action,
        error=error,
    )
    return (page, 422) if error else page


def _take(found: Offer | ResponseReturnValue | None, here: Here) -> ResponseReturnValue:
    ready = _ready(found, here)
    if not isinstance(ready, There):
        return ready
    session, offer = ready.session, ready.offer
    house_ = house()
    asked = house_.database.read(lambda tx: asked_in(tx, offer))
    said = words_of(ready, asked.values(), mine=False)
    if request.form.get("words") != hash_of(said):
        return _ask(offer, here, _("The words have changed. Read them again"))
    choices = {
        one.ref: request.form[f"answer-{one.ref}"] == YES
        for one in offer.open
        if request.form.get(f"answer-{one.ref}") in {YES, NO}
    }
    if len(choices) < len(offer.open):
        return _ask(offer, here, _("Say yes or no to each"), request.form)

    passing = {
        ref: place.passes_on
        for ref, place in asked.items()
        if place.passes_on and choices[ref] and request.form.get(f"pass-on-{ref}") == YES
    }
    kept = words_kept(ready, asked, mine=False, ticked=passing)

    def work(tx: Transaction) -> Answered | Refusal:
        return answering.answer(
            tx, house_.keyring, offer, answerer_of(session), choices, said=kept,
            names=house_.policies.names, passing_on=passing,
        )  # fmt: skip

    done = house_.database.transaction(work)
    if isinstance(done, Refusal) or not (done.accepted or done.refused):
        return _gone()
    return _done(offer, yes=bool(done.accepted))


def _ready(found: Offer | ResponseReturnValue | None, here: Here) -> There | ResponseReturnValue:
    """Who may answer, at the level that the services need; else the way there, or why not."""
    if not isinstance(found, Offer):
        return found or _gone()
    if found.over or not found.open:
        return _gone()
    if not found.able:
        return _not_now(found)
    least = needed([one.service for one in found.open])
    session = signed_in(return_to=here.page, least=least)
    if not isinstance(session, SessionFacts):
        return session
    barred = may_answer(found, answerer_of(session), house().policies.names)
    if barred == "own-offer":
        return notice(403, _("You asked this yourself"), [
            _("Somebody else has to answer it. Send them the link.")], link=_home())  # fmt: skip
    if barred == "other-name":
        keyring = house().keyring
        house().database.transaction(
            lambda tx: answering.wrong_name(tx, keyring, found, session.account_ref)
        )
        return notice(403, _("This is for somebody else"), [
            _("The name in it is not yours. Did they write your name wrong? "
              "Then they have to ask again.")], link=_home())  # fmt: skip
    if barred is not None:
        abort(404)
    return There(session=session, offer=found)


def _gone() -> ResponseReturnValue:
    said = [
        _("It was answered, taken back, or its time is up."),
        _("Do you still want it? Then they have to ask again."),
    ]
    return notice(410, _("There is nothing to answer"), said, link=_home())


def _not_now(offer: Offer) -> ResponseReturnValue:
    said = [_("They asked you before. Now they cannot help anybody. You need do nothing.")]
    title = _("%(name)s cannot help you now", name=offer.from_name)
    return notice(409, title, said, link=_home())


def _done(offer: Offer, *, yes: bool) -> ResponseReturnValue:
    gives = offer.answerer is Party.PRINCIPAL
    link = (
        (url_for("account.helpers"), _("See who can act for me"))
        if gives
        else (url_for("account.helping"), _("See whom I help"))
    )
    if not yes:
        return notice(200, _("You said no"), [_("Nothing has changed. They are told.")], link=link)
    said = _("They can do it from now on. You can end it at any time.") if gives else _(
        "You can do it from now on. You can give it back at any time."
    )  # fmt: skip
    return notice(200, _("You said yes"), [said], link=link)


def _last_day(offer: Offer) -> date | None:
    term = term_of(offer.mandates)
    if term.until is None:
        return None
    return last_day(term.until)


def _code_page(error: str | None) -> str:
    return render_template("delegation/code.html", action=url_for("helping.read_code"), error=error)


def _home() -> tuple[str, str]:
    return url_for("account.home"), _("Go to your page")
