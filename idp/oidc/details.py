"""`authorization_details` (RFC 9396) at the token endpoint: what was granted, or a part of it."""

from typing import Any

from authlib.oauth2.rfc6749 import OAuth2Error

from idp.callers.liveness import LiveGrant
from idp.oidc.detail_rules import CODE, Details, check_known, described, narrowed, read_details
from idp.oidc.rules import BadRequest
from idp.oidc.server import Call, Request


class InvalidDetails(OAuth2Error):  # type: ignore[misc]
    """The authorization details cannot be had (RFC 9396 section 6)."""

    error = CODE


def asked_details(request: Request) -> Details | None:
    """The authorization details of a token request. Raises `InvalidDetails`."""
    try:
        return read_details(request.form.get("authorization_details"))
    except BadRequest as problem:
        raise InvalidDetails(problem.description) from None


def check_details(call: Call, grant: LiveGrant, asked: Details | None) -> list[dict[str, Any]]:
    """Answer the details that a token may have: what was granted, or the part that is asked.

    Raises `InvalidDetails` for more. Acting that was granted without details has all the powers
    of its permission, and a token may be asked for with fewer.
    """
    held, mandate = grant.details or [], grant.mandate
    if asked and not held and mandate is not None:
        held = described(mandate.ref, mandate.powers, grant.resource)
    try:
        if asked and mandate is not None:
            check_known(asked, powers_of(call, mandate.service))
        return narrowed(held, asked)
    except BadRequest as problem:
        raise InvalidDetails(problem.description) from None


def powers_of(call: Call, service: str) -> tuple[str, ...]:
    """The powers that a service has by policy; none but `all` where it has no entry."""
    entry = call.services.policies.powers.get(service)
    return entry.ids if entry else ()
