"""A house that is served, its clients, and how a test talks to a relying party in JavaScript."""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from time import time
from typing import Any

import pytest

from idp.authentication.actions import code_at
from idp.callers import registration
from idp.demo import world
from idp.demo.browser import Browser
from idp.demo.commands import prepare, wait_for
from idp.house import open_house
from idp.serving import Supervisor, environment_for, parts_of
from idp.settings import SETTINGS_FILE, Settings
from idp.storage import Transaction
from tests.demo.serving import served

HERE = Path(__file__).parent
SCRIPTS = tuple(path.name for path in HERE.glob("*.mjs"))
INSTALL = f"npm ci --ignore-scripts --prefix {HERE.relative_to(Path(__file__).parents[2])}"


@pytest.fixture(scope="session")
def node(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], list[str]]:
    """The command that runs a script here. Installed where it is not; fails without Node.js."""
    program, npm = shutil.which("node"), shutil.which("npm")
    if program is None or npm is None:
        pytest.fail("Node.js 20 or newer and npm are needed. Run: apt-get install -y nodejs npm")
    folder = HERE
    if not (HERE / "node_modules" / "openid-client").is_dir():
        folder = tmp_path_factory.mktemp("relying-party")
        for name in ("package.json", "package-lock.json", ".npmrc", *SCRIPTS):
            shutil.copy(HERE / name, folder / name)
        done = subprocess.run(
            [npm, "ci", "--ignore-scripts"], cwd=folder, capture_output=True, text=True
        )
        if done.returncode != 0:
            pytest.fail(f"openid-client could not be installed. Run: {INSTALL}\n{done.stderr}")
    return lambda script: [program, str(folder / script)]


@dataclass
class Running:
    """A house that is being served, and two clients of it."""

    settings: Settings
    clients: dict[str, dict[str, Any]]
    callback: str


@pytest.fixture
def running(
    tmp_path: Path, database_url: str, free_ports: Callable[[int], list[int]], monkeypatch: Any
) -> Iterator[Running]:
    """Serve a house as `idp serve` does, without its worker."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    settings = prepare(tmp_path / "data", free_ports(6)[0], None, None)
    environ = environment_for(settings)
    public = [part for part in parts_of(settings) if part.name == "public"]
    supervisor = Supervisor(public, environ)
    with served(_landing) as port:
        callback = f"http://localhost:{port}"
        clients = _register(settings, callback)
        supervisor.start()
        try:
            wait_for(settings.port, "/jwks", settings.issuer_host, supervisor)
            yield Running(settings, clients, callback)
        finally:
            supervisor.stop()
            shutil.rmtree(Path(environ[SETTINGS_FILE]).parent)


def _register(settings: Settings, callback: str) -> dict[str, dict[str, Any]]:
    """Register a client with a key and one with a secret; answer what each is told."""
    private, public = world.new_key("by-key")
    house = open_house(settings)

    def work(tx: Transaction) -> dict[str, dict[str, Any]]:
        found = {}
        for name, proof in (
            ("by-key", {"jwks": public}),
            ("by-secret", {"token_endpoint_auth_method": "client_secret_basic",
                           "id_token_signed_response_alg": "RS256"}),
        ):  # fmt: skip
            data = {
                "client_id": name, "client_name": name, "organisation": "Tests", "sector": name,
                "redirect_uris": [f"{callback}/callback"],
                "post_logout_redirect_uris": [f"{callback}/signed-out"], **proof,
            }  # fmt: skip
            done = registration.register(tx, registration.read(data, "tests"), by="tests")
            assert not isinstance(done, str), done
            found[name] = {
                "issuer": settings.issuer, "client_id": name, "scope": "openid profile",
                "redirect_uri": f"{callback}/callback", "signed_out": f"{callback}/signed-out",
                "secret": done.secret, "key": None if done.secret else private,
                "algorithm": data.get("id_token_signed_response_alg", "ES256"),
            }  # fmt: skip
        return found

    try:
        return house.database.transaction(work)
    finally:
        house.database.close()


def walk(running: Running, browser: Browser, address: str) -> str:
    """Sign the daughter in, page by page; answer where the browser lands."""
    (person,) = [p for p in world.people(running.settings.data) if p.role == "daughter"]
    first = browser.open(address).form("password")
    second = first.fill(email=person.email, password=person.password).submit()
    code = code_at(person.totp_secret, int(time()) // 30)
    return second.form("code").fill(code=code).submit().url


def say(process: "subprocess.Popen[str]", said: dict[str, Any]) -> dict[str, Any]:
    """Tell the relying party something, and read what it answers."""
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdin.write(json.dumps(said) + "\n")
    process.stdin.flush()
    line = process.stdout.readline()
    assert line, process.stderr.read()
    return dict(json.loads(line))


def _landing(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"landed"]
