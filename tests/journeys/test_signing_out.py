"""Signing out: at one service, and what the other services hear of it."""

import time

from idp.demo.stories import Scene
from tests.journeys.conftest import OpenWindow, Window

PATIENCE_SECONDS = 10


def signed_out_within_seconds(here: Window, address: str) -> bool:
    """Whether a service forgets its session by itself: the worker tells it, no browser does."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if here.go(address).heading().startswith("Welcome to"):
            return True
        time.sleep(0.2)
    return False


def test_signing_out_at_tax_ends_the_library_too(scene: Scene, window: OpenWindow) -> None:
    library, tax = (scene.walk.services[name].url for name in ("library", "tax"))
    here = window().go(f"{library}/sign-in").sign_in("neighbour", code=False)
    here.go(f"{tax}/sign-in").give_code("neighbour")
    assert here.heading() == "Signed in: Tom Barker"
    here.follow("Sign out")
    assert here.heading() == "You are signed out"
    assert here.page.url.startswith(f"{tax}/signed-out")
    assert signed_out_within_seconds(here, library)
    here.go(f"{library}/sign-in")
    assert here.heading() == "Sign in to Library"


def test_signing_out_on_my_page_ends_every_service(scene: Scene, window: OpenWindow) -> None:
    library = scene.walk.services["library"].url
    here = window().go("/account").sign_in("daughter").go(f"{library}/sign-in")
    assert here.heading() == "Signed in: Sian Hughes"
    here.go("/account").press("Sign out").look()
    assert here.heading() == "You are signed out"
    assert signed_out_within_seconds(here, library)


def test_another_persons_browser_stays_signed_in(scene: Scene, window: OpenWindow) -> None:
    library = scene.walk.services["library"].url
    first = window().go(f"{library}/sign-in").sign_in("neighbour", code=False)
    second = window().go(f"{library}/sign-in").sign_in("neighbour", code=False)
    second.follow("Sign out")
    assert signed_out_within_seconds(second, library)
    time.sleep(1)
    assert first.go(library).heading() == "Signed in: Tom Barker"
