"""What others who were appointed together with me ask me to agree to."""

from flask import abort, render_template, url_for
from flask.typing import ResponseReturnValue

from idp.account import actions
from idp.account.views.common import bp, signed_in
from idp.assurance.rules import Level
from idp.authentication.sessions import SessionFacts
from idp.delegation import joint
from idp.delegation.joint import JointAct
from idp.storage import Transaction
from idp.web import house, notice
from idp.words import gettext as _


@bp.get("/account/helping/agree/<ref>")
def agreeing(ref: str) -> ResponseReturnValue:
    """Show what one of them wants to do. Nobody else's is found."""
    session = signed_in()
    if not isinstance(session, SessionFacts):
        return session
    person = session.person_ref

    def work(tx: Transaction) -> tuple[JointAct, str] | None:
        found = joint.find(tx, ref)
        if found is None or person not in {one.person for one in found.fellows}:
            return None
        names = actions.service_names(tx, [found.service])
        return found, names.get(found.service, found.service)

    answer = house().database.read(work)
    if answer is None:
        abort(404)
    act, service = answer
    ready = _proved_for(act)
    if not isinstance(ready, SessionFacts):
        return ready
    mine = any(one.agreed for one in act.fellows if one.person == person)
    return render_template(
        "account/agree.html",
        who=who_asks(act),
        principal=act.principal_name,
        service=service,
        purpose=act.purpose,
        until=act.expires_at,
        mine=mine,
        agreed=act.agreed,
        quorum=act.quorum,
        action="" if mine else url_for("account.agree", ref=ref),
    )


@bp.post("/account/helping/agree/<ref>")
def agree(ref: str) -> ResponseReturnValue:
    """Sign it, in a session of one's own: once, however often the button is pressed."""
    session = signed_in(return_to=url_for("account.helping"))
    if not isinstance(session, SessionFacts):
        return session
    person, database = session.person_ref, house().database
    asked = database.read(lambda tx: joint.find(tx, ref))
    ready = _proved_for(asked) if asked is not None else None
    if ready is not None and not isinstance(ready, SessionFacts):
        return ready
    act = database.transaction(lambda tx: joint.sign(tx, ref, person)) if person else None
    if act is None:
        abort(404)
    said = [
        _("%(agreed)s of %(quorum)s agreed so far.", agreed=act.agreed, quorum=act.quorum),
        _("It is for one visit. You are asked again the next time."),
    ]
    return notice(200, _("You agreed"), said, link=(url_for("account.helping"), _("People I help")))


def _proved_for(act: JointAct) -> SessionFacts | ResponseReturnValue:
    """Whoever agrees proves what the service asks of whoever acts: else the weakest sign-in of all
    who were appointed together would be the one that counts (I10)."""
    least = Level(identity=1, sign_in=0).join(house().policies.floor(act.service))
    return signed_in(return_to=url_for("account.agreeing", ref=act.ref), least=least)


def who_asks(act: JointAct) -> str:
    """The name of whoever asked; nothing where they were removed since."""
    return next((one.name for one in act.fellows if one.person == act.asked_by), "")
