"""Answer an authorization request: read it, see who is there, issue a code or start a journey."""

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from authlib.oauth2.rfc6749 import OAuth2Error
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite

from idp.accounts.subjects import Kind, subject_of
from idp.assurance.rules import Level, amr_values, answer_acr, sign_in_level
from idp.authentication import sessions
from idp.authentication.records import ClientSessionRecord
from idp.authentication.sessions import SessionFacts
from idp.callers.clients import Client
from idp.delegation import actions as delegation
from idp.delegation.actions import HeldMandate
from idp.delegation.rules import Verdict, may_act
from idp.errors import Refusal
from idp.journal.actions import Entry, record
from idp.keyring import jose
from idp.keyring.sealing import digest, random_ref, random_token
from idp.oidc import issuing
from idp.oidc.grants import InvalidRedirectUri, build_server
from idp.oidc.records import ConsentRecord
from idp.oidc.resources import refuse_resource
from idp.oidc.rules import CODE, BadRequest, Wanted, read_wanted
from idp.oidc.server import Call, Request, Services
from idp.oidc.tokens import ID_TYPE
from idp.signin import actions as signin
from idp.signin.actions import Journey, Position, milliseconds
from idp.signin.rules import Asked, Step, fresh_proofs
from idp.storage import Database, Transaction

