"""`idp keys`: turn the keys that sign, seal and index; back them up. Each turn is journalled."""

import json
import sys
import time
from collections.abc import Iterable, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from sqlalchemy import and_

from idp import settings as reading
from idp.authentication.actions import seed_purpose
from idp.authentication.phones import offer_purpose, phone_purpose
from idp.authentication.records import OneTimeCodeRecord, PhoneRecord, SignInCodeRecord
from idp.delegation.inviting import invitation_purpose
from idp.delegation.objecting import objection_purpose
from idp.delegation.records import MandateInvitationRecord, ObjectionRecord, SafeContactRecord
from idp.delegation.telling import safe_contact_purpose
from idp.house import House, open_house
from idp.journal.actions import Entry, record
from idp.keyring import backup as backups
from idp.keyring import ring, secrets_file
from idp.keyring.jose import ALGORITHMS
from idp.keyring.resealing import SealedColumn, count, left
from idp.keyring.resealing import reseal as seal_again
from idp.keyring.ring import LOOK_AGAIN_SECONDS, KeyringError
from idp.keyring.sealing import Unreadable
from idp.notices.actions import MESSAGES
from idp.notices.actions import PURPOSE as NOTICE_PURPOSE
from idp.notices.letters import letter_purpose
from idp.notices.records import LetterRecord
from idp.officers.proposals import proposal_purpose
from idp.officers.records import OfficerProposalRecord
from idp.organisations import members
from idp.organisations.records import MemberInvitationRecord
from idp.outbox.records import OutboxRecord
from idp.proofing.cases import claim_purpose
from idp.proofing.checking import MESSAGE as CHECK_MESSAGE
from idp.proofing.checking import check_purpose
from idp.proofing.records import CaseRecord
from idp.register import businesses, indexing
from idp.register.records import BusinessNumberRecord, PersonNumberRecord
from idp.register.rules import number_purpose

# Every column that holds something sealed; a test finds those that are missing here.
SEALED = (
    SealedColumn(PersonNumberRecord, "number_sealed", "person_ref", number_purpose),
    SealedColumn(OneTimeCodeRecord, "seed_sealed", "account_ref", seed_purpose),
    SealedColumn(PhoneRecord, "number_sealed", "account_ref", phone_purpose),
    SealedColumn(SignInCodeRecord, "number_sealed", "ref", offer_purpose,
                 live=SignInCodeRecord.number_sealed.is_not(None)),
    SealedColumn(BusinessNumberRecord, "number_sealed", "ref", businesses.number_purpose),
    # What was typed in a case that lapsed is forgotten.
    SealedColumn(CaseRecord, "claim_sealed", "ref", claim_purpose,
                 live=CaseRecord.claim_sealed != ""),
    SealedColumn(SafeContactRecord, "address_sealed", "person", safe_contact_purpose,
                 live=SafeContactRecord.address_sealed.is_not(None)),
    SealedColumn(MandateInvitationRecord, "label_sealed", "ref", invitation_purpose,
                 live=MandateInvitationRecord.label_sealed.is_not(None)),
    SealedColumn(MandateInvitationRecord, "contact_sealed", "ref", invitation_purpose,
                 live=MandateInvitationRecord.contact_sealed.is_not(None)),
    SealedColumn(ObjectionRecord, "words_sealed", "entry_reference", objection_purpose),
    SealedColumn(ObjectionRecord, "answer_sealed", "entry_reference", objection_purpose,
                 live=ObjectionRecord.answer_sealed.is_not(None)),
    SealedColumn(LetterRecord, "values_sealed", "ref", letter_purpose),
    SealedColumn(OfficerProposalRecord, "payload_sealed", "ref", proposal_purpose),
    SealedColumn(MemberInvitationRecord, "email_sealed", None, lambda _: members.PURPOSE),
    # Messages that still wait: what was delivered keeps nothing.
    SealedColumn(
        OutboxRecord, "payload", None, lambda _: NOTICE_PURPOSE, within="sealed",
        live=and_(OutboxRecord.done_at.is_(None), OutboxRecord.kind.in_(MESSAGES.values())),
    ),
    SealedColumn(
        OutboxRecord, "payload", "payload", lambda kept: check_purpose(kept["evidence"]),
        within="sealed",
        live=and_(OutboxRecord.done_at.is_(None), OutboxRecord.kind == CHECK_MESSAGE),
    ),
)  # fmt: skip
PASSPHRASE_FILE = click.option(
    "--passphrase-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Read the passphrase from the first line of a file; else it is asked for.",
)


