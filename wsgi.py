"""The server's way in, for any WSGI server: `granian --interface wsgi wsgi:app`."""

from idp.app import create_app

app = create_app()
