"""Static files, at addresses that change with their content so that browsers may keep them."""

import hashlib
from functools import cache
from pathlib import Path

from flask import Flask, Response, request, send_from_directory, url_for

STATIC = Path(__file__).parent / "static"
KEEP_SECONDS = 365 * 24 * 60 * 60


def install(app: Flask) -> None:
    """Serve `/static/...` from this room and give templates `static_url(name)`."""
    # The app's own static folder would answer first, with other caching.
    assert not app.has_static_folder, "create the app with static_folder=None"
    app.add_url_rule("/static/<path:filename>", endpoint="static", view_func=static_file)
    app.jinja_env.globals["static_url"] = static_url


@cache
def content_hash(name: str) -> str:
    """Give 16 hexadecimal digits that stand for the content of static file `name`.

    Raises OSError when there is no such file: a template names one that was not shipped.
    """
    return hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:16]


def static_url(name: str) -> str:
    """Give the address of static file `name`, with its content hash."""
    return url_for("static", filename=name, v=content_hash(name))


def static_file(filename: str) -> Response:
    """Serve one static file; for ever when asked for under its own hash, else revalidated."""
    response = send_from_directory(STATIC, filename, etag=True)
    response.cache_control.no_cache = True
    if request.args.get("v") == content_hash(filename):
        response.cache_control.no_cache = None
        response.cache_control.public = True
        response.cache_control.max_age = KEEP_SECONDS
        response.cache_control.immutable = True
    return response
