"""How an access token is shown to us: as a bearer token (RFC 6750), or bound to a key, by the
scheme `DPoP` with a proof (RFC 9449 section 7)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from idp.callers import dpop
from idp.callers.dpop import Unproved
from idp.door import NO_STORE, DoorRequest, DoorResponse, json_response
from idp.errors import Refusal
from idp.storage import Transaction

REALM = "userinfo"
BEARER, DPOP = "Bearer", "DPoP"
SCHEMES = {scheme.lower(): scheme for scheme in (BEARER, DPOP)}
_ALGS = " ".join(dpop.ALGORITHMS)
_OFFERS = {BEARER: f'Bearer realm="{REALM}"', DPOP: f'DPoP realm="{REALM}", algs="{_ALGS}"'}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """An access token as it was shown; `proof` is empty for a bearer, and where it is missing."""

    scheme: str
    token: str
    proof: str = ""


def read(request: DoorRequest) -> Shown | DoorResponse:
    """Take the token from the header or the form, never from the address (RFC 6750 section 2)."""
    if "access_token" in request.query:
        return challenge(
            "invalid_request", "send the token in a header: addresses are kept in logs", status=400
        )
    header, field = request.headers.get("authorization"), request.form.get("access_token")
    if header is not None and field is not None:
        return challenge("invalid_request", "send the token one way, not two", status=400)
    if header is None:
        return Shown(scheme=BEARER, token=field) if field else _unasked()
    name, _, value = header.partition(" ")
    scheme = SCHEMES.get(name.lower())
    if scheme is None:
        return _unasked()
    if not value.strip():
        said = f"Authorization: {scheme} TOKEN"
        return challenge("invalid_request", said, scheme=scheme, status=400)
    if scheme == BEARER:
        return Shown(scheme=BEARER, token=value.strip())
    return Shown(scheme=DPOP, token=value.strip(), proof=request.headers.get("dpop") or "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfit:
    """A token of ours that was not shown by whoever holds its key, and how it should be."""

    code: str
    description: str
    scheme: str
    reason: Unproved


def unfit(
    tx: Transaction, request: DoorRequest, shown: Shown, claims: Mapping[str, Any], address: str
) -> Unfit | None:
    """Say what is wrong with how a token was shown; spends a proof. `claims` are the token's.

    A bound token is refused as a bearer, which would be worth as much to a thief, and a bearer
    token as a bound one.
    """
    right = DPOP if "cnf" in claims else BEARER
    if shown.scheme != right:
        said = f"the token is not of the scheme {shown.scheme}; send Authorization: {right}"
        reason = Unproved.MISSING if right == DPOP else Unproved.NOT_BOUND
        return Unfit(code="invalid_token", description=said, scheme=right, reason=reason)
    if right == BEARER:
        return None
    if not shown.proof:
        return _unproved("DPoP: the proof is missing", Unproved.MISSING)
    proved = dpop.prove(tx, shown.proof, method=request.method, address=address, token=shown.token)
    if isinstance(proved, Refusal):
        return _unproved(proved.description, Unproved.WRONG)
    if proved != claims["cnf"]["jkt"]:
        return _unproved("DPoP: the token is bound to another key", Unproved.OTHER_KEY)
    return None


def _unproved(description: str, reason: Unproved) -> Unfit:
    return Unfit(code=dpop.CODE, description=description, scheme=DPOP, reason=reason)


def challenge(
    code: str,
    description: str,
    *,
    scheme: str = BEARER,
    status: int = 401,
    reference: str = "",
    reason: str = "",
) -> DoorResponse:
    """Refuse in the words of RFC 6750 section 3, with a reference that both sides can quote."""
    if reference:
        description = f"{description} (reference {reference})"
    body = {"error": code, "error_description": description}
    if reference:
        body |= {"reference": reference, "reason": reason}
    said = description.replace("\\", "").replace('"', "'")
    header = f'{_OFFERS[scheme]}, error="{code}", error_description="{said}"'
    return json_response(status, body, (("WWW-Authenticate", header), *NO_STORE))


def _unasked() -> DoorResponse:
    # Nothing was tried, so nothing is said about what is wrong: RFC 6750 section 3.1.
    offers = ", ".join(_OFFERS.values())
    return DoorResponse(401, b"", (("WWW-Authenticate", offers), *NO_STORE))
