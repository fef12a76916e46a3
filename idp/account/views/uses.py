"""One permission and every use of it, as its principal and its helper see it; objecting to one."""

from dataclasses import dataclass

from flask import abort, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.account import actions
from idp.account.views.common import bp, hold_of, signed_in, stopped_of, what_was_done
from idp.authentication.sessions import SessionFacts
from idp.delegation import actions as delegation
from idp.delegation import objecting, owning, passing, uses
from idp.delegation.actions import HeldMandate
from idp.delegation.lifecycle import FINAL
from idp.delegation.uses import Use, UsesPage
from idp.errors import Refusal
from idp.storage import Transaction
from idp.web import house, notice
from idp.words import gettext as _

LONGEST_ID = 18  # digits of an entry's place in the journal


@bp.get("/account/helpers/<ref>")
def mandate(ref: str) -> ResponseReturnValue:
    """One permission I gave, and every use of it. Somebody else's is not found."""
    session = signed_in()
    if not isinstance(session, SessionFacts):
        return session

    def work(tx: Transaction) -> tuple[HeldMandate, dict[str, object], UsesPage] | None:
        found = delegation.find(tx, ref)
        if found is None or found.principal is None or found.principal != session.person_ref:
            return None
        names = actions.service_names(tx, [found.service])
        shown = {
            **_shown(found, names),
            "renews": owning.may_renew(found, tx),
            "hold": hold_of(tx, found),
            "stopped": found.delegate in stopped_of(tx, [found]),
            "passed": [{"name": one.delegate_name, "href": url_for("account.mandate", ref=one.ref)}
                       for one in passing.passed_on(tx, found.ref)],
        }  # fmt: skip
        return found, shown, uses.page_of(tx, found, _before())

    answer = house().database.read(work)
    if answer is None:
        abort(404)
    found, shown, page = answer
    return render_template(
        "account/mandate.html",
        mandate=shown,
        uses=[_use(found, page, one, objects=True) for one in page.uses],
        more=_more("account.mandate", ref, page),
    )


@bp.get("/account/helping/<ref>")
def helping_one(ref: str) -> ResponseReturnValue:
    """One permission I hold, and every use I made of it. That somebody objected to one is between
    them and us: whoever is afraid of their helper could not object else."""
    session = signed_in()
    if not isinstance(session, SessionFacts):
        return session

    def work(tx: Transaction) -> tuple[HeldMandate, dict[str, object], UsesPage] | None:
        found = delegation.find(tx, ref)
        if found is None or found.delegate is None or found.delegate != session.person_ref:
            return None
        found = owning.as_helper_sees(tx, found)
        names = actions.service_names(tx, [found.service])
        shown = {**_shown(found, names), "hold": hold_of(tx, found)}
        return found, shown, uses.page_of(tx, found, _before())

    answer = house().database.read(work)
    if answer is None:
        abort(404)
    found, shown, page = answer
    return render_template(
        "account/helping_one.html",
        mandate=shown,
        uses=[_use(found, page, one, objects=False) for one in page.uses],
        more=_more("account.helping_one", ref, page),
    )


@bp.get("/account/helpers/<ref>/object/<reference>")
def objection(ref: str, reference: str) -> ResponseReturnValue:
    """Ask what is wrong about one use."""
    found = _mine(ref, reference)
    return _ask(found) if isinstance(found, Mine) else found


@bp.post("/account/helpers/<ref>/object/<reference>")
def object_to(ref: str, reference: str) -> ResponseReturnValue:
    """Keep an objection: once for each use."""
    found = _mine(ref, reference)
    if not isinstance(found, Mine):
        return found
    typed = request.form.get("words", "")
    words = objecting.read_words(typed)
    if words is None:
        return _ask(found, typed), 422
    keyring = house().keyring
    done = house().database.transaction(
        lambda tx: objecting.object_to(tx, keyring, found.mandate, reference, words)
    )
    back = (url_for("account.mandate", ref=ref), _("See what was done"))
    if isinstance(done, Refusal):
        said = [_("You told us before. We will tell you the answer.")]
        return notice(422, _("We know of this"), said, link=back)
    said = [
        _("We will look at it. Then you get an answer. You find it beside what was done."),
        _("Do you want it to stop now? Then end the permission."),
    ]
    return notice(200, _("You told us what is wrong"), said, link=back, reference=done)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mine:
    """One use of a permission that the reader gave."""

    mandate: HeldMandate
    use: Use


