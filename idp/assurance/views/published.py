"""The published assessments, and why each level is what it is."""

from flask import abort, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.assurance import texts
from idp.assurance.nearest import Published
from idp.assurance.proposals import published
from idp.assurance.views.common import bp, outcome
from idp.web import house

NOT_FOUND = 404


@bp.get("/questionnaire/published")
def published_list() -> str:
    """List every action that somebody assessed, with its level."""
    policies = house().policies
    own = {service.client_id for service in policies.services.service}
    rows = [
        {
            "service": entry.service,
            "owner": entry.owner,
            "action": _spoken(entry),
            "level": str(entry.assessment.level),
            "tier": entry.assessment.tier,
            "own": entry.client_id in own,
            "href": url_for("assurance.explained", service=entry.client_id, action=entry.action),
        }
        for entry in published(policies)
    ]
    return render_template(
        "assurance/published.html",
        own=[row for row in rows if row["own"]],
        examples=[row for row in rows if not row["own"]],
        start=url_for("assurance.start"),
        check=url_for("assurance.check"),
    )


@bp.get("/questionnaire/published/explained")
def explained() -> ResponseReturnValue:
    """Explain one published level: the working, what would lower it, who signed."""
    policies = house().policies
    wanted = (request.args.get("service"), request.args.get("action"))
    found = [e for e in published(policies) if (e.client_id, e.action) == wanted]
    if not found:
        abort(NOT_FOUND)
    entry = found[0]
    return render_template(
        "assurance/explained.html",
        **outcome(policies, entry.asked),
        service=entry.service,
        owner=entry.owner,
        about=entry.about,
        action=_spoken(entry),
        customers=texts.customer_groups().get(entry.customers or "", ""),
        signed=entry.signed,
        back=url_for("assurance.published_list"),
    )


def _spoken(entry: Published) -> str:
    """An action's name as people read it: "file-return" is "File return"."""
    words = entry.action.replace("-", " ")
    return words[:1].upper() + words[1:]
