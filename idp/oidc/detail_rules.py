"""What `authorization_details` (RFC 9396) may ask: to act for somebody, with powers by name. Pure.

One type is known, `urn:gatehouse:mandate`. It asks to act, as `acting_for` does, and says for
what: the token then holds those of the powers asked that the permission has, and no others.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from idp.callers.authority import ALL, shared
from idp.oidc.rules import LONGEST_VALUE, MANDATE, BadRequest, strict_json

TYPE = "urn:gatehouse:mandate"
CODE = "invalid_authorization_details"
POWER = re.compile(r"[a-z][a-z0-9-]{0,39}")
MOST_POWERS = 20
SCHEMA: Mapping[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "To act for somebody, with powers by name",
    "type": "object",
    "required": ["type", "actions"],
    "additionalProperties": False,
    "properties": {
        "type": {"const": TYPE},
        "actions": {
            "description": "ids of powers of the service in its entry of powers.toml, or all",
            "type": "array",
            "items": {"type": "string", "pattern": f"^{POWER.pattern}$"},
            "minItems": 1,
            "maxItems": MOST_POWERS,
            "uniqueItems": True,
        },
        "locations": {
            "description": "the API that the token is for, as the parameter resource names it",
            "type": "array",
            "items": {"type": "string", "minLength": 1, "maxLength": LONGEST_VALUE},
            "minItems": 1,
            "maxItems": 1,
        },
        "mandate": {
            "description": "the id of the one permission that the person may act under",
            "type": "string",
            "pattern": f"^{MANDATE.pattern}$",
        },
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """One entry that is well formed. `location` None: as `resource` says; `mandate` None: the
    person chooses."""

    actions: tuple[str, ...]
    location: str | None = None
    mandate: str | None = None


def read_details(text: str | None) -> Details | None:
    """Read the parameter; None when it was not sent.

    Raises `BadRequest` naming the field and what to do (RFC 9396 section 5).
    """
    if text is None:
        return None
    try:
        listed = strict_json(text)
    except (ValueError, RecursionError):
        raise _bad("is not strict JSON") from None
    if not isinstance(listed, list) or not all(isinstance(entry, dict) for entry in listed):
        raise _bad("must be a JSON list of objects")
    if len(listed) != 1:
        raise _bad("send one entry: a token acts for one person, at one service")
    (entry,) = listed
    if entry.get("type") != TYPE:
        raise _bad(f"type: only {TYPE} is known")
    unknown = sorted(set(entry) - set(SCHEMA["properties"]))
    if unknown:
        raise _bad(f"{unknown[0][:40]}: no such field; known: {', '.join(SCHEMA['properties'])}")
    locations = _texts(entry, "locations", 1) if "locations" in entry else [None]
    mandate = entry.get("mandate")
    if "mandate" in entry and not (isinstance(mandate, str) and MANDATE.fullmatch(mandate)):
        raise _bad("mandate: must be the id of a permission, as tokens name it")
    return Details(actions=_actions(entry), location=locations[0], mandate=mandate)


def check_known(details: Details, powers: Collection[str]) -> None:
    """Refuse powers that the service does not have. Raises `BadRequest`."""
    for name in details.actions:
        if name != ALL and name not in powers:
            known = ", ".join([*powers, ALL])
            raise _bad(f"actions: the service has no power {name}; known: {known}")


def described(mandate: str, powers: Sequence[str], location: str | None) -> list[dict[str, Any]]:
    """What was granted, in the words of a request, with the permission it stands on (RFC 9396
    section 7.1)."""
    said: dict[str, Any] = {"type": TYPE, "mandate": mandate, "actions": list(powers)}
    return [said | ({"locations": [location]} if location is not None else {})]


def narrowed(held: Sequence[Mapping[str, Any]], asked: Details | None) -> list[dict[str, Any]]:
    """What a token request may still have of what was `held` (RFC 9396 section 6).

    Raises `BadRequest` for more than that.
    """
    if asked is None:
        return [dict(entry) for entry in held]
    if not held:
        raise _bad("nothing of the kind was granted")
    (entry,) = held
    locations = entry.get("locations", [None])
    powers = shared(asked.actions, entry["actions"])
    if (
        asked.mandate not in {None, entry["mandate"]}
        or asked.location not in {None, *locations}
        or (ALL not in asked.actions and len(powers) < len(asked.actions))
    ):
        raise _bad("it is more than was granted")
    return described(entry["mandate"], powers, locations[0])


def _actions(entry: Mapping[str, Any]) -> tuple[str, ...]:
    names = _texts(entry, "actions", MOST_POWERS)
    if len(set(names)) != len(names):
        raise _bad("actions: a power is named twice")
    if not all(POWER.fullmatch(name) for name in names):
        raise _bad("actions: must be ids of powers, such as view")
    return tuple(names)


def _texts(entry: Mapping[str, Any], name: str, most: int) -> list[str]:
    values = entry.get(name)
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise _bad(f"{name}: must be a list of texts")
    if not 0 < len(values) <= most or not all(0 < len(value) <= LONGEST_VALUE for value in values):
        raise _bad(f"{name}: from 1 to {most}, none of them empty")
    return list(values)


def _bad(said: str) -> BadRequest:
    return BadRequest(CODE, f"authorization_details: {said}")
