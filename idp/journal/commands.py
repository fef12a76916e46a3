"""`idp journal`: verify, show, export, seal, receipt."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from idp.house import House, open_house
from idp.journal import receipts, sealer, verification
from idp.journal.checkpoints import JournalDamaged
from idp.journal.export import entries
from idp.journal.receipts import NoReceipt
from idp.journal.report import Report
from idp.keyring.ring import KeyringError
from idp.settings import SettingsError


@click.group()
def journal() -> None:
    """Who did what in whose name: read it, prove it, check that nobody altered it."""


@journal.command()
@click.option("--json", "as_json", is_flag=True, help="Answer for a program.")
def verify(as_json: bool) -> None:
    """Check every entry, seal and signature. Exit 0: unaltered; 1: something is wrong."""
    with _house() as house, click.progressbar(length=1, label="Journal", hidden=as_json) as bar:

        def progress(done: int, total: int) -> None:
            bar.length = max(total, 1)
            bar.update(done - bar.pos)

        report = verification.verify(
            house.database, house.keyring, house.settings.checkpoint_file, progress
        )
    click.echo(json.dumps(report.as_dict(), indent=2) if as_json else _in_words(report))
    raise SystemExit(0 if report.ok else 1)


@journal.command()
@click.argument("reference")
def show(reference: str) -> None:
    """Show the entry with this REFERENCE."""
    with _house() as house:
        entry = receipts.show(house.database, _spoken(reference))
    if entry is None:
        raise click.ClickException(f"there is no entry {reference}")
    click.echo(json.dumps(_readable(entry), indent=2, ensure_ascii=False))


@journal.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def export(file: Path) -> None:
    """Write every entry to FILE, one JSON object a line, oldest first."""
    count = 0
    with _house() as house, click.open_file(str(file), "w", encoding="utf-8") as handle:
        for entry in entries(house.database):
            handle.write(json.dumps(_readable(entry), ensure_ascii=False) + "\n")
            count += 1
    click.echo(f"{count} entries written", err=True)


@journal.command()
def seal() -> None:
    """Seal what is not sealed yet, once. A running house does this by itself."""
    count = 0
    with _house() as house:
        settings = house.settings
        while sealed := sealer.seal(
            house.database, house.keyring, settings.checkpoint_file, settings.issuer
        ):
            count += sealed
    click.echo(f"{count} entries sealed")


@journal.command()
@click.argument("reference")
def receipt(reference: str) -> None:
    """Print the receipt of an entry: proof that it is in the journal, checked without us."""
    with _house() as house:
        found = receipts.receipt(house.database, _spoken(reference))
    click.echo(json.dumps(found, indent=2))


@contextmanager
def _house() -> Iterator[House]:
    """Open the house; say what is wrong without a stack trace."""
    try:
        house = open_house()
        try:
            yield house
        finally:
            house.database.close()
    except (SettingsError, KeyringError, JournalDamaged, NoReceipt) as problem:
        raise click.ClickException(str(problem)) from None


def _spoken(reference: str) -> str:
    """Read a reference as people write it down: any case, with spaces or dashes."""
    return reference.replace(" ", "").replace("-", "").upper()


def _readable(entry: dict[str, Any]) -> dict[str, Any]:
    at = entry["at"]
    if not isinstance(at, int):
        return entry
    seconds, micros = divmod(at, 1_000_000)
    moment = datetime.fromtimestamp(seconds, UTC).replace(microsecond=micros)
    return {**entry, "at": moment.isoformat()}


def _in_words(report: Report) -> str:
    lines = [f"{place}: {sentence}" for place, sentence in report.problems]
    if report.problem_count > len(report.problems):
        lines.append(f"... and {report.problem_count - len(report.problems)} more")
    lines.append(f"{report.entries} entries under {report.checkpoints} checkpoints.")
    if report.unsealed:
        age = f"{report.oldest_unsealed_seconds:.1f} seconds"
        lines.append(f"{report.unsealed} not sealed yet, the oldest for {age}.")
    if report.old_key_checkpoints:
        lines.append(f"{report.old_key_checkpoints} checkpoints by keys no longer in use.")
    if report.uncopied_checkpoints:
        lines.append(f"{report.uncopied_checkpoints} checkpoints not copied outside yet.")
    found = f"{report.problem_count} PROBLEMS: the journal was altered or damaged."
    lines.append("Nothing is wrong." if report.ok else found)
    return "\n".join(lines)
