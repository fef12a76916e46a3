"""A sample outside checker: answers document and fraud checks over HTTP. Sandbox only.

It speaks the protocol of docs/checker.md and uses nothing of Gatehouse: copy it to start a
checker of your own. What it finds depends on how the number of the document ends; its own page
lists the endings, so that every way such a check can go wrong may be tried.

Start it with `python -m idp.demo.checker --port 8005 --issuer http://localhost:8000`.
"""

import base64
import html
import json
import time
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import click
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet

CHECKER_ID = "sample-checker"
REQUEST_TYPE, ANSWER_TYPE = "identity-check+jwt", "identity-answer+jwt"
MAX_BYTES = 16_384
SLOW_SECONDS = 8  # longer than Gatehouse waits for one answer
PENDING_SECONDS = 10
ENDINGS: Mapping[str, str] = {
    "SLOW": "answers after 8 seconds; Gatehouse has hung up by then and asks again",
    "FAIL": "the document is not of this person",
    "UNSURE": "cannot tell; Gatehouse asks again until it gives up",
    "GARBAGE": "answers with something that is no answer",
    "DOWN": "answers 503, as if it were down",
    "LATER": "is not done (202) for 10 seconds, then passes",
}
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>Sample checker</title></head><body><main>
<h1>Sample checker</h1><p>It stands in for a company that reads documents. Nothing here is real.</p>
<p>Any passport or driving licence number passes, and nobody shows signs of fraud. To see what
happens when a check goes wrong, end the number of the document like this:</p>
<dl>{endings}</dl></main></body></html>"""


@dataclass
class Checker:
    """The checker: its key, whom it answers, and since when it was asked what."""

    issuer: str
    read_keys: Callable[[], Any]  # Gatehouse's key set, fetched anew for each request
    key: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256", auto_kid=True))
    asked: dict[str, float] = field(default_factory=dict)
    clock: Callable[[], float] = time.time

    def jwks(self) -> bytes:
        """Our public key, for Gatehouse."""
        public = {**self.key.as_dict(private=False), "use": "sig", "alg": "ES256"}
        return json.dumps({"keys": [public]}).encode()

    def read(self, token: str) -> dict[str, Any] | None:
        """Believe a request only where Gatehouse signed it, for us and for now."""
        try:
            signed = jws.deserialize_compact(
                token, KeySet.import_key_set(self.read_keys()), algorithms=["ES256"]
            )
            claims = json.loads(signed.payload)
        except (JoseError, ValueError, OSError):
            return None
        header = signed.headers()
        mine = claims.get("iss") == self.issuer and claims.get("aud") == CHECKER_ID
        fresh = isinstance(claims.get("exp"), int) and claims["exp"] > self.clock() - 60
        return claims if mine and fresh and header.get("typ") == REQUEST_TYPE else None

    def answer(self, token: str) -> tuple[int, bytes]:
        """Answer a request: a status, and what is sent with it."""
        claims = self.read(token)
        if claims is None:
            return 401, b"not a request of Gatehouse"
        number = str(claims.get("document", {}).get("number", ""))
        ending = next((name for name in ENDINGS if number.endswith(name)), "")
        since = self.asked.setdefault(claims["jti"], time.monotonic())
        if ending == "SLOW":
            time.sleep(SLOW_SECONDS)
        if ending == "GARBAGE":
            return 200, b"<p>Thank you for your request."
        if ending == "DOWN":
            return 503, b""
        if ending == "LATER" and time.monotonic() - since < PENDING_SECONDS:
            return 202, b""
        found = {"FAIL": "fail", "UNSURE": "unsure"}.get(ending, "pass")
        return 200, self.sign(claims, token, found)

    def sign(self, claims: Mapping[str, Any], token: str, finding: str) -> bytes:
        """Sign what was found, bound to this one request."""
        now = int(self.clock())
        bound = base64.urlsafe_b64encode(sha256(token.encode()).digest()).rstrip(b"=").decode()
        said = {
            "iss": CHECKER_ID, "aud": self.issuer, "jti": claims["jti"], "kind": claims["kind"],
            "request": bound, "finding": finding, "iat": now, "exp": now + 60,
        }  # fmt: skip
        header = {"alg": "ES256", "typ": ANSWER_TYPE, "kid": self.key.kid}
        return jws.serialize_compact(header, json.dumps(said).encode(), self.key).encode()


def serve(checker: Checker, port: int) -> ThreadingHTTPServer:
    """Make the server: `POST /check`, `GET /jwks` and a page that lists the endings."""

    class Door(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/jwks":
                self.reply(200, checker.jwks(), "application/json")
            elif self.path == "/":
                lines = (
                    f"<dt><code>{html.escape(name)}</code></dt><dd>{html.escape(text)}</dd>"
                    for name, text in ENDINGS.items()
                )
                page = PAGE.format(endings="".join(lines))
                self.reply(200, page.encode(), "text/html; charset=utf-8")
            else:
                self.reply(404, b"", "text/plain")

        def do_POST(self) -> None:
            length = self.headers.get("Content-Length", "")
            if self.path != "/check" or not length.isdigit() or int(length) > MAX_BYTES:
                self.reply(400, b"", "text/plain")
                return
            token = self.rfile.read(int(length)).decode("ascii", "replace")
            self.reply(*checker.answer(token), "application/jwt")

        def reply(self, status: int, body: bytes, kind: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing: what is asked is about people."""

    return ThreadingHTTPServer(("127.0.0.1", port), Door)


@click.command()
@click.option("--port", type=int, required=True, help="Where to listen, on this machine only.")
@click.option("--issuer", required=True, help="Gatehouse's address.")
def main(port: int, issuer: str) -> None:
    """Run the sample checker until it is stopped."""

    def read_keys() -> Any:
        with urllib.request.urlopen(f"{issuer}/jwks", timeout=5) as answer:  # noqa: S310
            return json.load(answer)

    serve(Checker(issuer=issuer, read_keys=read_keys), port).serve_forever()


def settings_file(port: int) -> str:
    """Write the file of checkers (IDP_CHECKERS) that names this one."""
    return (
        f'[[checker]]\nid = "{CHECKER_ID}"\nurl = "http://localhost:{port}/check"\n'
        f'jwks = "http://localhost:{port}/jwks"\nkinds = ["document-check", "fraud-check"]\n'
    )


if __name__ == "__main__":
    main()
