"""Mandates, and what belongs to them."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Float,
    ForeignKey,
    Index,
    String,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from idp.storage import Base

_HELD = "state IN ('active', 'suspended')"


class MandateRecord(Base):
    """One principal's permission to one delegate, for one service. Ended, never deleted.

    What was asked for together shares a `bundle`, and is answered service by service. While it is
    offered, the party who has yet to answer may be unknown (None). `expires` None: open-ended,
    with a yearly reminder. Every change of `state` is one conditional statement
    (`idp.delegation.lifecycle`); a term that has run out is judged when it is read.
    Source: `delegation.md` section 1.
    """

    __tablename__ = "mandate"
    __table_args__ = (
        CheckConstraint(
            "state IN ('draft', 'offered', 'active', 'suspended', 'ended', 'refused', "
            "'cancelled', 'lapsed')",
            name="state",
        ),
        CheckConstraint("principal_kind IN ('person', 'business')", name="principal_kind"),
        CheckConstraint("delegate_kind IN ('person', 'organisation')", name="delegate_kind"),
        CheckConstraint("answerer IN ('principal', 'delegate', 'officer')", name="answerer"),
        CheckConstraint("starts < expires", name="term_order"),
        CheckConstraint("principal <> delegate", name="two_parties"),
        CheckConstraint(
            "state NOT IN ('active', 'suspended') OR "
            "(principal IS NOT NULL AND delegate IS NOT NULL AND starts IS NOT NULL)",
            name="whole",
        ),
        CheckConstraint("(state = 'ended') = (ended_at IS NOT NULL)", name="ended"),
        Index("ix_mandate_principal", "principal", "state"),
        # The list of a delegate, and of a firm with 100,000 people, by name and page by page.
        Index("ix_mandate_delegate", "delegate", "state", "principal_sort", "principal"),
        Index("ix_mandate_picker", "delegate", "service", "state", "principal_sort", "ref"),
        Index("ix_mandate_bundle", "bundle"),
        Index("ix_mandate_authority", "authority_ref"),
        Index("ix_mandate_parent", "parent_ref"),
        # I6: one open offer; one mandate held; I8: one exclusive holder.
        Index(
            "uq_mandate_offered", "delegate", "principal", "service", unique=True,
            sqlite_where=text("state = 'offered'"), postgresql_where=text("state = 'offered'"),
        ),
        Index(
            "uq_mandate_held", "delegate", "principal", "service", unique=True,
            sqlite_where=text(_HELD), postgresql_where=text(_HELD),
        ),
        Index(
            "uq_mandate_exclusive", "principal", "service", unique=True,
            sqlite_where=text(f"exclusive AND {_HELD}"),
            postgresql_where=text(f"exclusive AND {_HELD}"),
        ),
    )  # fmt: skip

    ref: Mapped[str] = mapped_column(primary_key=True)  # random; never a number
    bundle: Mapped[str]
    principal: Mapped[str | None]  # a person's ref, or a business's
    principal_kind: Mapped[str] = mapped_column(default="person", server_default="person")
    # By its letters' own order on both engines, so that names that begin alike stand together.
    principal_sort: Mapped[str] = mapped_column(
        String().with_variant(String(collation="C"), "postgresql"), default="", server_default=""
    )
    delegate: Mapped[str | None]  # a person's ref, or an organisation's
    delegate_kind: Mapped[str] = mapped_column(default="person", server_default="person")
    service: Mapped[str]
    powers: Mapped[list[str]]
    exclusive: Mapped[bool] = mapped_column(default=False)
    basis: Mapped[str]
    state: Mapped[str]
    answerer: Mapped[str] = mapped_column(default="principal", server_default="principal")
    grant_identity: Mapped[int] = mapped_column(default=0)  # what the principal proved
    grant_sign_in: Mapped[int] = mapped_column(default=0)
    evidence: Mapped[list[dict[str, Any]]] = mapped_column(
        JSON(none_as_null=True), default=list, server_default="[]"
    )  # each {type, hash, held_by}
    evidence_identity: Mapped[int] = mapped_column(default=3, server_default="3")  # a cap
    evidence_sign_in: Mapped[int] = mapped_column(default=3, server_default="3")
    min_identity: Mapped[int] = mapped_column(default=0, server_default="0")  # asked of the actor
    min_sign_in: Mapped[int] = mapped_column(default=0, server_default="0")
    starts: Mapped[datetime | None] = mapped_column(default=None)
    expires: Mapped[datetime | None] = mapped_column(default=None)
    term_days: Mapped[int | None] = mapped_column(default=None)  # of an offer; None: open-ended
    single_use: Mapped[bool] = mapped_column(default=False)
    used_at: Mapped[datetime | None] = mapped_column(default=None)
    used_grant: Mapped[str | None] = mapped_column(default=None)  # which spent a single use
    purpose: Mapped[str | None] = mapped_column(default=None)  # the only one it is for
    authority_ref: Mapped[str | None] = mapped_column(
        ForeignKey("joint_authority.ref"), default=None
    )
    parent_ref: Mapped[str | None] = mapped_column(ForeignKey("mandate.ref"), default=None)
    max_chain: Mapped[int] = mapped_column(default=0, server_default="0")
    offer_expires: Mapped[datetime | None] = mapped_column(default=None)
    text_hash: Mapped[str | None] = mapped_column(default=None)  # of the words that were shown
    import_key: Mapped[str | None] = mapped_column(default=None, unique=True)
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    decided_at: Mapped[datetime | None] = mapped_column(default=None)
    decided_by: Mapped[str | None] = mapped_column(default=None)
    reminded_at: Mapped[datetime | None] = mapped_column(default=None)
    suspended_at: Mapped[datetime | None] = mapped_column(default=None)
    suspended_reason: Mapped[str | None] = mapped_column(default=None)
    ended_at: Mapped[datetime | None] = mapped_column(default=None)
    ended_reason: Mapped[str | None] = mapped_column(default=None)
    ended_by: Mapped[str | None] = mapped_column(default=None)
    ended_reference: Mapped[str | None] = mapped_column(default=None)
    version: Mapped[int] = mapped_column(default=1)


class MandateInvitationRecord(Base):
    """How an offer reaches whoever has to answer it; `ref` is the bundle of its mandates.

    `token_digest` None: there is nothing to open (wrong facts, so that it lapses unanswered), or
    it is answered on the account page. What the inviter typed is sealed. `batch` names the list
    it came with; `waiting`: its mandates have still to be made of what was typed.
    """

    __tablename__ = "mandate_invitation"
    __table_args__ = (
        CheckConstraint("channel IN ('link', 'facts', 'email', 'paper', 'own')", name="channel"),
        Index("ix_mandate_invitation_organisation", "organisation_ref", "created_at"),
        Index("ix_mandate_invitation_batch", "batch", "waiting"),
    )

    ref: Mapped[str] = mapped_column(primary_key=True)
    token_digest: Mapped[str | None] = mapped_column(unique=True)
    channel: Mapped[str]
    organisation_ref: Mapped[str | None] = mapped_column(
        ForeignKey("organisation.ref"), default=None
    )
    invited_by: Mapped[str]  # a member's ref, or a person's
    label_sealed: Mapped[str | None] = mapped_column(default=None)  # what the inviter calls them
    contact_sealed: Mapped[str | None] = mapped_column(default=None)
    attempts: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    chased_at: Mapped[datetime | None] = mapped_column(default=None)
    reminded_at: Mapped[datetime | None] = mapped_column(default=None)
    closed_at: Mapped[datetime | None] = mapped_column(default=None)
    batch: Mapped[str | None] = mapped_column(default=None)
    waiting: Mapped[bool] = mapped_column(default=False, server_default=text("false"))


class AssignmentRecord(Base):
    """A mandate of an organisation that is open to one member, or to one team.

    `principal_sort` and `principal` are the mandate's own, which it never changes while it is
    held: here they order what is open to somebody by name.
    """

    __tablename__ = "mandate_assignment"
    __table_args__ = (
        Index("ix_mandate_assignment_assignee", "assignee", "mandate_ref"),
        # The list of one worker, by name and page by page.
        Index("ix_mandate_assignment_people", "assignee", "principal_sort", "principal",
              "mandate_ref"),
    )  # fmt: skip

    mandate_ref: Mapped[str] = mapped_column(ForeignKey("mandate.ref"), primary_key=True)
    assignee: Mapped[str] = mapped_column(primary_key=True)  # a member's ref, or a team's
    assigned_by: Mapped[str]
    assigned_at: Mapped[datetime]
    principal_sort: Mapped[str] = mapped_column(
        String().with_variant(String(collation="C"), "postgresql"), default="", server_default=""
    )
    principal: Mapped[str] = mapped_column(
        String().with_variant(String(collation="C"), "postgresql"), default="", server_default=""
    )


class JointAuthorityRecord(Base):
    """Several delegates who were appointed together: so many of them must agree to an act."""

    __tablename__ = "joint_authority"
    __table_args__ = (CheckConstraint("quorum > 0", name="quorum"),)

    ref: Mapped[str] = mapped_column(primary_key=True)
    principal: Mapped[str]
    quorum: Mapped[int]
    created_at: Mapped[datetime]


class JointActRecord(Base):
    """What one of them asks the others to agree to: one visit to one service, for one purpose."""

    __tablename__ = "joint_act"
    __table_args__ = (Index("ix_joint_act_authority", "authority_ref", "expires_at"),)

    ref: Mapped[str] = mapped_column(primary_key=True)
    authority_ref: Mapped[str] = mapped_column(ForeignKey("joint_authority.ref"))
    service: Mapped[str]
    purpose: Mapped[str]
    asked_by: Mapped[str]  # a delegate
    asked_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    closed_at: Mapped[datetime | None] = mapped_column(default=None)


class JointSignatureRecord(Base):
    """One delegate's agreement to a joint act, given in a session of their own."""

    __tablename__ = "joint_signature"

    act_ref: Mapped[str] = mapped_column(ForeignKey("joint_act.ref"), primary_key=True)
    delegate: Mapped[str] = mapped_column(primary_key=True)
    signed_at: Mapped[datetime]


