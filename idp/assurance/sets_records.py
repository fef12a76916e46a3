"""Sets of policies that were proposed, and the one row that says which is in force."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer
from sqlalchemy.orm import Mapped, mapped_column

from idp.storage import Base


class PolicySetRecord(Base):
    """One proposed set with its files. Never changed but for what became of it, never deleted:
    decisions were made under its fingerprint."""

    __tablename__ = "policy_set"
    __table_args__ = (
        CheckConstraint("signed_by <> proposed_by", name="two_people"),
        Index("ix_policy_set_fingerprint", "fingerprint"),
        Index("ix_policy_set_waiting", "in_force_at", "starts_at"),
    )

    ref: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[str]
    files: Mapped[dict[str, Any]]  # the text of each file by its name
    base_ref: Mapped[str | None] = mapped_column(ForeignKey("policy_set.ref"))
    base_fingerprint: Mapped[str]
    acknowledged: Mapped[dict[str, Any]]
    proposed_by: Mapped[str]
    proposed_at: Mapped[datetime]
    starts_at: Mapped[datetime | None] = mapped_column(default=None)
    signed_by: Mapped[str | None] = mapped_column(default=None)
    signed_at: Mapped[datetime | None] = mapped_column(default=None)
    in_force_at: Mapped[datetime | None] = mapped_column(default=None)
    rolled_back_by: Mapped[str | None] = mapped_column(default=None)
    rolled_back_at: Mapped[datetime | None] = mapped_column(default=None)
    refused_by: Mapped[str | None] = mapped_column(default=None)
    refused_at: Mapped[datetime | None] = mapped_column(default=None)
    why: Mapped[str] = mapped_column(default="")


class PolicyInForceRecord(Base):
    """The one row that every process looks at: which set is in force; none: the folder's files.

    Each change is one conditional UPDATE of it, so that of two at once one wins.
    """

    __tablename__ = "policy_in_force"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    set_ref: Mapped[str | None] = mapped_column(ForeignKey("policy_set.ref"), default=None)
    serial: Mapped[int]
    restored: Mapped[bool]
    changed_at: Mapped[datetime | None] = mapped_column(default=None)
    changed_by: Mapped[str | None] = mapped_column(default=None)
