"""What software may ask in a token exchange (RFC 8693), and what its token may say. Pure."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from idp.oidc.rules import BadRequest

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN_TYPE = "urn:ietf:params:oauth:token-type:access_token"
MANDATE_TYPE = "urn:gatehouse:params:oauth:token-type:mandate"
OPENID = "openid"
LONGEST_TOKEN = 8192
LONGEST_VALUE = 2048
MOST_POWERS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A token exchange that is well formed.

    `mandate` is the one permission to act under, and so the one principal. `actor_token` None:
    the software says that it acts by itself. `resource` None: a token for our own userinfo.
    `powers` are pairs of service and power; none asked: all that the permission has.
    """

    mandate: str
    actor_token: str | None
    resource: str | None
    powers: frozenset[tuple[str, str]]


def read_exchange(params: Mapping[str, str]) -> Exchange:
    """Read and check the parameters of RFC 8693 section 2.1.

    Raises `BadRequest` with the code of section 2.2.2, naming the parameter and what to do.
    """
    if params.get("requested_token_type", ACCESS_TOKEN_TYPE) != ACCESS_TOKEN_TYPE:
        raise BadRequest("invalid_request", f"requested_token_type: only {ACCESS_TOKEN_TYPE}")
    if "audience" in params:
        raise BadRequest("invalid_target", "audience: name the API by its resource instead")
    if "authorization_details" in params:
        raise BadRequest(
            "invalid_authorization_details", "authorization_details: name powers by scope here"
        )
    if params.get("subject_token_type") != MANDATE_TYPE:
        raise BadRequest("invalid_request", f"subject_token_type: must be {MANDATE_TYPE}")
    actor_token = params.get("actor_token")
    if actor_token is None and "actor_token_type" in params:
        raise BadRequest("invalid_request", "actor_token_type: there is no actor_token")
    if actor_token is not None and params.get("actor_token_type") != ACCESS_TOKEN_TYPE:
        raise BadRequest("invalid_request", f"actor_token_type: must be {ACCESS_TOKEN_TYPE}")
    return Exchange(
        mandate=_short(params, "subject_token", LONGEST_VALUE),
        actor_token=None if actor_token is None else _short(params, "actor_token", LONGEST_TOKEN),
        resource=_short(params, "resource", LONGEST_VALUE) if "resource" in params else None,
        powers=_powers(params.get("scope", ""), "resource" in params),
    )


def powers_at(
    asked: Collection[tuple[str, str]], service: str, held: Collection[str]
) -> frozenset[str]:
    """Answer the powers wanted at `service`: those asked, else all that the permission has.

    Raises `BadRequest` for a power of another service. Whether the permission has what is asked
    is for `authority.bar` to say.
    """
    others = sorted({at for at, _ in asked} - {service})
    if others:
        raise BadRequest("invalid_scope", "scope: names a service that this token is not for")
    return frozenset(power for _, power in asked) or frozenset(held)


def scope_for(service: str, powers: Collection[str], *, userinfo: bool) -> str:
    """The scope of the token: its powers, and `openid` where it is for our userinfo."""
    named = [f"{service}:{power}" for power in sorted(powers)]
    return " ".join([OPENID, *named] if userinfo else named)


def _short(params: Mapping[str, str], name: str, longest: int) -> str:
    value = params.get(name)
    if not value:
        raise BadRequest("invalid_request", f"{name}: it is missing")
    if len(value) > longest or not value.isascii() or not value.isprintable():
        raise BadRequest("invalid_request", f"{name}: it cannot be one")
    return value


def _powers(scope: str, for_api: bool) -> frozenset[tuple[str, str]]:
    names = [name for name in scope.split() if for_api or name != OPENID]
    if len(names) > MOST_POWERS:
        raise BadRequest("invalid_scope", f"scope: at most {MOST_POWERS} powers")
    found = set()
    for name in names:
        service, colon, power = name.partition(":")
        if not (service and colon and power and name.isascii() and len(name) <= LONGEST_VALUE):
            raise BadRequest("invalid_scope", "scope: write each power as service:power")
        found.add((service, power))
    return frozenset(found)
