"""Resource indicators (RFC 8707): which audience a token may name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, literal, select, true

from idp.callers import acting
from idp.callers.records import ClientRecord, ResourceRecord
from idp.oidc.server import Call

SENDER_CONSTRAINED_FROM = 2  # sign-in level at which an API wants tokens bound to a key
_OWNER = (
    select(ResourceRecord.client_id, ClientRecord.sector)
    .join(ClientRecord, ClientRecord.client_id == ResourceRecord.client_id)
    .where(ResourceRecord.uri == bindparam("uri"), ClientRecord.disabled_at.is_(None))
)


_M = acting.MANDATE.c
_API = _OWNER.subquery("api")
_PLACE = (
    select(_M.delegate, _M.service, _API.c.client_id.label("owner"), _API.c.sector)
    .select_from(
        select(literal(1).label("one")).subquery("asked")
        .join(acting.MANDATE, _M.ref == bindparam("mandate"), isouter=True)
        .join(_API, true(), isouter=True)
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where software wants to act: the `delegate` and the `service` of a permission, None where
    there is none; the service that the API belongs to and the sector in whose words its tokens
    name people, None where no API is asked for, or one that is not there or is off.
    """

    delegate: str | None
    service: str | None
    owner: str | None
    sector: str | None


def place_of(call: Call, mandate: str, uri: str | None) -> Place:
    """Answer what a permission is for and whose the API is, `uri` None: our own userinfo."""
    row = call.tx.execute(_PLACE, {"mandate": mandate, "uri": uri}).one()
    return Place(delegate=row.delegate, service=row.service, owner=row.owner, sector=row.sector)


def joined(form: Mapping[str, str], values: Sequence[str]) -> dict[str, str]:
    """Write all `resource` values of a request, which alone may be several, into its one field.

    No address holds a space: `why_not` tells that there were several.
    """
    return {**form, **({"resource": " ".join(values)} if values else {})}


def why_not(call: Call, uri: str | None, *, acting_at: str | None, bound: bool) -> str | None:
    """Say why no token may be issued for this API (`invalid_target`), or None if one may.

    `acting_at` is the service that a permission to act is for, None where nobody acts: it opens
    that service's own APIs, and nobody else's. `bound`: the token is bound to a key of the
    caller. An API at C2 and above demands that, and so does any API of an acting token: such
    a token is refused, never issued as a bearer (decision 15). One audience a token.
    """
    if uri is None:
        return None
    if " " in uri:
        return "resource: a token is for one API; ask for one, and for the next with a new request"
    owner = call.tx.execute(_OWNER, {"uri": uri}).first()
    if owner is None:
        return "resource: no such API is registered"
    if acting_at is not None and owner.client_id != acting_at:
        return "resource: the permission to act does not cover the service of this API"
    if bound:
        return None
    if acting_at is not None:
        return "resource: a token to act at an API must be bound to a key; send a DPoP proof"
    if call.services.policies.floor(owner.client_id).sign_in >= SENDER_CONSTRAINED_FROM:
        return "resource: this API demands tokens bound to a key; send a DPoP proof"
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
