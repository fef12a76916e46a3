"""Officers, their keys and their sessions."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from idp.storage import Base


class OfficerRecord(Base):
    """Somebody who works at the console. Disabled, never deleted: the journal names them."""

    __tablename__ = "officer"

    ref: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    roles: Mapped[list[str]]
    added_by: Mapped[str]  # who let them in last: an officer's ref, or "command"
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None] = mapped_column(default=None)


class OfficerInvitationRecord(Base):
    """A one-time address at which a new officer registers a security key."""

    __tablename__ = "officer_invitation"

    token_digest: Mapped[str] = mapped_column(primary_key=True)
    officer_ref: Mapped[str] = mapped_column(ForeignKey("officer.ref"))
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None] = mapped_column(default=None)


class OfficerKeyRecord(Base):
    """A security key: device-bound, with a PIN or a finger. Ids and keys are base64url."""

    __tablename__ = "officer_key"
    __table_args__ = (Index("ix_officer_key_officer", "officer_ref"),)

    credential_id: Mapped[str] = mapped_column(primary_key=True)
    officer_ref: Mapped[str] = mapped_column(ForeignKey("officer.ref"))
    public_key: Mapped[str]
    sign_count: Mapped[int] = mapped_column(BigInteger)
    name: Mapped[str]
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None] = mapped_column(default=None)
    removed_at: Mapped[datetime | None] = mapped_column(default=None)


class OfficerChallengeRecord(Base):
    """A WebAuthn challenge for an officer, spent once, in the browser that asked for it.

    `bound_to` says what it is for: "sign-in", the digest of an invitation, or an officer's ref
    (another key of theirs).
    """

    __tablename__ = "officer_challenge"
    __table_args__ = (Index("ix_officer_challenge_expires", "expires_at"),)

    challenge_digest: Mapped[str] = mapped_column(primary_key=True)
    browser_digest: Mapped[str]
    bound_to: Mapped[str]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None] = mapped_column(default=None)


class OfficerSessionRecord(Base):
    """One browser signed in to the console. The cookie's secret is stored as its digest."""

    __tablename__ = "officer_session"

    ref: Mapped[str] = mapped_column(primary_key=True)
    secret_digest: Mapped[str] = mapped_column(unique=True)
    officer_ref: Mapped[str] = mapped_column(ForeignKey("officer.ref"))
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None] = mapped_column(default=None)


class OfficerCallRecord(Base):
    """One talk with somebody who gives or ends a permission, and how they showed who they are.

    `evidence` holds, by kind of `policies/evidence.toml`, what was passed in it, each {type, hash,
    held_by}. The code is the last one that was sent to the register's contact; right once.
    """

    __tablename__ = "officer_call"
    __table_args__ = (
        CheckConstraint("party_kind IN ('person', 'business')", name="party_kind"),
        Index("ix_officer_call_expires", "expires_at"),
    )

    ref: Mapped[str] = mapped_column(primary_key=True)
    officer_ref: Mapped[str] = mapped_column(ForeignKey("officer.ref"))
    party: Mapped[str]
    party_kind: Mapped[str]
    evidence: Mapped[list[dict[str, Any]]] = mapped_column(
        JSON(none_as_null=True), default=list, server_default="[]"
    )
    channel: Mapped[str | None] = mapped_column(default=None)
    code_index: Mapped[str | None] = mapped_column(default=None)
    code_expires_at: Mapped[datetime | None] = mapped_column(default=None)
    begun_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class OfficerProposalRecord(Base):
    """What one officer wants done and another, apart from the first, has to confirm.

    `act` names what is to be done, `about` the party or thing it is done to; `payload` holds the
    rest, sealed.
    """

    __tablename__ = "officer_proposal"
    __table_args__ = (
        CheckConstraint("decision IN ('confirmed', 'refused', 'withdrawn')", name="decision"),
        CheckConstraint("(decision IS NULL) = (decided_at IS NULL)", name="decided"),
        Index("ix_officer_proposal_waiting", "decision", "act", "proposed_at"),
    )

    ref: Mapped[str] = mapped_column(primary_key=True)
    act: Mapped[str]
    about: Mapped[str]
    payload_sealed: Mapped[str]
    looked: Mapped[dict[str, Any]] = mapped_column(
        JSON(none_as_null=True), default=dict, server_default="{}"
    )  # who opened it when: nobody confirms what they have not looked at
    proposed_by: Mapped[str]
    proposed_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    decision: Mapped[str | None] = mapped_column(default=None)
    decided_by: Mapped[str | None] = mapped_column(default=None)
    decided_at: Mapped[datetime | None] = mapped_column(default=None)
