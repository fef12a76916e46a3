"""Enrolments on the way to an account, and codes that confirm an address or reset a password."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from idp.storage import Base


class EnrolmentRecord(Base):
    """One visit that becomes an account, bound to one browser. `journey_ref`: what waits for it."""

    __tablename__ = "enrolment"
    __table_args__ = (
        Index("ix_enrolment_expires", "expires_at"),
        Index("ix_enrolment_account", "account_ref"),
    )

    ref: Mapped[str] = mapped_column(primary_key=True)
    browser_digest: Mapped[str]
    journey_ref: Mapped[str | None] = mapped_column(default=None)
    email: Mapped[str | None] = mapped_column(default=None)
    email_confirmed_at: Mapped[datetime | None] = mapped_column(default=None)
    sign_in_name: Mapped[str | None] = mapped_column(default=None)
    account_ref: Mapped[str | None] = mapped_column(ForeignKey("account.ref"), default=None)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    finished_at: Mapped[datetime | None] = mapped_column(default=None)


class AddressCodeRecord(Base):
    """A code sent to an e-mail address to confirm it. Kept as its HMAC, spent once."""

    __tablename__ = "address_code"
    __table_args__ = (Index("ix_address_code_expires", "expires_at"),)

    ref: Mapped[str] = mapped_column(primary_key=True)
    enrolment_ref: Mapped[str] = mapped_column(ForeignKey("enrolment.ref"), index=True)
    email: Mapped[str]
    code_index: Mapped[str]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None] = mapped_column(default=None)


class ResetRecord(Base):
    """Somebody who forgot a password, bound to one browser. `account_ref` is None where the
    name they typed is nobody's: they see the same pages. `code_index` is empty until a code is
    sent. `second_ref` names the passkey that was proved, where it was one."""

    __tablename__ = "password_reset"
    __table_args__ = (Index("ix_password_reset_expires", "expires_at"),)

    ref: Mapped[str] = mapped_column(primary_key=True)
    browser_digest: Mapped[str]
    journey_ref: Mapped[str | None] = mapped_column(default=None)
    account_ref: Mapped[str | None] = mapped_column(ForeignKey("account.ref"), default=None)
    code_index: Mapped[str] = mapped_column(default="")
    code_used_at: Mapped[datetime | None] = mapped_column(default=None)
    second_proved_at: Mapped[datetime | None] = mapped_column(default=None)
    second_method: Mapped[str | None] = mapped_column(default=None)
    second_ref: Mapped[str | None] = mapped_column(default=None)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    finished_at: Mapped[datetime | None] = mapped_column(default=None)
