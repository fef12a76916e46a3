"""What an organisation's pages share: who is there, and what they may do in it."""

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, abort, url_for
from flask.typing import ResponseReturnValue

from idp.account.views.common import level_of, signed_in
from idp.assurance.policy import ACCOUNT
from idp.assurance.reach import row_for
from idp.assurance.rules import key_shown
from idp.authentication.sessions import SessionFacts
from idp.delegation.opening import Opener, asked_to_open
from idp.organisations import texts
from idp.organisations.actions import Listed, standing
from idp.organisations.rules import Act, Organisation, Verdict, judge, may
from idp.web import house, notice, see_other
from idp.words import gettext as _

bp = Blueprint("organisations", __name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Here:
    """A member on a page of their organisation."""

    session: SessionFacts
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
    return Here(session=session, organisation=organisation, me=me)


def signed_in_for(endpoint: str, **where: Any) -> SessionFacts | ResponseReturnValue:
    """Answer the session of who sent a form; who has to sign in first comes to that page."""
    return signed_in(return_to=url_for(endpoint, **where))


def opener_of(session: SessionFacts) -> Opener:
    """Who sent a form that may open people to others, and what they have shown."""
    policies = house().policies
    methods = policies.methods_for(ACCOUNT, session.circumstances())
    return Opener(
        account=session.account_ref,
        level=level_of(session),
        device_bound=key_shown(session.proofs, methods) is not None,
        rules=policies.risk,
    )


def led_to_open(endpoint: str, **where: Any) -> ResponseReturnValue | None:
    """Lead whoever was refused for their level to what it takes to open people, and back to the
    page. None: no further check helps, for they lack the right key."""
    rules = house().policies.risk
    row = house().database.read(lambda tx: asked_to_open(tx, rules, where["ref"]))
    session = signed_in(return_to=url_for(endpoint, **where), least=row.level)
    return None if isinstance(session, SessionFacts) else session


def done(verdict: object, endpoint: str, **where: Any) -> ResponseReturnValue | Verdict:
    """Send the browser on when it was done; hide what is not theirs; lead whoever has to show
    more to it; else answer what to say."""
    if verdict is Verdict.GONE:
        abort(404)
    led = led_to_open(endpoint, **where) if verdict is Verdict.LEVEL else None
    if led is not None:
        return led
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
