"""A server under measurement, and what the load generator must know to use it."""

import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import urlsplit


@dataclass(frozen=True, kw_only=True)
class Target:
    """One running server with its database.

    `cookie` is the Cookie header of a signed-in person who has already agreed. `pids` are the
    roots of every process whose CPU time counts: server and database. `resource` is sent at
    authorize in `code` and `refresh` where a server needs it to give a JWT access token.
    """

    name: str
    issuer: str
    port: int
    client_id: str
    client_secret: str
    redirect_uri: str
    cookie: str
    pids: tuple[int, ...]
    stop: Callable[[], None] = field(repr=False)
    scope: str = "openid"
    resource: str | None = None
    note: str = ""

    @property
    def host(self) -> str:
        """The Host header the server expects, whatever address it listens on."""
        return urlsplit(self.issuer).netloc


class Peer(Protocol):
    """Starts one kind of server on one engine ("sqlite" or "postgresql"), pinned to `core`."""

    def __call__(self, engine: str, port: int, folder: str, *, core: int, workers: int) -> Target:
        """Start it, ready to answer; raises RuntimeError with the reason when it cannot."""


def stopper(
    processes: list[subprocess.Popen[bytes]], *more: Callable[[], None]
) -> Callable[[], None]:
    """Give a function that ends `processes`, then calls `more`."""

    def stop() -> None:
        for process in processes:
            process.terminate()
        for process in processes:
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for end in more:
            end()

    return stop
