"""One sandbox of real processes for all stories: the house, its worker, two departments."""

import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from idp.delegation import actions as delegation
from idp.demo import joining_stories
from idp.demo.browser import Browser
from idp.demo.commands import NEIGHBOURS, prepare
from idp.demo.joining import Visit
from idp.demo.stories import Scene
from idp.demo.world import PROVED
from idp.errors import Refusal
from idp.house import House, open_house
from idp.policy.files import policies_directory
from idp.register.records import PersonRecord
from idp.settings import Settings
from idp.storage import Transaction
from tests.rig import ports

MakeSettings = Callable[[], Settings]
SignedIn = Callable[[str], Browser]
Story = Callable[[Scene], None]
Hear = Callable[[Story], list[str]]


@pytest.fixture(scope="session")
def sandbox_settings(tmp_path_factory: pytest.TempPathFactory) -> MakeSettings:
    """Prepare a sandbox with a folder, ports and policies of its own; it is not started."""

    def make() -> Settings:
        folder: Path = tmp_path_factory.mktemp("sandbox")
        shutil.copytree(policies_directory(None), folder / "policies")
        return prepare(folder / "data", ports.free_ports(NEIGHBOURS)[0], None, folder / "policies")

    return make


@pytest.fixture(scope="session")
def stage(sandbox_settings: MakeSettings) -> Iterator[Scene]:
    """The sandbox that the stories share. A test asks for `scene`."""
    scene = Scene(settings=sandbox_settings(), say=lambda sentence: None)
    scene.start()
    yield scene
    scene.stop()


@pytest.fixture
def own_scene(sandbox_settings: MakeSettings) -> Iterator[Scene]:
    """A sandbox for one test alone: its policies change and it is started again."""
    scene = Scene(settings=sandbox_settings(), say=lambda sentence: None)
    scene.start()
    yield scene
    scene.stop()


@pytest.fixture(scope="session")
def hear(sandbox_settings: MakeSettings) -> Iterator[Hear]:
    """Tell a story of those who help others, once, in a sandbox where nobody else does; answer
    the sentences that were proved. What one leaves behind may be where the next begins."""
    heard: dict[Story, list[str]] = {}
    said: list[str] = []
    scene = Scene(settings=sandbox_settings(), say=said.append)
    scene.start()

    def tell(story: Story) -> list[str]:
        if story not in heard:
            said.clear()
            story(scene)
            heard[story] = list(said)
        return heard[story]

    yield tell
    scene.stop()


@pytest.fixture(scope="session")
def newcomer(stage: Scene) -> Visit:
    """Somebody new after her first day in the shared sandbox."""
    joining_stories.first_day(stage)
    assert stage.visit is not None
    return stage.visit


@pytest.fixture
def scene(stage: Scene) -> Scene:
    """The shared sandbox, with fresh browsers. Codes used before stay used."""
    fresh = Scene(settings=stage.settings, say=lambda sentence: None)
    fresh.walk, fresh.visit = stage.walk, stage.visit
    return fresh


@pytest.fixture(scope="session")
def first_visits() -> dict[str, Browser]:
    """Browsers that were signed in once; a code counts once in 30 seconds, so they are kept."""
    return {}


@pytest.fixture
def signed_in(scene: Scene, first_visits: dict[str, Browser]) -> SignedIn:
    """Lend a browser in which this person is signed in with password and code."""

    def lend(role: str) -> Browser:
        if role not in first_visits:
            browser = Browser()
            page, _ = scene.walk.answer(browser.open(f"{scene.settings.issuer}/account"), role)
            assert page.heading == "My page", page.text
            first_visits[role] = browser
        return Browser(jar=dict(first_visits[role].jar))

    return lend


@pytest.fixture(scope="session")
def inside(stage: Scene) -> Iterator[House]:
    """The shared sandbox's house from inside, for what no page gives yet."""
    house = open_house(stage.settings)
    yield house
    house.database.close()


@pytest.fixture
def permission(scene: Scene, inside: House) -> str:
    """A fresh permission of the mother's for her daughter at Tax: the only one that stands."""

    def work(tx: Transaction) -> str:
        refs = {
            name: ref
            for ref, name in tx.execute(select(PersonRecord.ref, PersonRecord.given_name)).all()
        }
        mother, daughter = refs["Margaret"], refs["Sian"]
        for old in delegation.given_by(tx, mother):
            delegation.end(tx, old.ref, principal=mother)
        given = delegation.give(
            tx,
            principal=mother,
            delegate=daughter,
            services={"tax": ["view", "file"]},
            expires=tx.now() + timedelta(days=30),
            grant_level=PROVED,
            basis="own",
            by="test",
        )
        assert not isinstance(given, Refusal), given
        return given[0]

    return inside.database.transaction(work)
