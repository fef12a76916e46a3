"""Load existing relationships from a file: many mandates, each journalled, each once."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import insert, or_, select

from idp.assurance.policy import Policies
from idp.callers.records import ClientRecord
from idp.delegation.actions import record_given
from idp.delegation.import_lines import (
    COLUMNS,
    REQUIRED,
    WHY,
    Allowed,
    Refused,
    Relationship,
    read,
)
from idp.delegation.lifecycle import HELD, Move, Party, Reason, State
from idp.delegation.moving import By, move
from idp.delegation.records import MandateRecord
from idp.identifiers.rules import NationalInsuranceNumber
from idp.journal.actions import Entry, record
from idp.keyring.ring import Keyring
from idp.keyring.sealing import random_ref
from idp.organisations.records import OrganisationRecord
from idp.register.actions import index_fits
from idp.register.businesses import index_value
from idp.register.importing import ImportProblem
from idp.register.records import (
    BusinessNumberRecord,
    BusinessRecord,
    PersonNumberRecord,
    PersonRecord,
)
from idp.register.rules import Status
from idp.register.tables import Counts, Line, Outcome, Table, load
from idp.storage import Database, Transaction

TABLE = Table(columns=COLUMNS, required=REQUIRED, command="idp mandate import", explanations=WHY)
_M, _INSERT = MandateRecord, insert(MandateRecord)
_SERVICES = select(ClientRecord.client_id).where(
    ClientRecord.delegation_aware, ClientRecord.disabled_at.is_(None)
)


class Who(NamedTuple):
    """A party that was found: `gone` where nothing may be given by or to it any more."""

    ref: str
    sort: str
    gone: bool


class Taken(NamedTuple):
    """A good line whose parties were found."""

    line: Line
    said: Relationship
    principal: Who
    delegate: Who
    key: str


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where the relationships come from, and who stands for it.

    `name` of the old system: references are unique within it. `evidence` names a `[[grant]]` of
    evidence.toml, which caps what the mandates are good for. `by` runs the import, `officers`
    approved it: references of two who are apart (the caller has made sure).
    """

    name: str
    evidence: str
    by: str
    officers: tuple[str, ...] = ()


@dataclass(slots=True)
class _Seen:
    """What a dry run has let pass: it stores nothing that could speak against a later line."""

    keys: set[str] = field(default_factory=set)
    triples: set[tuple[str, str, str]] = field(default_factory=set)


