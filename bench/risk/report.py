"""The results as a page: tables, what was to be reached and whether it was, and what to mind."""

from collections.abc import Sequence
from dataclasses import dataclass

from bench.machine import facts
from bench.risk.evaluate import (
    ATTACKERS,
    HARDER,
    MODELS,
    PIPELINES,
    RATES,
    USUAL_PRESENCE,
    Pipeline,
    Run,
    challenged,
    first_return,
    mean,
    ours_at,
    pipeline,
)
from idp.assurance.outcomes import Outcome
from idp.assurance.risk_rules import RiskRules

WITH, WITHOUT = ours_at(USUAL_PRESENCE), ours_at(0.0)
GROUPS = (
    "everybody", "home country", "other country", "1 device", "2 devices", "3 devices", "weekly",
    "monthly", "rarer",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Goal:
    """One figure to reach (risk-model.md section 2) and what was found."""

    text: str
    found: str
    reached: bool


def _share(
    runs: Sequence[Run], model: str, kind: str, rate: float, group: str = GROUPS[0]
) -> float:
    return mean([challenged(run, model, kind, rate, group) for run in runs])


def _pipelines(runs: Sequence[Run], level: int, held: str, rules: RiskRules) -> Pipeline:
    found = [pipeline(run, level, held, rules) for run in runs]
    return Pipeline(
        shares={kind: mean([one.shares[kind] for one in found]) for kind in Outcome},
        success={kind: mean([one.success[kind] for one in found]) for kind in found[0].success},
    )


def goals(runs: Sequence[Run], rules: RiskRules) -> list[Goal]:
    """What risk-model.md wants reached, each held against the mean of all seeds."""
    top = RATES[0]
    with_token = _share(runs, WITH, "targeted", top)
    without = _share(runs, WITHOUT, "targeted", top)
    worse = [
        f"{kind} {rate}"
        for model in (WITH, WITHOUT)
        for kind in ATTACKERS
        for rate in RATES
        if _share(runs, model, kind, rate) > _share(runs, "Freeman", kind, rate)
    ]
    ratios = {
        f"{kind}, {model}": _share(runs, model, kind, top, "other country")
        / max(_share(runs, model, kind, top, "home country"), 1e-9)
        for model in (WITH, WITHOUT)
        for kind in ATTACKERS
    }
    worst = max(ratios, key=lambda name: ratios[name])
    deferred = {
        held: _pipelines(runs, 2, held, rules).shares[Outcome.DEFER] for held in ("TOTP", "passkey")
    }
    micro = max(run.microseconds for run in runs)
    return [
        Goal("challenged, targeted .995, with token: at most .100", f"{with_token:.3f}",
             with_token <= 0.10),
        Goal("challenged, targeted .995, without token: at most .350", f"{without:.3f}",
             without <= 0.35),
        Goal("above the Freeman port in none of the 9 cells, with and without token",
             ", ".join(worse) or "none", not worse),
        Goal("other countries challenged at most 1.5 times as often as home, at .995",
             f"{ratios[worst]:.2f} ({worst})", ratios[worst] <= 1.5),
        Goal("deferred at C2: at most 1 %",
             ", ".join(f"{share:.2%} ({held})" for held, share in deferred.items()),
             max(deferred.values()) <= 0.01),
        Goal("one score: at most 50 microseconds", f"{micro:.0f}", micro <= 50),
    ]  # fmt: skip


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    return [*lines, *(f"| {' | '.join(row)} |" for row in rows), ""]


def _challenges(runs: Sequence[Run], kinds: Sequence[str]) -> list[str]:
    head = ["score", *(f"{kind} {rate:g}" for kind in kinds for rate in RATES)]
    rows = [
        [model, *(f"{_share(runs, model, kind, rate):.3f}" for kind in kinds for rate in RATES)]
        for model in MODELS
    ]
    return _table(head, rows)


def _groups(runs: Sequence[Run]) -> list[str]:
    models = ("Freeman", WITHOUT, WITH)
    head = ["group", *(f"{model}: {kind}" for model in models for kind in ATTACKERS)]
    columns = [(model, kind) for model in models for kind in ATTACKERS]
    rows = [
        [group, *(f"{_share(runs, model, kind, RATES[0], group):.3f}" for model, kind in columns)]
        for group in GROUPS
    ]
    return _table(head, rows)


def _outcomes(runs: Sequence[Run], rules: RiskRules) -> list[str]:
    kinds = (*ATTACKERS, HARDER)
    head = ["level, method held", *map(str, Outcome), *(f"{kind} succeeds" for kind in kinds)]
    rows = []
    for level, held in PIPELINES:
        found = _pipelines(runs, level, held, rules)
        contrast = " (not allowed; for contrast)" if (level, held) == (3, "TOTP") else ""
        rows.append(
            [
                f"C{level}, {held}{contrast}",
                *(f"{found.shares[kind]:.4f}" for kind in Outcome),
                *(f"{found.success[kind]:.4f}" for kind in kinds),
            ]
        )
    return _table(head, rows)


def markdown(
    runs: Sequence[Run], short: Sequence[Run], rules: RiskRules, *, users: int, command: str
) -> str:
    """The whole page. `short`: runs of the world whose addresses do not last; may be empty."""
    seeds = ", ".join(str(run.seed) for run in runs)
    logins = ", ".join(f"{run.logins:,}" for run in runs)
    first = mean([first_return(run, rules) for run in runs])
    lines = [
        "# The run-time score, tried on a made-up world",
        "",
        f"`{command}`",
        "",
        f"{users:,} people, 365 days, seeds {seeds}; {logins} sign-ins. Means over the seeds.",
        "Nobody in it is real: it compares scores and finds mistakes; it foretells nothing.",
        "",
        "## What was to be reached",
        "",
        *_table(
            ["figure", "found", "reached"],
            [[g.text, g.found, "yes" if g.reached else "**no**"] for g in goals(runs, rules)],
        ),
        "## True sign-ins that are challenged",
        "",
        "The share of all true sign-ins from an account's second on, where the threshold is set",
        "so that .995, .98 or .95 of attacks are caught, one threshold for everybody. Attackers",
        "know the password.",
        "",
        *_challenges(runs, ATTACKERS),
        f"Beyond the published three, `{HARDER}`: always on the victim's own network or carrier.",
        "",
        *_challenges(runs, (HARDER,)),
        "## By group, at .995",
        "",
        *_groups(runs),
        "## The whole pipeline",
        "",
        f"Outcomes by the thresholds of risk.toml, the token shown in {USUAL_PRESENCE:.0%} of true",
        "sign-ins; shares of true sign-ins, then of attacks that came through (allowed, or stepped",
        "up and passed).",
        "",
        *_outcomes(runs, rules),
        f"First sign-in after signing up, stepped up at C2: {first:.1%}.",
        "",
    ]
    if short:
        lines += [
            "## Where addresses do not last",
            "",
            "The same with addresses kept a month in the middle instead of three and a half"
            f" (seeds {', '.join(str(run.seed) for run in short)}).",
            "",
            *_challenges(short, ATTACKERS),
        ]
    lines += [*LIMITS, "", *(f"- {name}: {value}" for name, value in facts().items()), ""]
    return "\n".join(lines)


LIMITS = (
    "## What to mind",
    "",
    "- The rule looks good against naive and VPN attackers only because no true sign-in ever comes",
    "  from a hosting network here. Against somebody in the victim's area it challenges everybody.",
    "- Without a token, whoever is given a new address is challenged: at .995 that is the price of",
    "  catching an attacker on the same network. It depends on how long addresses last, see above.",
    "- The token counts as if 85 % of owners showed it, whatever the presence; one attacker in a",
    "  thousand has stolen it.",
    "- An attack allowed without a further check counts as come through. In the house it still has",
    "  to meet the floor: at C2 a second factor, for which no device stands without its token.",
    "- Attackers who copy nothing are spread half like the population, half evenly over countries.",
    "- The Freeman score is written anew from its description, without attack data per member.",
)
