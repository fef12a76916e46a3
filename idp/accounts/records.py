"""Accounts and subjects."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from idp.storage import Base


class AccountRecord(Base):
    """What somebody signs in with. Joined to at most one person, once, when proved."""

    __tablename__ = "account"
    __table_args__ = (
        CheckConstraint("identity_level BETWEEN 0 AND 3", name="identity_level"),
        CheckConstraint("identity_level = 0 OR person_ref IS NOT NULL", name="proved_person"),
        Index("ix_account_email", "email"),
    )

    ref: Mapped[str] = mapped_column(primary_key=True)
    sign_in_name: Mapped[str] = mapped_column(unique=True)
    email: Mapped[str]
    person_ref: Mapped[str | None] = mapped_column(ForeignKey("person.ref"), unique=True)
    identity_level: Mapped[int]
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None] = mapped_column(default=None)
    # Several accounts may share an address; each has a sign-in name of its own.
    email_confirmed_at: Mapped[datetime | None] = mapped_column(default=None)
    # Closed because its holder proved to be somebody who had this account already.
    superseded_by: Mapped[str | None] = mapped_column(default=None)
    # Somebody said that its password is known to others; until it is changed, more is asked.
    doubted_at: Mapped[datetime | None] = mapped_column(default=None)


class SubjectRecord(Base):
    """What the services of one sector know a party by. Random; never changed or deleted.

    `kind` keeps what a party is known by for itself (`self`) apart from what it is known by
    when it acts for somebody (`actor`).
    """

    __tablename__ = "subject"
    __table_args__ = (
        UniqueConstraint("sector", "kind", "holder"),
        CheckConstraint("kind IN ('self', 'actor')", name="kind"),
    )

    sub: Mapped[str] = mapped_column(primary_key=True)
    sector: Mapped[str]
    kind: Mapped[str]
    holder: Mapped[str]
    created_at: Mapped[datetime]