class MandateImport:
    """The import of one file. Run again after a kill, it stores nothing twice."""

    def __init__(
        self,
        database: Database,
        keyring: Keyring,
        policies: Policies,
        source: Source,
        *,
        dry_run: bool = False,
    ) -> None:
        self._database, self._keyring, self._source = database, keyring, source
        self._policies, self._dry_run, self._seen = policies, dry_run, _Seen()
        self._ref, self._fingerprint = random_ref(), ""

    def run(self, file: Path, rejects: Path, told: Callable[[Counts], None]) -> Counts:
        """Read the file to its end; `told` hears of each batch.

        Raises `HeaderProblem`, `ImportProblem`, `RejectsProblem`, `OSError`.
        """
        grant = self._policies.grants.get(self._source.evidence)
        if grant is None or not grant.usable or grant.needs:
            raise ImportProblem(f"evidence.toml has no usable grant {self._source.evidence!r}")
        with file.open("rb") as handle:
            self._fingerprint = hashlib.file_digest(handle, "sha256").hexdigest()
        if not self._dry_run:
            self._journal("mandate-import-begun", {})
        counts = load(
            self._database, file, rejects, TABLE, self._store, told, writes=not self._dry_run
        )
        if not self._dry_run:
            self._journal("mandate-import-finished", counts.counts())
        return counts

    def _journal(self, kind: str, more: dict[str, Any]) -> None:
        detail = {
            "import": self._ref, "by": self._source.by, "officers": list(self._source.officers),
            "source": self._source.name, "sha256": self._fingerprint, **more,
        }  # fmt: skip
        self._database.transaction(lambda tx: record(tx, Entry(kind=kind, detail=detail)))

    def _store(self, tx: Transaction, lines: Sequence[Line]) -> Outcome:
        if self._keyring.turning("number_index") or not index_fits(tx, self._keyring):
            raise ImportProblem("the register is indexed under another key; see: idp keys reindex")
        done, now = Outcome(), tx.now()
        allowed = Allowed(
            services=frozenset(tx.execute(_SERVICES).scalars()), powers=self._policies.powers,
            bases=self._policies.grants[self._source.evidence].bases, now=now,
        )  # fmt: skip
        good: list[tuple[Line, Relationship]] = []
        for line in lines:
            said = read(line.fields, allowed)
            if isinstance(said, StrEnum):
                done.refused.append(line.refused(said))
            else:
                good.append((line, said))
        self._add(tx, self._weighed(tx, good, done), now)
        return done

    def _weighed(
        self, tx: Transaction, good: Sequence[tuple[Line, Relationship]], done: Outcome
    ) -> list[Taken]:
        """Find the parties, and leave out what is there already or may not be."""
        parties = _Parties(tx, self._keyring, [said for _, said in good])
        taken = []
        for line, said in good:
            found = parties.of(said)
            if isinstance(found, Refused):
                done.refused.append(line.refused(found))
            else:
                key = f"{self._source.name}:{said.source_reference}"
                taken.append(Taken(line, said, *found, key))
        before = _imported(tx, [one.key for one in taken])
        held, alone = _held(tx, {one.principal.ref for one in taken}, write=not self._dry_run)
        adding: list[Taken] = []
        for one in taken:
            triple = (one.principal.ref, one.delegate.ref, one.said.service)
            if one.key in before:
                if before[one.key] == (*triple, one.said.powers):
                    done.unchanged += 1
                else:
                    done.refused.append(one.line.refused(Refused.REFERENCE_USED))
            elif one.key in self._seen.keys:
                done.refused.append(one.line.refused(Refused.REFERENCE_USED))
            elif triple in held or triple in self._seen.triples:
                done.refused.append(one.line.refused(Refused.HELD))
            elif one.said.exclusive and (one.principal.ref, one.said.service) in alone:
                done.refused.append(one.line.refused(Refused.EXCLUSIVE))
            else:
                adding.append(one)
                before[one.key] = (*triple, one.said.powers)
                held.add(triple)
                if one.said.exclusive:
                    alone.add((one.principal.ref, one.said.service))
                if self._dry_run:
                    self._seen.keys.add(one.key)
                    self._seen.triples.add(triple)
        done.added += len(adding)
        return adding

    def _add(self, tx: Transaction, adding: Sequence[Taken], now: datetime) -> None:
        if self._dry_run or not adding:
            return
        cap = self._policies.grants[self._source.evidence].cap
        evidence = [{"type": self._source.evidence, "hash": self._fingerprint,
                     "held_by": self._source.name}]  # fmt: skip
        rows = []
        for one in adding:
            said, ref = one.said, random_ref()
            kind = "organisation" if said.organisation is not None else "person"
            rows.append({
                "ref": ref, "bundle": random_ref(), "principal": one.principal.ref,
                "principal_kind": "person" if _is_person(said) else "business",
                "principal_sort": one.principal.sort, "delegate": one.delegate.ref,
                "delegate_kind": kind, "service": said.service, "powers": list(said.powers),
                "exclusive": said.exclusive, "basis": said.basis, "state": State.ACTIVE,
                "grant_identity": cap.identity, "grant_sign_in": cap.sign_in,
                "evidence": evidence, "evidence_identity": cap.identity,
                "evidence_sign_in": cap.sign_in, "starts": said.starts or now,
                "expires": said.expires, "import_key": one.key, "created_by": "import",
                "created_at": now, "decided_by": "import", "decided_at": now,
            })  # fmt: skip
            detail = {"service": said.service, "powers": list(said.powers), "by": "import",
                      "level": str(cap), "import": self._ref}  # fmt: skip
            record_given(tx, ref, one.principal.ref, one.delegate.ref, kind, detail)
        tx.connection.execute(_INSERT, rows)


