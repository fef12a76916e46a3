"""`idp policy`: check policies before they count, explain a level, compare sets, ask what if."""

import json
import sys
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path

import click

from idp.assurance.assessment import Assessment
from idp.assurance.comparing import Cell, Change, Diff, Direction, diff
from idp.assurance.policy import NotAssessed, Policies, load_policies
from idp.assurance.proposals import said_of
from idp.assurance.whatif import Effect, WhatIf, what_if
from idp.policy.files import packaged_directory, policies_directory
from idp.policy.rules import PolicyProblems, Problem

directory_option = click.option(
    "--policies",
    "directory",
    type=click.Path(path_type=Path),
    help="Folder of policy files. Else IDP_POLICIES, ./policies, or those of the package.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Answer for a program.")


@click.group()
def policy() -> None:
    """Check, explain and compare the policies: levels, methods, services, risk."""


@policy.command()
@directory_option
@json_option
@click.pass_context
def check(context: click.Context, directory: Path | None, as_json: bool) -> None:
    """List everything wrong in the policy files. Exit code 0: nothing is; 1: something is."""
    folder = policies_directory(directory)
    loaded: Policies | None = None
    try:
        loaded = _load(folder)
    except PolicyProblems as failure:
        problems = failure.problems
    else:
        problems = loaded.overdue
    notes = loaded.notes if loaded else ()
    if as_json:
        answer = {
            "ok": not problems,
            "directory": str(folder),
            "fingerprint": loaded.fingerprint if loaded else None,
            "problems": [_plain(problem) for problem in problems],
            "notes": [_plain(note) for note in notes],
        }
        print_json(answer)
    else:
        print_problems(problems)
        for note in notes:
            click.echo(f"Note: {note}")
        if loaded and not problems:
            click.echo(f"The policies in {folder} are in order. Fingerprint {loaded.fingerprint}")
    context.exit(1 if problems else 0)


@policy.command()
@click.argument("service")
@click.argument("action")
@directory_option
@json_option
@click.pass_context
def explain(
    context: click.Context, service: str, action: str, directory: Path | None, as_json: bool
) -> None:
    """Say which level ACTION of SERVICE needs, and why.

    Exit code 1: the policies cannot be used; 2: there is no such service or action.
    """
    policies = _loaded(context, policies_directory(directory))
    try:
        assessment = policies.assessment(service, action)
    except NotAssessed as unknown:
        click.echo(str(unknown), err=True)
        context.exit(2)
    entry = policies.service(service)
    signature = entry.signature if entry else None
    if as_json:
        print_json(_facts(assessment))
        return
    click.echo(f"{service}, {action}: {assessment.level}, tier {assessment.tier}.")
    for reason in assessment.reasons:
        click.echo(f"- {reason}")
    if signature:
        click.echo(said_of(signature))


@policy.command("diff")
@click.argument("old", type=click.Path(path_type=Path))
@click.argument("new", type=click.Path(path_type=Path))
@json_option
@click.pass_context
def compare(context: click.Context, old: Path, new: Path, as_json: bool) -> None:
    """Say what changes between the policies in the folders OLD and NEW.

    Exit code 0: nothing falls that is not named in [acknowledge_lowering] of NEW's risk.toml;
    1: something does, or a set cannot be used.
    """
    found = diff(_loaded(context, old), _loaded(context, new))
    if as_json:
        print_json(compared(found))
    else:
        for line in diff_lines(found):
            click.echo(line)
    for name in found.unacknowledged:
        sentence = f'It asks for less. If that is meant, say why: "{name}" = "the reason".'
        if named := get_close_matches(name, found.idle_reasons, n=1, cutoff=0.7):
            sentence += f' "{named[0]}" names nothing that falls.'
        click.echo(f"risk.toml: acknowledge_lowering: {name}: {sentence}", err=True)
    for name in found.old_reasons:
        sentence = (
            "Its reason stood there before this change. See whether it is meant for this one."
        )
        click.echo(f"Note: risk.toml: acknowledge_lowering: {name}: {sentence}", err=True)
    context.exit(1 if found.unacknowledged else 0)


@policy.command()
@click.argument("service", required=False)
@click.argument("action", required=False)
@directory_option
@click.option("--replay", "replayed", is_flag=True, help="Try the folder on past sign-ins instead.")
@click.option("--since", metavar="ISO", help="With --replay: from when on. Else four weeks.")
@json_option
@click.pass_context
def whatif(
    context: click.Context,
    service: str | None,
    action: str | None,
    directory: Path | None,
    replayed: bool,
    since: str | None,
    as_json: bool,
) -> None:
    """Say which single mitigation would lower the level of ACTION, and which holds it down.

    With --replay: work past sign-ins out again under the folder's policies and under those in
    force, and say who would have been asked for more, or stopped. Exit code 1: the policies
    cannot be used; 2: there is no such service or action.
    """
    if replayed:
        if service or action:
            raise click.UsageError("--replay looks at all services")
        _replay(_loaded(context, policies_directory(directory)), since, as_json=as_json)
        return
    if service is None or action is None:
        raise click.UsageError("name SERVICE and ACTION, or ask for --replay")
    policies = _loaded(context, policies_directory(directory))
    try:
        policies.assessment(service, action)
    except NotAssessed as unknown:
        click.echo(str(unknown), err=True)
        context.exit(2)
    entry = policies.service(service)
    assert entry is not None
    asked = next(entry.questionnaire(each) for each in entry.action if each.id == action)
    found = what_if(asked, levels=policies.levels, today=policies.today, tables=policies.tables)
    if as_json:
        print_json(_supposed(found))
        return
    now = found.now
    click.echo(f"{service}, {action}: {now.level}, tier {now.tier}.")
    for line in found.sentences:
        click.echo(f"- {line}")


