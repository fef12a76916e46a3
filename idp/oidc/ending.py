"""Signing out: RP-initiated logout in, back-channel logout out.

Sources: OpenID Connect RP-Initiated Logout 1.0, Back-Channel Logout 1.0.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from authlib.oauth2.rfc6749 import OAuth2Error
from authlib.oauth2.rfc6749.errors import InvalidRequestError
from authlib.oidc.rpinitiated import EndSessionEndpoint
from sqlalchemy import bindparam, select

from idp.authentication import sessions
from idp.authentication.ending import end_session
from idp.authentication.records import ClientSessionRecord
from idp.authentication.sessions import SessionFacts
from idp.callers.clients import Client
from idp.errors import Refusal
from idp.keyring import jose
from idp.oidc.rules import add_query
from idp.oidc.server import Call, Request, Server, Services
from idp.oidc.tokens import read_hint
from idp.storage import Database, Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class LogoutRequest:
    """A logout request that was read: whose, and where the browser goes after."""

    client: Client | None
    sid: str | None
    redirect_uri: str | None


class EndSession(EndSessionEndpoint):  # type: ignore[misc]
    """Authlib's endpoint, with hints checked by our one JOSE module."""

    def _validate_id_token_hint(self, id_token_hint: str) -> dict[str, Any]:
        # Override: Authlib would choose the algorithms by the keys, and parse those each time.
        # An expired hint is a good hint (RP-Initiated Logout 1.0 section 2).
        services: Services = self.server.call.services
        try:
            return read_hint(services, id_token_hint)
        except jose.BadToken as problem:
            raise InvalidRequestError(f"id_token_hint: {problem.reason}") from problem


def read(
    database: Database, services: Services, params: Mapping[str, str]
) -> LogoutRequest | Refusal:
    """Read a logout request. A return address that is not registered is refused, never used."""

    def work(tx: Transaction) -> LogoutRequest | Refusal:
        call = Call(tx=tx, services=services)
        server = Server(call)
        server.register_endpoint(EndSession)
        # Without `state`, which we add ourselves: Authlib would write the address anew.
        named = {name: value for name, value in params.items() if name != "state"}
        request = Request("GET", named, {}, call)
        try:
            found = server.validate_endpoint_request("end_session", request)
        except OAuth2Error as problem:
            return Refusal(problem.error, problem.description)
        if params.get("post_logout_redirect_uri") and found.redirect_uri is None:
            return Refusal(
                "invalid_request",
                "post_logout_redirect_uri: it is not registered, or there is no id_token_hint",
            )
        claims = found.id_token_claims or {}
        address = found.redirect_uri
        if address and params.get("state"):
            address = add_query(address, {"state": params["state"]})
        return LogoutRequest(client=found.client, sid=claims.get("sid"), redirect_uri=address)

    return database.read(work)


_SESSION_OF = select(ClientSessionRecord.session_ref).where(
    ClientSessionRecord.ref == bindparam("sid")
)


def is_of(database: Database, asked: LogoutRequest, session: SessionFacts) -> bool:
    """Say whether the hint belongs to the session in this browser: then no question is needed."""
    if asked.sid is None:
        return False
    of = database.read(lambda tx: tx.execute(_SESSION_OF, {"sid": asked.sid}).scalar_one_or_none())
    return bool(of == session.ref)


def end(
    database: Database, services: Services, asked: LogoutRequest, session_secret: str | None
) -> None:
    """End the session in this browser, and tell every service that took part in it."""

    def work(tx: Transaction) -> None:
        session = sessions.find(tx, session_secret) if session_secret else None
        if session is None:
            return
        end_session(tx, session.ref, session.party)

    database.transaction(work)
