"""Mandates."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from idp.storage import Base


class MandateRecord(Base):
    """One principal's permission to one delegate. Ended, never deleted."""

    __tablename__ = "mandate"
    __table_args__ = (
        CheckConstraint("starts < expires", name="term_order"),
        CheckConstraint("principal <> delegate", name="two_parties"),
        Index("ix_mandate_principal", "principal"),
        Index("ix_mandate_delegate", "delegate"),
    )

    ref: Mapped[str] = mapped_column(primary_key=True)  # random; never a number
    principal: Mapped[str] = mapped_column(ForeignKey("person.ref"))
    delegate: Mapped[str] = mapped_column(ForeignKey("person.ref"))
    services: Mapped[list[str]]
    basis: Mapped[str]
    grant_identity: Mapped[int]
    grant_sign_in: Mapped[int]
    starts: Mapped[datetime]
    expires: Mapped[datetime]
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None] = mapped_column(default=None)
    ended_reason: Mapped[str | None] = mapped_column(default=None)
    ended_reference: Mapped[str | None] = mapped_column(default=None)
    version: Mapped[int] = mapped_column(default=1)