class ObjectionRecord(Base):
    """A principal's objection to one use, by the reference of its journal entry."""

    __tablename__ = "use_objection"
    __table_args__ = (Index("ix_use_objection_mandate", "mandate_ref"),)

    entry_reference: Mapped[str] = mapped_column(primary_key=True)
    mandate_ref: Mapped[str] = mapped_column(ForeignKey("mandate.ref"))
    person: Mapped[str]
    words_sealed: Mapped[str]
    at: Mapped[datetime]
    answered_at: Mapped[datetime | None] = mapped_column(default=None)
    answer_sealed: Mapped[str | None] = mapped_column(default=None)


class SafeContactRecord(Base):
    """How a principal wants to be told about helpers: the usual contact may be an abuser's.

    `channel` is email, text, letter or none (a printed receipt only).
    """

    __tablename__ = "safe_contact"
    __table_args__ = (
        CheckConstraint("channel IN ('email', 'text', 'letter', 'none')", name="channel"),
    )

    person: Mapped[str] = mapped_column(primary_key=True)
    channel: Mapped[str]
    address_sealed: Mapped[str | None] = mapped_column(default=None)
    since: Mapped[datetime]


class MachineMandateRecord(Base):
    """Software of an organisation that may act unattended, and the member who answers for it.

    An administrator asks, and the member agrees in a session of their own: until `agreed_at` it
    carries nothing. `vot`, `amr` and `auth_time` say what the member proved when agreeing.
    """

    __tablename__ = "machine_mandate"
    __table_args__ = (
        CheckConstraint("(agreed_at IS NULL) = (session_ref IS NULL)", name="agreed"),
        Index("ix_machine_mandate_client", "client_id"),
        Index("ix_machine_mandate_organisation", "organisation_ref"),
    )

    ref: Mapped[str] = mapped_column(primary_key=True)
    client_id: Mapped[str] = mapped_column(ForeignKey("client.client_id"))
    organisation_ref: Mapped[str] = mapped_column(ForeignKey("organisation.ref"))
    member_ref: Mapped[str] = mapped_column(ForeignKey("member.ref"))
    services: Mapped[list[str]]
    asked_by: Mapped[str] = mapped_column(ForeignKey("member.ref"))
    created_at: Mapped[datetime]
    expires: Mapped[datetime]
    agreed_at: Mapped[datetime | None] = mapped_column(default=None)
    session_ref: Mapped[str | None] = mapped_column(  # the member can end it
        ForeignKey("session.ref"), default=None
    )
    vot: Mapped[str | None] = mapped_column(default=None)
    amr: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True), default=None)
    auth_time: Mapped[int | None] = mapped_column(BigInteger, default=None)  # Unix seconds
    ended_at: Mapped[datetime | None] = mapped_column(default=None)
    ended_by: Mapped[str | None] = mapped_column(default=None)  # a member


