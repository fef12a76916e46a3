"""The figures in words: tables with a picture beside each, and what every figure means.

A page shows sections one after the other; what a section shows stands here, how it looks in the
template. A figure that is hidden, because it speaks of fewer than 10, reads "hidden".
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from idp.figures.pictures import Dot, bars, funnel, grid, line
from idp.figures.review import DEFERRAL_LIMIT, Finding
from idp.figures.rules import End
from idp.words import gettext as _

Figures = Mapping[str, Any]
LinkTo = Callable[[str], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A cell of a table: a text, which may lead somewhere."""

    text: str
    href: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A part of a page: what it says, its pictures, and the same figures as a table."""

    title: str
    said: Sequence[str] = ()
    pictures: Sequence[Markup] = ()
    head: Sequence[str] = ()
    rows: Sequence[Sequence[Cell]] = ()


def definitions() -> dict[str, dict[str, str]]:
    """What each figure counts, and over what. Published with the figures."""
    told = {
        "take_up": (
            _("People in the register who reached a service, themselves or through a helper."),
            _("Everybody in the register."),
        ),
        "attempts": (
            _("Sign-ins at which a page of ours was shown, begun in this time. "
              "One that is under an hour old and still open is left out."),
            _("None: it is a count."),
        ),
        "completion": (_("Attempts that ended at the service."), _("All attempts.")),
        "seconds_median": (
            _("Seconds from the first page to the service. Half of the people took no longer. "
              "Rounded down to a tenth."),
            _("Attempts that ended at the service."),
        ),
        "seconds_90": (
            _("The same, for 9 of 10 people."), _("Attempts that ended at the service.")
        ),
        "abandoned": (
            _("Attempts that nobody went on with for an hour, by what was asked last: the first "
              "check, the second check, or what follows them, which is proving who one is."),
            _("All attempts."),
        ),
        "sign_ins": (
            _("How often people reached a service, with a page of ours or without."),
            _("None: it is a count."),
        ),
        "without_a_page": (
            _("Sign-ins that needed nothing: all was proved in this browser before."),
            _("All sign-ins."),
        ),
        "step_up": (
            _("Sign-ins for which a further check was given, on top of what stood."),
            _("All sign-ins."),
        ),
        "outcomes": (
            _("What the risk score led to, or would lead to while it is only tried."),
            _("Sign-ins that were scored."),
        ),
        "false_alarms": (
            _("Sign-ins held back that their owner or an officer then let go on."),
            _("Sign-ins held back that their owner or an officer decided."),
        ),
        "share_past_ceiling": (
            _("Requests that name levels, all of them more than any action of the service needs."),
            _("Attempts, and sign-ins without a page."),
        ),
        "share_past_floor": (
            _("Requests that name levels, all of them more than a plain sign-in needs."),
            _("Attempts, and sign-ins without a page."),
        ),
        "extra_checks": (
            _("Checks people gave on the way to the service after all that its assessment asks "
              "was reached, because the service asked for more."),
            _("None: it is a count."),
        ),
        "hours_a_year": (
            _("Extra checks in a year, times the median seconds that one of them took."),
            _("None: hours of people's time."),
        ),
        "completion_lost": (
            _("How much smaller the share of attempts that end at a service is at the tier asked "
              "for than at the tier needed, over all services, with a 95% interval (Newcombe). "
              "Services differ in more than their tier, so it is a guide and no proof."),
            _("Attempts at each of the two tiers."),
        ),
    }  # fmt: skip
    return {name: {"counts": counts, "of": of} for name, (counts, of) in told.items()}


def about(figures: Figures) -> str:
    """Say what a review looked at."""
    return _(
        "Sign-ins begun from %(since)s to %(until)s (UTC), from the journal. Services left out "
        "because they had fewer than 10 requests: %(number)s.",
        since=figures["since"][:16].replace("T", " "),
        until=figures["until"][:16].replace("T", " "),
        number=figures["services_left_out"],
    )


def rule() -> list[str]:
    """How a service comes to be said to ask for too much."""
    return [
        _("A service is said to ask for too much when we are 95% sure (Wilson interval) that more "
          "than 10% of its requests go past its own assessment; or that more than 90% go past "
          "what its entry needs. It takes at least 50 requests."),
        _("To ask for more at an action that needs more is right, and is not counted against it. "
          "To name several levels is right too, when one of them is enough."),
        _("Small numbers are hidden: what speaks of fewer than 10, and what would give it away."),
    ]  # fmt: skip


def league(figures: Figures, link: LinkTo) -> list[Section]:
    """The page of all services."""
    services = figures["services"]
    meant = definitions()
    together = figures["all"]
    costly = [one for one in services if one["over"]["hours_a_year"]]
    return [
        Section(
            title=_("All services together"),
            head=[_("Figure"), _("Value"), _("What it counts"), _("Of")],
            rows=[
                _meant(_("Take-up"), _percent(figures["take_up"]), meant["take_up"]),
                *_summary(together, meant),
            ],
        ),
        Section(
            title=_("What each service needs and asks"),
            said=[_("Across: how sure who it is. Up: how sure it is the same person again. "
                    "An arrow leads from what a service needs to what it usually asks.")],
            pictures=[grid(_("What each service needs and asks"), _dots(services))],
            head=[_("Number"), _("Service"), _("Needs"), _("Asks"), _("Uses"), _("Finding")],
            rows=[
                _cells(str(n), Cell(text=one["name"], href=link(one["client_id"])), one["floor"],
                       one["asks"], one["uses"] or _hidden(), finding(one["finding"]))
                for n, one in enumerate(services, 1)
            ],
        ),
        Section(
            title=_("Hours of people's time lost in a year"),
            said=[] if costly else [_("No service costs people time by asking for too much.")],
            pictures=[_bars(costly)] if costly else [],
            head=[_("Service"), _("Extra checks"), _("Seconds each"), _("Hours a year"),
                  _("Sign-ins lost in a year")],
            rows=[_cost(one) for one in costly],
        ),
        Section(
            title=_("How far people get, by tier"),
            pictures=[_funnel(_("Tier %(number)s", number=one["tier"]), one)
                      for one in figures["tiers"]],
            head=[_("Tier"), *_stage_names().values(), _("Completion")],
            rows=[_cells(str(one["tier"]), *[_count(stage["left"]) for stage in one["stages"]],
                         _percent(one["completion"])) for one in figures["tiers"]],
        ),
        _weeks(figures["weeks"]),
        Section(title=_("How this is found"), said=rule()),
    ]  # fmt: skip


def service_sections(one: Figures) -> list[Section]:
    """The page of one service."""
    meant = definitions()
    over = one["over"]
    return [
        Section(
            title=_("What it needs and asks"),
            said=[finding(one["finding"])],
            pictures=[grid(_("What %(name)s needs and asks", name=one["name"]), _dots([one]))],
            head=[_("Figure"), _("Value"), _("What it counts"), _("Of")],
            rows=[
                _meant(_("Needs, for a plain sign-in"), one["floor"]),
                _meant(_("Needs, for all its actions"), one["ceiling"]),
                _meant(_("Usually asks"), one["asks"]),
                _meant(_("Usually gets"), one["uses"] or _hidden()),
                _meant(_("Requests past its entry"), _percent(over["share_past_floor"]),
                       meant["share_past_floor"]),
                _meant(_("Requests past its assessment"), _percent(over["share_past_ceiling"]),
                       meant["share_past_ceiling"]),
                _meant(_("Extra checks"), _count(over["extra_checks"]), meant["extra_checks"]),
                _meant(_("Hours a year"), _number(over["hours_a_year"]), meant["hours_a_year"]),
                _meant(_("Completion lost"), _lost(over["lost"]), meant["completion_lost"]),
            ],
        ),
        Section(
            title=_("How people fare"),
            pictures=[_funnel(_("How far people get"), one)],
            head=[_("Figure"), _("Value"), _("What it counts"), _("Of")],
            rows=[
                _meant(_("Take-up"), _percent(one["take_up"]), meant["take_up"]),
                *_summary(one, meant),
                *[_meant(name, _count(stage["left"])) for stage, name in
                  zip(one["stages"], _stage_names().values(), strict=True)],
            ],
        ),
        Section(
            title=_("Levels"),
            head=[_("Level"), _("Asked"), _("Reached")],
            rows=[_cells(level, _count(one["asked"].get(level, 0)),
                         _count(one["used"].get(level, 0)))
                  for level in sorted({*one["asked"], *one["used"]})],
        ),
        Section(
            title=_("Ways to sign in"),
            head=[_("Way"), _("Given"), _("Refused"), _("Sign-ins it counted for")],
            rows=[_cells(way["method"], _count(way["given"]), _count(way["refused"]),
                         _count(way["sign_ins"])) for way in one["methods"]],
        ),
        _weeks(one["weeks"]),
    ]  # fmt: skip


def finding(name: str) -> str:
    """Say what was found of a service."""
    return {
        Finding.NONE: _("Asks for no more than it needs"),
        Finding.PAST_ASSESSMENT: _("Asks for more than its assessment says"),
        Finding.PAST_ENTRY: _("Nearly always asks for more than its entry needs"),
    }[Finding(name)]


def _summary(one: Figures, meant: Mapping[str, Mapping[str, str]]) -> Iterable[Sequence[Cell]]:
    ends = {
        End.FIRST: _("Left at the first check"),
        End.SECOND: _("Left at the second check"),
        End.AFTER: _("Left after the checks"),
    }
    yield _meant(_("Attempts"), _count(one["attempts"]), meant["attempts"])
    yield _meant(_("Completion"), _percent(one["completion"]), meant["completion"])
    yield _meant(_("Seconds, median"), _number(one["seconds_median"]), meant["seconds_median"])
    yield _meant(_("Seconds, 9 of 10"), _number(one["seconds_90"]), meant["seconds_90"])
    for end, name in ends.items():
        yield _meant(name, _percent(one["abandoned"].get(str(end))), meant["abandoned"])
    yield _meant(_("Sign-ins"), _count(one["sign_ins"]), meant["sign_ins"])
    yield _meant(_("Without a page"), _percent(one["without_a_page"]), meant["without_a_page"])
    yield _meant(_("Stepped up"), _percent(one["step_up"]), meant["step_up"])
    for outcome, part in one["outcomes"].items():
        yield _meant(_("Risk: %(outcome)s", outcome=outcome), _percent(part), meant["outcomes"])
    if one["deferred"] != 0:
        yield _meant(_("False alarms"), _percent(one["false_alarms"]), meant["false_alarms"])


def _meant(name: str, value: str, meaning: Mapping[str, str] | None = None) -> Sequence[Cell]:
    meaning = meaning or {"counts": "", "of": ""}
    return _cells(name, value, meaning["counts"], meaning["of"])


def _weeks(weeks: Sequence[Figures]) -> Section:
    title = _("Held back, week by week")
    if not weeks:
        return Section(title=title, said=[_("No sign-in was scored in this time.")])
    limit = _("The most it should be: 1%")
    points = [(one["week"], one["deferred"]) for one in weeks]
    return Section(
        title=title,
        pictures=[line(title, points, limit=DEFERRAL_LIMIT, limit_label=limit)],
        head=[_("Week"), _("Scored"), _("Held back")],
        rows=[_cells(one["week"], _count(one["scored"]), _percent(one["deferred"]))
              for one in weeks],
    )  # fmt: skip


def _dots(services: Iterable[Figures]) -> list[Dot]:
    return [Dot(label=one["name"], floor=one["floor"], asks=one["asks"]) for one in services]


def _bars(services: Iterable[Figures]) -> Markup:
    rows = [(one["name"], one["over"]["hours_a_year"]) for one in services]
    return bars(_("Hours of people's time lost in a year"), rows, _("hours"))


def _funnel(title: str, one: Figures) -> Markup:
    names = _stage_names()
    return funnel(title, [(names[stage["stage"]], stage["left"]) for stage in one["stages"]
                          if stage["left"] is not None])  # fmt: skip


def _stage_names() -> dict[str, str]:
    return {
        "started": _("Began"),
        "first-check-given": _("Gave the first check"),
        "checks-given": _("Gave all checks"),
        "signed-in": _("Reached the service"),
    }


def _cost(one: Figures) -> Sequence[Cell]:
    over, lost = one["over"], one["over"]["lost"]
    between = _("unknown")
    if lost:
        low, high = lost["sign_ins_between"]
        between = _("%(number)s (%(low)s to %(high)s)", number=_count(lost["sign_ins_a_year"]),
                    low=_count(low), high=_count(high))  # fmt: skip
    return _cells(one["name"], _count(over["extra_checks"]), _number(over["seconds_each"]),
                  _number(over["hours_a_year"]), between)  # fmt: skip


def _lost(lost: Figures | None) -> str:
    if not lost:
        return _("none known")
    low, high = lost["between"]
    return _("%(share)s (%(low)s to %(high)s)", share=_percent(lost["completion_lost"]),
             low=_percent(low), high=_percent(high))  # fmt: skip


def _cells(*texts: str | Cell) -> Sequence[Cell]:
    return [text if isinstance(text, Cell) else Cell(text=text) for text in texts]


def _hidden() -> str:
    return _("hidden")


def _count(number: int | None) -> str:
    return _hidden() if number is None else f"{number:,}"


def _number(number: float | None) -> str:
    return _hidden() if number is None else f"{number:,.1f}"


def _percent(share: float | None) -> str:
    return _hidden() if share is None else f"{share * 100:.1f}%"
