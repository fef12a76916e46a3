"""What the sample department is for: it shows records and does what people ask.

Before each of the two the server is asked again, so that a permission that was ended is felt at
the next click. Who may do what for somebody else is `department_acting`'s to find out.
"""

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client.oauth2_session import OAuth2ClientAuth
from flask import render_template, session
from flask.typing import ResponseReturnValue as Answer

from idp.demo import department_acting as acting
from idp.demo.department_frame import notice

if TYPE_CHECKING:
    from idp.demo.department import Department


class Work:
    """The records of one department: by the key of whose they are, what was done and by whom.

    `proof` shows other doors of the server who we are; `does` has the words of each thing to do,
    by the power that it takes.
    """

    def __init__(self, us: "Department", proof: OAuth2ClientAuth, does: Mapping[str, str]) -> None:
        self.us, self.proof, self.does = us, proof, does
        self.done: dict[str, list[str]] = {}

    def records(self) -> Answer:
        """The next click: what is held about whoever this is about."""
        kept = self.asked_again()
        if not isinstance(kept, dict):
            return kept
        return render_template("records.html", user=kept, done=self.done.get(sub_of(kept), []))

    def do(self, power: str) -> Answer:
        """Do one thing and write down for whom, by whom and under which reference."""
        if power not in self.does:
            return notice("There is no such thing here", "Go back and choose again.", 404)
        kept = self.asked_again()
        if not isinstance(kept, dict):
            return kept
        facts, token = kept["id_token"] | kept["userinfo"], kept["token"]["access_token"]
        answer = acting.check(self.us.client, self.proof, facts, token, power)
        if not answer["allowed"]:
            return render_template("refused.html", user=kept, **answer), 403
        what, by, reference = self.does[power], acting.who(facts), answer.get("reference", "")
        line = f"{what}. {by}, {time.strftime('%d %B %Y, %H:%M')}. {reference}".strip()
        self.done.setdefault(sub_of(kept), []).append(line)
        if facts.get("mandate", {}).get("single_use"):
            self.give_back(token)
        return render_template("done.html", user=kept, what=what, reference=reference)

    def give_back(self, token: str) -> None:
        """End what was for one use, when that is done (RFC 7009): nobody does it twice."""
        address = self.us.client.load_server_metadata()["revocation_endpoint"]
        done = self.us.client.post(
            address, withhold_token=True, auth=self.proof, data={"token": token}
        )
        done.raise_for_status()

    def asked_again(self) -> dict[str, Any] | Answer:
        """Who is signed in, with the facts as they are now; else the page that says it is over."""
        if (kept := self.us.user()) is None:
            return notice("You are signed out", "Sign in to see your records.", 403)
        try:
            kept["userinfo"] = self.us.ask_userinfo(kept["token"], kept["id_token"]["sub"])
        except OAuthError as no:
            self.us.sessions.delete(session.pop("ref", ""))
            whose = kept["userinfo"].get("name", "this person")
            acts = "act" in kept["id_token"] | kept["userinfo"]
            heading = f"You can no longer act for {whose}" if acts else "You are signed out"
            return notice(heading, no.description, 403, no.error)
        return kept


def sub_of(kept: Mapping[str, Any]) -> str:
    """The key of our records: whom this is about, whoever acts."""
    return str(kept["id_token"]["sub"])
