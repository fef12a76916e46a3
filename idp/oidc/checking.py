"""May this delegate act for this principal here? Asked by the service itself, and answered with
what is missing (`POST /api/v1/mandates/check`).

One statement reads all it takes, and the journal row is all that is written. Whoever is unknown
and whoever has no permission get one answer, and the same work (`delegation.md` I14).
"""

from dataclasses import asdict, dataclass
from typing import Any

from authlib.oauth2.rfc6749 import TokenEndpoint
from authlib.oauth2.rfc6749.errors import (
    InvalidRequestError,
    InvalidScopeError,
    UnauthorizedClientError,
)
from sqlalchemy import String, and_, bindparam, case, func, literal, or_, select

from idp.assurance.policy import Policies
from idp.assurance.rules import Level
from idp.callers import acting, liveness
from idp.callers.acting import ActingMandate, named
from idp.callers.authority import Bar, Wish, bar
from idp.callers.clients import Client
from idp.callers.liveness import LiveGrant
from idp.delegation.explaining import explain
from idp.delegation.joint import open_act_of
from idp.journal.actions import Entry, record
from idp.keyring import jose
from idp.oidc.grants import AUTH_METHODS
from idp.oidc.server import Answer, Call, Request, Server
from idp.oidc.tokens import mandate_claim, read_access
from idp.storage import Transaction, UtcDateTime, db_now

LONGEST_SUBJECT = 255  # characters: OpenID Connect Core section 2, `sub`
LONGEST_SCOPE = 200
MOST_READ = 8  # mandates between the two: their own, and those of organisations they are in
TOP = Level(identity=3, sign_in=3)

_TEXT = String()
_SUBJECT = named("subject", sub=_TEXT, sector=_TEXT, kind=_TEXT, holder=_TEXT)
_ACCOUNT = named("account", ref=_TEXT, person_ref=_TEXT, disabled_at=UtcDateTime())
_CLIENT = named("client", client_id=_TEXT, disabled_at=UtcDateTime())
_DELEGATE, _PRINCIPAL = _SUBJECT.alias("ds"), _SUBJECT.alias("ps")
_ACTOR, _OWNER = _ACCOUNT.alias("da"), _ACCOUNT.alias("pa")
_MINE = acting.MEMBER.alias("mine")
_M = acting.MANDATE
_PARTY = func.coalesce(_OWNER.c.person_ref, _PRINCIPAL.c.holder)
_ORGANISATIONS = select(_MINE.c.organisation_ref).where(_MINE.c.account_ref == _ACTOR.c.ref)


def _known(subject: Any, kind: str, name: str) -> Any:
    return and_(
        subject.c.sub == bindparam(name),
        subject.c.sector == bindparam("sector"),
        subject.c.kind == kind,
    )


