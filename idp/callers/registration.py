"""Register a client: what may stand in a registration, and writing it by an allow-list.

The names are RFC 7591's. Create and update go through the same checks (`security.md` 1.23).
"""

import json
import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from joserfc.jwk import Key, RSAKey
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from sqlalchemy import bindparam, delete, func, insert, select, update

from idp.callers.clients import CLIENT_ID
from idp.callers.records import ClientRecord, ResourceRecord
from idp.journal.actions import Entry, record
from idp.keyring import jose
from idp.keyring.sealing import digest, random_token
from idp.organisations.records import OrganisationRecord
from idp.storage import Transaction, db_now

SCOPES = ("openid", "profile", "email", "address", "phone", "national_insurance_number",
          "offline_access")  # fmt: skip
LONGEST_URI = 2048
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
GRANT_TYPES = ("authorization_code", "refresh_token", EXCHANGE)
OURS = "account"  # the assessment that Gatehouse's own pages run at
HOST = re.compile(r"(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
LEAST_RSA_BITS = 2048


_ORGANISATION = select(OrganisationRecord.verified_at, OrganisationRecord.closed_at).where(
    OrganisationRecord.ref == bindparam("organisation")
)


class RegistrationError(Exception):
    """A registration that cannot be accepted; the message names every field and what to do."""


class Registration(BaseModel):
    """A client's registration, as `idp service add` reads it from `[service]` in TOML."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    client_id: str = Field(pattern=rf"\A{CLIENT_ID.pattern}\z")
    client_name: str = Field(min_length=1, max_length=100)
    organisation: str = Field(min_length=1, max_length=100)
    sector: str = Field(pattern=r"^[a-z0-9-]{2,64}$")
    profile: Literal["oidc", "fapi2"] = "oidc"
    token_endpoint_auth_method: Literal[
        "private_key_jwt", "client_secret_basic", "client_secret_post", "none"
    ] = "private_key_jwt"
    jwks: dict[str, Any] | None = None
    jwks_file: str | None = None
    jwks_uri: str | None = None
    redirect_uris: list[str] = Field(default=[], max_length=20)
    post_logout_redirect_uris: list[str] = Field(default=[], max_length=20)
    grant_types: list[
        Literal[
            "authorization_code",
            "refresh_token",
            "urn:ietf:params:oauth:grant-type:token-exchange",
        ]
    ] = ["authorization_code", "refresh_token"]
    scopes: list[str] = ["openid", "profile"]
    pkce: Literal["required", "optional"] = "required"
    id_token_signed_response_alg: Literal["ES256", "RS256"] = "ES256"
    backchannel_logout_uri: str | None = None
    delegation_aware: bool = False
    dpop_bound_access_tokens: bool = False
    organisation_ref: str | None = Field(default=None, min_length=1, max_length=64)
    acts_at: list[str] = Field(default=[], max_length=100)
    resources: list[str] = Field(default=[], max_length=20)

    @model_validator(mode="after")
    def _fits_together(self) -> "Registration":
        problems = list(_problems(self))
        if problems:
            raise ValueError("; ".join(problems))
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """A client as registered. `secret` is shown once, when it was made."""

    client_id: str
    created: bool
    secret: str | None = None


def _problems(asked: Registration) -> list[str]:
    found = []
    if asked.profile == "fapi2":
        found.append(
            "profile: fapi2 needs pushed requests, which this version does not offer yet; "
            'write profile = "oidc"'
        )
    keys = [name for name in ("jwks", "jwks_file", "jwks_uri") if getattr(asked, name)]
    if asked.token_endpoint_auth_method == "private_key_jwt" and len(keys) != 1:
        found.append("private_key_jwt needs exactly one of jwks, jwks_file, jwks_uri")
    if asked.token_endpoint_auth_method == "none" and asked.pkce == "optional":
        found.append("pkce: a client without a secret must use it")
    if "authorization_code" in asked.grant_types and not asked.redirect_uris:
        found.append("redirect_uris: name at least one, where people are sent back to")
    found += _software_problems(asked)
    unknown = sorted(set(asked.scopes) - set(SCOPES))
    if unknown:
        found.append(f"scopes: unknown {', '.join(unknown)}; known: {', '.join(SCOPES)}")
    if "openid" not in asked.scopes:
        found.append("scopes: openid is needed")
    if asked.client_id == OURS:
        found.append(f"client_id: {OURS} is Gatehouse itself")
    for name in ("redirect_uris", "post_logout_redirect_uris", "resources"):
        found += [f"{name}: {text}" for uri in getattr(asked, name) if (text := bad_uri(uri))]
    for name in ("backchannel_logout_uri", "jwks_uri"):
        uri = getattr(asked, name)
        if uri and (text := bad_uri(uri)):
            found.append(f"{name}: {text}")
    return found


def _software_problems(asked: Registration) -> list[str]:
    """What is wrong with what software of an organisation may do (RFC 8693)."""
    found = []
    exchanges = EXCHANGE in asked.grant_types
    if exchanges and asked.token_endpoint_auth_method != "private_key_jwt":
        found.append("grant_types: token exchange needs private_key_jwt")
    if exchanges and not (asked.organisation_ref and asked.acts_at):
        found.append("grant_types: token exchange needs organisation_ref and acts_at")
    if asked.acts_at and asked.organisation_ref is None:
        found.append("acts_at: name the organisation too, in organisation_ref")
    if asked.client_id in asked.acts_at:
        found.append("acts_at: software does not act at itself")
    return found


def bad_uri(uri: str) -> str | None:
    """Say what is wrong with a registered address, or None.

    https; or http to this machine by name or number, for development (RFC 8252 section 8.3).
    """
    try:
        parts = urlsplit(uri)
        _ = parts.port  # raises for one that is none
    except ValueError:
        return f"{uri[:80]!r} is not an address"
    if (
        len(uri) > LONGEST_URI
        or not uri.isascii()
        or any(c <= " " or c in '"<>\\^`{|}' for c in uri)
    ):
        return f"{uri[:80]!r} holds a character that an address cannot hold, or is too long"
    # Names and numbers only: a host of other characters would mean something in our headers.
    if "#" in uri or not HOST.fullmatch(parts.netloc) or parts.hostname is None:
        return f"{uri[:80]!r} must have a host, and no fragment, user name or wildcard"
    if parts.scheme == "https":
        return None
    local = parts.hostname in {"localhost", "127.0.0.1", "::1"} or parts.hostname.endswith(
        ".localhost"
    )
    return None if parts.scheme == "http" and local else f"{uri[:80]!r} must use https"


def read_file(path: Path) -> Registration:
    """Read a registration from TOML. Raises `RegistrationError` listing every problem."""
    try:
        data = tomllib.loads(path.read_text())
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as problem:
        raise RegistrationError(f"{path.name}: cannot be read: {problem}") from problem
    if set(data) != {"service"} or not isinstance(data["service"], dict):
        raise RegistrationError(f"{path.name}: write one table, [service]")
    wanted = dict(data["service"])
    if isinstance(wanted.get("jwks_file"), str):
        keys = path.parent / wanted.pop("jwks_file")
        try:
            wanted["jwks"] = json.loads(keys.read_text())
        except (OSError, ValueError) as problem:
            raise RegistrationError(f"jwks_file: {keys.name} cannot be read") from problem
    return read(wanted, path.name)


def read(data: dict[str, Any], source: str) -> Registration:
    """Check a registration. Raises `RegistrationError` listing every problem."""
    try:
        registration = Registration.model_validate(data)
        if registration.jwks is not None:
            _check_keys(jose.import_public_set(registration.jwks))
    except ValidationError as problem:
        lines = [
            f"{source}: {'.'.join(str(part) for part in error['loc']) or 'service'}: "
            f"{error['msg'].removeprefix('Value error, ')}"
            for error in problem.errors()
        ]
        raise RegistrationError("\n".join(lines)) from None
    except jose.BadToken as problem:
        raise RegistrationError(f"{source}: {problem.reason}") from None
    return registration


def _check_keys(keys: Sequence[Key]) -> None:
    if not keys:
        raise jose.BadToken("jwks: holds no key that can be used")
    for key in keys:
        if isinstance(key, RSAKey) and key.public_key.key_size < LEAST_RSA_BITS:
            raise jose.BadToken(f"jwks: an RSA key needs at least {LEAST_RSA_BITS} bits")


_KEPT = (
    "client_name", "organisation", "sector", "profile", "token_endpoint_auth_method", "jwks",
    "jwks_uri", "redirect_uris", "post_logout_redirect_uris", "grant_types", "scopes", "pkce",
    "id_token_signed_response_alg", "backchannel_logout_uri", "delegation_aware",
    "organisation_ref", "acts_at",
)  # fmt: skip


def register(
    tx: Transaction, registration: Registration, *, by: str, sandbox: bool = False
) -> Registered | str:
    """Register a client, or bring an existing one to what the file says; running it twice
    changes nothing. A sentence instead when the sector of an existing client would change:
    its people's subjects hang on it (decision 9); or the organisation whose software it is to be
    is not there and verified, or is another than before: it would inherit what others agreed to;
    or there is no service where it is to act."""
    values = {name: getattr(registration, name) for name in _KEPT}
    values["dpop_bound"] = registration.dpop_bound_access_tokens
    row = tx.execute(
        select(ClientRecord).where(ClientRecord.client_id == registration.client_id)
    ).mappings().first()  # fmt: skip
    secret = None
    problem = _software_problem(tx, registration)
    if problem is not None:
        return problem
    taken = _taken(tx, registration)
    if taken is not None:
        return f"resources: {taken} belongs to another client"
    needs_secret = registration.token_endpoint_auth_method.startswith("client_secret")
    if row is not None and row["sector"] != registration.sector:
        return f"sector: {registration.client_id} is in {row['sector']}; a sector never changes"
    if row is not None and row["organisation_ref"] not in {None, registration.organisation_ref}:
        return f"organisation_ref: {registration.client_id} belongs to another; register a new one"
    if needs_secret and (row is None or row["secret_digest"] is None):
        secret = random_token()
        values["secret_digest"] = digest(secret)
    if row is None:
        tx.execute(
            insert(ClientRecord).values(
                client_id=registration.client_id, created_at=db_now(), sandbox=sandbox, **values
            )
        )
    elif any(row[name] != value for name, value in values.items()):
        tx.execute(
            update(ClientRecord)
            .where(ClientRecord.client_id == registration.client_id)
            .values(version=ClientRecord.version + 1, **values)
        )
    _write_resources(tx, registration.client_id, registration.resources)
    detail = {"by": by, "created": row is None}
    record(tx, Entry(kind="client-registered", client_id=registration.client_id, detail=detail))
    return Registered(client_id=registration.client_id, created=row is None, secret=secret)


def set_disabled(tx: Transaction, client_id: str, *, disabled: bool, by: str) -> bool:
    """Switch a client off, or on again; False if there is none. Felt at once, by liveness."""
    changed = tx.execute(
        update(ClientRecord)
        .where(ClientRecord.client_id == client_id)
        .values(disabled_at=db_now() if disabled else None, version=ClientRecord.version + 1)
    ).rowcount
    kind = "client-disabled" if disabled else "client-enabled"
    if changed:
        record(tx, Entry(kind=kind, client_id=client_id, detail={"by": by}))
    return bool(changed)


def count(tx: Transaction) -> int:
    """Count the registered clients."""
    return int(tx.execute(select(func.count()).select_from(ClientRecord)).scalar_one())


def _software_problem(tx: Transaction, registration: Registration) -> str | None:
    """Say why a client cannot be this organisation's software, or None."""
    ref = registration.organisation_ref
    if ref is None:
        return None
    organisation = tx.execute(_ORGANISATION, {"organisation": ref}).first()
    if organisation is None:
        return f"organisation_ref: there is no organisation {ref}"
    if organisation.verified_at is None or organisation.closed_at is not None:
        return f"organisation_ref: {ref} is not verified, or is closed"
    known = select(ClientRecord.client_id).where(
        ClientRecord.client_id.in_(registration.acts_at), ClientRecord.delegation_aware
    )
    missing = sorted(set(registration.acts_at) - set(tx.execute(known).scalars()))
    if missing:
        return f"acts_at: no service where others may act: {', '.join(missing)}"
    return None


def _taken(tx: Transaction, registration: Registration) -> str | None:
    others = select(ResourceRecord.uri).where(
        ResourceRecord.uri.in_(registration.resources),
        ResourceRecord.client_id != registration.client_id,
    )
    return tx.execute(others).scalars().first()


def _write_resources(tx: Transaction, client_id: str, uris: Sequence[str]) -> None:
    tx.execute(delete(ResourceRecord).where(ResourceRecord.client_id == client_id))
    for uri in sorted(set(uris)):
        tx.execute(insert(ResourceRecord).values(uri=uri, client_id=client_id))
