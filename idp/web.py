"""What every page shares: the house, the three cookies, form tokens, notices. No decisions."""

import hmac
from datetime import timedelta
from hashlib import sha256
from math import ceil
from typing import cast

from flask import Response, current_app, g, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as WerkzeugResponse

from idp.assurance import agents
from idp.assurance.familiarity import Visit
from idp.house import House
from idp.keyring.sealing import random_token
from idp.signin.weighing import Seen

EXTENSION = "gatehouse"
SECRET_CHARACTERS = 43  # 256 bits in base64url
DEVICE_LASTS_SECONDS = 30 * 24 * 3600  # as `idp.authentication.remembered.LASTS`


def house() -> House:
    """Answer the house this application serves."""
    return cast(House, current_app.extensions[EXTENSION])


def cookie_name(kind: str) -> str:
    """Name a cookie: `__Host-` where we are reached over TLS, which ties it to this host.

    The officers' console (`COOKIES` in its configuration) has cookies of its own: on one machine
    both are "localhost", and browsers tell no ports apart.
    """
    name = current_app.config.get("COOKIES", "") + kind
    return f"__Host-{name}" if is_secure() else f"gatehouse_{name}"


def is_secure() -> bool:
    """Say whether browsers reach this application over TLS."""
    return bool(current_app.config.get("HSTS"))


def browser_secret() -> str | None:
    """Answer what binds journeys to this browser, or None when it keeps no cookie of ours."""
    return _cookie("browser")


def session_secret() -> str | None:
    """Answer the secret of the session in this browser, or None."""
    return _cookie("session")


def needed_browser_secret() -> str:
    """Answer the browser's secret, and give it one with this response if it has none."""
    known = browser_secret() or g.get("new_browser_secret")
    if known is None:
        known = random_token()
        g.new_browser_secret = known
    return str(known)


def give_session(secret: str) -> None:
    """Set the session cookie with this response."""
    g.new_session_secret = secret


def forget_session() -> None:
    """Take the session cookie away with this response."""
    g.new_session_secret = ""


def device_secret() -> str | None:
    """Answer the secret of a browser that was remembered, as shown: it may be anybody's."""
    return _cookie("device")


def give_device(secret: str) -> None:
    """Set the cookie of a browser that is remembered with this response."""
    g.new_device_secret = secret


def set_cookies(response: Response) -> Response:
    """Send the cookies that this request decided on; runs after every page."""
    for kind, lasts in (("browser", None), ("session", None), ("device", DEVICE_LASTS_SECONDS)):
        value = g.pop(f"new_{kind}_secret", None)
        if value is not None:
            response.set_cookie(
                cookie_name(kind),
                value,
                max_age=0 if value == "" else lasts,
                path="/",
                secure=is_secure(),
                httponly=True,
                samesite=current_app.config.get("SAMESITE", "Lax"),
            )
    return response


def form_token() -> str:
    """Answer the token that our own forms carry, bound to this browser's secret.

    A page that is shown to a browser without a secret gives it one, so that the form works.
    """
    key = house().keyring.secret("csrf")
    return hmac.new(key, needed_browser_secret().encode(), sha256).hexdigest()


def form_token_fits() -> bool:
    """Say whether the posted form came from a page we showed to this very browser."""
    sent = request.form.get("csrf_token", "")
    return browser_secret() is not None and hmac.compare_digest(
        sent.encode(), form_token().encode()
    )


def caller_address() -> str:
    """Answer the caller's address, as the front found it."""
    return request.remote_addr or ""


def seen_here() -> Seen:
    """Answer where this request comes from, for the weighing of a sign-in. Never raises: what
    cannot be read is not known."""
    address, networks = caller_address(), house().networks
    return Seen(
        visit=Visit(
            network=networks.levels(address), browser=agents.levels(request.user_agent.string)
        ),
        hosting=networks.find(address).kind is not None,
        attack_ratio=house().attacks.ratio(address),
        device=device_secret(),
    )


def notice(
    status: int,
    title: str,
    paragraphs: list[str],
    *,
    link: tuple[str, str] | None = None,
    reference: str | None = None,
) -> Response:
    """Show a page that says what happened and what to do next. `link` is (address, text)."""
    page = render_template(
        "signin/notice.html",
        title=title,
        paragraphs=paragraphs,
        link_href=link[0] if link else None,
        link_text=link[1] if link else None,
        reference=reference,
    )
    return make_response(page, status)


def retry_after(wait: timedelta) -> dict[str, str]:
    """Answer the header that says when to ask again: whole seconds, never too early (RFC 9110
    section 10.2.3)."""
    return {"Retry-After": str(max(1, ceil(wait / timedelta(seconds=1))))}


def see_other(address: str) -> WerkzeugResponse:
    """Send the browser on with a GET (303)."""
    return redirect(address, code=303)


def _cookie(kind: str) -> str | None:
    value = request.cookies.get(cookie_name(kind), "")
    return value if len(value) == SECRET_CHARACTERS and value.isascii() else None