def _mine(ref: str, reference: str) -> Mine | ResponseReturnValue:
    session = signed_in(return_to=url_for("account.mandate", ref=ref))
    if not isinstance(session, SessionFacts):
        return session

    def work(tx: Transaction) -> Mine | None:
        found = delegation.find(tx, ref)
        if found is None or found.principal is None or found.principal != session.person_ref:
            return None
        use = uses.find_use(tx, found, reference)
        return Mine(mandate=found, use=use) if use is not None else None

    found = house().database.read(work)
    if found is None:
        abort(404)
    return found


def _ask(found: Mine, typed: str | None = None) -> str:
    """Ask what is wrong; `typed`: what was sent and cannot be kept."""
    mandate, use = found.mandate, found.use
    most = f"{objecting.LONGEST:,}"
    error = None if typed is None else _("Say in a few words what is wrong")
    if typed is not None and len(typed.strip()) > objecting.LONGEST:
        error = _("Use fewer words: %(most)s letters at most", most=most)
    return render_template(
        "account/object.html",
        delegate_name=mandate.delegate_name,
        what=what_was_done(use.kind, use.detail, mandate.service),
        service=use.service,
        when=use.at,
        reference=use.reference,
        typed=typed or "",
        back=url_for("account.mandate", ref=mandate.ref),
        action=url_for("account.object_to", ref=mandate.ref, reference=use.reference),
        error=error,
    )


def _before() -> int | None:
    """Where a page of uses begins, as asked for; None for anything that is no place."""
    typed = request.args.get("before", "")
    fits = typed.isascii() and typed.isdigit() and len(typed) <= LONGEST_ID
    return int(typed) if fits else None


def _more(endpoint: str, ref: str, page: UsesPage) -> str | None:
    return None if page.before is None else url_for(endpoint, ref=ref, before=page.before)


def _use(found: HeldMandate, page: UsesPage, one: Use, *, objects: bool) -> dict[str, object]:
    answer = objecting.answer_words(house().keyring, one.reference, one.answer_sealed)
    if page.organisation is None:
        who = found.delegate_name
    elif one.adviser:
        who = _("%(name)s at %(organisation)s", name=one.adviser, organisation=page.organisation)
    elif one.kind == "mandate-checked" or page.shows_names:
        who = page.organisation
    else:
        who = _("A named adviser at %(organisation)s", organisation=page.organisation)
    return {
        "when": one.at,
        "service": one.service,
        "who": who,
        "what": what_was_done(one.kind, one.detail, found.service),
        "purpose": one.purpose,
        "reference": one.reference,
        "objected": objects and one.objected_at is not None,
        "answer": answer if objects else None,
        "object": url_for("account.objection", ref=found.ref, reference=one.reference)
        if objects and one.objected_at is None
        else None,
    }


def _shown(mandate: HeldMandate, names: dict[str, str]) -> dict[str, object]:
    known = house().policies.powers.get(mandate.service)
    return {
        "ref": mandate.ref,
        "delegate_name": mandate.delegate_name,
        "principal_name": mandate.principal_name,
        "services": [names.get(mandate.service, mandate.service)],
        "powers": known.says(mandate.powers) if known else [],
        "until": mandate.expires,
        "once": mandate.single_use,
        "through": mandate.through,
        "passes_on": mandate.max_chain > 0,
        "ended": mandate.state in FINAL,
        "ended_on": mandate.ended_at,
    }
