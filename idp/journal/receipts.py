"""Receipts: proof that an entry is in the journal, checked by anybody without asking us."""

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Text, cast, select

from idp.journal.checkpoints import TYP, understood
from idp.journal.export import as_dict
from idp.journal.reading import entry_columns, leaf_of
from idp.journal.records import JournalCheckpoint, JournalEntry, JournalLeaf
from idp.journal.rules import FIELDS, Frontier, inclusion_proof, is_included, subtrees
from idp.journal.sealer import JournalDamaged, kept_frontier
from idp.keyring import jose
from idp.storage import Database, Transaction

__all__ = ["BadReceipt", "NoReceipt", "check_receipt", "receipt", "show"]


class NoReceipt(Exception):
    """There is no such entry, or it is not sealed yet; the message says which."""


class BadReceipt(Exception):
    """The receipt proves nothing; the message says why."""


def show(database: Database, reference: str) -> dict[str, Any] | None:
    """Answer an entry as a receipt states it (`at` in microseconds since 1970), or None."""
    return database.read(lambda tx: _entry(tx, reference))


def receipt(database: Database, reference: str) -> dict[str, Any]:
    """Make the receipt of an entry: itself, an inclusion proof and the signed checkpoint.

    Proved against the first checkpoint that covers the entry, from the right edge kept with
    the one before: the cost follows the entries sealed in that step, not the journal's size.

    Raises `NoReceipt`, and `JournalDamaged` when the entry is not what was sealed.
    """
    return database.read(lambda tx: _receipt(tx, reference))


def check_receipt(receipt: Mapping[str, Any], public_jwks: Mapping[str, Any]) -> int:
    """Check a receipt offline against our JWKS, and answer the size of the log it is proved in.

    Raises `BadReceipt`. A key leaves our JWKS 30 days after it stops signing: who keeps
    receipts longer keeps the JWKS with them.
    """
    try:
        keys = jose.key_from_set(jose.import_public_set(public_jwks))
        claims = jose.verify(receipt["checkpoint"], keys, algorithms=("ES256",), types=(TYP,))
        said = understood(claims)
        leaf = leaf_of(_values(receipt["entry"]))
        proof = [bytes.fromhex(node) for node in receipt["proof"]]
        root, position = bytes.fromhex(said.root), int(receipt["position"])
    except jose.BadToken as problem:
        raise BadReceipt(f"the checkpoint is not signed by these keys: {problem.reason}") from None
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        raise BadReceipt("the receipt is not whole") from problem
    if not is_included(leaf, position, said.size, proof, root):
        raise BadReceipt("the entry is not in the log that was signed")
    return said.size


def _receipt(tx: Transaction, reference: str) -> dict[str, Any]:
    entry = _entry(tx, reference)
    if entry is None:
        raise NoReceipt(f"there is no entry {reference}")
    query = select(JournalLeaf.position).where(JournalLeaf.entry_id == entry["id"])
    position = tx.execute(query).scalar()
    if position is None:
        raise NoReceipt(f"entry {reference} is not sealed yet; ask again in a second")
    table = JournalCheckpoint
    covering: Any = tx.execute(
        select(table.size, table.root_hash, table.signed)
        .where(table.size > position)
        .order_by(table.size)
        .limit(1)
    ).first()
    if covering is None:
        raise JournalDamaged(f"no checkpoint covers position {position}; run: idp journal verify")
    size, root, signed = covering
    proof = _proof(tx, position, size)
    if proof is None or not _is_proved(entry, position, size, proof, root):
        raise JournalDamaged(f"entry {reference} is not what was sealed; run: idp journal verify")
    return {
        "entry": entry,
        "position": position,
        "proof": [node.hex() for node in proof],
        "checkpoint": signed,
    }


def _is_proved(
    entry: dict[str, Any], position: int, size: int, proof: list[bytes], root: str
) -> bool:
    try:
        return is_included(leaf_of(_values(entry)), position, size, proof, bytes.fromhex(root))
    except ValueError:
        return False  # the root was replaced by something that is none


def _proof(tx: Transaction, position: int, size: int) -> list[bytes] | None:
    table = JournalCheckpoint
    before: Any = tx.execute(
        select(table.size, table.root_hash, cast(table.frontier, Text))
        .where(table.size <= position)
        .order_by(table.size.desc())
        .limit(1)
    ).first()
    edge = kept_frontier(before[0], before[2], before[1]) if before else Frontier()
    if edge is None:
        return None
    leaves: Any = tx.execute(
        select(JournalLeaf.position, JournalLeaf.leaf_hash).where(
            JournalLeaf.position >= edge.size, JournalLeaf.position < size
        )
    )
    known = edge.parts()
    try:
        known |= {(at, at + 1): bytes.fromhex(leaf) for at, leaf in leaves}
        return inclusion_proof(position, size, subtrees(known))
    except (KeyError, ValueError):
        return None  # a leaf was removed or replaced


def _entry(tx: Transaction, reference: str) -> dict[str, Any] | None:
    query = select(*entry_columns(is_sqlite=tx.is_sqlite))
    row = tx.execute(query.where(JournalEntry.reference == reference)).first()
    return None if row is None else as_dict(row)


def _values(entry: Mapping[str, Any]) -> list[Any]:
    if set(entry) != set(FIELDS):
        raise KeyError("fields")
    detail = entry["detail"]
    plain = {**entry, "detail": json.dumps(detail) if type(detail) is dict else detail}
    return [plain[name] for name in FIELDS]