class BulkWatchRecord(Base):
    """How fast one actor opens people: the statistic of `idp.assurance.reach.bulk_watch`.

    `opened` are the principals opened in the interval that began at `interval_at`; `usual` what
    this actor opens in one as a rule.
    """

    __tablename__ = "bulk_watch"

    actor: Mapped[str] = mapped_column(primary_key=True)  # an account
    z: Mapped[float] = mapped_column(Float)
    opened: Mapped[int]
    usual: Mapped[float] = mapped_column(Float)
    interval_at: Mapped[datetime]
    answer: Mapped[str] = mapped_column(default="nothing")
    opened_at: Mapped[datetime | None] = mapped_column(default=None)  # somebody new, last
    challenged_at: Mapped[datetime | None] = mapped_column(default=None)
    frozen_at: Mapped[datetime | None] = mapped_column(default=None)
    reference: Mapped[str | None] = mapped_column(default=None)


class OpenedRecord(Base):
    """A principal whom an actor opened within one hour: each counts once."""

    __tablename__ = "principal_opened"
    __table_args__ = (Index("ix_principal_opened_hour", "hour"),)

    actor: Mapped[str] = mapped_column(primary_key=True)
    hour: Mapped[datetime] = mapped_column(primary_key=True)
    principal: Mapped[str] = mapped_column(primary_key=True)
