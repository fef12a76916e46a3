"""What a relying party may ask at /authorize, and what a token may say. Pure."""

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from idp.assurance.rules import Level, Levels, read_vectors, resolve

SCOPES: Mapping[str, tuple[str, ...]] = {
    "openid": ("sub",),
    "profile": ("name", "given_name", "family_name", "birthdate", "gender", "updated_at"),
    "email": ("email", "email_verified"),
    "address": ("address",),
    "phone": ("phone_number", "phone_number_verified"),
    "national_insurance_number": ("national_insurance_number",),
    "offline_access": (),
}
CLAIMS = tuple(dict.fromkeys(name for names in SCOPES.values() for name in names))
PERSONAL = frozenset(CLAIMS) - {"sub", "updated_at"}
PROMPTS = frozenset({"none", "login", "consent", "select_account"})
RESPONSE_MODES = ("query", "fragment", "form_post")
DISPLAYS = ("page", "popup", "touch", "wap")
ACCESS_TOKEN = timedelta(minutes=5)
ACTING_TOKEN = timedelta(minutes=3)
ID_TOKEN = timedelta(minutes=10)
CODE = timedelta(seconds=60)
MOST_VECTORS = 10
THUMBPRINT = re.compile(r"[A-Za-z0-9_-]{43}")  # SHA-256 as base64url (RFC 7638)
LONGEST_VALUE = 2048  # characters of one parameter; so much `state` and `nonce` is kept
MANDATE = re.compile(r"[A-Za-z0-9_-]{16,64}")
LONG = frozenset({"claims", "id_token_hint"})  # bounded by the query as a whole


class BadRequest(Exception):
    """A request parameter that cannot be accepted. Raised and caught while reading it."""

    def __init__(self, code: str, description: str) -> None:
        super().__init__(description)
        self.code = code
        self.description = description


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The parameters of an authorization request that Authlib does not read for us."""

    response_mode: str
    prompt: frozenset[str]
    max_age: int | None
    acr: tuple[str, ...]
    acr_levels: tuple[Level, ...]
    acr_essential: bool
    acr_any: bool  # they came as `vtr`: any will do, where else the order is the client's
    claims: Mapping[str, Any]
    login_hint: str
    ui_locales: str
    sub: str | None  # who must be the one to sign in
    acting_for: str
    dpop_jkt: str | None  # the key that the code is to be bound to (RFC 9449 section 10)


def read_wanted(params: Mapping[str, str], levels: Levels) -> Wanted:
    """Read and check them. Raises `BadRequest` naming the parameter and what to do."""
    for name, code in (
        ("request", "request_not_supported"),
        ("request_uri", "request_uri_not_supported"),
        ("registration", "registration_not_supported"),
    ):
        if name in params:
            raise BadRequest(code, f"{name}: not supported; send plain parameters")
    for name, value in params.items():
        if name not in LONG and len(value) > LONGEST_VALUE:
            raise BadRequest("invalid_request", f"{name[:40]}: longer than {LONGEST_VALUE}")
    if not params.get("scope"):
        raise BadRequest("invalid_scope", "scope: name at least one, such as openid")
    claims = _claims(params.get("claims"))
    acr, acr_levels, essential = _acr(params, claims, levels)
    return Wanted(
        response_mode=_one_of(params, "response_mode", RESPONSE_MODES) or "query",
        prompt=_prompt(params.get("prompt", "")),
        max_age=_max_age(params.get("max_age")),
        acr=acr,
        acr_levels=acr_levels,
        acr_essential=essential,
        acr_any="vtr" in params,
        claims=claims,
        login_hint=params.get("login_hint", ""),
        ui_locales=params.get("ui_locales", ""),
        sub=_sub(claims),
        acting_for=_acting_for(params.get("acting_for")),
        dpop_jkt=_thumbprint(params.get("dpop_jkt")),
    )


def _acting_for(text: str | None) -> str:
    if text is not None and text != "choose" and not MANDATE.fullmatch(text):
        raise BadRequest("invalid_request", "acting_for: must be choose, or a mandate's id")
    return text or ""


def _one_of(params: Mapping[str, str], name: str, known: tuple[str, ...]) -> str | None:
    value = params.get(name)
    if value is not None and value not in known:
        raise BadRequest("invalid_request", f"{name}: must be one of {', '.join(known)}")
    return value


def _thumbprint(text: str | None) -> str | None:
    if text is not None and not THUMBPRINT.fullmatch(text):
        raise BadRequest("invalid_request", "dpop_jkt: must be 43 characters of base64url")
    return text


def _prompt(text: str) -> frozenset[str]:
    values = frozenset(text.split())
    unknown = values - PROMPTS
    if unknown:
        raise BadRequest(
            "invalid_request", f"prompt: unknown value; known: {', '.join(sorted(PROMPTS))}"
        )
    if "none" in values and len(values) > 1:
        raise BadRequest("invalid_request", "prompt: none stands alone")
    return values


def _max_age(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise BadRequest("invalid_request", "max_age: must be whole seconds")
    return int(text)


def _claims(text: str | None) -> dict[str, Any]:
    if text is None:
        return {}
    try:
        asked = strict_json(text)
    except (ValueError, RecursionError):
        raise BadRequest("invalid_request", "claims: is not strict JSON") from None
    if not isinstance(asked, dict):
        raise BadRequest("invalid_request", "claims: must be a JSON object")
    found: dict[str, Any] = {}
    for place in ("userinfo", "id_token"):
        part = {} if asked.get(place) is None else asked[place]
        if not isinstance(part, dict):
            raise BadRequest("invalid_request", f"claims: {place} must be a JSON object")
        # Claims we do not have are ignored (OpenID Connect Core 5.5).
        found[place] = {
            name: _wish(f"{place}.{name}", part[name]) for name in part if name in (*CLAIMS, "acr")
        }
    return found


def _wish(name: str, wish: Any) -> dict[str, Any] | None:
    """Read one claim's wish, and keep of it only what we know what to do with."""
    if wish is None:
        return None
    if not isinstance(wish, dict):
        raise BadRequest("invalid_request", f"claims: {name} must be an object or null")
    values = wish.get("values", [wish["value"]] if "value" in wish else [])
    if not isinstance(values, list):
        raise BadRequest("invalid_request", f"claims: {name}.values must be a list")
    kept: dict[str, Any] = {"essential": wish.get("essential") is True}
    if name in {"id_token.acr", "id_token.sub"}:
        if not all(isinstance(value, str) and value.isascii() for value in values):
            raise BadRequest("invalid_request", f"claims: {name} values must be ASCII strings")
        kept["values"] = values
    return kept


