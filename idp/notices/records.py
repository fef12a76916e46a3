"""Letters that wait to be printed and posted, or told by a call."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from idp.storage import Base


class LetterRecord(Base):
    """A notice to a party of the register, sent by hand: who did it when, by letter or call.

    `party` is a person or business; the address is read from the register when it is printed.
    """

    __tablename__ = "letter"
    __table_args__ = (
        CheckConstraint("way IN ('letter', 'call')", name="way"),
        CheckConstraint("(way IS NULL) = (done_at IS NULL)", name="done"),
        Index("ix_letter_waiting", "done_at", "created_at"),
    )

    ref: Mapped[str] = mapped_column(primary_key=True)
    party: Mapped[str]
    notice: Mapped[str]
    values_sealed: Mapped[str]
    locale: Mapped[str]
    created_at: Mapped[datetime]
    done_at: Mapped[datetime | None] = mapped_column(default=None)
    done_by: Mapped[str | None] = mapped_column(default=None)
    way: Mapped[str | None] = mapped_column(default=None)
