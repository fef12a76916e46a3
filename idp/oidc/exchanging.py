"""Software of an organisation acts for a person: token exchange (RFC 8693).

`subject_token` is the reference of one permission to act and so names one principal. Who acts is
never guessed: it is the member whose own access token is shown as `actor_token`, or the one who
answers for the software under a machine mandate. Whether they may is asked of `authority.bar`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NoReturn

from authlib.oauth2.rfc6749.grants import BaseGrant, TokenEndpointMixin

from idp.accounts.subjects import acting_subjects
from idp.assurance.conditions import Circumstances
from idp.assurance.rules import Level, answer_acr, key_shown, sign_in_level
from idp.callers import acting, liveness
from idp.callers.acting import ActingMandate
from idp.callers.authority import Bar, Wish, bar
from idp.callers.clients import Client
from idp.callers.dpop import Unproved
from idp.callers.liveness import LiveGrant
from idp.callers.rules import SAID, Dead
from idp.delegation import machines, reaching, watching
from idp.delegation.explaining import Reason, said
from idp.delegation.machines import Machine
from idp.delegation.using import spend_single_use
from idp.journal.actions import Entry, record, record_both
from idp.keyring import jose
from idp.keyring.sealing import random_ref
from idp.oidc import issuing
from idp.oidc.detail_rules import described
from idp.oidc.exchange_rules import (
    ACCESS_TOKEN_TYPE,
    GRANT_TYPE,
    Exchange,
    powers_at,
    read_exchange,
    scope_for,
)
from idp.oidc.granting import acting_detail
from idp.oidc.grants import AUTH_METHODS, ask_live, issued, token_answer
from idp.oidc.resources import Place, place_of
from idp.oidc.rules import BadRequest
from idp.oidc.server import Answer, Call, Refused, Request, Server
from idp.oidc.tokens import read_access

STRONG_METHODS = frozenset({"private_key_jwt"})
# Which error of RFC 8693 section 2.2.2 or RFC 6749 section 5.2 a bar is; the rest: invalid_request.
CODES: Mapping[StrEnum, str] = {
    Bar.OTHER_SERVICE: "invalid_target",
    Bar.SERVICE_OFF: "invalid_target",
    Bar.NOT_AWARE: "invalid_target",
    Bar.OTHER_POWER: "invalid_scope",
    Bar.SOFTWARE: "unauthorized_client",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """The human who acts, and on what they stand. `party` is how the journal names them.

    `level` is what they proved, as it counts for one who acts for others, and `key_shown` when a
    key which cannot be copied was among it. `risk` and `deferral` are of the sign-in they stand
    on.
    """

    account_ref: str
    person_ref: str | None
    session_ref: str
    sid: str
    level: Level
    key_shown: datetime | None
    acr: str
    amr: list[str]
    auth_time: int
    grant_ref: str | None = None
    machine_ref: str | None = None
    risk: str | None = None
    deferral: str | None = None

    @property
    def party(self) -> str:
        """The person, or the account of one whom nobody proved."""
        return self.person_ref or self.account_ref


class ExchangeGrant(BaseGrant, TokenEndpointMixin):  # type: ignore[misc]
    """Exchange a mandate and its actor for an acting access token, in Authlib's frame."""

    GRANT_TYPE = GRANT_TYPE
    TOKEN_ENDPOINT_AUTH_METHODS = AUTH_METHODS
    request: Request

    def validate_token_request(self) -> None:
        """Say which software calls, what it asks, and whether it may ask such a thing at all."""
        client: Client = self.authenticate_token_endpoint_client()
        self.case = Case(self.request, client)
        self.case.read()

    def create_token_response(self) -> tuple[int, dict[str, Any], Any]:
        """Issue the token (RFC 8693 section 2.2.1); or refuse, and keep that in the journal."""
        return 200, self.case.exchange(), self.TOKEN_RESPONSE_HEADER


def token_response(server: Server, request: Request) -> Answer:
    """Answer at the token endpoint inside the frame, exchanges among the rest."""
    server.register_grant(ExchangeGrant)
    answer: Answer = server.create_token_response(request)
    return answer


