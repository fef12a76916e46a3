"""What the questionnaire's pages share. No account is needed, and nothing typed is kept here:
no page of this folder writes to the database, the journal or a log."""

from collections.abc import Mapping
from dataclasses import dataclass

from flask import Blueprint, make_response
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from idp.assurance import texts
from idp.assurance.answers import FIRST, USUAL, Typed
from idp.assurance.assessment import Questionnaire
from idp.assurance.harms import TAKEN_OVER
from idp.assurance.policy import Policies
from idp.assurance.whatif import WhatIf, what_if
from idp.figures.pictures import waterfall
from idp.words import gettext as _

bp = Blueprint("assurance", __name__)
UNPROCESSABLE = 422


def page_with(page: str, status: int) -> ResponseReturnValue:
    """Show a page with a status of its own."""
    return make_response(page, status)


def said_of(typed: Typed) -> dict[str, str]:
    """What is wrong with each field, in words."""
    return {name: texts.wrong(problem) for name, problem in typed.wrong.items()}


def error_list(said: Mapping[str, str]) -> list[dict[str, str]]:
    """The same for the summary at the top of the page: which question, and a link to it."""
    return [{"text": f"{place(name)}{text}", "href": f"#{name}"} for name, text in said.items()]


def place(name: str) -> str:
    """Say where a field stands: by the question's number, else by what it is about."""
    numbered = (*FIRST, *USUAL)
    if name in numbered:
        return _("Question %(number)s: ", number=numbered.index(name) + 1)
    part, _dash, of = name.partition("-")
    if part == TAKEN_OVER:
        return f"{texts.questions()[of]} "
    return f"{texts.mitigations()[of]}: " if of else ""


@dataclass(frozen=True, kw_only=True)
class Step:
    """One row of the picture of what would lower a level, and of the table beside it."""

    words: str
    level: str
    tier: int
    lower: bool


def what_if_of(policies: Policies, asked: Questionnaire) -> WhatIf:
    """Try every mitigation by itself under the policies in force."""
    return what_if(asked, levels=policies.levels, today=policies.today, tables=policies.tables)


def steps(found: WhatIf) -> list[Step]:
    """Each mitigation not in use and the level it would give, those that lower it first."""
    words = texts.mitigations()
    rows = [
        Step(
            words=words[effect.kind],
            level=str(effect.level),
            tier=effect.tier,
            lower=effect.level != found.now.level,
        )
        for effect in found.added
    ]
    return sorted(rows, key=lambda step: not step.lower)


def picture(found: WhatIf) -> Markup:
    """Draw each single change that moves the level; nothing when none does."""
    short = texts.mitigations_in_short()
    drawn = [(short[effect.kind], str(effect.level)) for effect in found.lowers]
    drawn += [
        (_("Without: %(what)s", what=short[effect.kind]), str(effect.level))
        for effect in found.raises
    ]
    if not drawn:
        return Markup("")
    return waterfall(_("What one change would do to the level"), str(found.now.level), drawn)


def outcome(policies: Policies, asked: Questionnaire) -> dict[str, object]:
    """What every page that explains a level shows of it."""
    found = what_if_of(policies, asked)
    level = found.now.level
    words = texts.mitigations()
    return {
        "level": str(level),
        "identity": level.identity,
        "sign_in": level.sign_in,
        "tier": found.now.tier,
        "tier_name": policies.levels.tier_names.get(found.now.tier, ""),
        "citizen_text": policies.levels.citizen_texts.get(level.sign_in, ""),
        "reasons": found.now.reasons,
        "picture": picture(found),
        "steps": steps(found),
        "lowers": [step for step in steps(found) if step.lower],
        "held": [words[e.kind] for e in found.added if e.held_up and e.level == level],
        "raises": [(words[e.kind], str(e.level), e.tier) for e in found.raises],
    }