@click.group()
def keys() -> None:
    """The keys that sign, seal and index: list, turn, revoke, back up."""


@keys.command("list")
@click.option("--json", "as_json", is_flag=True, help="Answer for a program.")
def list_keys(as_json: bool) -> None:
    """List every signing key and where it stands in its life."""
    house = open_house()
    now = house.database.clock.now()
    shown = [
        {
            "kid": key.kid,
            "algorithm": key.algorithm,
            "state": str(key.state(now)),
            "active_from": key.active_from.isoformat(timespec="seconds"),
        }
        for key in house.keyring.list()
    ]
    if as_json:
        click.echo(json.dumps(shown))
        return
    for key in shown:
        click.echo(f"{key['kid']}  {key['algorithm']:6} {key['state']:9} {key['active_from']}")


@keys.command()
@click.option("--algorithm", type=click.Choice(ALGORITHMS), default="ES256", show_default=True)
@click.option("--now", "at_once", is_flag=True, help="Sign with it at once; else in an hour.")
def rotate(algorithm: str, at_once: bool) -> None:
    """Make a new signing key, publish it, and retire the one before it."""
    house = open_house()
    now = house.database.clock.now()
    new = ring.rotate(house.settings.keys, algorithm, now=now, at_once=at_once)
    detail = {"kid": new.kid, "algorithm": algorithm, "active_from": new.active_from.isoformat()}
    house.database.transaction(lambda tx: record(tx, Entry(kind="key-rotated", detail=detail)))
    click.echo(
        f"{new.kid}  {algorithm}  signs from {new.active_from.isoformat(timespec='seconds')}"
    )


@keys.command()
@click.argument("kid")
def revoke(kid: str) -> None:
    """Take a key out of use at once: nothing it signed is believed any more."""
    house = open_house()
    now = house.database.clock.now()
    try:
        ring.revoke(house.settings.keys, kid, now=now)
    except KeyringError as problem:
        raise click.ClickException(str(problem)) from problem
    detail = {"kid": kid}
    house.database.transaction(lambda tx: record(tx, Entry(kind="key-revoked", detail=detail)))
    click.echo(f"{kid}  revoked")


@keys.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@PASSPHRASE_FILE
def backup(file: Path, passphrase_file: Path | None) -> None:
    """Write all keys into FILE, sealed under a passphrase. Keep both apart from the database."""
    house = open_house()
    with _said():
        many = backups.write(house.settings.keys, file, _passphrase(passphrase_file, confirm=True))
    _journal(house, "keys-backed-up", {"files": many})
    click.echo(f"{file}: {many} files. Try it: idp keys restore --into SOME_EMPTY_FOLDER {file}")


@keys.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--into", type=click.Path(file_okay=False, path_type=Path), help="Else IDP_KEYS.")
@PASSPHRASE_FILE
def restore(file: Path, into: Path | None, passphrase_file: Path | None) -> None:
    """Put a backup into an empty keys folder."""
    folder = into or reading.load().keys
    with _said():
        many = backups.restore(file, folder, _passphrase(passphrase_file, confirm=False))
    click.echo(f"{folder}: {many} files")


