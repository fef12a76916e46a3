"""What an organisation's pages share: who is there, and what they may do in it."""

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, abort, url_for
from flask.typing import ResponseReturnValue

from idp.account.views.common import signed_in
from idp.assurance.reach import row_for
from idp.assurance.rules import Level
from idp.authentication.sessions import SessionFacts
from idp.delegation.people import count_people
from idp.organisations import texts
from idp.organisations.actions import Listed, standing
from idp.organisations.rules import Act, Organisation, Verdict, judge, may
from idp.storage import Transaction
from idp.web import house, notice, see_other
from idp.words import gettext as _

bp = Blueprint("organisations", __name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Here:
    """A member on a page of their organisation."""

    account: str
    organisation: Organisation
    me: Listed

    def may(self, act: Act) -> bool:
        """Say whether this member may do it now, so that the page offers it."""
        return judge(self.organisation, self.me.member, act) is Verdict.ALLOWED

    def has(self, act: Act) -> bool:
        """Say whether a role of theirs lets them, whatever else stands in the way."""
        return may(self.me.member.roles, act)


def entered(ref: str, act: Act = Act.SEE) -> Here | ResponseReturnValue:
    """Answer who looks at a page of this organisation; nobody but its members finds it."""
    session = signed_in()
    if not isinstance(session, SessionFacts):
        return session
    account = session.account_ref
    found = house().database.read(lambda tx: standing(tx, ref, account))
    if found is None:
        abort(404)
    organisation, me = found
    verdict = judge(organisation, me.member, act)
    if verdict is not Verdict.ALLOWED:
        to_own = verdict in {Verdict.SUSPENDED, Verdict.UNVERIFIED} or act is Act.SEE
        link = (
            (url_for("account.helping"), _("People I help"))
            if to_own
            else (url_for("organisations.home", ref=ref), organisation.name)
        )
        return notice(403, _("You cannot do this now"), [texts.refused(verdict)], link=link)
    return Here(account=account, organisation=organisation, me=me)


def signed_in_for(endpoint: str, **where: Any) -> SessionFacts | ResponseReturnValue:
    """Answer the session of who sent a form; who has to sign in first comes to that page."""
    return signed_in(return_to=url_for(endpoint, **where))


def signed_in_to_open(ref: str, endpoint: str, **where: Any) -> SessionFacts | ResponseReturnValue:
    """Answer the session of who sent a form that opens people to more members than before.

    Whoever may open people to others can open them all: so they show what T7 asks of somebody who
    can open as many as the organisation acts for, and are led to it. Closing takes no more than
    the page does.
    """
    session = signed_in_for(endpoint, ref=ref, **where)
    if not isinstance(session, SessionFacts):
        return session
    account = session.account_ref

    def count(tx: Transaction) -> int:
        # An outsider learns nothing of its size: whether they may is said by what they ask for.
        return count_people(tx, ref) if standing(tx, ref, account) else 0

    row = row_for(house().database.read(count), house().policies.risk)
    least = Level(identity=row.identity, sign_in=row.sign_in)
    return signed_in(return_to=url_for(endpoint, ref=ref, **where), least=least)


def done(verdict: object, endpoint: str, **where: Any) -> ResponseReturnValue | Verdict:
    """Send the browser on when it was done; hide what is not theirs; else answer what to say."""
    if verdict is Verdict.GONE:
        abort(404)
    if isinstance(verdict, Verdict) and verdict is not Verdict.ALLOWED:
        return verdict
    return see_other(url_for(endpoint, **where))


def refusal(verdict: Verdict, endpoint: str, **where: Any) -> ResponseReturnValue:
    """Say why something was not done, with the way back."""
    link = (url_for(endpoint, **where), _("Go back"))
    return notice(422, _("This was not done"), [texts.refused(verdict)], link=link)


def demands_of(reach: int) -> list[str]:
    """Say what the policies ask of somebody who can open so many people."""
    row = row_for(reach, house().policies.risk)
    return texts.demands(
        identity=row.identity,
        sign_in=row.sign_in,
        device_bound=row.device_bound,
        two_people=bool(row.two_people),
    )


def too_small(organisation: Organisation, reach: int) -> bool:
    """Say whether the organisation was checked too little for members with this reach (T7)."""
    return organisation.assurance < row_for(reach, house().policies.risk).org
