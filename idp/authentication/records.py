"""Methods and sessions."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from idp.storage import Base


class PasswordRecord(Base):
    """An account's password, as an argon2id hash."""

    __tablename__ = "password"

    account_ref: Mapped[str] = mapped_column(ForeignKey("account.ref"), primary_key=True)
    hash: Mapped[str]
    changed_at: Mapped[datetime]


class OneTimeCodeRecord(Base):
    """An account's one-time-code seed, sealed; `last_step` is the last time step spent."""

    __tablename__ = "one_time_code"

    account_ref: Mapped[str] = mapped_column(ForeignKey("account.ref"), primary_key=True)
    seed_sealed: Mapped[str]
    last_step: Mapped[int] = mapped_column(BigInteger, default=0)
    confirmed_at: Mapped[datetime]


class PasskeyRecord(Base):
    """A WebAuthn credential of an account, discoverable. Keys and ids are base64url.

    `device_bound` says that the key cannot be copied (backup eligibility not set), which is
    the method "security-key" of methods.toml; a synced one is "passkey". `user_handle` is what
    the authenticator was told the account is: nothing that can be read, and kept when the key
    moves to another account by recovery.
    """

    __tablename__ = "passkey"
    __table_args__ = (Index("ix_passkey_account", "account_ref"),)

    ref: Mapped[str] = mapped_column(primary_key=True)
    account_ref: Mapped[str] = mapped_column(ForeignKey("account.ref"))
    credential_id: Mapped[str] = mapped_column(unique=True)
    user_handle: Mapped[str]
    public_key: Mapped[str]
    sign_count: Mapped[int] = mapped_column(BigInteger)
    device_bound: Mapped[bool]
    backed_up: Mapped[bool]
    aaguid: Mapped[str]
    transports: Mapped[list[str]]
    name: Mapped[str]
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None] = mapped_column(default=None)


class PasskeyChallengeRecord(Base):
    """A WebAuthn challenge of ours, spent once, in the browser that asked for it."""

    __tablename__ = "passkey_challenge"
    __table_args__ = (
        Index("ix_passkey_challenge_expires", "expires_at"),
        CheckConstraint("purpose IN ('register', 'sign-in')", name="purpose"),
    )

    challenge_digest: Mapped[str] = mapped_column(primary_key=True)
    purpose: Mapped[str]
    browser_digest: Mapped[str]
    account_ref: Mapped[str | None] = mapped_column(ForeignKey("account.ref"), default=None)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None] = mapped_column(default=None)


class RecoveryCodeRecord(Base):
    """One printed recovery code, as its HMAC; a new set takes the place of the old."""

    __tablename__ = "recovery_code"
    __table_args__ = (Index("ix_recovery_code_account", "account_ref"),)

    code_index: Mapped[str] = mapped_column(primary_key=True)
    account_ref: Mapped[str] = mapped_column(ForeignKey("account.ref"))
    created_at: Mapped[datetime]
    used_at: Mapped[datetime | None] = mapped_column(default=None)


class EmailCodeRecord(Base):
    """Somebody who chose to sign in by codes sent to the account's e-mail address."""

    __tablename__ = "email_code"

    account_ref: Mapped[str] = mapped_column(ForeignKey("account.ref"), primary_key=True)
    added_at: Mapped[datetime]


class PhoneRecord(Base):
    """The number that an account's text codes go to, sealed; `number_index` finds it again.

    `added_at` is when its holder typed in a code sent to it, `moved_at` when a telephone company
    last said that the number went to another card or company.
    """

    __tablename__ = "phone"
    __table_args__ = (Index("ix_phone_number", "number_index"),)

    account_ref: Mapped[str] = mapped_column(ForeignKey("account.ref"), primary_key=True)
    number_sealed: Mapped[str]
    number_index: Mapped[str]
    added_at: Mapped[datetime]
    moved_at: Mapped[datetime | None] = mapped_column(default=None)


class SignInCodeRecord(Base):
    """A six-digit code that was sent to somebody. Kept as its HMAC, spent once.

    `bound_to` is the journey it was asked for on, or the session that adds a number (purpose
    "number", with that number). `account_ref` is None where the name typed is nobody's: they see
    the same pages. `code_index` is empty until the code is made.
    """

    __tablename__ = "sign_in_code"
    __table_args__ = (
        Index("ix_sign_in_code_bound_to", "bound_to"),
        Index("ix_sign_in_code_expires", "expires_at"),
        CheckConstraint("purpose IN ('email-code', 'sms-code', 'number')", name="purpose"),
    )

    ref: Mapped[str] = mapped_column(primary_key=True)
    purpose: Mapped[str]
    bound_to: Mapped[str]
    account_ref: Mapped[str | None] = mapped_column(ForeignKey("account.ref"), default=None)
    number_sealed: Mapped[str | None] = mapped_column(default=None)
    code_index: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None] = mapped_column(default=None)


class RememberedDeviceRecord(Base):
    """A browser that its owner asked us to remember. Its secret is stored as a digest, and changed
    at each use; `previous_digest` is the one before, which only a copy still shows."""

    __tablename__ = "remembered_device"
    __table_args__ = (
        Index("ix_remembered_device_account", "account_ref"),
        Index("ix_remembered_device_previous", "previous_digest"),
        Index("ix_remembered_device_expires", "expires_at"),
    )

    ref: Mapped[str] = mapped_column(primary_key=True)
    secret_digest: Mapped[str] = mapped_column(unique=True)
    previous_digest: Mapped[str | None] = mapped_column(default=None)
    account_ref: Mapped[str] = mapped_column(ForeignKey("account.ref"))
    name: Mapped[str]
    created_at: Mapped[datetime]
    used_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None] = mapped_column(default=None)


class SessionRecord(Base):
    """One browser signed in to one account. The cookie's secret is stored as its digest.

    `proofs` maps a method's id to the Unix millisecond it was last proved in this session.
    """

    __tablename__ = "session"
    __table_args__ = (Index("ix_session_account", "account_ref"),)

    ref: Mapped[str] = mapped_column(primary_key=True)
    secret_digest: Mapped[str] = mapped_column(unique=True)
    account_ref: Mapped[str] = mapped_column(ForeignKey("account.ref"))
    proofs: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None] = mapped_column(default=None)
    # What its owner may know it by: "Chromium on Android". No address, no full user agent.
    device: Mapped[str] = mapped_column(default="", server_default="")
    # How it was weighed (`signin.weighing`); digests and numbers, no address, no browser text.
    risk: Mapped[dict[str, Any] | None] = mapped_column(default=None)
    # Of software that acts by itself, for which somebody answers: no browser, and never idle.
    unattended: Mapped[bool] = mapped_column(default=False, server_default=text("false"))


class ClientSessionRecord(Base):
    """A session at one client; `ref` is the `sid` of its tokens. Acting belongs here, only.

    Source: OpenID Connect Back-Channel Logout 1.0 section 2.1; `design.md` decision 26.
    """

    __tablename__ = "client_session"
    __table_args__ = (UniqueConstraint("session_ref", "client_id", "mandate_key"),)

    ref: Mapped[str] = mapped_column(primary_key=True)
    session_ref: Mapped[str] = mapped_column(ForeignKey("session.ref"))
    client_id: Mapped[str] = mapped_column(ForeignKey("client.client_id"))
    mandate_key: Mapped[str] = mapped_column(default="")  # '' = as oneself (NULLs never conflict)
    sub: Mapped[str | None] = mapped_column(
        default=None
    )  # the service's name for them; acting: none
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None] = mapped_column(default=None)
