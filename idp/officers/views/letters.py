"""Letters: a list of whom nothing else reaches, a page to print, and a mark when it is done."""

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.journal.actions import Entry, record
from idp.notices import letters as driver
from idp.notices.letters import Letter, Way
from idp.notices.texts import Words
from idp.officers import actions, finding
from idp.officers.rules import Act
from idp.officers.sessions import OfficerSession
from idp.officers.views.common import bp, signed_in, wait_page
from idp.storage import Transaction
from idp.web import house, see_other
from idp.words import gettext as _


@bp.get("/console/letters")
def letters() -> ResponseReturnValue:
    """The letters that wait, oldest first. No names: those are on the letter."""
    session = signed_in(Act.SEND_LETTERS)
    return _list_page() if isinstance(session, OfficerSession) else session


@bp.post("/console/letters/<ref>")
def letter(ref: str) -> ResponseReturnValue:
    """Show one, ready to print. Counted and recorded, as every look at somebody's name is."""
    session = signed_in(Act.SEND_LETTERS)
    if not isinstance(session, OfficerSession):
        return session
    here, officer = house(), session.officer.ref
    wait = actions.reserve_look_up(here.database, here.keyring, officer)
    if wait is not None:
        return wait_page(wait)

    def work(tx: Transaction) -> tuple[Letter, Words, str, list[str]] | None:
        found = driver.read(tx, here.keyring, ref, issuer=here.settings.issuer)
        if found is None:
            return None
        party = found[0].party
        actions.record_look_up(tx, person_ref=party, case_ref=ref, officer_ref=officer)
        return *found, finding.name_of(tx, party), finding.address_of(tx, party)

    found = here.database.transaction(work)
    if found is None:
        return _list_page(_("This letter was done already")), 422
    one, words, name, address = found
    return render_template(
        "officers/letter.html",
        action=url_for("console.letter_done", ref=ref),
        name=name,
        address=address,
        written=one.created_at,
        subject=words.subject,
        paragraphs=words.paragraphs,
    )


@bp.post("/console/letters/<ref>/done")
def letter_done(ref: str) -> ResponseReturnValue:
    """Mark it as posted, or as told by a call; once."""
    session = signed_in(Act.SEND_LETTERS)
    if not isinstance(session, OfficerSession):
        return session
    way = request.form.get("way", "")
    if way not in set(Way):
        return _list_page(_("Say if you posted it or rang them up")), 422

    def work(tx: Transaction) -> bool:
        party = driver.done(tx, ref, officer=session.officer.ref, way=Way(way))
        if party is not None:
            record(tx, Entry(kind="letter-sent", person=party, actor=session.officer.ref,
                             detail={"letter": ref, "way": way}))  # fmt: skip
        return party is not None

    if not house().database.transaction(work):
        return _list_page(_("This letter was done already")), 422
    return see_other(url_for("console.letters"))


def _list_page(error: str | None = None) -> str:
    waiting = [
        {"action": url_for("console.letter", ref=one.ref), "when": one.created_at}
        for one in house().database.read(driver.waiting)
    ]
    return render_template("officers/letters.html", letters=waiting, error=error)
