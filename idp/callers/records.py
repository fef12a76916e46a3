"""Clients, the APIs they own, the proofs they have spent, and how fast they were answered."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from idp.storage import Base


class ClientRecord(Base):
    """A registered OAuth client (RFC 7591 names). What it is; `disabled_at` says if it is live."""

    __tablename__ = "client"
    __table_args__ = (
        CheckConstraint("profile IN ('oidc', 'fapi2')", name="profile"),
        CheckConstraint("pkce IN ('required', 'optional')", name="pkce"),
    )

    client_id: Mapped[str] = mapped_column(primary_key=True)
    client_name: Mapped[str]
    organisation: Mapped[str]
    sector: Mapped[str]
    profile: Mapped[str]
    token_endpoint_auth_method: Mapped[str]
    secret_digest: Mapped[str | None] = mapped_column(default=None)
    jwks: Mapped[dict[str, Any] | None] = mapped_column(default=None)
    jwks_uri: Mapped[str | None] = mapped_column(default=None)
    redirect_uris: Mapped[list[str]]
    post_logout_redirect_uris: Mapped[list[str]]
    grant_types: Mapped[list[str]]
    scopes: Mapped[list[str]]
    pkce: Mapped[str] = mapped_column(default="required")
    id_token_signed_response_alg: Mapped[str] = mapped_column(default="ES256")
    backchannel_logout_uri: Mapped[str | None] = mapped_column(default=None)
    delegation_aware: Mapped[bool] = mapped_column(default=False)
    # Software of an organisation that acts for people: whose, and at which services.
    organisation_ref: Mapped[str | None] = mapped_column(default=None)
    acts_at: Mapped[list[str] | None] = mapped_column(default=None)
    dpop_bound: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    sandbox: Mapped[bool] = mapped_column(default=False)
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None] = mapped_column(default=None)


class ResourceRecord(Base):
    """An API of a client's service, by its resource indicator (RFC 8707)."""

    __tablename__ = "resource"

    uri: Mapped[str] = mapped_column(primary_key=True)
    client_id: Mapped[str] = mapped_column(ForeignKey("client.client_id"))


class SpentAssertionRecord(Base):
    """A `jti` that was used, of a client assertion or a DPoP proof; a row means replay."""

    __tablename__ = "spent_assertion"
    __table_args__ = (Index("ix_spent_assertion_expires", "expires_at"),)

    jti_digest: Mapped[str] = mapped_column(primary_key=True)  # of the jti and whose it is
    expires_at: Mapped[datetime]


class ServiceLevelRecord(Base):
    """How many answers one organisation and service got on a day, within `within_ms`.

    A histogram: `within_ms` is the upper bound of a class, in milliseconds. Of its `answers`,
    `late` came after what was promised then, and `failed` of all asks got none because of us.
    """

    __tablename__ = "service_level"
    __table_args__ = (Index("ix_service_level_day", "day"),)

    organisation_ref: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    service: Mapped[str] = mapped_column(primary_key=True)
    within_ms: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    answers: Mapped[int]
    late: Mapped[int]
    failed: Mapped[int]
