"""Throttle buckets."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from idp.storage import Base


class ThrottleRecord(Base):
    """One bucket of the generic cell rate algorithm: its theoretical arrival time."""

    __tablename__ = "throttle"

    bucket: Mapped[str] = mapped_column(primary_key=True)
    arrival: Mapped[datetime]
