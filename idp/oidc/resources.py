"""Resource indicators (RFC 8707): which audience a token may name."""

from sqlalchemy import bindparam, select

from idp.callers.records import ClientRecord, ResourceRecord
from idp.oidc.server import Call

SENDER_CONSTRAINED_FROM = 2  # sign-in level at which an API wants tokens bound to a key
_OWNER = (
    select(ResourceRecord.client_id, ClientRecord.sector)
    .join(ClientRecord, ClientRecord.client_id == ResourceRecord.client_id)
    .where(ResourceRecord.uri == bindparam("uri"), ClientRecord.disabled_at.is_(None))
)


def why_not(call: Call, uri: str | None, *, acting: bool) -> str | None:
    """Say why no token may be issued for this API (`invalid_target`), or None if one may.

    An API at C2 and above, and any API for an acting token, demands a token bound to a key.
    Until DPoP or mTLS is here such a token is refused, never issued as bearer (decision 15).
    """
    if uri is None:
        return None
    owner = call.tx.execute(_OWNER, {"uri": uri}).first()
    if owner is None:
        return "resource: no such API is registered"
    if acting:
        return (
            "resource: acting tokens for an API must be sender-constrained, "
            "which this server does not offer yet"
        )
    if call.services.policies.floor(owner.client_id).sign_in >= SENDER_CONSTRAINED_FROM:
        return (
            "resource: this API demands sender-constrained tokens, "
            "which this server does not offer yet"
        )
    return None


def sector_of(call: Call, uri: str) -> str | None:
    """Answer the sector of an API, in whose words its tokens name people (decision 15)."""
    owner = call.tx.execute(_OWNER, {"uri": uri}).first()
    return owner.sector if owner else None


def owns(call: Call, client_id: str, resource: str | None) -> bool:
    """Say whether a resource indicator is an API of this client's, and the client is live."""
    if resource is None:
        return False
    owner = call.tx.execute(_OWNER, {"uri": resource}).first()
    return bool(owner and owner.client_id == client_id)
