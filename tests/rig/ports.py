"""Ports for servers that a test starts."""

import os
import socket
from itertools import count

# Below what the kernel hands out for outgoing connections, and apart from other runs and workers:
# each process starts at a place of its own.
_LOWEST, _HIGHEST, _PLACES = 15_000, 32_000, 170
_next = count(_LOWEST + (os.getpid() % _PLACES) * ((_HIGHEST - _LOWEST) // _PLACES))


def free_ports(many: int = 1) -> list[int]:
    """Answer `many` neighbouring ports that nobody listens on; none is handed out twice."""
    run: list[int] = []
    for _ in range(_HIGHEST - _LOWEST):
        port = _LOWEST + (next(_next) - _LOWEST) % (_HIGHEST - _LOWEST)
        follows = not run or port == run[-1] + 1
        run = [*run, port] if follows and _is_free(port) else []
        if len(run) == many:
            return run
    raise RuntimeError(f"no {many} neighbouring free ports on this machine")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
