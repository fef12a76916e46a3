"""Acting for somebody else: all that a department writes for it, beyond sign-in."""

import json
from typing import Any

from authlib.integrations.flask_client import FlaskOAuth2App


def ask(*powers: str) -> dict[str, str]:
    """What to send along to sign-in, so that people say for whom; with fewer powers, name them."""
    details = {"type": "urn:gatehouse:mandate", "actions": powers}
    return {"authorization_details": json.dumps([details])} if powers else {"acting_for": "choose"}


def who(facts: dict[str, Any]) -> str:
    """Whom to show and to write into our records. Without `act` it is always the person."""
    name, act = str(facts.get("name", "somebody")), facts.get("act")
    return f"{act.get('name', 'Somebody')}, on behalf of {name}" if act else name


def check(us: FlaskOAuth2App, proof: Any, facts: dict[str, Any], token: str, power: str) -> Any:
    """Ask just before it is done: whether it is `allowed`, and if not why, in three `texts`."""
    if "act" not in facts:
        return {"allowed": True}
    if not {f"{us.client_id}:{power}", f"{us.client_id}:all"} & set(facts["mandate"]["scopes"]):
        return {"allowed": False, "texts": {"delegate": "You signed in for other things only."}}
    two = {"delegate": facts["act"]["sub"], "principal": facts["sub"], "scope": power}
    address = us.load_server_metadata()["issuer"] + "/api/v1/mandates/check"
    answer = us.post(address, withhold_token=True, auth=proof, data={**two, "access_token": token})
    answer.raise_for_status()
    return answer.json()


REFUSED = """{% extends "layout.html" %}
{% set heading = "This cannot be done" %}
{% block main %}<dl>
{% for reader, text in texts.items() %}<dt>For the {{ reader }}</dt><dd>{{ text }}</dd>{% endfor %}
{% if reason %}<dt>Reason</dt><dd><code>{{ reason }}</code>, {{ reference }}</dd>{% endif %}
</dl><p><a href="/">Back to {{ name }}</a></p>{% endblock %}"""
