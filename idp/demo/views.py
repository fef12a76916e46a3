"""The sandbox's own pages: the start page, and registering a test service in five minutes."""

import json
import secrets
import time
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.assurance.rules import tier_of
from idp.authentication.actions import code_at
from idp.callers import registration
from idp.callers.registration import RegistrationError
from idp.demo import newcomers, organisations, world
from idp.demo.commands import (
    add_mandate_officer_command,
    add_officer_command,
    checker_address,
    mailbox_address,
)
from idp.web import house

bp = Blueprint("demo", __name__)
STEP_SECONDS = 30
MOST_TEST_SERVICES = 500
SAMPLE = """from authlib.integrations.flask_client import OAuth
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from flask import Flask, json
from joserfc.jwk import ECKey

app, key = Flask(__name__), ECKey.import_key(json.load(open("key.json")))
app.secret_key = "change me"
gatehouse = OAuth(app).register("gatehouse", client_id="{client_id}", client_secret=key,
    server_metadata_url="{issuer}/.well-known/openid-configuration",
    client_auth_methods=[PrivateKeyJWT("{issuer}", alg="ES256", headers={{"kid": key.kid}})],
    client_kwargs={{"scope": "openid profile", "code_challenge_method": "S256",
                   "token_endpoint_auth_method": "private_key_jwt"}})
app.add_url_rule("{start}", "start", lambda: gatehouse.authorize_redirect("{redirect_uri}"))
app.add_url_rule("{path}", "back", lambda: dict(gatehouse.authorize_access_token()["userinfo"]))
app.run(port={port})
"""


def start_page() -> str:
    """Introduce the people and the services, and lead through the five minutes."""
    here = house()
    now = time.time()
    refs = here.database.read(organisations.refs)
    step = int(here.database.clock.now().timestamp()) // STEP_SECONDS
    return render_template(
        "demo/start.html",
        issuer=here.settings.issuer,
        people=[
            {
                "role": person.role,
                "name": person.name,
                "email": person.email,
                "password": person.password,
                "code": code_at(person.totp_secret, step),
                "code_seconds_left": STEP_SECONDS - int(now) % STEP_SECONDS,
            }
            for person in world.people(here.settings.data)
        ],
        services=[
            {
                "name": service.name,
                "url": service.url,
                "tier": tier_of(here.policies.floor(service.client_id), here.policies.levels),
            }
            for service in world.services(here.settings.port)
        ],
        organisations=[
            {
                "kind": one.kind,
                "name": one.name,
                "url": url_for("organisations.home", ref=refs[one.kind]),
            }
            for one in organisations.CAST
            if one.kind in refs
        ],
        mandate_command=add_mandate_officer_command(here.settings),
        newcomers=newcomers.newcomers(here.settings.data),
        mailbox=mailbox_address(here.settings),
        checker=checker_address(here.settings),
        console=here.settings.console_address,
        officer_command=add_officer_command(here.settings),
        policy_file=str(here.settings.policies / "services.toml"),
        apply_command=None,
    )


@bp.get("/demo/register")
def register() -> str:
    """Ask for a redirect URI."""
    return _form("")


@bp.post("/demo/register")
def registered() -> ResponseReturnValue:
    """Register a test service and show its id, its key and a program that works."""
    redirect_uri = request.form.get("redirect_uri", "").strip()
    if not redirect_uri:
        return _form("", "Type in an address, such as http://localhost:8080/callback"), 422
    here = house()
    client_id = f"test-{secrets.token_hex(4)}"
    private, public = world.new_key(client_id)
    try:
        asked = registration.read(_wish(client_id, redirect_uri, public), "form")
    except RegistrationError as problem:
        return _form(redirect_uri, _plain(problem)), 422

    def work(tx: Any) -> registration.Registered | str:
        if registration.count(tx) >= MOST_TEST_SERVICES:
            return "This sandbox has too many test services. Start it again with --reset."
        return registration.register(tx, asked, by="sandbox page", sandbox=True)

    done = here.database.transaction(work)
    if isinstance(done, str):
        return _form(redirect_uri, done), 422
    program, address = sample(here.settings.issuer, client_id, redirect_uri)
    return render_template(
        "demo/registered.html",
        client_id=client_id,
        key=json.dumps(private),
        issuer=here.settings.issuer,
        sample=program,
        address=address,
    )


def sample(issuer: str, client_id: str, redirect_uri: str) -> tuple[str, str]:
    """Write the 15-line program for a test service, and the address at which it starts.

    `redirect_uri` was checked.
    """
    parts = urlsplit(redirect_uri)
    path = parts.path or "/"
    start = "/" if path != "/" else "/start"
    text = SAMPLE.format(
        issuer=issuer,
        client_id=client_id,
        redirect_uri=redirect_uri,
        start=start,
        path=path,
        port=parts.port or 80,
    )
    return text, f"{parts.scheme}://{parts.netloc}{start}"


def _wish(client_id: str, redirect_uri: str, public: dict[str, Any]) -> dict[str, Any]:
    return {
        "client_id": client_id,
        "client_name": f"Test service {client_id[-4:]}",
        "organisation": "Sandbox",
        "sector": client_id,
        "jwks": public,
        "redirect_uris": [redirect_uri],
        "scopes": ["openid", "profile", "email"],
    }


def _form(redirect_uri: str, error: str | None = None) -> str:
    return render_template(
        "demo/register.html",
        action=url_for("demo.registered"),
        redirect_uri=redirect_uri,
        error=error,
    )


def _plain(problem: RegistrationError) -> str:
    return str(problem).split("redirect_uris: ")[-1].splitlines()[0]
