"""A set of policies comes into force: proposed, signed by a second person, started, rolled back.

Each step is one conditional statement with its journal entry; of two at once one wins.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import bindparam, exists, func, insert, select, update

from idp.assurance.comparing import Cell, Change, Diff, diff
from idp.assurance.policy import KNOWN_FILES, Policies, load_policies
from idp.assurance.risk_file import RISK
from idp.assurance.sets import (
    LARGEST_FILE,
    LARGEST_SET,
    PolicySet,
    Standing,
    Verdict,
    judge_start,
    why_not_rolled_back,
    why_not_signed,
)
from idp.assurance.sets_records import PolicyInForceRecord, PolicySetRecord
from idp.journal.actions import Entry, record
from idp.keyring.sealing import random_ref
from idp.policy.files import Texts, packaged_directory, read_folder
from idp.policy.rules import PolicyProblems, Problem
from idp.storage import Transaction, db_now

HOUSE = "house"  # the house itself, where it refuses what nobody can start
MANY = 100
LONGEST_WHY = 2_000

_SET = PolicySetRecord
_NOW = PolicyInForceRecord
_FACTS = tuple(
    getattr(_SET, name)
    for name in PolicySet.__dataclass_fields__  # all but the files
)
_WAITS = (_SET.in_force_at.is_(None), _SET.refused_at.is_(None))
_BASE_STANDS = exists().where(_NOW.id == 1, _NOW.set_ref.is_not_distinct_from(_SET.base_ref))
_DUE = (
    select(_SET.ref)
    .where(*_WAITS, _SET.signed_at.is_not(None), _SET.starts_at <= db_now())
    .order_by(_SET.starts_at, _SET.ref)
    .limit(1)
    .scalar_subquery()
)
_STANDING = select(
    _NOW.set_ref.label("in_force"),
    _NOW.serial,
    _NOW.restored,
    _NOW.changed_at,
    _NOW.changed_by,
    _DUE.label("due"),
).where(_NOW.id == 1)
_FIND = select(*_FACTS).where(_SET.ref == bindparam("set"))
_FILES = select(_SET.files, _SET.in_force_at).where(_SET.ref == bindparam("set"))
_LIST = select(*_FACTS).order_by(_SET.proposed_at.desc(), _SET.ref).limit(MANY)
_WAITING_OF = (
    select(_SET.ref)
    .where(_SET.fingerprint == bindparam("fingerprint"), *_WAITS)
    .order_by(_SET.proposed_at.desc())
    .limit(1)
)
_INSERT = insert(_SET)
_SIGN = (
    update(_SET)
    .where(
        _SET.ref == bindparam("set"),
        *_WAITS,
        _SET.signed_at.is_(None),
        _SET.proposed_by != bindparam("by"),
        _SET.base_fingerprint == bindparam("base"),
        _BASE_STANDS,
    )
    .values(
        signed_by=bindparam("by"),
        signed_at=db_now(),
        starts_at=func.coalesce(_SET.starts_at, db_now()),
    )
    .returning(_SET.fingerprint, _SET.proposed_by, _SET.starts_at)
)
_REFUSE = (
    update(_SET)
    .where(_SET.ref == bindparam("set"), *_WAITS)
    .values(refused_by=bindparam("by"), refused_at=db_now(), why=bindparam("reason"))
    .returning(_SET.fingerprint)
)
_START = (
    update(_NOW)
    .where(
        _NOW.id == 1,
        exists().where(
            _SET.ref == bindparam("set"),
            *_WAITS,
            _SET.signed_at.is_not(None),
            _SET.starts_at <= db_now(),
            _SET.base_ref.is_not_distinct_from(_NOW.set_ref),
        ),
    )
    .values(
        set_ref=bindparam("set"),
        serial=_NOW.serial + 1,
        restored=False,
        changed_at=db_now(),
        changed_by=select(_SET.signed_by).where(_SET.ref == bindparam("set")).scalar_subquery(),
    )
    .returning(_NOW.serial)
)
_STARTED = (
    update(_SET)
    .where(_SET.ref == bindparam("set"))
    .values(in_force_at=db_now())
    .returning(_SET.fingerprint, _SET.signed_by, _SET.base_ref)
)
_OVERTAKEN = _REFUSE.where(_SET.signed_at.is_not(None), _SET.starts_at <= db_now(), ~_BASE_STANDS)
_ROLL_BACK = (
    update(_NOW)
    .where(_NOW.id == 1, _NOW.set_ref == bindparam("set"), _NOW.restored.is_(False))
    .values(
        set_ref=select(_SET.base_ref).where(_SET.ref == bindparam("set")).scalar_subquery(),
        serial=_NOW.serial + 1,
        restored=True,
        changed_at=db_now(),
        changed_by=bindparam("by"),
    )
    .returning(_NOW.set_ref)
)
_ROLLED_BACK = (
    update(_SET)
    .where(_SET.ref == bindparam("set"))
    .values(rolled_back_by=bindparam("by"), rolled_back_at=db_now(), why=bindparam("reason"))
    .returning(_SET.fingerprint)
)


class Lowered(PolicyProblems):
    """A set by which something falls that nobody acknowledged; `names` says what."""

    def __init__(self, names: tuple[str, ...]) -> None:
        """Say so of each."""
        self.names = names
        sentence = "It asks for less than now. If that is meant, say why here."
        super().__init__(
            Problem(RISK, f'acknowledge_lowering > "{name}"', sentence) for name in names
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A set that was checked and compared with what is in force; nothing of it is kept yet."""

    texts: dict[str, str]
    policies: Policies
    diff: Diff

    @property
    def acknowledged(self) -> dict[str, str]:
        """Why each of the levels falls that do, by its name."""
        falling: list[Change | Cell] = [*self.diff.changes, *self.diff.cells]
        return {fall.name: fall.acknowledged for fall in falling if fall.acknowledged}


