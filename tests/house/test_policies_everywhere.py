"""Several real processes: each uses an applied set within five seconds of its start."""

import http.client
import json
import time
from pathlib import Path

from idp.assurance.sets import Verdict
from tests.assurance.sets import changed, propose, sign
from tests.rig.served import Served

PATIENCE_SECONDS = 5.0
ALIAS = "urn:example:everywhere"


def accepted(port: int, host: str) -> bool:
    """Whether the worker that this connection reaches knows the new alias."""
    wire = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    wire.request("GET", "/.well-known/openid-configuration", headers={"Host": host})
    answer = json.loads(wire.getresponse().read())
    wire.close()
    return ALIAS in answer["acr_values_supported"]


def test_all_workers_use_a_set_within_five_seconds(pg_url: str, tmp_path: Path) -> None:
    served = Served(pg_url, tmp_path, workers=2)
    served.start()
    try:
        base = served.house.policies
        alias = (
            f'[[alias]]\nvalue = "{ALIAS}"\nidentity = 2\nsign_in = 2\nwhy = "A test"\n\n[[alias]]'
        )
        ref = propose(served.house.database, changed("levels.toml", "[[alias]]", alias), base)
        assert not accepted(served.port, served.host)
        assert sign(served.house.database, ref, base) is Verdict.DONE
        begun, wires = time.monotonic(), []
        # Twenty connections reach both workers; every one of them has to know it by then.
        while time.monotonic() - begun < PATIENCE_SECONDS:
            wires = [accepted(served.port, served.host) for _ in range(20)]
            if all(wires):
                break
        assert all(wires), f"{wires.count(False)} of 20 connections met a worker that is behind"
    finally:
        served.stop()
