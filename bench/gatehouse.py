"""Starts Gatehouse itself, with a client and a signed-in person made by its own actions."""

from bench.target import Target


def start_gatehouse(engine: str, port: int, folder: str, *, core: int, workers: int) -> Target:
    """Start `idp serve`; raises RuntimeError while it cannot be started."""
    raise RuntimeError("the adapter waits for the server: idp.app and `idp serve`")
