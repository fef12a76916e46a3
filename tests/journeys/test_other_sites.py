"""What browsers hold against requests between sites, met in a real one (decisions 21 and 22)."""

import html
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from flask import Flask, redirect, request
from joserfc.jwk import ECKey
from werkzeug.serving import make_server

from idp.callers import registration
from idp.demo import world
from idp.demo.machine import Machine
from idp.demo.stories import Scene
from idp.demo.world import SampleService
from idp.house import House
from tests.journeys.conftest import OpenWindow
from tests.rig import ports

ELSEWHERE = "You are somewhere else"


class Site:
    """A department that nobody here wrote: it sends its people on to another site at once."""

    def __init__(self) -> None:
        self.port, self.far_port = ports.free_ports(2)
        self.name = "http://department.localhost"
        self.got: list[dict[str, str]] = []
        self.begin: dict[str, str] = {}
        self.app = Flask("site")
        self.app.add_url_rule("/callback", view_func=self.callback, methods=["GET", "POST"])
        self.app.add_url_rule("/begin", view_func=self.form)
        self.app.add_url_rule("/far", view_func=lambda: f"<h1>{ELSEWHERE}</h1>")

    @property
    def url(self) -> str:
        return f"{self.name}:{self.port}"

    def callback(self) -> Any:
        self.got.append(request.values.to_dict())
        return redirect(f"http://elsewhere.localhost:{self.far_port}/far", 303)

    def form(self) -> str:
        """A page that posts an authorization request to Gatehouse from this other site."""
        fields = "".join(
            f'<input type="hidden" name="{name}" value="{html.escape(value)}">'
            for name, value in self.begin.items()
            if name != "action"
        )
        action = self.begin["action"]
        return f'<form method="post" action="{action}">{fields}<button>Enter</button></form>'


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    servers = [make_server("127.0.0.1", port, site.app, threaded=True)
               for port in (site.port, site.far_port)]  # fmt: skip
    threads = [threading.Thread(target=server.serve_forever) for server in servers]
    for thread in threads:
        thread.start()
    yield site
    for server in servers:
        server.shutdown()
    for thread in threads:
        thread.join()


@pytest.fixture
def department(site: Site, inside: House, scene: Scene) -> Machine:
    """The site, registered with the house. Nobody assessed it: it runs at tier 2."""
    client_id = f"site-{site.port}"
    private, public = world.new_key(client_id)
    asked = registration.read(
        {
            "client_id": client_id,
            "client_name": "Site",
            "organisation": "Another department",
            "sector": client_id,
            "jwks": public,
            "redirect_uris": [f"{site.url}/callback"],
            "scopes": ["openid", "profile"],
        },
        "test",
    )
    done = inside.database.transaction(
        lambda tx: registration.register(tx, asked, by="test", sandbox=True)
    )
    assert not isinstance(done, str), done
    service = SampleService(
        client_id=client_id, name="Site", host_name="department.localhost", port=site.port,
        scopes=("openid", "profile"), sector=client_id, delegation=False,
    )  # fmt: skip
    return Machine(issuer=scene.settings.issuer, service=service, key=ECKey.import_key(private))


def test_a_form_that_ends_at_a_service_which_sends_on_elsewhere_is_not_blocked(
    scene: Scene, window: OpenWindow, department: Machine, site: Site
) -> None:
    # Chromium holds the whole chain after a POST against the page's `form-action`.
    here = window().go(department.request()).sign_in("neighbour")
    assert here.heading() == ELSEWHERE
    assert department.redeem(site.got[-1]["code"]).status == 200


@pytest.mark.parametrize("script", [True, False])
def test_the_answer_by_form_post_arrives(
    window_of: OpenWindow, department: Machine, site: Site, script: bool
) -> None:
    # Also where the service then sends the browser on to another origin.
    here = window_of("mother", script=script)
    here.go(department.request(response_mode="form_post"))
    if not script:
        here.press("Go on")
    here.page.wait_for_url("**/far")
    assert here.heading() == ELSEWHERE
    assert set(site.got[-1]) == {"code", "state", "iss"}


def test_a_request_posted_from_another_site_finds_the_session(
    window_of: OpenWindow, department: Machine, site: Site
) -> None:
    # SameSite=Lax withholds our cookies from this POST: our own GET after it has them.
    address = urlsplit(department.request())
    site.begin = {name: values[0] for name, values in parse_qs(address.query).items()}
    site.begin["action"] = address._replace(query="").geturl()
    here = window_of("mother").go(f"{site.url}/begin").press("Enter")
    assert here.heading() == ELSEWHERE  # nothing was asked
    assert department.redeem(site.got[-1]["code"]).status == 200


def test_an_address_with_the_parked_request_works_once(
    window: OpenWindow, department: Machine, site: Site
) -> None:
    address = urlsplit(department.request())
    site.begin = {name: values[0] for name, values in parse_qs(address.query).items()}
    site.begin["action"] = address._replace(query="").geturl()
    here = window()
    seen: list[str] = []
    here.page.on("request", lambda sent: seen.append(sent.url))
    here.go(f"{site.url}/begin").press("Enter")
    assert here.heading() == "Sign in to Site"
    parked = next(url for url in seen if "parked=" in url)
    here.go(parked)
    here.look()
    assert here.heading() == "This page is too old"


def test_an_unregistered_redirect_stays_with_us_and_names_the_parameter(
    window: OpenWindow, department: Machine
) -> None:
    address = urlsplit(department.request())
    query = {name: values[0] for name, values in parse_qs(address.query).items()}
    query["redirect_uri"] = "http://elsewhere.localhost/steal"
    here = window().go(address._replace(query=urlencode(query)).geturl())
    here.look()
    assert here.heading() == "The service sent a request we cannot use"
    assert "redirect_uri" in here.text()
