"""What a machine door takes and gives: a small request, a small response (decision 18)."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from idp.house import House

NO_STORE = (("Cache-Control", "no-store"), ("Pragma", "no-cache"))


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorRequest:
    """A request whose host, size, encoding and repetition the front has already checked.

    `query` and `form` hold one value each, but for parameters the route lets repeat, which
    are in `repeated`. Header names are lower case with hyphens.
    """

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] = field(default_factory=dict)
    repeated: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    address: str = ""


@dataclass(frozen=True, slots=True)
class DoorResponse:
    """What the front sends: a status, headers, and the bytes as they are."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()


Door = Callable[["House", DoorRequest], DoorResponse]


def json_response(
    status: int, data: Any, headers: tuple[tuple[str, str], ...] = NO_STORE
) -> DoorResponse:
    """Answer JSON, not stored by anybody unless the headers say otherwise."""
    body = json.dumps(data, separators=(",", ":")).encode()
    return DoorResponse(status, body, (("Content-Type", "application/json"), *headers))
