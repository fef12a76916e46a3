"""Organisations, their members and teams."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from idp.storage import Base


class OrganisationRecord(Base):
    """A firm, charity, council, insurer or department whose members act for others.

    `name` is what two officers verified: pages and letters show no other. `access` says who of
    its members may open the people it acts for. Suspended from `suspends_at` on; nothing of it
    is destroyed by that.
    """

    __tablename__ = "organisation"
    __table_args__ = (
        CheckConstraint(
            "kind IN ('firm', 'charity', 'council', 'insurer', 'department')", name="kind"
        ),
        CheckConstraint("access IN ('assigned', 'everyone')", name="access"),
        CheckConstraint("assurance BETWEEN 0 AND 3", name="assurance"),
        CheckConstraint("people_limit IS NULL OR people_limit > 0", name="people_limit"),
    )

    ref: Mapped[str] = mapped_column(primary_key=True)  # random; the handle in `act.org`
    name: Mapped[str]
    kind: Mapped[str]
    registered_number: Mapped[str | None] = mapped_column(default=None)  # company or charity
    assurance: Mapped[int] = mapped_column(default=1)  # risk-model.md T7, 0-3
    access: Mapped[str] = mapped_column(default="assigned")
    people_limit: Mapped[int | None] = mapped_column(default=None)  # people open to one member
    shows_names: Mapped[bool] = mapped_column(default=True)  # else "a named adviser at X"
    entered_by: Mapped[str]  # an officer, or "command", "sandbox"
    created_at: Mapped[datetime]
    verified_by: Mapped[str | None] = mapped_column(default=None)  # the second officer
    verified_at: Mapped[datetime | None] = mapped_column(default=None)
    suspends_at: Mapped[datetime | None] = mapped_column(default=None)
    suspension_reason: Mapped[str | None] = mapped_column(default=None)
    closed_at: Mapped[datetime | None] = mapped_column(default=None)
    version: Mapped[int] = mapped_column(default=1)


class MemberRecord(Base):
    """Somebody who works for an organisation, with an account of their own. Left, never deleted.

    `roles` are of admin, assigner and worker. `name` is the full name, as the organisation
    holds it.
    """

    __tablename__ = "member"
    __table_args__ = (
        Index("ix_member_organisation", "organisation_ref", "name"),
        Index("ix_member_account", "account_ref"),
        Index(
            "uq_member_open",
            "organisation_ref",
            "account_ref",
            unique=True,
            sqlite_where=text("left_at IS NULL"),
            postgresql_where=text("left_at IS NULL"),
        ),
    )

    ref: Mapped[str] = mapped_column(primary_key=True)
    organisation_ref: Mapped[str] = mapped_column(ForeignKey("organisation.ref"))
    account_ref: Mapped[str] = mapped_column(ForeignKey("account.ref"))
    name: Mapped[str]
    roles: Mapped[list[str]]
    added_by: Mapped[str]  # a member's ref, an officer's, or "command", "sandbox"
    joined_at: Mapped[datetime]
    suspended_at: Mapped[datetime | None] = mapped_column(default=None)
    left_at: Mapped[datetime | None] = mapped_column(default=None)


class MemberInvitationRecord(Base):
    """A one-time link by which somebody with an account becomes a member."""

    __tablename__ = "member_invitation"
    __table_args__ = (Index("ix_member_invitation_organisation", "organisation_ref"),)

    ref: Mapped[str] = mapped_column(primary_key=True)
    token_digest: Mapped[str] = mapped_column(unique=True)
    organisation_ref: Mapped[str] = mapped_column(ForeignKey("organisation.ref"))
    name: Mapped[str]
    email_sealed: Mapped[str]
    roles: Mapped[list[str]]
    invited_by: Mapped[str]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None] = mapped_column(default=None)
    cancelled_at: Mapped[datetime | None] = mapped_column(default=None)


class TeamRecord(Base):
    """Members to whom people are assigned together."""

    __tablename__ = "team"
    __table_args__ = (UniqueConstraint("organisation_ref", "name"),)

    ref: Mapped[str] = mapped_column(primary_key=True)
    organisation_ref: Mapped[str] = mapped_column(ForeignKey("organisation.ref"))
    name: Mapped[str]
    created_at: Mapped[datetime]


class TeamMemberRecord(Base):
    """A member of a team."""

    __tablename__ = "team_member"
    __table_args__ = (Index("ix_team_member_member", "member_ref"),)

    team_ref: Mapped[str] = mapped_column(ForeignKey("team.ref"), primary_key=True)
    member_ref: Mapped[str] = mapped_column(ForeignKey("member.ref"), primary_key=True)


class StandardAgreementRecord(Base):
    """An organisation's word to the one standard agreement, for every service that opted in.

    `text_hash` is the SHA-256 of the text that was shown and signed.
    """

    __tablename__ = "standard_agreement"
    __table_args__ = (Index("ix_standard_agreement_organisation", "organisation_ref"),)

    ref: Mapped[str] = mapped_column(primary_key=True)
    organisation_ref: Mapped[str] = mapped_column(ForeignKey("organisation.ref"))
    text_hash: Mapped[str]
    services: Mapped[list[str]]
    signed_by: Mapped[str] = mapped_column(ForeignKey("member.ref"))
    signed_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    ended_at: Mapped[datetime | None] = mapped_column(default=None)