def whole_set(directory: Path) -> dict[str, str]:
    """Answer the texts of all files that a folder stands for, the packaged ones included.

    Raises PolicyProblems where they cannot be read.
    """
    return read_folder(directory, KNOWN_FILES, packaged_directory())


def prepare(texts: Texts, base: Policies, today: date) -> Prepared:
    """Check a set and compare it with what is in force.

    Raises PolicyProblems with everything that is wrong, or `Lowered` with every level that would
    fall and is not acknowledged in `[acknowledge_lowering]` of risk.toml.
    """
    problems = _size_problems(texts)
    if problems:
        raise PolicyProblems(problems)
    policies = load_policies(texts, today, fallback=packaged_directory())
    found = diff(base, policies)
    if found.unacknowledged:
        raise Lowered(found.unacknowledged)
    return Prepared(texts=dict(texts), policies=policies, diff=found)


def _size_problems(texts: Texts) -> list[Problem]:
    sizes = {name: len(text.encode()) for name, text in texts.items()}
    problems = [
        Problem(name, "", f"This file is too long: {LARGEST_FILE // 1000} kB at most.")
        for name, size in sizes.items()
        if size > LARGEST_FILE
    ]
    if not problems and sum(sizes.values()) > LARGEST_SET:
        sentence = f"Together they are too long: {LARGEST_SET // 1000} kB at most."
        problems.append(Problem("all files", "", sentence))
    return problems


def propose(
    tx: Transaction,
    prepared: Prepared,
    base: Policies,
    *,
    by: str,
    starts_at: datetime | None = None,
) -> str | Verdict:
    """Keep a set that waits for a second person; answer its reference, or why not.

    `by` is an officer's reference, or "command"; `base` the policies it was compared with.
    """
    if prepared.policies.fingerprint == base.fingerprint:
        return Verdict.NOTHING_NEW
    verdict = judge_start(starts_at, tx.now())
    if verdict is not Verdict.DONE:
        return verdict
    ref, standing = random_ref(), standing_of(tx)
    tx.execute(
        _INSERT,
        {
            "ref": ref,
            "fingerprint": prepared.policies.fingerprint,
            "files": prepared.texts,
            "base_ref": standing.in_force,
            "base_fingerprint": base.fingerprint,
            "acknowledged": prepared.acknowledged,
            "proposed_by": by,
            "proposed_at": tx.now(),
            "starts_at": starts_at,
            "why": "",
        },
    )
    _journal(
        tx, "policy-proposed", by, ref, prepared.policies.fingerprint,
        base=base.fingerprint, lowered=sorted(prepared.acknowledged),
        starts=starts_at.isoformat() if starts_at else "when signed",
    )  # fmt: skip
    return ref