def _sub(claims: Mapping[str, Any]) -> str | None:
    values = (claims.get("id_token", {}).get("sub") or {}).get("values") or []
    if len(values) > 1:
        raise BadRequest("invalid_request", "claims: id_token.sub can have one value")
    return str(values[0]) if values else None


def strict_json(text: str) -> Any:
    """Read JSON that has no duplicate members and only finite numbers.

    Raises `ValueError`, or `RecursionError` for what is nested too deep.
    """
    return json.loads(text, object_pairs_hook=_no_duplicates, parse_constant=_no_constant)


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("duplicate member")
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a number")


def _acr(
    params: Mapping[str, str], claims: Mapping[str, Any], levels: Levels
) -> tuple[tuple[str, ...], tuple[Level, ...], bool]:
    wish = claims.get("id_token", {}).get("acr") or {}
    values = wish.get("values") or []
    if wish.get("essential") and values:
        if "vtr" in params:
            raise BadRequest(
                "invalid_request", "vtr: the essential acr claim asks too; send one of them"
            )
        known = [(value, resolve(value, levels)) for value in values]
        if not any(level for _, level in known):
            raise BadRequest(
                "unmet_authentication_requirements", "claims: no acr value named here is known"
            )
        return (*_known(known), True)
    if "vtr" in params:
        vectors = _vectors(params["vtr"], levels)
        return tuple(f"urn:gatehouse:loa:{level}" for level in vectors), vectors, True
    voluntary = [*params.get("acr_values", "").split(), *values]
    return (*_known([(value, resolve(value, levels)) for value in voluntary]), False)


def _known(
    values: list[tuple[str, Level | None]],
) -> tuple[tuple[str, ...], tuple[Level, ...]]:
    return (
        tuple(value for value, level in values if level),
        tuple(level for _, level in values if level),
    )


def _vectors(text: str, levels: Levels) -> tuple[Level, ...]:
    """Read `vtr` (Vectors of Trust, RFC 8485): a JSON list, lowest first here."""
    try:
        listed = json.loads(text)
    except (ValueError, RecursionError):
        listed = None
    if (
        not isinstance(listed, list)
        or not 0 < len(listed) <= MOST_VECTORS
        or not all(isinstance(vector, str) for vector in listed)
    ):
        raise BadRequest("invalid_request", 'vtr: must be a JSON list such as ["P2.C2"]')
    try:
        return read_vectors(listed, levels)
    except ValueError as problem:
        raise BadRequest("invalid_request", f"vtr: {problem}") from None


def released_claims(scope: str, claims: Mapping[str, Any], allowed: Collection[str]) -> set[str]:
    """Name the claims userinfo may release: by granted scope, and by name where registered.

    `allowed` are the scopes of the client's registration: a claim asked for by name needs the
    scope that holds it (until agreements exist, decision 9). Those asked for by name still
    leave out what the person cannot have released by a scope the client lacks.
    """
    granted = scope.split()
    names = {name for held in granted for name in SCOPES.get(held, ())}
    by_registration = {name for held in allowed for name in SCOPES.get(held, ())}
    return names | (set(claims.get("userinfo", {})) & by_registration & set(CLAIMS))


def claims_in_scope(claims: Mapping[str, Any], scope: str) -> dict[str, Any]:
    """Keep of the claims asked for by name those that the granted scope holds anyway.

    Where a page asks the person to agree it lists scopes and says that nothing else is told:
    so nothing else is.
    """
    shown = {name for held in scope.split() for name in SCOPES.get(held, ())} | {"acr", "sub"}
    return {
        place: {name: wish for name, wish in part.items() if name in shown}
        for place, part in claims.items()
    }


def access_token_ends(now: datetime, *, acting: bool, mandate_expires: datetime | None) -> datetime:
    """Say when an access token issued now ends: 5 minutes, or 3 and never past its mandate."""
    if not acting:
        return now + ACCESS_TOKEN
    return min(now + ACTING_TOKEN, mandate_expires or now + ACTING_TOKEN)


def add_query(uri: str, params: Mapping[str, str]) -> str:
    """Add parameters to a registered address, whose own query stays as it is written
    (RFC 6749 section 3.1.2). It has no fragment: registration refuses one."""
    joint = "" if uri.endswith(("?", "&")) else "&" if "?" in uri else "?"
    return f"{uri}{joint}{urlencode(params)}"
