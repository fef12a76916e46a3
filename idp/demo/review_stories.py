"""The stories of the review: four weeks of made-up sign-ins, and what they say of services."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from idp.demo import traffic
from idp.demo.stories import COMMAND, COMMAND_SECONDS, NotProved, Scene
from idp.figures.hiding import LEAST
from idp.figures.review import accused

VISITS, PEOPLE, SEED = 850, 40, 2030
FOLDER = "traffic"


def over_askers(scene: Scene) -> None:
    """Eleven services, four of which ask for too much: those are found, and no other."""
    figures, page = reviewed(scene.settings.data / FOLDER)
    services = {one["client_id"]: one for one in figures["services"]}
    scene.proved(
        "850 sign-ins at eleven made-up services went through the house's own actions",
        len(services) == len(traffic.SERVICES) and sum(
            one["requests"] for one in services.values()) == VISITS,
        {name: one["requests"] for name, one in services.items()},
    )  # fmt: skip
    found = set(accused(figures))
    scene.proved("the four that ask for too much are found", found >= traffic.PLANTED, found)
    scene.proved("none of the other seven is accused", found <= traffic.PLANTED, found)
    hours = services["leisure"]["over"]["hours_a_year"]
    scene.proved("each hour of people's time that it costs is counted", hours > 0, hours)
    scene.proved(
        "the page draws what they need and ask, the hours lost and where people leave",
        page.count('role="img"') >= 2 + len(figures["tiers"]), page.count('role="img"'),
    )  # fmt: skip


def measured(scene: Scene) -> None:
    """Take-up, completion, time to sign in and step-up, each with what it counts and over what."""
    figures, _page = reviewed(scene.settings.data / FOLDER)
    told, together = figures["definitions"], figures["all"]
    wanted = ("take_up", "completion", "seconds_median", "seconds_90", "step_up")
    scene.proved(
        "take-up, completion, time to sign in and step-up are published as data",
        all(name in {**figures, **together} for name in wanted)
        and 0 < together["completion"] < 1 and together["seconds_median"] > 0,
        together,
    )  # fmt: skip
    scene.proved(
        "each with a definition and what it is a share of",
        all(told[name]["counts"] and told[name]["of"] for name in wanted), told,
    )  # fmt: skip
    small = [number for number in counts_of(figures) if 0 < number < LEAST]
    scene.proved("no count under 10 is shown", not small, small)


def reviewed(folder: Path) -> tuple[dict[str, Any], str]:
    """Send people to the services where that was not done yet; answer the review, and its page.

    Raises `NotProved` with what the command says when it fails.
    """
    if not folder.exists():
        traffic.simulate(folder, seed=SEED, visits=VISITS, people=PEOPLE)
    out = folder / "review.html"
    line = [sys.executable, "-c", COMMAND, "--data", str(folder), "policy", "review", "--json",
            "--out", str(out)]  # fmt: skip
    done = subprocess.run(  # noqa: S603 - our own command
        line, capture_output=True, text=True, timeout=COMMAND_SECONDS, check=False
    )
    if done.returncode != 0:
        raise NotProved(f"idp policy review: {done.stderr.strip()[-500:]}")
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures, out.read_text()


def counts_of(value: Any, name: str = "") -> Iterator[int]:
    """Every count of people or sign-ins in published figures; numbers of tiers are none."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from counts_of(item, str(key))
    elif isinstance(value, list):
        for item in value:
            yield from counts_of(item, name)
    elif type(value) is int and not name.endswith("tier") and name not in OTHER:
        yield value


OTHER = {"services_left_out", "sign_ins_a_year", "sign_ins_between"}  # of no person
