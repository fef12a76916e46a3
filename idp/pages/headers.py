"""Security headers of every page, and the one-time nonce its scripts carry."""

import secrets

from flask import Flask, Response, current_app, g

HSTS_SECONDS = 2 * 365 * 24 * 60 * 60

PERMISSIONS = ", ".join(
    f"{feature}=()"
    for feature in ("camera", "display-capture", "geolocation", "microphone", "payment", "usb")
)

# For every answer. A view that sets one of these itself keeps its own.
ALWAYS = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}

# For pages only.
PAGE = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": PERMISSIONS,
    "X-Frame-Options": "DENY",
}


def install(app: Flask) -> None:
    """Put the headers on every answer of `app` and `csp_nonce()` into its templates."""
    app.after_request(secure)
    app.jinja_env.globals["csp_nonce"] = csp_nonce


def csp_nonce() -> str:
    """Give this request's script nonce, made when the page first asks for it."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(18)
    return str(g.csp_nonce)


def secure(response: Response) -> Response:
    """Add the headers; runs after every request."""
    for name, value in ALWAYS.items():
        response.headers.setdefault(name, value)
    if current_app.config.get("HSTS"):
        response.headers.setdefault(
            "Strict-Transport-Security", f"max-age={HSTS_SECONDS}; includeSubDomains"
        )
    if response.mimetype == "text/html":
        for name, value in PAGE.items():
            response.headers.setdefault(name, value)
        response.headers.setdefault("Content-Security-Policy", policy())
    return response


def policy() -> str:
    """Write the page's content security policy.

    There is no `form-action` unless the view sets `flask.g.csp_form_action`: Chromium holds the
    whole redirect chain after a POST against it, so a form that may end at a service cannot name
    it (design, decision 22). Scripts run by nonce alone; a page without one runs none. They may ask
    for one address at most, which the view sets as `flask.g.csp_connect`.
    """
    parts = ["default-src 'none'"]
    if "csp_nonce" in g:
        parts.append(f"script-src 'nonce-{g.csp_nonce}'")
    parts += ["style-src 'self'", "img-src 'self'", "base-uri 'none'", "frame-ancestors 'none'"]
    if "csp_connect" in g:
        parts.append(f"connect-src {g.csp_connect}")
    if "csp_form_action" in g:
        parts.append(f"form-action {g.csp_form_action}")
    return "; ".join(parts)
