"""`idp policy`: check a set of policies before it counts, and explain the level of one action."""

import json
from datetime import UTC, datetime
from pathlib import Path

import click

from idp.assurance.assessment import Assessment
from idp.assurance.policy import NotAssessed, Policies, load_policies
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
    """Check and explain the policies: levels, methods, services."""


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
        click.echo(json.dumps(answer, indent=2, ensure_ascii=False))
    else:
        _print_problems(problems)
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
    try:
        assessment = _load(policies_directory(directory)).assessment(service, action)
    except PolicyProblems as failure:
        _print_problems(failure.problems)
        context.exit(1)
    except NotAssessed as unknown:
        click.echo(str(unknown), err=True)
        context.exit(2)
    if as_json:
        click.echo(json.dumps(_facts(assessment), indent=2, ensure_ascii=False))
        return
    click.echo(f"{service}, {action}: {assessment.level}, tier {assessment.tier}.")
    for reason in assessment.reasons:
        click.echo(f"- {reason}")


def _load(folder: Path) -> Policies:
    return load_policies(folder, datetime.now(UTC).date(), fallback=packaged_directory())


def _facts(assessment: Assessment) -> dict[str, object]:
    return {
        "identity": f"P{assessment.level.identity}",
        "sign_in": f"C{assessment.level.sign_in}",
        "tier": assessment.tier,
        "reasons": list(assessment.reasons),
    }


def _plain(problem: Problem) -> dict[str, str]:
    return {"file": problem.file, "place": problem.place, "sentence": problem.sentence}


def _print_problems(problems: tuple[Problem, ...]) -> None:
    for problem in problems:
        click.echo(str(problem), err=True)
    if problems:
        count = f"{len(problems)} problem{'s' if len(problems) > 1 else ''}"
        click.echo(f"{count} in the policies.", err=True)
