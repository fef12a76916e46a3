"""`idp demo --check`: prove the main journeys against a sandbox of its own, and say what works.

It starts real processes in a folder that is gone afterwards, walks as the people would, and
prints each sentence once it is proved. Nothing of an installation is touched.
"""

import os
import shutil
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from idp.demo import (
    assessing_stories,
    business_stories,
    firm_stories,
    helping_stories,
    joining_stories,
    officer_stories,
    review_stories,
    stories,
)
from idp.demo.browser import BrowserError
from idp.demo.commands import NEIGHBOURS, OPERATORS_AWAY, prepare
from idp.demo.page import NotOnPageError
from idp.demo.stories import NotProved, Scene
from idp.settings import Settings

ROWS = (
    "one sign-in for several services",
    "many bodies, each with its own services, staff and keys",
    "the questionnaire for service designers",
    "the tier picks the level",
    "bank identities and cards",
    "review of existing services",
    "approved methods and certified bodies",
    "first log-in and filing on the same day",
    "federated identity",
    "the register and the National Insurance number",
    "sectors kept apart",
    "joining records when the citizen wants it",
    "fewer business numbers",
    "the path to the identity card",
    "people who act for others",
    "see your own data and progress",
    "whole customer view for staff",
    "real-time checks",
    "data-sharing agreements and consent",
    "deterring misuse",
    "protective marking, two-tier network",
    "phone, television, counter",
    "public servants from anywhere",
    "measurement and reporting",
    "tell it once",
    "experts, and learning between services",
    "one entry point by customer group",
)
# Which rows of the mission each story shows, so far in their first part.
STORIES: tuple[tuple[str, Callable[[Scene], None], frozenset[int]], ...] = (
    ("Sign in once, two services, two levels", stories.one_sign_in, frozenset({1, 4, 11})),
    ("A daughter acts for her mother, until it is ended", stories.acting, frozenset({15, 16})),
    ("Enrol, prove and file on the same day", joining_stories.first_day, frozenset({8})),
    (
        "The register, and who reads it by the number",
        joining_stories.register_behind,
        frozenset({10}),
    ),
    ("A better key, and nothing proved again", joining_stories.better_key, frozenset({14})),
    ("One answer changed, and the same link asks for more", stories.flip, frozenset({4})),
    ("An accountant's firm takes somebody on", firm_stories.accountant, frozenset({15, 17})),
    ("He looks at what was done for him, and ends it", firm_stories.watched, frozenset({16, 20})),
    ("An insurer renews car tax, once", helping_stories.insurer, frozenset({15})),
    ("A charity at the kitchen table", helping_stories.charity, frozenset({15})),
    ("People act for businesses", business_stories.business, frozenset({13, 15})),
    (
        "Somebody who is not online appoints, at a counter",
        officer_stories.appointed,
        frozenset({15, 17}),
    ),
    ("Any two of three directors", officer_stories.together, frozenset({13, 15})),
    ("What an intermediary is promised", helping_stories.promised, frozenset({15})),
    ("A method is withdrawn, and paper still lets in", joining_stories.withdrawn, frozenset({7})),
    ("Twelve questions, and a level with its reasons", assessing_stories.designer, frozenset({3})),
    ("Start from what others answered", assessing_stories.learning, frozenset({26})),
    ("Who asks for more than they need", review_stories.over_askers, frozenset({6})),
    ("How people fare, with what each figure counts", review_stories.measured, frozenset({24})),
)
FAULTS = (NotProved, NotOnPageError, BrowserError, OSError, KeyError, click.ClickException)
# What would point the check at somebody's own installation.
OF_OTHERS = ("DATABASE_URL", "IDP_")


def run_check(policies: Path) -> int:
    """Prove the stories with a copy of `policies`; print progress and the rows of the mission.

    Answers the exit code: 0 when every story was proved, else 1.
    """
    started = time.monotonic()
    with nobody_elses_settings(), own_folder() as folder:
        copy = folder / "policies"
        shutil.copytree(policies, copy)
        data, port = folder / "data", free_port()
        click.echo("Starting a sandbox of its own ...")
        passed = prove(prepare(data, port, None, copy))
    broken = {row for _, story, rows in STORIES if story not in passed for row in rows}
    shown = {row for _, story, rows in STORIES if story in passed for row in rows}
    click.echo("\nThe mission:")
    for number, name in enumerate(ROWS, start=1):
        click.echo(f"  M{number:<3} {standing(number, shown, broken):20} {name}")
    good = len(passed) == len(STORIES)
    said = "All of it is proved." if good else "Not all of it is proved."
    click.echo(f"\n{said} ({time.monotonic() - started:.0f} seconds)")
    return 0 if good else 1


def prove(settings: Settings) -> set[Callable[[Scene], None]]:
    """Run the stories one after the other, and answer those that were proved."""
    passed: set[Callable[[Scene], None]] = set()
    scene = Scene(settings=settings, say=lambda sentence: click.echo(f"  ok  {sentence}"))
    try:
        scene.start()
    except FAULTS as fault:
        click.echo(f"  NO  it starts: {fault}")
        scene.stop()
        return passed
    try:
        for title, story, _ in STORIES:
            click.echo(f"\n{title}:")
            try:
                story(scene)
                passed.add(story)
            except FAULTS as fault:
                click.echo(f"  NO  {type(fault).__name__}: {fault}")
    finally:
        scene.stop()
    return passed


def standing(row: int, shown: set[int], broken: set[int]) -> str:
    """Say how a row stands. A row is only as good as the worst story that shows it."""
    if row in broken:
        return "BROKEN"
    return "works (first part)" if row in shown else "not built"


def free_port() -> int:
    """Answer a port that is free together with the ones a sandbox needs beside it."""
    for port in range(20000 + os.getpid() % 4000, 32000, 8):
        if all(is_free(port + away) for away in (*range(NEIGHBOURS), OPERATORS_AWAY)):
            return port
    raise click.ClickException("there are no free ports on this machine")


def is_free(port: int) -> bool:
    """Whether nobody listens on a port of this machine."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


@contextmanager
def own_folder() -> Iterator[Path]:
    """Lend a folder that only this user can read, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="gatehouse-check-") as name:
        yield Path(name)


@contextmanager
def nobody_elses_settings() -> Iterator[None]:
    """Keep the settings of a real installation out of sight of what is started here."""
    kept = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith(OF_OTHERS)}
    try:
        yield
    finally:
        os.environ.update(kept)
