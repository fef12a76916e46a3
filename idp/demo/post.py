"""The sandbox's post office: an SMTP listener, and a page with all mail and text messages in it.

A process of its own, on this machine only. It keeps the newest messages in memory and all of
them in a file of the data folder, so that a restart loses none. Nothing it takes goes anywhere.
"""

import contextlib
import json
import logging
import os
import threading
import time
from collections import deque
from dataclasses import asdict, dataclass
from email import message_from_bytes, policy
from pathlib import Path

import click
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from flask import Flask, Response, abort, render_template_string, request
from flask.typing import ResponseReturnValue as Answer
from werkzeug.serving import make_server

from idp.notices.messages import TEXTS_FILE

MAILS_FILE = "mailbox.jsonl"
MOST_KEPT = 500
LARGEST_MAIL = 262_144  # bytes
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none';"
    " form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ title }}</title>
<style>
body { font: 1.1rem/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 44rem; padding: 1rem;
  color: #111; background: #fff; overflow-wrap: break-word }
article { border: 1px solid #555; padding: 0 1rem; margin: 0 0 1.5rem }
h2 { font-size: 1.25rem; margin: 1rem 0 0 }
p.from { color: #444; margin: 0 }
p { white-space: pre-line }
a:focus { outline: 3px solid #b35c00; outline-offset: 2px }
</style>
</head>
<body>
<main>
<h1>{{ title }}</h1>
<p>Everything the sandbox sends comes here, newest first. Nothing leaves this machine.
<a href="/">Look again</a></p>
{% for message in messages %}
<article aria-labelledby="m{{ loop.index }}">
<h2 id="m{{ loop.index }}">{{ message.subject or "Text message" }}</h2>
<p class="from">{{ "Text message" if message.channel == "text" else "E-mail" }}
to {{ message.to }}, {{ message.at }}</p>
{% for part in message.text.strip().split("\\n\\n") %}<p>{{ part | urlize }}</p>
{% endfor %}
</article>
{% else %}
<p>There is nothing here yet.</p>
{% endfor %}
</main>
</body>
</html>
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message as it came. `ref` is its Message-ID, or the driver's reference of a text."""

    channel: str
    ref: str
    to: str
    subject: str
    text: str
    at: str  # UTC, ISO 8601


class Mailbox:
    """All messages of a sandbox. Safe between threads."""

    def __init__(self, folder: Path) -> None:
        self._mails, self._texts = folder / MAILS_FILE, folder / TEXTS_FILE
        self._kept: deque[Message] = deque(maxlen=MOST_KEPT)
        self._read_to = {self._mails: 0, self._texts: 0}
        self._lock = threading.Lock()

    def put(self, message: Message) -> None:
        """Keep a mail: when this returns it is in the file."""
        line = json.dumps(asdict(message)) + "\n"
        descriptor = os.open(self._mails, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(descriptor, line.encode())
        finally:
            os.close(descriptor)

    def newest_first(self, to: str | None = None) -> list[Message]:
        """List what came, to one address or to all."""
        with self._lock:
            self._look(self._mails, "email")
            self._look(self._texts, "text")
            found = sorted(self._kept, key=lambda one: one.at, reverse=True)
        return [one for one in found if to is None or one.to == to]

    def _look(self, file: Path, channel: str) -> None:
        """Take in what was added to a file since the last look; half a line waits."""
        if not file.exists():
            return
        with file.open("rb") as handle:
            handle.seek(self._read_to[file])
            whole, _, _ = handle.read().rpartition(b"\n")
        if not whole:
            return
        self._read_to[file] += len(whole) + 1
        for line in whole.splitlines():
            self._kept.append(Message(**({"channel": channel, "subject": ""} | json.loads(line))))


class Taker:
    """Takes every mail; aiosmtpd calls it."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        """Keep a mail, once for each recipient."""
        message = message_from_bytes(envelope.original_content or b"", policy=policy.default)
        body = message.get_body(("plain",))
        for recipient in envelope.rcpt_tos:
            self._mailbox.put(
                Message(
                    channel="email",
                    ref=str(message["Message-ID"] or ""),
                    to=recipient,
                    subject=str(message["Subject"] or "No subject"),
                    text=body.get_content() if body is not None else "",
                    at=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
                )
            )
        return "250 taken"


def create(mailbox: Mailbox, port: int) -> Flask:
    """Make the page. It answers to this machine's names only: it is full of codes."""
    app = Flask(__name__, static_folder=None)
    hosts = {f"localhost:{port}", f"127.0.0.1:{port}"}

    @app.before_request
    def refuse_strangers() -> None:
        if request.host not in hosts:  # another site's name that leads here
            abort(400)

    @app.after_request
    def add_headers(response: Response) -> Response:
        response.headers.update(HEADERS)
        return response

    @app.get("/")
    def page() -> str:
        found = mailbox.newest_first()
        return render_template_string(PAGE, title="The sandbox's mailbox", messages=found)

    @app.get("/messages.json")
    def listed() -> Answer:
        found = mailbox.newest_first(request.args.get("to"))
        return {"messages": [asdict(one) for one in found]}

    app.add_url_rule("/healthz", view_func=lambda: {"status": "ok"})
    return app


@click.command(help="The sandbox's post office.")
@click.option("--port", required=True, type=int, help="The page's.")
@click.option("--smtp-port", required=True, type=int)
@click.option("--data", required=True, type=click.Path(file_okay=False, path_type=Path))
def main(port: int, smtp_port: int, data: Path) -> None:
    """Take mail and show it, on this machine only, until interrupted."""
    mailbox = Mailbox(data)
    listener = Controller(
        Taker(mailbox), hostname="127.0.0.1", port=smtp_port, enable_SMTPUTF8=True,
        data_size_limit=LARGEST_MAIL, ident="sandbox",
    )  # fmt: skip
    listener.start()
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    server = make_server("127.0.0.1", port, create(mailbox, port), threaded=True)
    with contextlib.suppress(KeyboardInterrupt):
        server.serve_forever()
    listener.stop()


if __name__ == "__main__":
    main()
