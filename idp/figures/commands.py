"""`idp policy review`: what services ask against what the policies say, from the journal."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import click
from flask import Flask, render_template

from idp.figures import actions, texts
from idp.figures.review import accused
from idp.house import open_house
from idp.pages.frame import install_pages
from idp.policy.rules import PolicyProblems
from idp.words import gettext as _

DAY = click.DateTime(formats=["%Y-%m-%d"])


@click.command()
@click.option("--since", type=DAY, help="First day (UTC). Else four weeks before the end.")
@click.option("--until", type=DAY, help="Day after the last (UTC). Else now.")
@click.option("--json", "as_json", is_flag=True, help="Answer for a program, with definitions.")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write a page with pictures to FILE.",
)
def review(since: datetime | None, until: datetime | None, as_json: bool, out: Path | None) -> None:
    """Say what each service asks against what it needs, and what that costs people."""
    house = open_house()
    try:
        with _bar(hidden=as_json) as progress:
            figures = actions.make_review(
                house.database,
                house.policies,
                since=_start_of(since),
                until=_start_of(until),
                progress=progress,
            )
    except (ValueError, PolicyProblems) as problem:
        raise click.ClickException(str(problem)) from None
    finally:
        house.database.close()
    app = Flask("idp", static_folder=None)
    install_pages(app)
    with app.test_request_context():
        if out is not None:
            out.write_text(_report(figures), encoding="utf-8")
            click.echo(f"Written: {out}", err=True)
        if as_json:
            told = {**figures, "definitions": texts.definitions(), "rule": texts.rule()}
            click.echo(json.dumps(told, indent=2, ensure_ascii=False))
        elif out is None:
            click.echo("\n".join(_lines(figures)))


def _start_of(day: datetime | None) -> datetime | None:
    return None if day is None else datetime.combine(date.fromordinal(day.toordinal()), time(), UTC)


@contextmanager
def _bar(*, hidden: bool) -> Iterator[actions.Progress]:
    with click.progressbar(length=1, label="Journal", file=sys.stderr, hidden=hidden) as bar:

        def progress(done: int, total: int) -> None:
            bar.length = total
            bar.update(done - bar.pos)

        yield progress


def _report(figures: dict[str, Any]) -> str:
    parts = [
        {"title": one["name"], "all": texts.service_sections(one)} for one in figures["services"]
    ]
    return render_template(
        "figures/report.html",
        title=_("Review of services"),
        about=texts.about(figures),
        all=texts.league(figures, lambda _ref: ""),
        services=parts,
    )


def _lines(figures: dict[str, Any]) -> Iterator[str]:
    yield texts.about(figures)
    found = set(accused(figures))
    for one in figures["services"]:
        over = one["over"]
        yield (
            f"{one['client_id']}: needs {one['floor']}, asks {one['asks']}. "
            f"{texts.finding(one['finding'])}."
            + (f" {over['hours_a_year']} hours a year." if over["hours_a_year"] else "")
        )
    yield f"{len(found)} of {len(figures['services'])} services ask for more than they need."