def _replay(new: Policies, since: str | None, *, as_json: bool) -> None:
    from idp.figures.replaying import plain, replay_journal, sentences
    from idp.house import open_house

    house = open_house()
    with click.progressbar(length=1, label="Replaying", file=sys.stderr, hidden=as_json) as bar:

        def progress(done: int, total: int) -> None:
            bar.length = total
            bar.update(done - bar.pos)

        found = replay_journal(
            house.database, house.policies, new, since=moment(since), progress=progress
        )
    if as_json:
        print_json(plain(found))
    else:
        click.echo("\n".join(sentences(found)))


def moment(text: str | None) -> datetime | None:
    """Read a moment; one without a zone is UTC."""
    if text is None:
        return None
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        raise click.ClickException(f"not a moment like 2030-01-31T06:00+00:00: {text}") from None
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def _loaded(context: click.Context, folder: Path) -> Policies:
    """The policies in a folder; prints what is wrong with them and ends with 1 when they are."""
    try:
        return _load(folder)
    except PolicyProblems as failure:
        print_problems(failure.problems)
        context.exit(1)


def _load(folder: Path) -> Policies:
    return load_policies(folder, datetime.now(UTC).date(), fallback=packaged_directory())


def _facts(assessment: Assessment) -> dict[str, object]:
    return {
        "identity": f"P{assessment.level.identity}",
        "sign_in": f"C{assessment.level.sign_in}",
        "tier": assessment.tier,
        "reasons": list(assessment.reasons),
    }


def diff_lines(found: Diff) -> list[str]:
    """Say a comparison in lines."""
    lines = []
    for direction in Direction:
        changes = found.of(direction)
        if direction is not Direction.UNCHANGED:
            lines += [f"{direction}: {_change_line(change)}" for change in changes]
        elif changes:
            lines.append(f"unchanged: {len(changes)}")
    lines += [
        f"held up by coupling: {change.service}, {change.action} stays at {change.after}."
        for change in found.changes
        if change.held_up
    ]
    lines += [f"lowered: {_cell_line(cell)}" for cell in found.cells]
    return [*lines, *(f"methods: {sentence}" for sentence in found.methods)]


def _change_line(change: Change) -> str:
    action = change.action or "any sign-in"
    why = f" ({change.acknowledged})" if change.acknowledged else ""
    if change.before and change.after:
        return f"{change.service}, {action}: from {change.before} to {change.after}.{why}"
    return f"{change.service}, {action}: {change.before or change.after}."


def _cell_line(cell: Cell) -> str:
    why = f" ({cell.acknowledged})" if cell.acknowledged else ""
    when = " in a wave of attacks" if cell.wave else ""
    if cell.band == "enforce":
        return f"unusual sign-ins at C{cell.sign_in} are only recorded{when}.{why}"
    return (
        f"{cell.band} at C{cell.sign_in} begins at {cell.to_nats:.2f} nats{when}, not at"
        f" {cell.from_nats:.2f}.{why}"
    )


def compared(found: Diff) -> dict[str, object]:
    """Answer a comparison for a program."""
    return {
        "ok": not found.unacknowledged,
        **{
            str(direction): [
                {
                    "service": change.service,
                    "action": change.action or None,
                    "from": str(change.before) if change.before else None,
                    "to": str(change.after) if change.after else None,
                    "held_up_by_coupling": change.held_up,
                    "acknowledged": change.acknowledged or None,
                }
                for change in found.of(direction)
            ]
            for direction in Direction
        },
        "thresholds_lowered": [
            {
                "sign_in": f"C{cell.sign_in}",
                "band": cell.band,
                "from_nats": cell.from_nats,
                "to_nats": cell.to_nats,
                "wave": cell.wave,
                "acknowledged": cell.acknowledged or None,
            }
            for cell in found.cells
        ],
        "methods": list(found.methods),
        "unacknowledged": list(found.unacknowledged),
        "acknowledged_before": list(found.old_reasons),
    }


def _supposed(found: WhatIf) -> dict[str, object]:
    def plain(effects: tuple[Effect, ...]) -> list[dict[str, object]]:
        return [
            {
                "mitigation": effect.kind,
                "identity": f"P{effect.level.identity}",
                "sign_in": f"C{effect.level.sign_in}",
                "tier": effect.tier,
            }
            for effect in effects
        ]

    return {
        **_facts(found.now),
        "lowered_by": plain(found.lowers),
        "held_up_by_coupling": [effect.kind for effect in found.added if effect.held_up],
        "raised_without": plain(found.raises),
    }


def print_json(answer: dict[str, object]) -> None:
    """Print an answer for a program."""
    click.echo(json.dumps(answer, indent=2, ensure_ascii=False))


def _plain(problem: Problem) -> dict[str, str]:
    return {"file": problem.file, "place": problem.place, "sentence": problem.sentence}


def print_problems(problems: tuple[Problem, ...]) -> None:
    """Print everything that is wrong, a line each."""
    for problem in problems:
        click.echo(str(problem), err=True)
    if problems:
        count = f"{len(problems)} problem{'s' if len(problems) > 1 else ''}"
        click.echo(f"{count} in the policies.", err=True)