SELF = "self"
PROMPT_NONE = {
    Step.PASSWORD: "login_required",
    Step.CODE: "login_required",
    Step.WHO: "interaction_required",
    Step.CONSENT: "consent_required",
    Step.REFUSE: "unmet_authentication_requirements",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An authorization response: where it goes, how, and what it says (`iss` always)."""

    redirect_uri: str
    mode: str
    params: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """The person has to be asked something: the journey that asks it."""

    journey: str


@dataclass(frozen=True, kw_only=True)
class Validated:
    """An authorization request whose client and redirect URI are proved."""

    client: Client
    redirect_uri: str
    scope: str
    state: str | None
    wanted: Wanted
    params: Mapping[str, str]

    @property
    def offline(self) -> bool:
        """Say whether tokens are to outlive the session."""
        return "offline_access" in self.scope.split() and self.client.check_grant_type(
            "refresh_token"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Browser:
    """What the browser showed us: the secrets of its two cookies."""

    binding: str
    session: str | None


def begin(
    database: Database, services: Services, params: Mapping[str, str], browser: Browser
) -> Answer | Started | Refusal:
    """Take an authorization request. A `Refusal` is for a page of ours: no redirect is safe."""

    def work(tx: Transaction) -> Answer | Started | Refusal:
        call = Call(tx=tx, services=services)
        valid = validate(call, params)
        if not isinstance(valid, Validated):
            return valid
        session = sessions.find(tx, browser.session) if browser.session else None
        now = session.now if session else tx.now()
        asked = _asked(call, valid, session, now)
        journey = Journey(
            ref="",
            client_id=valid.client.client_id,
            request={"asked": signin.describe(asked), "params": dict(params)},
            choice=None,
            consented=False,
            created_at=now,
        )
        position = signin.position(services.policies, journey, session, now=now)
        if position.next.step is Step.ISSUE and _hint_fits(call, valid, session):
            return _issue(call, valid, position, now)
        if "none" in valid.wanted.prompt:
            return error(call, valid, PROMPT_NONE.get(position.next.step, "login_required"))
        ref = signin.start(
            tx,
            browser_secret=browser.binding,
            client_id=valid.client.client_id,
            request=journey.request,
            now=now,
        )
        return Started(journey=ref)

    return database.transaction(work)


def finish(database: Database, services: Services, position: Position) -> Answer | Refusal | None:
    """End a journey that has all it needs. None: another tab was first."""

    def work(tx: Transaction) -> Answer | Refusal | None:
        call = Call(tx=tx, services=services)
        valid = validate(call, position.journey.request["params"])
        if not isinstance(valid, Validated):
            return valid
        if not signin.finish(tx, position.journey):
            return None
        if not _hint_fits(call, valid, position.session):
            return error(call, valid, "login_required", "another person signed in")
        return _issue(call, valid, position, tx.now())

    return database.transaction(work)


def abandon(
    database: Database, services: Services, journey: Journey, code: str, description: str
) -> Answer | Refusal | None:
    """End a journey without a grant: the person said no, or the level cannot be reached."""

    def work(tx: Transaction) -> Answer | Refusal | None:
        call = Call(tx=tx, services=services)
        valid = validate(call, journey.request["params"])
        if not isinstance(valid, Validated):
            return valid
        if not signin.finish(tx, journey):
            return None
        return error(call, valid, code, description)

    return database.transaction(work)


def validate(call: Call, params: Mapping[str, str]) -> Validated | Answer | Refusal:
    """Check an authorization request: client and redirect URI first, for our own page; then
    the rest, for an answer to the client (RFC 6749 section 4.1.2.1)."""
    request = Request("GET", params, {}, call)
    server = build_server(call)
    state = params.get("state")
    try:
        grant = server.get_authorization_grant(request)
        redirect_uri = grant.validate_consent_request()
    except InvalidRedirectUri:
        return Refusal("invalid_request", "redirect_uri: it is not registered for this client")
    except OAuth2Error as problem:
        if not getattr(problem, "redirect_uri", None):
            return Refusal(problem.error, problem.description or problem.error)
        mode = params.get("response_mode", "query")
        return _error(call, problem.redirect_uri, mode, problem.error, problem.description, state)
    client: Client = request.client
    if client.disabled_at is not None:
        return Refusal("unauthorized_client", "client_id: this service has been switched off")
    mode = params.get("response_mode", "query")
    try:
        wanted = read_wanted(params, call.services.policies.levels)
        _check_acting(client, wanted)
        refuse_resource(call, client, params)
    except BadRequest as problem:
        return _error(call, redirect_uri, mode, problem.code, problem.description, state)
    return Validated(
        client=client,
        redirect_uri=redirect_uri,
        scope=request.scope,
        state=state,
        wanted=wanted,
        params=params,
    )


def error(call: Call, valid: Validated, code: str, description: str | None = None) -> Answer:
    """Answer the client with an error, journalled under a reference it can quote."""
    return _error(
        call, valid.redirect_uri, valid.wanted.response_mode, code, description, valid.state
    )


def _error(
    call: Call, redirect_uri: str, mode: str, code: str, description: str | None, state: str | None
) -> Answer:
    reference = record(call.tx, Entry(kind="authorization-refused", detail={"code": code}))
    text = f"{description or code} (reference {reference})"
    params = {"error": code, "error_description": text}
    return _answer(call, redirect_uri, mode, params, state)


def _answer(
    call: Call, redirect_uri: str, mode: str, params: dict[str, str], state: str | None
) -> Answer:
    if state is not None:
        params["state"] = state
    params["iss"] = call.services.issuer  # RFC 9207, in errors too
    known = mode if mode in {"query", "fragment", "form_post"} else "query"
    return Answer(redirect_uri=redirect_uri, mode=known, params=params)


def _check_acting(client: Client, wanted: Wanted) -> None:
    if not wanted.acting_for:
        return
    if not client.delegation_aware:
        raise BadRequest(
            "unauthorized_client", "acting_for: this client is not registered for acting"
        )
    if "none" in wanted.prompt:
        raise BadRequest("interaction_required", "acting_for: the person has to choose")


def _asked(call: Call, valid: Validated, session: SessionFacts | None, now: datetime) -> Asked:
    wanted = valid.wanted
    return Asked(
        floor=call.services.policies.floor(valid.client.client_id),
        requested=wanted.acr_levels,
        essential=wanted.acr_essential,
        again=bool(wanted.prompt & {"login", "select_account"}),
        max_age_seconds=wanted.max_age,
        acting=bool(wanted.acting_for),
        consent="consent" in wanted.prompt or _needs_consent(call, valid, session),
        started=milliseconds(now),
    )


def _needs_consent(call: Call, valid: Validated, session: SessionFacts | None) -> bool:
    if not valid.offline:
        return False
    if session is None:
        return True
    given = call.tx.execute(
        select(ConsentRecord.scope).where(
            ConsentRecord.account_ref == session.account_ref,
            ConsentRecord.client_id == valid.client.client_id,
        )
    ).scalar_one_or_none()
    return given is None or not set(valid.scope.split()) <= set(given.split())


def _hint_fits(call: Call, valid: Validated, session: SessionFacts | None) -> bool:
    hint = valid.params.get("id_token_hint")
    if hint is None or session is None:
        return True
    try:
        claims = call.services.keyring.verify_own(hint, typ=ID_TYPE)
    except jose.BadToken:
        return False
    if claims.get("act"):  # an acting token names the principal: its `sub` says nothing here
        return True
    sub = _subject(call, valid.client, session, "self")
    return hmac.compare_digest(str(claims.get("sub")), sub)


def _subject(call: Call, client: Client, session: SessionFacts, kind: Kind) -> str:
    return subject_of(
        call.tx,
        sector=client.sector,
        kind=kind,
        account_ref=session.account_ref,
        person_ref=session.person_ref,
    )


def _issue(call: Call, valid: Validated, position: Position, now: datetime) -> Answer:
    session = position.session
    if session is None:  # next_step never issues to nobody; refuse rather than trust that
        return error(call, valid, "login_required")
    proofs = _counted(call, position, now)
    reached = Level(
        identity=session.identity_level,
        sign_in=sign_in_level(proofs, call.services.policies.methods),
    )
    acting = _acting(call, valid, position, reached, now)
    if isinstance(acting, Refusal):
        return error(call, valid, "access_denied", acting.description)
    if position.journey.consented and valid.offline:
        _keep_consent(call, valid, session, now)
    code = _write(call, valid, session, acting, proofs, reached, now)
    return _answer(
        call, valid.redirect_uri, valid.wanted.response_mode, {"code": code}, valid.state
    )


def _counted(call: Call, position: Position, now: datetime) -> dict[str, int]:
    signed_in = signin.signed_in_of(position.session)
    asked = signin.asked_of(position.journey, call.services.policies)
    return fresh_proofs(asked, signed_in, now=milliseconds(now)) if signed_in else {}


def _acting(
    call: Call, valid: Validated, position: Position, reached: Level, now: datetime
) -> HeldMandate | Refusal | None:
    choice = position.journey.choice
    if choice is None or choice == SELF:
        return None
    session = position.session
    mandate = delegation.find(call.tx, choice)
    if mandate is None or session is None or mandate.delegate != session.person_ref:
        return Refusal("mandate-unknown", "there is no such permission to act")
    verdict = may_act(
        mandate.facts,
        service=valid.client.client_id,
        level=reached,
        needed=call.services.policies.floor(valid.client.client_id),
        now=now,
    )
    if verdict is Verdict.ALLOWED:
        return mandate
    return Refusal(verdict, f"the permission to act cannot be used: {verdict}")


def _write(
    call: Call,
    valid: Validated,
    session: SessionFacts,
    mandate: HeldMandate | None,
    proofs: Mapping[str, int],
    reached: Level,
    now: datetime,
) -> str:
    client, policies = valid.client, call.services.policies
    sid = _client_session(call, session, client, mandate, now)
    grant_ref, code = random_ref(), random_token()
    own = _subject(call, client, session, "actor" if mandate else "self")
    sub = own
    if mandate:
        sub = subject_of(
            call.tx, sector=client.sector, kind="self", account_ref=None,
            person_ref=mandate.principal,
        )  # fmt: skip
    holder = mandate.principal if mandate else session.person_ref or session.account_ref
    call.tx.write(
        issuing.INSERT_GRANT,
        {
            "ref": grant_ref,
            "client_id": client.client_id,
            "account_ref": session.account_ref,
            "session_ref": session.ref,
            "client_session_ref": sid,
            "holder": holder,
            "sub": sub,
            "actor": session.person_ref if mandate else None,
            "act_sub": own if mandate else None,
            "mandate_ref": mandate.ref if mandate else None,
            "resource": valid.params.get("resource"),
            "scope": valid.scope if valid.offline or not mandate else _online(valid.scope),
            "claims": dict(valid.wanted.claims),
            "acr": answer_acr(valid.wanted.acr, reached, policies.levels),
            "vot": str(reached),
            "amr": amr_values(proofs, policies.methods),
            "auth_time": min(proofs.values()) // 1000,
            "policy": policies.fingerprint,
            "offline": valid.offline and mandate is None,
            "created_at": now,
        },
    )
    call.tx.write(
        issuing.INSERT_CODE,
        {
            "code_digest": digest(code),
            "client_id": client.client_id,
            "grant_ref": grant_ref,
            "redirect_uri": valid.redirect_uri,
            "redirect_uri_sent": "redirect_uri" in valid.params,
            "code_challenge": valid.params.get("code_challenge"),
            "nonce": valid.params.get("nonce"),
            "expires_at": now + CODE,
        },
    )
    _record(call, valid, session, mandate, holder, grant_ref, reached)
    return code


def _online(scope: str) -> str:
    # Acting never outlives the visit: it belongs to one client session (decision 26).
    return " ".join(name for name in scope.split() if name != "offline_access")


def _client_session(
    call: Call, session: SessionFacts, client: Client, mandate: HeldMandate | None, now: datetime
) -> str:
    key = mandate.ref if mandate else ""
    # Derived, so that the same session at the same client keeps its `sid` without a look-up.
    made = sha256(f"{session.ref}\n{client.client_id}\n{key}".encode()).digest()
    sid = urlsafe_b64encode(made[:16]).rstrip(b"=").decode()
    insert_for = insert_sqlite if call.tx.is_sqlite else insert_postgresql
    call.tx.write(
        insert_for(ClientSessionRecord).on_conflict_do_nothing(),
        {
            "ref": sid,
            "session_ref": session.ref,
            "client_id": client.client_id,
            "mandate_key": key,
            "created_at": now,
        },
    )
    return sid


def _keep_consent(call: Call, valid: Validated, session: SessionFacts, now: datetime) -> None:
    insert_for: Any = insert_sqlite if call.tx.is_sqlite else insert_postgresql
    statement = insert_for(ConsentRecord).values(
        account_ref=session.account_ref,
        client_id=valid.client.client_id,
        scope=valid.scope,
        given_at=now,
    )
    call.tx.execute(
        statement.on_conflict_do_update(
            index_elements=["account_ref", "client_id"],
            set_={"scope": statement.excluded.scope, "given_at": statement.excluded.given_at},
        )
    )


def _record(
    call: Call,
    valid: Validated,
    session: SessionFacts,
    mandate: HeldMandate | None,
    holder: str,
    grant_ref: str,
    reached: Level,
) -> None:
    detail: dict[str, Any] = {
        "grant": grant_ref,
        "vot": str(reached),
        "floor": str(call.services.policies.floor(valid.client.client_id)),
        "asked": list(valid.wanted.acr),
        "policy": call.services.policies.fingerprint,
    }
    entry = Entry(
        kind="acting-started" if mandate else "signed-in-to-service",
        person=holder,
        actor=session.person_ref if mandate else None,
        client_id=valid.client.client_id,
        mandate_ref=mandate.ref if mandate else None,
        detail=detail,
    )
    record(call.tx, entry)