class _Parties:
    """The parties of a batch, found by three statements."""

    def __init__(self, tx: Transaction, keyring: Keyring, said: Sequence[Relationship]) -> None:
        self._keyring = keyring
        numbers = [one.person for one in said if one.person] + [
            one.principal for one in said if isinstance(one.principal, NationalInsuranceNumber)
        ]
        self._people = _people(tx, {self._index(number) for number in numbers})
        self._businesses = _businesses(
            tx, {self._index(one.principal) for one in said if not _is_person(one)}
        )
        self._firms = _firms(tx, {one.organisation for one in said if one.organisation})

    def of(self, said: Relationship) -> tuple[Who, Who] | Refused:
        """The principal and the delegate of a line."""
        held = self._people if _is_person(said) else self._businesses
        principal = held.get(self._index(said.principal))
        if principal is None:
            return Refused.PRINCIPAL
        if principal.gone:
            return Refused.PRINCIPAL_GONE
        if said.person is not None:
            delegate = self._people.get(self._index(said.person))
        else:
            firms = self._firms.get(said.organisation or "", [])
            if len(firms) > 1:
                return Refused.DELEGATE_TWICE
            delegate = firms[0] if firms else None
        if delegate is None:
            return Refused.DELEGATE
        if delegate.gone:
            return Refused.DELEGATE_GONE
        return Refused.OWN_DELEGATE if delegate.ref == principal.ref else (principal, delegate)

    def _index(self, number: Any) -> str:
        is_person = isinstance(number, NationalInsuranceNumber)
        return self._keyring.index("number_index", number.key if is_person else index_value(number))


def _is_person(said: Relationship) -> bool:
    return isinstance(said.principal, NationalInsuranceNumber)


def _people(tx: Transaction, indexes: Iterable[str]) -> dict[str, Who]:
    found = select(
        PersonNumberRecord.number_index, PersonRecord.ref, PersonRecord.family_name,
        PersonRecord.given_name, PersonRecord.status, PersonRecord.died_on,
    ).join(PersonRecord, PersonRecord.ref == PersonNumberRecord.person_ref).where(
        PersonNumberRecord.number_index.in_(list(indexes)), PersonNumberRecord.valid_to.is_(None)
    )  # fmt: skip
    return {
        row.number_index: Who(
            row.ref, f"{row.family_name} {row.given_name}".casefold(),
            row.status != Status.ACTIVE or row.died_on is not None,
        )
        for row in tx.execute(found)
    }  # fmt: skip


def _businesses(tx: Transaction, indexes: Iterable[str]) -> dict[str, Who]:
    found = (
        select(
            BusinessNumberRecord.number_index, BusinessRecord.ref, BusinessRecord.name,
            BusinessRecord.ceased_on,
        )
        .join(BusinessRecord, BusinessRecord.ref == BusinessNumberRecord.business_ref)
        .where(BusinessNumberRecord.number_index.in_(list(indexes)))
    )  # fmt: skip
    return {
        row.number_index: Who(row.ref, row.name.casefold(), row.ceased_on is not None)
        for row in tx.execute(found)
    }


def _firms(tx: Transaction, named: Iterable[str]) -> dict[str, list[Who]]:
    """Organisations by what a line may call them: their reference, or their whole name."""
    asked = list(named)
    firm = OrganisationRecord
    found = select(firm.ref, firm.name, firm.closed_at, firm.verified_at).where(
        or_(firm.ref.in_(asked), firm.name.in_(asked))
    )
    firms: dict[str, list[Who]] = {}
    for row in tx.execute(found):
        who = Who(row.ref, "", row.closed_at is not None or row.verified_at is None)
        firms[row.ref] = [who]
        if row.name in asked and row.name != row.ref:
            firms.setdefault(row.name, []).append(who)
    return firms


def _imported(tx: Transaction, keys: Sequence[str]) -> dict[str, tuple[Any, ...]]:
    """What was imported before under these keys, whatever became of it since."""
    found = select(_M.import_key, _M.principal, _M.delegate, _M.service, _M.powers).where(
        _M.import_key.in_(keys)
    )
    return {
        row.import_key: (row.principal, row.delegate, row.service, tuple(row.powers))
        for row in tx.execute(found)
    }


def _held(
    tx: Transaction, principals: Iterable[str], *, write: bool
) -> tuple[set[tuple[str, str, str]], set[tuple[str, str]]]:
    """Who holds what of these principals, and where somebody holds it alone.

    A term that is over is written down first, so that it stands in nobody's way.
    """
    found = select(_M.ref, _M.principal, _M.delegate, _M.service, _M.exclusive, _M.expires).where(
        _M.principal.in_(list(principals)), _M.state.in_(list(HELD))
    )
    held, alone, now = set(), set(), tx.now()
    for row in tx.execute(found).all():
        if row.expires is not None and row.expires <= now:
            if write:
                by = By(party=Party.SYSTEM, who="system")
                move(tx, row.ref, Move.END, by, reason=Reason.EXPIRED)
            continue
        held.add((row.principal, row.delegate, row.service))
        if row.exclusive:
            alone.add((row.principal, row.service))
    return held, alone
