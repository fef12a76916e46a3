"""Back-channel logout at the sample department: the server tells us, with no browser between.

Source: OpenID Connect Back-Channel Logout 1.0.
"""

from typing import Any

from authlib.integrations.flask_client import FlaskOAuth2App
from authlib.oauth2.claims import JWTClaims
from flask import request
from flask.typing import ResponseReturnValue as Answer
from joserfc.errors import JoseError

from idp.demo.department_frame import Memory

EVENT = "http://schemas.openid.net/event/backchannel-logout"


def end_sessions(client: FlaskOAuth2App, sessions: Memory, expected: dict[str, Any]) -> Answer:
    """Check the logout token and forget the sessions it names; 400 when it is not good.

    `expected` are Authlib's claims options for `iss` and `aud`. With `sid` that one session ends,
    without it all of the `sub`. A repeat does no harm, and the sender may have missed our first
    answer, so no `jti` is remembered. When the keys cannot be fetched the sender gets a 502 and
    tries again.
    """
    wanted = expected | {name: {"essential": True} for name in ("iat", "exp", "jti")}
    wanted["events"] = {"essential": True, "validate": means_logout}
    token = {"id_token": request.form.get("logout_token", "")}
    try:
        claims = client.parse_id_token(token, None, wanted, JWTClaims, leeway=60)
    except (JoseError, ValueError) as fault:
        return {"error": "invalid_request", "error_description": str(fault)}, 400
    name = "sid" if "sid" in claims else "sub"
    sessions.end(lambda kept: kept["id_token"].get(name) == claims[name])
    return ""


def means_logout(claims: JWTClaims, events: object) -> bool:
    """Whether a token means logout and nothing else: an ID token must not pass (section 2.6)."""
    about = isinstance(claims.get("sid", claims.get("sub")), str) and "nonce" not in claims
    meant = isinstance(events, dict) and isinstance(events.get(EVENT), dict)
    return about and meant and claims.header.get("typ") == "logout+jwt"
