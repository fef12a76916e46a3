"""The journal's tables."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from idp.storage import Base

BigId = BigInteger().with_variant(Integer(), "sqlite")


class JournalEntry(Base):
    """One act, by whom, about whom. Written once; never changed, never deleted.

    `person` is the party whose affairs the act touches and `number` its place in that party's
    own unbroken sequence; `actor` is the party who acted, where it is another.
    """

    __tablename__ = "journal_entry"
    __table_args__ = (
        UniqueConstraint("person", "number"),
        Index("ix_journal_entry_mandate", "mandate_ref", "id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    reference: Mapped[str] = mapped_column(unique=True)
    at: Mapped[datetime]
    kind: Mapped[str]
    person: Mapped[str | None] = mapped_column(default=None)
    number: Mapped[int | None] = mapped_column(BigInteger, default=None)
    actor: Mapped[str | None] = mapped_column(default=None)
    client_id: Mapped[str | None] = mapped_column(default=None)
    mandate_ref: Mapped[str | None] = mapped_column(default=None)
    detail: Mapped[dict[str, Any]]


class JournalNumber(Base):
    """The last number used in a party's sequence."""

    __tablename__ = "journal_number"

    person: Mapped[str] = mapped_column(primary_key=True)
    last: Mapped[int] = mapped_column(BigInteger)


class JournalLeaf(Base):
    """A journal entry's place in the Merkle log. `position` starts at 0 and has no gaps."""

    __tablename__ = "journal_leaf"

    position: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    entry_id: Mapped[int] = mapped_column(ForeignKey("journal_entry.id"), unique=True)
    leaf_hash: Mapped[str]


class JournalCheckpoint(Base):
    """A signed statement of the log's size and root; a copy is kept outside the database.

    `frontier` is the tree's right edge (`rules.Frontier`), hexadecimal: what sealing goes on
    from and what a receipt's proof starts from, so that neither reads the log. Nobody has to
    believe it: its root must be the signed one.
    """

    __tablename__ = "journal_checkpoint"

    size: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    root_hash: Mapped[str]
    at: Mapped[datetime]
    signed: Mapped[str]
    frontier: Mapped[list[str]]


class JournalSealer(Base):
    """How far the sealer has swept: one row, the only one here that changes. See `sealer.py`.

    Every entry up to `swept_id` is sealed, and no other will ever appear there. `seen_id` was
    the last id when `writers` were in the middle of their transactions.
    """

    __tablename__ = "journal_sealer"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    swept_id: Mapped[int] = mapped_column(BigInteger)
    seen_id: Mapped[int] = mapped_column(BigInteger)
    writers: Mapped[list[str]]
