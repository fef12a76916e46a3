"""What a client is: its registration, in the shape Authlib's server asks for."""

import hmac
import re
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from joserfc.jwk import Key
from sqlalchemy import bindparam, select

from idp.callers.records import ClientRecord
from idp.keyring import jose
from idp.keyring.sealing import digest
from idp.storage import Transaction

CACHE_SECONDS = 5.0
CACHE_SIZE = 10_000
CLIENT_ID = re.compile(r"[A-Za-z0-9._-]{2,64}")  # what a registration lets be one


@dataclass(frozen=True, kw_only=True)
class Client:
    """A registered client. The method names are Authlib's `ClientMixin`."""

    client_id: str
    client_name: str
    organisation: str
    sector: str
    profile: str
    token_endpoint_auth_method: str
    secret_digest: str | None
    jwks: dict[str, Any] | None
    jwks_uri: str | None
    redirect_uris: Sequence[str]
    post_logout_redirect_uris: Sequence[str]
    grant_types: Sequence[str]
    scopes: Sequence[str]
    pkce: str
    id_token_signed_response_alg: str
    backchannel_logout_uri: str | None
    delegation_aware: bool
    dpop_bound: bool
    organisation_ref: str | None  # software of an organisation that acts for people: whose,
    acts_at: Sequence[str] | None  # and at which services
    sandbox: bool
    version: int
    created_at: datetime
    disabled_at: datetime | None
    keys: tuple[Key, ...] = ()

    @property
    def public(self) -> bool:
        """Say whether the client cannot keep a secret (RFC 6749 section 2.1)."""
        return self.token_endpoint_auth_method == "none"

    @property
    def client_metadata(self) -> dict[str, Any]:
        """The registration by its RFC 7591 names, as Authlib's logout endpoint reads it."""
        return {"post_logout_redirect_uris": list(self.post_logout_redirect_uris)}

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """Compare as strings, never parsed (RFC 9700 section 4.1.3)."""
        return redirect_uri in self.redirect_uris

    def get_default_redirect_uri(self) -> str | None:
        """Answer None: a redirect URI that was not sent is never guessed."""
        return None

    def check_client_secret(self, secret: str) -> bool:
        """Compare the secret in constant time; secrets are random, so a digest is enough."""
        return self.secret_digest is not None and hmac.compare_digest(
            self.secret_digest, digest(secret)
        )

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        """Allow the one registered method, at every endpoint."""
        return method == self.token_endpoint_auth_method

    def check_response_type(self, response_type: str) -> bool:
        """Allow `code` only (RFC 9700 section 2.1.2)."""
        return response_type == "code" and "authorization_code" in self.grant_types

    def check_grant_type(self, grant_type: str) -> bool:
        """Allow what is registered."""
        return grant_type in self.grant_types

    def get_allowed_scope(self, scope: str | None) -> str:
        """Leave out what is not registered, as OpenID Connect Core 3.1.2.1 asks."""
        return " ".join(name for name in (scope or "").split() if name in self.scopes)


_NAMES = [field.name for field in fields(Client) if field.name != "keys"]
_BY_ID = select(*(getattr(ClientRecord, name) for name in _NAMES)).where(
    ClientRecord.client_id == bindparam("client_id")
)


_OF_SECTOR = select(ClientRecord.redirect_uris).where(
    ClientRecord.sector == bindparam("sector"), ClientRecord.disabled_at.is_(None)
)


class ClientBook:
    """Looks clients up. What a client is may be five seconds old; whether it is live is
    never asked here (decision 16): see `liveness`."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[float, Client]] = {}
        self._lock = threading.Lock()

    def get(self, tx: Transaction, client_id: str) -> Client | None:
        """Answer the client of that id, also a disabled one, or None.

        The id may come from anywhere, a NUL or half a character in it: the database is only
        asked for what can be one.
        """
        if not CLIENT_ID.fullmatch(client_id):
            return None
        known = self._known.get(client_id)
        if known and time.monotonic() - known[0] < CACHE_SECONDS:
            return known[1]
        client = fetch(tx, client_id)
        if client is not None:
            with self._lock:
                if len(self._known) >= CACHE_SIZE:
                    self._known.clear()
                self._known[client_id] = (time.monotonic(), client)
        return client

    def forget(self) -> None:
        """Drop everything known, after a registration changed in this process."""
        with self._lock:
            self._known.clear()


def sector_uris(tx: Transaction, sector: str) -> list[str]:
    """List the redirect URIs of the clients of a sector that are switched on."""
    rows = tx.execute(_OF_SECTOR, {"sector": sector}).scalars()
    return sorted({uri for uris in rows for uri in uris})


def fetch(tx: Transaction, client_id: str) -> Client | None:
    """Read a client from the database, with its keys parsed (tens of ms for RSA: keep it)."""
    row = tx.execute(_BY_ID, {"client_id": client_id}).mappings().first()
    if row is None:
        return None
    keys = tuple(jose.import_public_set(row["jwks"])) if row["jwks"] else ()
    return Client(**{name: row[name] for name in _NAMES}, keys=keys)