_CHECK = (
    select(
        db_now().label("now"),
        # What the client is may be some seconds old; whether it is live is not (decision 16).
        select(_CLIENT.c.disabled_at)
        .where(_CLIENT.c.client_id == bindparam("service"))
        .scalar_subquery()
        .label("disabled_at"),
        _PARTY.label("party"),
        func.coalesce(_ACTOR.c.person_ref, _ACTOR.c.ref).label("actor"),
        *acting.columns(func.coalesce(bindparam("joint_act", type_=_TEXT), open_act_of(_M))),
    )
    .select_from(
        acting.joined(
            select(literal(1).label("one")).subquery("asked")
            .join(_PRINCIPAL, _known(_PRINCIPAL, "self", "principal"), isouter=True)
            .join(_OWNER, _OWNER.c.ref == _PRINCIPAL.c.holder, isouter=True)
            .join(_DELEGATE, _known(_DELEGATE, "actor", "delegate"), isouter=True)
            .join(
                _ACTOR,
                and_(
                    or_(_ACTOR.c.ref == _DELEGATE.c.holder,
                        _ACTOR.c.person_ref == _DELEGATE.c.holder),
                    _ACTOR.c.disabled_at.is_(None),
                ),
                isouter=True,
            ),
            mandate=and_(
                _M.c.principal == _PARTY,
                _M.c.service == bindparam("service"),
                or_(_M.c.delegate == _ACTOR.c.person_ref, _M.c.delegate.in_(_ORGANISATIONS)),
            ),
            member=and_(
                acting.MEMBER.c.account_ref == _ACTOR.c.ref, acting.MEMBER.c.left_at.is_(None)
            ),
            account=_ACTOR.c.ref, person=_ACTOR.c.person_ref,
        )
    )
    .order_by(case((_M.c.state == "active", 0), (_M.c.state == "suspended", 1), else_=2),
              _M.c.starts.desc())
    .limit(MOST_READ)
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What a check found. `why` None: allowed. `principal` and `actor` None: not known here."""

    why: Bar | None
    mandate: ActingMandate | None
    principal: str | None
    actor: str | None


def check(
    tx: Transaction,
    policies: Policies,
    client: Client,
    *,
    delegate: str,
    principal: str,
    power: str,
    visit: LiveGrant | None = None,
) -> Checked | None:
    """Say whether the delegate may use a power for the principal at this client's own service.

    The level of whoever acts is not looked at: it is their sign-in that is weighed then. Of
    several mandates one that allows it is answered, else the reason of the liveliest. `visit`:
    a live grant of this client's; what belongs to that one visit counts as well, which is a
    single use that it spent itself, and what fellow delegates agreed to for it. None: the client
    has been switched off.
    """
    rows = (
        tx.execute(
            _CHECK,
            {"delegate": delegate, "principal": principal, "sector": client.sector,
             "service": client.client_id, "joint_act": visit.joint_act_ref if visit else None},
        )
        .mappings()
        .all()
    )  # fmt: skip
    floor = policies.floor(client.client_id)
    wish = Wish(
        service=client.client_id, powers=frozenset({power}), aware=client.delegation_aware,
        level=TOP, needed=floor, floor=floor,
    )  # fmt: skip
    first = rows[0]
    if first["disabled_at"] is not None:
        return None
    found = [
        acting.read(row, now=row["now"], actor=row["actor"], grant=visit.ref if visit else None)
        for row in rows
        if row["m_ref"] is not None
    ]
    judged = [(bar(one.facts, wish), one) for one in found]
    why, mandate = next(
        (one for one in judged if one[0] is None), judged[0] if judged else (Bar.UNKNOWN, None)
    )
    return Checked(why=why, mandate=mandate, principal=first["party"], actor=first["actor"])


class MandateCheck(TokenEndpoint):  # type: ignore[misc]
    """A service asks about two subjects of its own sector, at itself."""

    ENDPOINT_NAME = "mandate-check"
    CLIENT_AUTH_METHODS = AUTH_METHODS[:-1]

    def create_endpoint_response(self, request: Request) -> Answer:
        """Answer allowed with the mandate, or not with the reason, a reference and three texts."""
        client: Client = self.authenticate_endpoint_client(request)
        call = self.server.call
        policies = call.services.policies
        delegate, principal = (_subject(request, name) for name in ("delegate", "principal"))
        power = _power(request, client, policies)
        found = check(
            call.tx, policies, client, delegate=delegate, principal=principal, power=power,
            visit=_visit(request, client, call, (delegate, principal)),
        )  # fmt: skip
        if found is None:
            raise UnauthorizedClientError("client_id: this service has been switched off")
        if found.mandate is not None:
            call.depends(found.mandate.organisation, client.client_id)
        entry = Entry(
            kind="mandate-checked",
            # A stranger's question about a stranger is nobody's affair, and tells them nothing.
            person=found.principal if found.mandate else None,
            actor=found.actor if found.mandate else None,
            client_id=client.client_id,
            mandate_ref=found.mandate.ref if found.mandate else None,
            detail={"power": power, "reason": found.why or "allowed",
                    "policy": policies.fingerprint},
        )  # fmt: skip
        reference = record(call.tx, entry)
        if found.why is None and found.mandate is not None:
            told = {"allowed": True, "mandate": mandate_claim(found.mandate, found.mandate.powers)}
            return 200, {**told, "reference": reference}, []
        why = found.why or Bar.UNKNOWN
        refused = {"allowed": False, "reason": why, "reference": reference}
        return 200, {**refused, "texts": asdict(explain(why))}, []


def check_mandate(server: Server, request: Request) -> Answer:
    """Answer a mandate check inside the frame."""
    server.register_endpoint(MandateCheck)
    answer: Answer = server.create_endpoint_response("mandate-check", request)
    return answer


def _subject(request: Request, name: str) -> str:
    value = request.form.get(name)
    if not value:
        raise InvalidRequestError(f"{name}: it is missing; send the subject as your tokens say it")
    if len(value) > LONGEST_SUBJECT:
        raise InvalidRequestError(f"{name}: longer than {LONGEST_SUBJECT} characters")
    return value


def _visit(
    request: Request, client: Client, call: Call, parties: tuple[str, str]
) -> LiveGrant | None:
    """The visit that the caller speaks of, by an access token of it. None: it names none, or one
    that is over or of others."""
    token = request.form.get("access_token")
    if not token:
        return None
    try:
        claims = read_access(call.services, token)
    except jose.BadToken as problem:
        raise InvalidRequestError(f"access_token: {problem.reason}") from None
    if claims.get("client_id") != client.client_id:
        raise InvalidRequestError("access_token: it was issued to another client")
    visit = liveness.ask(call.tx, str(claims.get("gid")))
    if visit is None or visit.dead is not None or (visit.act_sub, visit.sub) != parties:
        return None
    return visit


def _power(request: Request, client: Client, policies: Policies) -> str:
    scope = request.form.get("scope")
    if not scope or len(scope) > LONGEST_SCOPE:
        raise InvalidScopeError("scope: name one power, such as view, or tax:view")
    service, _, power = scope.rpartition(":")
    if service and service != client.client_id:
        raise InvalidScopeError("scope: only a service of your own registration")
    known = policies.powers.get(client.client_id)
    if known is not None and power not in known.ids:
        raise InvalidScopeError(f"scope: this service has the powers {', '.join(known.ids)}")
    return power
