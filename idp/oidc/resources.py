"""Resource indicators (RFC 8707): which audience a token may name."""

from collections.abc import Mapping

from sqlalchemy import bindparam, select

from idp.callers.clients import Client
from idp.callers.records import ResourceRecord
from idp.oidc.rules import BadRequest
from idp.oidc.server import Call

SENDER_CONSTRAINED_FROM = 2  # sign-in level at which an API wants tokens bound to a key
_OWNER = select(ResourceRecord.client_id).where(ResourceRecord.uri == bindparam("uri"))


def refuse_resource(call: Call, client: Client, params: Mapping[str, str]) -> None:
    """Check the `resource` of a request. Raises `BadRequest` with `invalid_target`.

    An API at C2 and above, and any API for an acting token, demands a token bound to a key.
    Until DPoP or mTLS is here such a token is refused, never issued as bearer (decision 15).
    """
    uri = params.get("resource")
    if uri is None:
        return
    owner = call.tx.execute(_OWNER, {"uri": uri}).scalar_one_or_none()
    if owner is None:
        raise BadRequest("invalid_target", "resource: no such API is registered")
    if params.get("acting_for"):
        raise BadRequest(
            "invalid_target",
            "resource: acting tokens for an API must be sender-constrained, "
            "which this server does not offer yet",
        )
    if call.services.policies.floor(owner).sign_in >= SENDER_CONSTRAINED_FROM:
        raise BadRequest(
            "invalid_target",
            "resource: this API demands sender-constrained tokens, "
            "which this server does not offer yet",
        )


def owns(call: Call, client_id: str, resource: str | None) -> bool:
    """Say whether a resource indicator is an API of this client's."""
    if resource is None:
        return False
    owner = call.tx.execute(_OWNER, {"uri": resource}).scalar_one_or_none()
    return bool(owner == client_id)