def sign(tx: Transaction, ref: str, base: Policies, *, by: str, way: str) -> Verdict:
    """Sign a set as its second person: it starts at its time, or at once.

    `base` is what is in force in this process: a set is signed only over what it was compared
    with. `way` is how the signature was given, "console" (with a security key) or "command".
    """
    row = tx.execute(_SIGN, {"set": ref, "by": by, "base": base.fingerprint}).first()
    if row is None:
        return why_not_signed(find_set(tx, ref), by=by, standing=standing_of(tx))
    _journal(
        tx, "policy-signed", by, ref, row.fingerprint,
        way=way, proposed_by=row.proposed_by, starts=row.starts_at.isoformat(),
    )  # fmt: skip
    return Verdict.DONE


def refuse(tx: Transaction, ref: str, *, by: str, why: str = "") -> Verdict:
    """Refuse a set that is not in force yet, signed or not; or take one's own back."""
    row = tx.execute(_REFUSE, {"set": ref, "by": by, "reason": why[:LONGEST_WHY]}).first()
    if row is None:
        return Verdict.GONE
    _journal(tx, "policy-refused", by, ref, row.fingerprint)
    return Verdict.DONE


def start(tx: Transaction, ref: str) -> bool:
    """Put a signed set into force whose time has come; answer whether this call did.

    One that was compared with other policies than those in force now is refused instead: it
    would undo in silence what changed since.
    """
    if tx.execute(_START, {"set": ref}).first() is None:
        why = "The policies changed after it was proposed. Propose it again."
        row = tx.execute(_OVERTAKEN, {"set": ref, "by": HOUSE, "reason": why}).first()
        if row is not None:
            _journal(tx, "policy-refused", HOUSE, ref, row.fingerprint, code=Verdict.STALE)
        return False
    row = tx.execute(_STARTED, {"set": ref}).one()
    _journal(tx, "policy-in-force", row.signed_by, ref, row.fingerprint, before=row.base_ref)
    return True


def roll_back(tx: Transaction, ref: str | None, *, by: str, why: str = "") -> Verdict:
    """End the set `ref`, which is in force, and restore the one before it, at once.

    One person may do it: what is restored was in force, and it must not wait for a second hand.
    """
    row = tx.execute(_ROLL_BACK, {"set": ref, "by": by}).first() if ref else None
    if row is None:
        return why_not_rolled_back(ref, standing_of(tx))
    ended = tx.execute(_ROLLED_BACK, {"set": ref, "by": by, "reason": why[:LONGEST_WHY]}).one()
    _journal(tx, "policy-rolled-back", by, str(ref), ended.fingerprint, restored=row.set_ref)
    return Verdict.DONE


def standing_of(tx: Transaction) -> Standing:
    """Answer what is in force, and what is due: one small read."""
    return Standing(**tx.execute(_STANDING).mappings().one())


def find_set(tx: Transaction, ref: str) -> PolicySet | None:
    """Find a set by its reference."""
    row = tx.execute(_FIND, {"set": ref}).mappings().first()
    return PolicySet(**row) if row else None


def waiting_set(tx: Transaction, fingerprint: str) -> str | None:
    """Find the newest set of this fingerprint that is not in force yet and not refused."""
    row = tx.execute(_WAITING_OF, {"fingerprint": fingerprint}).first()
    return str(row.ref) if row else None


def list_sets(tx: Transaction) -> list[PolicySet]:
    """List the newest sets, newest first, at most 100."""
    return [PolicySet(**row) for row in tx.execute(_LIST).mappings()]


def files_of(tx: Transaction, ref: str) -> tuple[dict[str, str], datetime | None]:
    """Answer a set's files by name, and when it came into force. Raises LookupError if unknown."""
    row = tx.execute(_FILES, {"set": ref}).first()
    if row is None:
        raise LookupError(f"there is no policy set {ref}")
    return dict(row.files), row.in_force_at


def texts_in_force(tx: Transaction, directory: Path) -> dict[str, str]:
    """Answer the files that are in force: those of the set, else those of the folder."""
    ref = standing_of(tx).in_force
    return files_of(tx, ref)[0] if ref else whole_set(directory)


def texts_before(tx: Transaction, ref: str | None, directory: Path) -> dict[str, str]:
    """Answer what a rollback of the set `ref` would restore."""
    found = find_set(tx, ref) if ref else None
    before = found.base_ref if found else None
    return files_of(tx, before)[0] if before else whole_set(directory)


def _journal(
    tx: Transaction, kind: str, by: str | None, ref: str, fingerprint: str, **detail: Any
) -> None:
    facts: Mapping[str, Any] = {"set": ref, "policy": fingerprint, **detail}
    record(tx, Entry(kind=kind, actor=by, detail=facts))
