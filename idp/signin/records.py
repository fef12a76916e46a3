"""Journeys, and requests that came by a cross-site POST."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from idp.storage import Base


class JourneyRecord(Base):
    """One journey, bound to one browser. `request` is what was asked, already validated."""

    __tablename__ = "journey"
    __table_args__ = (Index("ix_journey_expires", "expires_at"),)

    ref: Mapped[str] = mapped_column(primary_key=True)
    browser_digest: Mapped[str]
    client_id: Mapped[str | None] = mapped_column(ForeignKey("client.client_id"))
    request: Mapped[dict[str, Any]]
    account_ref: Mapped[str | None] = mapped_column(ForeignKey("account.ref"))
    choice: Mapped[str | None] = mapped_column(default=None)  # 'self' or a mandate's ref
    purpose: Mapped[str | None] = mapped_column(default=None)  # why they act, in their words
    consented: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    finished_at: Mapped[datetime | None] = mapped_column(default=None)


class ParkedRequestRecord(Base):
    """What a cross-site POST brought, until our own GET takes it, once (decision 21)."""

    __tablename__ = "parked_request"
    __table_args__ = (Index("ix_parked_request_expires", "expires_at"),)

    id_digest: Mapped[str] = mapped_column(primary_key=True)
    request: Mapped[dict[str, Any]]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None] = mapped_column(default=None)
