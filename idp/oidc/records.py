"""Grants and the one-time things issued on them."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from idp.storage import Base


class GrantRecord(Base):
    """What one person let one client have, in one visit. All its tokens live and end with it.

    `holder` is the party the tokens are about; `actor` the party who acts, where another.
    `offline` grants outlive the session (OpenID Connect Core section 11).
    """

    __tablename__ = "oauth_grant"
    __table_args__ = (
        Index("ix_oauth_grant_session", "session_ref"),
        Index("ix_oauth_grant_mandate", "mandate_ref"),
        CheckConstraint("(mandate_ref IS NULL) = (actor IS NULL)", name="acting"),
    )

    ref: Mapped[str] = mapped_column(primary_key=True)
    client_id: Mapped[str] = mapped_column(ForeignKey("client.client_id"))
    account_ref: Mapped[str] = mapped_column(ForeignKey("account.ref"))
    session_ref: Mapped[str] = mapped_column(ForeignKey("session.ref"))
    client_session_ref: Mapped[str] = mapped_column(ForeignKey("client_session.ref"))
    holder: Mapped[str]
    sub: Mapped[str]
    actor: Mapped[str | None] = mapped_column(default=None)
    act_sub: Mapped[str | None] = mapped_column(default=None)
    mandate_ref: Mapped[str | None] = mapped_column(ForeignKey("mandate.ref"), default=None)
    resource: Mapped[str | None] = mapped_column(default=None)
    scope: Mapped[str]
    claims: Mapped[dict[str, Any]]  # the `claims` request parameter, validated
    acr: Mapped[str]
    vot: Mapped[str]
    amr: Mapped[list[str]]
    auth_time: Mapped[int] = mapped_column(BigInteger)
    policy: Mapped[str]  # fingerprint of the policy that decided
    offline: Mapped[bool] = mapped_column(default=False)
    # Of an acting grant: the organisation and member, the software, and what it is for.
    organisation_ref: Mapped[str | None] = mapped_column(default=None)
    member_ref: Mapped[str | None] = mapped_column(default=None)
    software: Mapped[str | None] = mapped_column(default=None)
    purpose: Mapped[str | None] = mapped_column(default=None)
    joint_act_ref: Mapped[str | None] = mapped_column(default=None)
    actor_grant_ref: Mapped[str | None] = mapped_column(default=None)  # of an exchange
    machine_ref: Mapped[str | None] = mapped_column(default=None)
    details: Mapped[list[dict[str, Any]] | None] = mapped_column(
        JSON(none_as_null=True), default=None
    )  # authorization_details (RFC 9396), as granted
    dpop_jkt: Mapped[str | None] = mapped_column(default=None)  # RFC 9449 section 6
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None] = mapped_column(default=None)
    ended_reason: Mapped[str | None] = mapped_column(default=None)
    # What run-time risk came to where it binds: allow, stepped_up or deferred.
    risk_outcome: Mapped[str | None] = mapped_column(default=None)
    # The deferral that holds it: no foreign key, for SQLite adds none to a table that exists.
    deferral_ref: Mapped[str | None] = mapped_column(default=None)


class DeferralRecord(Base):
    """A sign-in that was let in while what it asks for is held, until somebody is surer of it.

    One for each session, service and place (`place` as in `Seen.mark`); later grants of the same
    join it, `grant_ref` is the first. `token_digest` is of the secret in the link that its owner
    was sent. `reasons` are pairs of code and nats, `seen` the keyed digests of the visit by
    feature, to learn it once it is released. `decided_by` is "owner" or an officer's reference.
    """

    __tablename__ = "deferral"
    __table_args__ = (
        CheckConstraint("decision IN ('released', 'refused')", name="decision"),
        CheckConstraint("(decision IS NULL) = (decided_at IS NULL)", name="decided"),
        Index("ix_deferral_session", "session_ref"),
        Index("ix_deferral_account", "account_ref", "created_at"),
        Index("ix_deferral_waiting", "decision", "created_at"),
    )

    ref: Mapped[str] = mapped_column(primary_key=True)
    grant_ref: Mapped[str]
    session_ref: Mapped[str] = mapped_column(ForeignKey("session.ref"))
    client_id: Mapped[str]
    account_ref: Mapped[str]
    place: Mapped[str]
    token_digest: Mapped[str] = mapped_column(unique=True)
    reasons: Mapped[list[Any]] = mapped_column(JSON)
    seen: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    decided_at: Mapped[datetime | None] = mapped_column(default=None)
    decision: Mapped[str | None] = mapped_column(default=None)
    decided_by: Mapped[str | None] = mapped_column(default=None)


class AuthorizationCodeRecord(Base):
    """An authorization code (RFC 6749 section 4.1.2), spent by one statement."""

    __tablename__ = "authorization_code"
    __table_args__ = (Index("ix_authorization_code_expires", "expires_at"),)

    code_digest: Mapped[str] = mapped_column(primary_key=True)
    client_id: Mapped[str]
    grant_ref: Mapped[str] = mapped_column(ForeignKey("oauth_grant.ref"))
    redirect_uri: Mapped[str]
    redirect_uri_sent: Mapped[bool] = mapped_column(default=True)
    code_challenge: Mapped[str | None] = mapped_column(default=None)
    nonce: Mapped[str | None] = mapped_column(default=None)
    dpop_jkt: Mapped[str | None] = mapped_column(default=None)  # RFC 9449 section 10
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None] = mapped_column(default=None)


class RefreshTokenRecord(Base):
    """A refresh token. Of a public client it is superseded by its successor (decision 15)."""

    __tablename__ = "refresh_token"
    __table_args__ = (
        Index("ix_refresh_token_grant", "grant_ref"),
        Index("ix_refresh_token_expires", "expires_at"),
    )

    token_digest: Mapped[str] = mapped_column(primary_key=True)
    client_id: Mapped[str]
    grant_ref: Mapped[str] = mapped_column(ForeignKey("oauth_grant.ref"))
    issued_at: Mapped[datetime]
    idle_until: Mapped[datetime]
    expires_at: Mapped[datetime]
    superseded_at: Mapped[datetime | None] = mapped_column(default=None)


class ConsentRecord(Base):
    """What an account agreed to let a client do while it is away (`offline_access`)."""

    __tablename__ = "consent"

    account_ref: Mapped[str] = mapped_column(ForeignKey("account.ref"), primary_key=True)
    client_id: Mapped[str] = mapped_column(ForeignKey("client.client_id"), primary_key=True)
    scope: Mapped[str]
    given_at: Mapped[datetime]


class DisclosureRecord(Base):
    """An access token whose personal claims were read; the journal has one row for each."""

    __tablename__ = "disclosure"
    __table_args__ = (Index("ix_disclosure_expires", "expires_at"),)

    jti: Mapped[str] = mapped_column(primary_key=True)
    expires_at: Mapped[datetime]
