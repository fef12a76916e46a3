"""The published list of methods, for machines."""

import json
from hashlib import sha256

from idp.assurance.published import published
from idp.door import DoorRequest, DoorResponse
from idp.house import House

# Whoever keeps a copy asks again after five minutes; what counts at a sign-in is never cached.
HEADERS = (
    ("Content-Type", "application/json"),
    ("Cache-Control", "public, max-age=300"),
    ("Access-Control-Allow-Origin", "*"),
)


def methods(house: House, request: DoorRequest) -> DoorResponse:
    """The approved methods as they stand today (Transformational Government 2005, 139)."""
    body = json.dumps(published(house.policies), ensure_ascii=False).encode()
    headers = (*HEADERS, ("ETag", f'"{sha256(body).hexdigest()[:32]}"'))
    if request.headers.get("if-none-match") == headers[-1][1]:
        return DoorResponse(304, b"", headers)
    return DoorResponse(200, body, headers)