@keys.command()
@click.option("--forget-old", is_flag=True, help="Then forget the keys before it, for good.")
def reseal(forget_old: bool) -> None:
    """Seal everything stored with a fresh key, while the service goes on.

    Killed half way, it goes on with the same key when it is run again. Older keys are kept, for
    older backups of the database need them; --forget-old ends that.
    """
    house = open_house()
    sealer = house.keyring.sealer
    if not any(left(house.database, sealer, column) for column in SEALED):
        _turn(house, "seal")
        _journal(house, "seal-key-turned", {"key": _current(house, "seal")})
    changed = 0
    for column in SEALED:
        label = f"{column.table.name}.{column.column}"
        with _said():
            for step in _shown(seal_again(house.database, sealer, column), label,
                               count(house.database, column)):  # fmt: skip
                changed += step.changed
    behind = sum(left(house.database, sealer, column) for column in SEALED)
    _journal(house, "sealed-anew", {"rows": changed, "behind": behind})
    click.echo(f"{changed} values sealed anew")
    if behind:
        raise click.ClickException(f"{behind} changed meanwhile; run it again")
    if forget_old:
        ring.forget_old(house.settings.keys, "seal")
        click.echo("The keys before are forgotten: older backups of the database cannot be opened.")


@keys.command()
@click.option("--lost", is_flag=True, help="The index key is lost: make a fresh one first.")
def reindex(lost: bool) -> None:
    """Find people and businesses by number under a fresh index key, while the service goes on.

    Everybody is found all the while, under the old key or the new; not so after --lost, until
    it is done. Killed half way, run it again. Imports wait until it is done.
    """
    if lost:
        with _said():
            secrets_file.make_index_anew(reading.load().keys)
    house = open_house()
    if not lost and not house.keyring.turning("number_index"):
        _turn(house, "number_index")
    elif not lost:
        ring.use_newest(house.settings.keys, "number_index")  # a run was killed before or after
        house.keyring.look(force=True)
    _journal(house, "index-key-turned", {"key": _current(house, "number_index"), "lost": lost})
    twice: list[str] = []
    seen = 0
    steps = indexing.reindex(house.database, house.keyring)
    with _said():
        for step in _shown(steps, "numbers", indexing.count(house.database)):
            seen += step.seen
            twice += step.twice
    _journal(house, "indexed-anew", {"numbers": seen, "twice": twice[:100]})
    click.echo(f"{seen} numbers indexed anew")
    if twice:
        raise click.ClickException(
            f"{len(twice)} numbers stand twice; settle whose each is, then run it "
            f"again: {', '.join(twice[:10])}"
        )
    ring.forget_old(house.settings.keys, "number_index")


def _turn(house: House, name: str) -> None:
    """Add a key, wait until every worker reads with it, and use it."""
    ring.add_key(house.settings.keys, name)
    time.sleep(3 * LOOK_AGAIN_SECONDS)
    ring.use_newest(house.settings.keys, name)
    house.keyring.look(force=True)


def _current(house: House, name: str) -> str:
    kept = secrets_file.read(house.settings.keys)
    return kept.seal.current if name == "seal" else kept.number_index.current


def _journal(house: House, kind: str, detail: Mapping[str, Any]) -> None:
    house.database.transaction(lambda tx: record(tx, Entry(kind=kind, detail=detail)))


def _shown(steps: Iterable[Any], label: str, total: int) -> Iterable[Any]:
    """Show how far it is, on standard error, by what each step has seen."""
    with click.progressbar(length=total, label=label, file=sys.stderr) as bar:
        for step in steps:
            yield step
            bar.update(step.seen)


def _passphrase(file: Path | None, *, confirm: bool) -> str:
    if file is not None:
        return file.read_text().partition("\n")[0]
    asked: str = click.prompt("Passphrase", hide_input=True, confirmation_prompt=confirm)
    return asked


@contextmanager
def _said() -> Any:
    """Say what is wrong with the keys in a sentence."""
    try:
        yield
    except Unreadable as problem:
        raise click.ClickException(
            f"{problem}: a key is missing; see idp keys restore"
        ) from problem
    except KeyringError as problem:
        raise click.ClickException(str(problem)) from problem
