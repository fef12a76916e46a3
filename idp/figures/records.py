"""The review that is shown at the console, as it was last worked out."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Integer
from sqlalchemy.orm import Mapped, mapped_column

from idp.storage import Base


class ReviewRecord(Base):
    """One row, replaced each time. It holds published figures only: small counts are hidden.

    `took_ms` says how long it took, so that the worker leaves more time between long ones.
    """

    __tablename__ = "figures_review"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    made_at: Mapped[datetime]
    took_ms: Mapped[int]
    figures: Mapped[dict[str, Any]]
