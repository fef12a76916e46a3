"""A sandbox that is not served: its files, its house, and the answers it gives to services."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from idp.demo.commands import prepare
from idp.policy.files import packaged_directory
from tests.docs.story import Sandbox, open_sandbox

PORT = 8000  # only a name here: nothing listens


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A sandbox of this file's own, in `FOLDER/gatehouse-demo`."""
    folder = tmp_path_factory.mktemp("docs")
    for name in ("DATABASE_URL", "IDP_DATA", "IDP_POLICIES"):
        os.environ.pop(name, None)
    settings = prepare(folder / "gatehouse-demo", PORT, None, packaged_directory())
    opened = open_sandbox(settings)
    yield opened
    opened.house.database.close()


@pytest.fixture
def folder(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder beside the sandbox's, where commands of a document are run."""
    path: Path = sandbox.house.settings.data.parent
    monkeypatch.chdir(path)
    return path
