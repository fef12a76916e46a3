"""The lock files hold everything, by hash, and tie nobody to a registry."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
RUNTIME = PROJECT["project"]["dependencies"]
WANTED = {
    "requirements.lock": RUNTIME,
    "requirements-test.lock": RUNTIME + PROJECT["project"]["optional-dependencies"]["test"],
    "requirements-build.lock": PROJECT["build-system"]["requires"],
}


def entries(lock: str) -> list[str]:
    """The lock's entries, one string each: `name==version ; marker --hash=... --hash=...`."""
    return (ROOT / lock).read_text().replace("\\\n", " ").splitlines()


def pinned(lock: str) -> dict[str, Version]:
    found: dict[str, Version] = {}
    for entry in entries(lock):
        requirement = Requirement(entry.split("--hash")[0])
        (only,) = requirement.specifier
        assert only.operator == "==", entry
        found[canonicalize_name(requirement.name)] = Version(only.version)
    return found


@pytest.mark.parametrize("lock", WANTED)
def test_every_entry_is_held_to_a_hash(lock: str) -> None:
    assert entries(lock)
    for entry in entries(lock):
        assert re.search(r"--hash=sha256:[0-9a-f]{64}(\s|$)", entry), entry


@pytest.mark.parametrize("lock", WANTED)
def test_no_registry_is_named(lock: str) -> None:
    text = (ROOT / lock).read_text()
    assert "://" not in text
    assert "-index" not in text
    assert "find-links" not in text


@pytest.mark.parametrize("lock", WANTED)
def test_what_the_project_asks_for_is_locked_within_its_bounds(lock: str) -> None:
    held = pinned(lock)
    for line in WANTED[lock]:
        requirement = Requirement(line)
        version = held.get(canonicalize_name(requirement.name))
        assert version is not None, f"{lock} lacks {requirement.name}; run .ci/lock"
        assert version in requirement.specifier, f"{lock}: {line}; run .ci/lock"


def test_the_project_caps_no_version_and_bounds_every_one() -> None:
    asked = [*RUNTIME, *PROJECT["build-system"]["requires"]]
    for group in PROJECT["project"]["optional-dependencies"].values():
        asked += group
    for line in asked:
        assert {part.operator for part in Requirement(line).specifier} == {">="}, line