class Case:
    """One exchange: what is known of it so far, so that a refusal can say whose it was."""

    def __init__(self, request: Request, client: Client) -> None:
        self.call: Call = request.call
        self.request = request
        self.client = client
        self.asked: Exchange
        self.actor: Actor | None = None
        self.mandate: ActingMandate | None = None

    def read(self) -> None:
        """Check the client's registration, then the request. Raises `Refused`."""
        client = self.client
        if (
            client.token_endpoint_auth_method not in STRONG_METHODS
            or not client.check_grant_type(GRANT_TYPE)
            or not client.organisation_ref
        ):
            self._refuse("unauthorized_client", "client: not registered for token exchange",
                         Bar.SOFTWARE)  # fmt: skip
        try:
            self.asked = read_exchange(self.request.form)
        except BadRequest as problem:
            self._refuse(problem.code, problem.description, problem.code)

    def exchange(self) -> dict[str, Any]:
        """Decide and issue. Raises `Refused`."""
        place = place_of(self.call, self.asked.mandate, self.asked.resource)
        if self.asked.resource is not None:
            if place.owner is None:
                self._refuse("invalid_target", "resource: name one API that is registered",
                             "api-unknown")  # fmt: skip
            if self.request.dpop_jkt is None:
                self._refuse(
                    "invalid_target",
                    "resource: a token to act at an API must be bound to a key; send a DPoP proof",
                    Unproved.MISSING,
                )
        if place.service is None or place.delegate != self.client.organisation_ref:
            # Another's permission is no more to be told from none than a guessed one.
            self._bar(Bar.UNKNOWN)
        self.call.depends(self.client.organisation_ref, place.service)
        service = place.owner or place.service
        shown = self.asked.actor_token
        stands, mandate = self._answerable(service) if shown is None else self._shown(shown)
        self.actor, self.mandate = self._actor(stands, service), mandate
        if mandate is None:
            self._bar(Bar.UNKNOWN)
        powers = self._judged(mandate, self.actor, service)
        return self._issue(mandate, self.actor, place, service, powers)

    def _judged(self, mandate: ActingMandate, actor: Actor, service: str) -> frozenset[str]:
        """Ask the one function whether this may be done; answer the powers to be issued."""
        policies, client = self.call.services.policies, self.client
        try:
            powers = powers_at(self.asked.powers, service, mandate.powers)
        except BadRequest as problem:
            self._refuse(problem.code, problem.description, Bar.OTHER_POWER)
        floor = policies.floor(service)
        needed = reaching.needed(
            self.call.tx, policies.risk, mandate, account_ref=actor.account_ref,
            person_ref=actor.person_ref, floor=floor,
        )  # fmt: skip
        at = self.call.services.clients.get(self.call.tx, service)
        wish = Wish(
            service=service, powers=powers, aware=at is not None and at.delegation_aware,
            software=service in (client.acts_at or ()), level=actor.level,
            needed=needed.demand.level, floor=floor,
        )  # fmt: skip
        why = bar(mandate.facts, wish) or reaching.lacking(
            needed, mandate, level=actor.level, device_bound=actor.key_shown is not None
        )
        if why is not None:
            self._bar(why)
        catalogue = policies.powers.get(service)
        if catalogue is not None and catalogue.unknown(powers):
            self._bar(Bar.OTHER_POWER)
        # Last, for it counts: what is refused opens nobody.
        stop = watching.opened(
            self.call.tx, self.call.services.keyring, policies.risk,
            account_ref=actor.account_ref, actor=actor.party, mandate=mandate,
            key_shown=actor.key_shown,
            way=watching.by_software(
                policies.risk, actor.account_ref, client.client_id,
                machine=actor.machine_ref is not None,
            ),
        )  # fmt: skip
        if stop is not None:
            self._bar(stop)
        return powers

    # Who acts

    def _actor(self, stands: LiveGrant | Machine, service: str) -> Actor:
        """Who acts, at the level that what they proved has at a service for one who does."""
        policies = self.call.services.policies
        agent = Circumstances(identity=stands.identity_level, agent=True)
        methods = policies.methods_for(service, agent)
        proved = sign_in_level(stands.proofs, methods)
        counted = Level(identity=stands.identity_level, sign_in=proved)
        level = Level.parse(stands.vot).meet(counted)
        grant = stands if isinstance(stands, LiveGrant) else None
        as_signed_in = grant is not None and str(level) == grant.vot
        return Actor(
            account_ref=stands.account_ref, person_ref=stands.person_ref,
            session_ref=stands.session_ref, sid=stands.sid, level=level,
            key_shown=key_shown(stands.proofs, methods),
            acr=grant.acr if grant and as_signed_in else answer_acr((), level, policies.levels),
            amr=stands.amr, auth_time=stands.auth_time,
            grant_ref=grant.ref if grant else None, machine_ref=None if grant else stands.ref,
            risk=grant.risk_outcome if grant else None,
            deferral=grant.deferral if grant else None,
        )  # fmt: skip

    def _shown(self, text: str) -> tuple[LiveGrant, ActingMandate | None]:
        """The grant of the member's own access token: ours, live, issued to this very software;
        and the permission they want to act under."""
        services = self.call.services
        try:
            claims = read_access(services, text)
        except jose.BadToken:
            self._actor_refused("it is no access token of ours", "actor-token-unknown")
        asked = liveness.ask_to_act(self.call.tx, str(claims.get("gid")), self.asked.mandate)
        grant, mandate = asked or (None, None)
        if grant is None or grant.client_id != self.client.client_id:
            self._actor_refused("it was not issued to this client", "actor-token-of-other-client")
        if grant.actor is not None or "act" in claims:
            self._actor_refused("its holder acts for somebody else", "actor-acts-already")
        if claims.get("aud") != services.userinfo:
            self._actor_refused("it is for another audience", "actor-token-for-other-audience")
        if int(claims["exp"]) <= grant.now.timestamp():
            self._actor_refused("it has expired", "actor-token-expired")
        if grant.dead is not None:
            self._actor_refused(SAID[grant.dead], grant.dead)
        if not grant.visiting:  # acting never outlives the visit (decision 26)
            self._actor_refused(SAID[Dead.SIGNED_OUT], Dead.SIGNED_OUT)
        bound = (claims.get("cnf") or {}).get("jkt")
        if bound is not None and bound != self.request.dpop_jkt:
            self._actor_refused("it is bound to another key", "actor-token-of-other-key")
        return grant, mandate

    def _answerable(self, service: str) -> tuple[Machine, ActingMandate | None]:
        """The member who answers for software that acts by itself, under a machine mandate."""
        tx, client = self.call.tx, self.client
        assert client.organisation_ref is not None
        machine = machines.standing_for(
            tx, client_id=client.client_id, organisation_ref=client.organisation_ref,
            service=service,
        )  # fmt: skip
        if machine is None:
            self._refuse(
                "invalid_request",
                "actor_token: it is missing, and this software may not act by itself here",
                "actor-missing",
            )
        if machine.off:
            self._refuse("invalid_request", SAID[Dead.CLIENT_DISABLED], Dead.CLIENT_DISABLED)
        return machine, acting.ask(
            tx, self.asked.mandate, account_ref=machine.account_ref, person_ref=machine.person_ref
        )

    # What comes of it

    def _issue(
        self,
        mandate: ActingMandate,
        actor: Actor,
        place: Place,
        service: str,
        powers: frozenset[str],
    ) -> dict[str, Any]:
        call, tx, grant_ref = self.call, self.call.tx, random_ref()
        if mandate.single_use and not spend_single_use(tx, mandate.ref, grant_ref):
            self._bar(Bar.USED)
        sector = place.sector or self.client.sector
        scope = scope_for(service, powers, userinfo=place.owner is None)
        details = described(mandate.ref, sorted(powers), self.asked.resource)
        tx.execute(
            issuing.INSERT_GRANT,
            self._row(mandate, actor, grant_ref, sector, scope) | {"details": details},
        )
        grant = ask_live(call, grant_ref)  # I1: all it stands on, in the transaction that issues
        answer, jti = token_answer(call, grant, scope, jkt=self.request.dpop_jkt)
        detail = {
            "grant": grant_ref, "vot": grant.vot, "policy": grant.policy, "via": "exchange",
            "service": service, "software": self.client.client_id,
            "machine": actor.machine_ref, "actor_grant": actor.grant_ref,
            **acting_detail(mandate, mandate.purpose), "powers": sorted(powers),
        }  # fmt: skip
        record_both(tx, self._entry("acting-started", detail), issued(grant, jti, via="exchange"))
        return {**answer, "issued_token_type": ACCESS_TOKEN_TYPE}

    def _row(
        self, mandate: ActingMandate, actor: Actor, grant_ref: str, sector: str, scope: str
    ) -> dict[str, Any]:
        client = self.client
        sub, act_sub = acting_subjects(
            self.call.tx, sector=sector, principal=mandate.principal, account_ref=actor.account_ref
        )
        return {
            "ref": grant_ref,
            "client_id": client.client_id,
            "account_ref": actor.account_ref,
            "session_ref": actor.session_ref,
            "client_session_ref": actor.sid,
            "holder": mandate.principal,
            "sub": sub,
            "actor": actor.party,
            "act_sub": act_sub,
            "mandate_ref": mandate.ref,
            "organisation_ref": mandate.organisation,
            "member_ref": mandate.member_ref,
            "software": client.client_id,
            "purpose": mandate.purpose,
            "actor_grant_ref": actor.grant_ref,
            "machine_ref": actor.machine_ref,
            "dpop_jkt": self.request.dpop_jkt,
            "resource": self.asked.resource,
            "scope": scope,
            "claims": {},
            "acr": actor.acr,
            "vot": str(actor.level),
            "amr": actor.amr,
            "auth_time": actor.auth_time,
            "policy": self.call.services.policies.fingerprint,
            "offline": False,
            "risk_outcome": actor.risk,
            "deferral_ref": actor.deferral,
            "created_at": mandate.facts.now,
        }

    def _actor_refused(self, description: str, reason: str) -> NoReturn:
        self._refuse("invalid_request", f"actor_token: {description}", reason)

    def _bar(self, why: Reason) -> NoReturn:
        self._refuse(CODES.get(why, "invalid_request"), said(why), why)

    def _refuse(self, code: str, description: str, reason: str) -> NoReturn:
        entry = self._entry("tokens-refused", {"reason": reason, "via": "exchange"})
        raise Refused(code, description, reason, record(self.call.tx, entry))

    def _entry(self, kind: str, detail: dict[str, Any]) -> Entry:
        mandate, actor = self.mandate, self.actor
        told = {name: value for name, value in detail.items() if value is not None}
        # Who is acted for has a row of it once a permission of theirs is known to be this actor's.
        party = actor.party if actor else None
        return Entry(
            kind=kind,
            person=mandate.principal if mandate else party,
            actor=party if mandate else None,
            client_id=self.client.client_id,
            mandate_ref=mandate.ref if mandate else None,
            detail=told,
        )
