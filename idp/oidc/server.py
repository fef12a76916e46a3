"""Authlib's authorization server as our frame (`design.md` decision 13).

Its hooks never commit: the door owns the one transaction, which travels with the request as
`request.call`. The look-up hooks are the spending statements. A refusal is an answer that
Authlib renders inside the transaction, so what must survive it is committed with it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from authlib.oauth2.rfc6749 import AuthorizationServer, OAuth2Error, OAuth2Request
from authlib.oauth2.rfc6749.errors import InvalidClientError, InvalidRequestError
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload

from idp.assurance.policy import Policies
from idp.assurance.population import Population
from idp.assurance.powers_file import promised_ms
from idp.callers import authenticate, dpop
from idp.callers.authenticate import Audience, FetchKeys, Presented
from idp.callers.clients import Client, ClientBook
from idp.callers.dpop import Unproved
from idp.callers.service_levels import Asked
from idp.errors import Refusal
from idp.journal.actions import Entry, record
from idp.keyring.ring import Keyring
from idp.storage import Transaction

Answer = tuple[int, Any, list[tuple[str, str]]]


@dataclass(frozen=True, kw_only=True, eq=False)
class Services:
    """What the protocol rooms need of the house, the same for every request."""

    issuer: str
    keyring: Keyring
    policies_in_force: Callable[[], Policies]
    clients: ClientBook
    fetch_keys: FetchKeys
    population: Population = field(default_factory=Population)

    @property
    def policies(self) -> Policies:
        """The policies in force today."""
        return self.policies_in_force()

    @property
    def audience(self) -> Audience:
        """What a client assertion must be addressed to."""
        return Audience(issuer=self.issuer, token_endpoint=f"{self.issuer}/token")

    @property
    def userinfo(self) -> str:
        """The audience of an access token for our own userinfo."""
        return f"{self.issuer}/userinfo"


@dataclass(frozen=True, kw_only=True)
class Call:
    """One request's transaction and the services it may use."""

    tx: Transaction
    services: Services
    asked: Asked = field(default_factory=Asked)

    def depends(self, organisation: str | None, service: str) -> None:
        """Say which organisation waits for this answer, to act at which service."""
        promised = promised_ms(self.services.policies.powers, service)
        self.asked.by(organisation, service, promised)


class Request(OAuth2Request):  # type: ignore[misc]
    """A request as Authlib reads it, from parameters the front has already checked."""

    def __init__(
        self, method: str, params: Mapping[str, str], headers: Mapping[str, str], call: Call
    ) -> None:
        # Whether the transport is safe was judged at start, by the issuer in the settings, and
        # Authlib uses the address for nothing else: so it gets one that passes its own check.
        super().__init__(method, "https://gatehouse.invalid/", headers=dict(headers))
        # What is sent without a value counts as left out: RFC 6749 sections 3.1 and 3.2.
        self.payload = BasicOAuth2Payload({name: text for name, text in params.items() if text})
        self.call = call
        self.client: Any = None
        self.user: Any = None
        # The thumbprint of the key that the caller of the token endpoint proved (RFC 9449), once
        # it is known which client calls: what is issued now is bound to it.
        self.dpop_jkt: str | None = None

    @property
    def form(self) -> Mapping[str, str]:
        """The form fields, one value each."""
        data: Mapping[str, str] = self.payload.data
        return data

    @property
    def args(self) -> Mapping[str, str]:
        """The same parameters: a request of ours has them in one place only."""
        return self.form


class Server(AuthorizationServer):  # type: ignore[misc]
    """The frame, made anew for each request: a few empty lists, and the one transaction."""

    def __init__(self, call: Call) -> None:
        super().__init__()
        self.call = call

    def query_client(self, client_id: str) -> Client | None:
        """Look a client up in this request's transaction."""
        return self.call.services.clients.get(self.call.tx, client_id)

    def create_oauth2_request(self, request: Request) -> Request:
        """Take the request as it is: doors make it."""
        return request

    def handle_response(self, status: int, body: Any, headers: Any) -> Answer:
        """Hand the answer back to the door that asked."""
        return status, body, list(headers)

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Say nothing: what happens next is written in the action that does it."""

    def authenticate_client(
        self, request: Request, methods: list[str], endpoint: str = "token"
    ) -> Client:
        """Authenticate by our own rules; see `idp.callers.authenticate`."""
        call = self.call
        found = authenticate.authenticate(
            call.tx,
            call.services.clients,
            Presented(form=request.form, authorization=request.headers.get("authorization")),
            call.services.audience,
            call.services.fetch_keys,
        )
        if isinstance(found, Client) and found.token_endpoint_auth_method not in methods:
            found = Refusal(
                "invalid_client", authenticate.UNKNOWN
            )  # a public one, at introspection
        if isinstance(found, Client):
            request.client = found
            request.auth_method = found.token_endpoint_auth_method
            if endpoint == "token":
                request.dpop_jkt = self._proved_key(request, found)
            return found
        raise client_error(found)

    def _proved_key(self, request: Request, client: Client) -> str | None:
        proof = request.headers.get("dpop")
        if proof is None:
            if client.dpop_bound:
                said = "DPoP: this client is registered to send a proof"
                raise self._unproved(client, Unproved.MISSING, said)
            return None
        call = self.call
        proved = dpop.prove(
            call.tx, proof, method=request.method, address=call.services.audience.token_endpoint
        )
        if isinstance(proved, Refusal):
            raise self._unproved(client, Unproved.WRONG, proved.description)
        return proved

    def _unproved(self, client: Client, reason: Unproved, description: str) -> OAuth2Error:
        """Refuse a proof (RFC 9449 section 5). Anybody may say that they are a public client, and
        fills no journal by it."""
        if client.public:
            return OAuth2Error(description, error=dpop.CODE)
        entry = Entry(
            kind="tokens-refused", client_id=client.client_id, detail={"reason": reason}
        )  # fmt: skip
        return Refused(dpop.CODE, description, reason, record(self.call.tx, entry))


class Refused(OAuth2Error):  # type: ignore[misc]
    """A request that was refused and journalled, with its reason and reference in the answer."""

    def __init__(self, code: str, description: str, reason: str, reference: str) -> None:
        super().__init__(f"{description} (reference {reference})", error=code)
        self.reason, self.reference = reason, reference

    def get_body(self) -> list[tuple[str, str]]:
        """The error of RFC 6749 section 5.2, and what both sides can quote."""
        body: list[tuple[str, str]] = super().get_body()
        return [*body, ("reason", self.reason), ("reference", self.reference)]


def client_error(refusal: Refusal) -> OAuth2Error:
    """Turn a refused authentication into the error of RFC 6749 section 5.2."""
    if refusal.code == "invalid_request":
        return InvalidRequestError(refusal.description)
    return InvalidClientError(description=refusal.description, status_code=401)
