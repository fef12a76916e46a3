"""Copies of the sample policies that a test may spoil."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from idp.assurance.policy import Policies, load_policies
from idp.policy.files import packaged_directory
from idp.policy.rules import PolicyProblems

TODAY = date(2026, 12, 1)
Spoil = Callable[..., Path]


@pytest.fixture(scope="session")
def sample() -> Policies:
    """The policies that come with Gatehouse."""
    return load_policies(packaged_directory(), TODAY)


@pytest.fixture
def spoil(tmp_path: Path) -> Spoil:
    """A folder with one sample file, `old` replaced by `new` at its first place (which must be)."""

    def write(name: str, *changes: tuple[str, str]) -> Path:
        text = (packaged_directory() / name).read_text()
        for old, new in changes:
            assert old in text, old
            text = text.replace(old, new, 1)
        (tmp_path / name).write_text(text)
        return tmp_path

    return write


@pytest.fixture
def problems() -> Callable[..., list[str]]:
    """The problems of a folder, each as the line a command prints."""

    def found(folder: Path, today: date = TODAY) -> list[str]:
        with pytest.raises(PolicyProblems) as failure:
            load_policies(folder, today, fallback=packaged_directory())
        return [str(problem) for problem in failure.value.problems]

    return found
