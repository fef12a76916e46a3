"""The server's way in: one Flask application, machine doors included.

`idp serve` is how an installation is run; this is for `flask --app wsgi routes` and for other
WSGI servers. In a tree that was never set up there is nothing to serve yet: the application
then stands on throw-away keys, so that its routes can be listed.
"""

import tempfile
from dataclasses import replace
from pathlib import Path

from idp.app import create_app
from idp.house import House, open_house
from idp.keyring import ring
from idp.settings import load
from idp.storage.clock import Clock


def _house() -> House:
    settings = load()
    file = settings.database_url.removeprefix("sqlite:///")
    never_set_up = file != settings.database_url and not Path(file).exists()
    if never_set_up and not (settings.keys / ring.SECRETS).exists():
        folder = Path(tempfile.mkdtemp(prefix="gatehouse-"))
        # An empty database too: looking must leave no file that seems to be one set up.
        settings = replace(
            settings, keys=folder / "keys", database_url=f"sqlite:///{folder / 'empty.sqlite3'}"
        )
        ring.prepare(settings.keys, Clock().now())
    return open_house(settings)


app = create_app(_house())
