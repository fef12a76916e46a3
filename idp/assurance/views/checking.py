"""Check a file, explain it and compare it with the policies in force, on one page.

What is pasted is read, answered and forgotten: it is stored nowhere, and no log line holds it.
"""

from typing import Any

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.assurance.comparing import Change, Direction, diff
from idp.assurance.files import ServicesFile
from idp.assurance.policy import Policies
from idp.assurance.proposals import read_proposal, said_of, with_services
from idp.assurance.views.common import UNPROCESSABLE, bp, outcome, page_with
from idp.web import house
from idp.words import gettext as _

LONGEST_FILE = 16_384  # characters
MOST_SHOWN = 20  # problems, or actions


@bp.get("/questionnaire/check")
def check() -> str:
    """Ask for a file."""
    return _page("")


@bp.post("/questionnaire/check")
def check_file() -> ResponseReturnValue:
    """Say what is wrong with it, or what it would ask for and what that changes."""
    text = request.form.get("file", "")
    if not text.strip():
        return page_with(_page("", error=_("Paste a file into the box")), UNPROCESSABLE)
    if len(text) > LONGEST_FILE:
        most = _("The file is too long. Check it a part at a time")
        return page_with(_page("", error=most), UNPROCESSABLE)
    policies = house().policies
    proposal = read_proposal(text.replace("\r\n", "\n"), policies.today)
    if proposal.file is None:
        problems = [str(problem) for problem in proposal.problems]
        wrong = _("The file is not in order yet")
        return page_with(_page(text, error=wrong, problems=problems), UNPROCESSABLE)
    return _page(text, found=_compared(policies, proposal.file))


def _compared(policies: Policies, file: ServicesFile) -> dict[str, Any]:
    """Every action of the file explained, and every level that it would change."""
    proposed = with_services(policies, file)
    of_file = {service.client_id for service in file.service}
    changes = [c for c in diff(policies, proposed).changes if c.service in of_file and c.action]
    explained = [
        {
            "service": service.name,
            "action": action.id,
            "signed": said_of(service.signature),
            **outcome(proposed, service.questionnaire(action)),
        }
        for service in file.service
        for action in service.action
    ]
    return {
        "explained": explained[:MOST_SHOWN],
        "left_out": max(0, len(explained) - MOST_SHOWN),
        "changes": [_row(change) for change in changes],
    }


def _row(change: Change) -> dict[str, str]:
    said = {
        Direction.RAISED: _("asks for more"),
        Direction.LOWERED: _("asks for less"),
        Direction.UNCHANGED: _("stays the same"),
        Direction.NEW: _("is new"),
        Direction.REMOVED: _("is gone"),
    }
    return {
        "service": change.service,
        "action": change.action,
        "before": str(change.before or "-"),
        "after": str(change.after or "-"),
        "said": said[change.direction],
    }


def _page(
    text: str,
    *,
    error: str | None = None,
    problems: list[str] | None = None,
    found: dict[str, Any] | None = None,
) -> str:
    return render_template(
        "assurance/check.html",
        action=url_for("assurance.check_file"),
        back=url_for("assurance.start"),
        text=text,
        error=error,
        problems=(problems or [])[:MOST_SHOWN],
        more_problems=max(0, len(problems or []) - MOST_SHOWN),
        found=found,
        most=LONGEST_FILE,
    )
