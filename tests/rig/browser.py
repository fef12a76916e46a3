"""Which browser the journeys use, and how it is started."""

import os
import shutil

NAMES = ("chromium", "chromium-browser", "google-chrome")

# The services of the sandbox are at *.localhost. The other flags keep the browser from talking
# to anybody but the pages under test. No sandbox: containers and root have none to offer.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP *.localhost 127.0.0.1",
]


def find_chromium() -> str:
    """Answer the path of a Chromium: `IDP_CHROMIUM`, else the first on PATH.

    Raises `RuntimeError` with the line to run when there is none.
    """
    given = os.environ.get("IDP_CHROMIUM")
    if given:
        return given
    for name in NAMES:
        path = shutil.which(name)
        if path:
            return path
    raise RuntimeError(
        "The journeys need Chromium and found none. Run:\n"
        "    apt-get install -y chromium\n"
        "or say where it is: IDP_CHROMIUM=/path/to/chromium"
    )
