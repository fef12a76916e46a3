"""Deliver back-channel logout: the message that the outbox carries to a service."""

from collections.abc import Mapping
from typing import Any

from idp.egress.actions import Gate
from idp.keyring.sealing import random_ref
from idp.oidc.server import Services
from idp.oidc.tokens import LOGOUT_TYPE

EVENT = "http://schemas.openid.net/event/backchannel-logout"
LOGOUT_TOKEN_SECONDS = 120


class NotDelivered(Exception):
    """The service did not take the message; the outbox tries again."""


def deliver(services: Services, egress: Gate, payload: Mapping[str, Any], *, now: int) -> None:
    """Send a logout token (Back-Channel Logout 1.0 section 2.4), made anew for each try.

    Raises `NotDelivered` unless the service answers 200 or 204.
    """
    claims = {
        "iss": services.issuer,
        "aud": payload["client_id"],
        "iat": now,
        "exp": now + LOGOUT_TOKEN_SECONDS,
        "jti": random_ref(),
        "events": {EVENT: {}},
        "sid": payload["sid"],
    }
    if payload.get("sub"):
        claims["sub"] = payload["sub"]
    token = services.keyring.sign(claims, algorithm=payload["alg"], typ=LOGOUT_TYPE)
    status = egress.post_form(payload["uri"], {"logout_token": token})
    if status not in {200, 204}:
        raise NotDelivered(f"{payload['uri']} answered {status}")
