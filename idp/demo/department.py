"""A sample department: a real relying party, an Authlib client inside Flask, under 150 lines.

Plays the Library or Tax by its settings (see `--help`); discovery tells it the rest. It uses
nothing of Gatehouse: copy it, with the `department_*` files beside it, to start a service. What
it writes so that people can act for others is in `department_acting.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from secrets import token_urlsafe
from typing import Any

from authlib.integrations.flask_client import FlaskOAuth2App, OAuth, OAuthError
from authlib.integrations.requests_client.oauth2_session import OAuth2ClientAuth
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from flask import Flask, redirect, render_template, request, session
from flask.typing import ResponseReturnValue as Answer
from joserfc.jwk import ECKey

from idp.demo import department_acting as acting
from idp.demo.department_frame import Memory, dress, note_reference, notice, read_refusal, run
from idp.demo.department_logout import end_sessions
from idp.demo.department_work import Work


@dataclass(frozen=True, kw_only=True)
class Department:
    """One department. `home` is its address in the browser; sessions live in this process."""

    issuer: str
    home: str
    delegation: bool
    client: FlaskOAuth2App
    sessions: Memory = field(default_factory=Memory)

    def user(self) -> dict[str, Any] | None:
        """Who is signed in: `token`, `id_token` and `userinfo` claims, and what was `asked`."""
        found: dict[str, Any] | None = self.sessions.get(session.get("ref", ""))
        return found

    def expected(self) -> dict[str, Any]:
        """What a token must say to be from our server and for us."""
        pairs = (("iss", self.issuer), ("aud", self.client.client_id))
        return {name: {"essential": True, "value": value} for name, value in pairs}

    def ask_userinfo(self, token: dict[str, Any], sub: str) -> dict[str, Any]:
        """Ask who this is, now; Authlib refreshes an old token first. `OAuthError` if refused."""
        url = self.client.load_server_metadata()["userinfo_endpoint"]
        answer = self.client.get(url, token=token)
        if answer.status_code in (400, 401, 403):
            raise read_refusal(answer)
        answer.raise_for_status()
        facts: dict[str, Any] = answer.json()
        if facts.get("sub") != sub:  # OpenID Connect Core 5.3.2
            raise OAuthError("invalid_response", "The facts were about somebody else.")
        return facts

    def start(self) -> Answer:
        """Who is signed in, and all that we were told."""
        return render_template("start.html", user=self.user(), delegation=self.delegation)

    def sign_in(self) -> Answer:
        """Send the browser to sign in. PKCE, state and nonce are Authlib's work."""
        if request.host_url != self.home + "/":  # our cookie must be of the host we come back to
            return redirect(self.home + request.full_path)
        acts = self.delegation and "act" in request.args
        more = acting.ask(*request.args.getlist("only")) if acts else {}
        answer: Answer = self.client.authorize_redirect(self.home + "/callback", **more)
        return answer

    def callback(self) -> Answer:
        """Trade the code for tokens, check the ID token, ask userinfo, begin our own session."""
        begun = self.client.framework.get_state_data(session, request.args.get("state"))
        if begun is None:
            return notice("Please sign in again", "This sign-in is too old or not yours.", 400)
        if request.args.get("iss") != self.issuer:  # RFC 9207: a mixed-up server
            return notice("Please sign in again", "The answer is not from our server.", 400)
        token = self.client.authorize_access_token(claims_options=self.expected(), leeway=60)
        claims = token.pop("userinfo", None)  # Authlib's name for the ID token's claims
        if claims is None:
            raise OAuthError("invalid_response", "There was no ID token.")
        facts = self.ask_userinfo(token, claims["sub"])
        self.sessions.delete(session.get("ref", ""))
        session["ref"] = token_urlsafe(32)
        kept = {"token": token, "id_token": claims, "userinfo": facts, "asked": begun["url"]}
        self.sessions.set(session["ref"], kept)
        return redirect(self.home + "/", code=303)

    def keep_token(self, token: dict[str, Any], **_: Any) -> None:
        """Keep what a refresh brought; the first ID token stays our hint for signing out."""
        if kept := self.user():
            kept["token"] = {**token, "id_token": kept["token"]["id_token"]}

    def sign_out(self) -> Answer:
        """End our session, then ask the server to end its own (RP-Initiated Logout 1.0)."""
        if (kept := self.user()) is None:
            return redirect("/signed-out")
        self.sessions.delete(session.pop("ref", ""))
        back, hint = self.home + "/signed-out", kept["token"]["id_token"]
        answer: Answer = self.client.logout_redirect(back, id_token_hint=hint)
        return answer

    def backchannel_logout(self) -> Answer:
        """The server says that somebody's session ended, in a token of its own."""
        return end_sessions(self.client, self.sessions, self.expected())


def create(
    *, name: str, client_id: str, issuer: str, home: str, key: Any, scope: str, delegation: bool,
    does: Mapping[str, str],
) -> Flask:  # fmt: skip
    """Make the application. `home` is its address in the browser; `key` a P-256 JWK, parsed;
    `does` the words of each thing to do, by the power that it takes."""
    app, private = Flask(__name__, static_folder=None), ECKey.import_key(key)
    # The audience is the issuer as one string: an assertion made for us fits no other server.
    proof = PrivateKeyJWT(issuer, alg="ES256", headers={"kid": private.kid or private.thumbprint()})
    client = OAuth(app, cache=Memory()).register(
        client_id,
        client_id=client_id,
        client_secret=private,
        client_auth_methods=[proof],
        client_kwargs={
            "scope": scope,
            "code_challenge_method": "S256",
            "token_endpoint_auth_method": "private_key_jwt",
            "default_timeout": 10,
            "trust_env": False,  # the sandbox's localhost is asked directly, past any proxy
        },
        server_metadata_url=issuer.rstrip("/") + "/.well-known/openid-configuration",
        compliance_fix=note_reference,
        update_token=lambda token, **_: us.keep_token(token),
    )
    us: Department = Department(issuer=issuer, home=home, delegation=delegation, client=client)
    for path in ("", "sign-in", "callback", "sign-out"):
        view = getattr(us, path.replace("-", "_") or "start")
        app.add_url_rule(f"/{path}", view_func=view)
    work = Work(us, OAuth2ClientAuth(client_id, private, proof), does)
    app.get("/records")(work.records)
    app.post("/do/<power>")(work.do)
    app.post("/backchannel-logout")(us.backchannel_logout)
    return dress(app, name, client_id, does)


if __name__ == "__main__":
    run(create)
