"""What an organisation is promised when it acts for people, and what it got (report B5, B7)."""

from dataclasses import dataclass

from flask import render_template
from flask.typing import ResponseReturnValue

from idp.assurance.powers_file import promised_ms
from idp.callers import service_levels
from idp.callers.service_levels import WINDOWS_DAYS, Level
from idp.organisations.views.common import Here, bp, entered
from idp.web import house
from idp.words import gettext as _
from idp.words import ngettext


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One service: the promise in words, and lines of a name and a value for each window."""

    name: str
    promised: str
    lines: list[tuple[str, list[str]]]


@bp.get("/helping/organisations/<ref>/service-levels")
def levels(ref: str) -> ResponseReturnValue:
    """By service: what is promised, how fast answers came, and how many did not."""
    here = entered(ref)
    if not isinstance(here, Here):
        return here
    policies = house().policies
    measured = house().database.read(lambda tx: service_levels.read(tx, ref))
    shown = []
    for service, by_days in measured.items():
        promised = promised_ms(policies.powers, service)
        shown.append(
            Shown(
                name=policies.name_of(service),
                promised=_time(promised),
                lines=_lines([by_days[days] for days in WINDOWS_DAYS]),
            )
        )
    return render_template(
        "organisations/service_levels.html",
        ref=ref,
        organisation=here.organisation.name,
        windows=[_("Today"), _("7 days"), _("30 days")],
        services=shown,
    )


def _lines(found: list[Level]) -> list[tuple[str, list[str]]]:
    return [
        (_("Answers"), [str(one.answers) for one in found]),
        (_("Half came within"), [_bound(one, one.half_ms) for one in found]),
        (_("95 of 100 came within"), [_bound(one, one.most_ms) for one in found]),
        (_("Came later than promised"), [str(one.late) for one in found]),
        (_("No answer because of us"), [str(one.failed) for one in found]),
    ]


def _bound(level: Level, ms: int | None) -> str:
    if not level.answers:
        return "–"
    return _("more than 10 seconds") if ms is None else _time(ms)


def _time(ms: int) -> str:
    if ms % 1000:
        return _("%(ms)s milliseconds", ms=ms)
    seconds = ms // 1000
    return ngettext("%(num)d second", "%(num)d seconds", seconds)
