"""Cases, evidence, codes to contacts of the register, counter visits, ways back."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from idp.storage import Base


class CaseRecord(Base):
    """One account's proof of being one person of the register. At most one is open.

    `person_ref` is whom the claim matched; its holder is not told more than that it did.
    `claim_sealed` is what was typed, sealed for this case: number, names, date of birth; empty
    once the case has lapsed.
    `spoken` is the reference to say at a counter.
    """

    __tablename__ = "proofing_case"
    __table_args__ = (
        Index(
            "uq_proofing_case_open",
            "account_ref",
            unique=True,
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
        CheckConstraint(
            "outcome IS NULL OR outcome IN ('joined', 'recovered', 'given-up', 'stopped')",
            name="outcome",
        ),
    )

    ref: Mapped[str] = mapped_column(primary_key=True)
    account_ref: Mapped[str] = mapped_column(ForeignKey("account.ref"))
    person_ref: Mapped[str] = mapped_column(ForeignKey("person.ref"), index=True)
    claim_sealed: Mapped[str]
    spoken: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    closed_at: Mapped[datetime | None] = mapped_column(default=None)
    outcome: Mapped[str | None] = mapped_column(default=None)


class EvidenceRecord(Base):
    """One piece of evidence. `scores` are the policy's at the moment it was held (GPG 45).

    `source` says who stands for it: the register, a checker's id, two officers. `detail` holds
    references only.
    """

    __tablename__ = "evidence"
    __table_args__ = (
        Index("ix_evidence_case", "case_ref"),
        # One answer of a kind is waited for at a time.
        Index(
            "uq_evidence_asked",
            "case_ref",
            "kind",
            unique=True,
            sqlite_where=text("state = 'asked'"),
            postgresql_where=text("state = 'asked'"),
        ),
        CheckConstraint(
            "state IN ('asked', 'held', 'refused', 'unavailable', 'void')", name="state"
        ),
    )

    ref: Mapped[str] = mapped_column(primary_key=True)
    case_ref: Mapped[str] = mapped_column(ForeignKey("proofing_case.ref"))
    kind: Mapped[str]  # an id of evidence.toml
    state: Mapped[str]
    scores: Mapped[dict[str, Any]]
    source: Mapped[str]
    detail: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    decided_at: Mapped[datetime | None] = mapped_column(default=None)


class ContactCodeRecord(Base):
    """A code sent to a contact the register already held. Kept as its HMAC, spent once."""

    __tablename__ = "contact_code"

    ref: Mapped[str] = mapped_column(primary_key=True)
    case_ref: Mapped[str] = mapped_column(ForeignKey("proofing_case.ref"), index=True)
    channel: Mapped[str]
    code_index: Mapped[str]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None] = mapped_column(default=None)


class VisitRecord(Base):
    """A visit to a counter: what one officer saw, and what another confirmed."""

    __tablename__ = "counter_visit"
    __table_args__ = (
        CheckConstraint("decided_by IS NULL OR decided_by <> entered_by", name="two_people"),
    )

    ref: Mapped[str] = mapped_column(primary_key=True)
    case_ref: Mapped[str] = mapped_column(ForeignKey("proofing_case.ref"), index=True)
    document: Mapped[str]  # its kind: "passport", "driving-licence", ...
    entered_by: Mapped[str]
    entered_at: Mapped[datetime]
    decided_by: Mapped[str | None] = mapped_column(default=None)
    decided_at: Mapped[datetime | None] = mapped_column(default=None)
    confirmed: Mapped[bool | None] = mapped_column(default=None)


class WayBackRecord(Base):
    """A way back into an account, by having proved again to be its person.

    Takes effect when `due_at` is past and nobody stopped it; `stop_digest` is of the token in
    the notices. The account keeps its reference, subjects, mandates and history.
    """

    __tablename__ = "way_back"
    __table_args__ = (
        Index(
            "uq_way_back_open",
            "account_ref",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
        CheckConstraint(
            "outcome IS NULL OR outcome IN ('taken', 'stopped', 'lapsed')", name="outcome"
        ),
    )

    ref: Mapped[str] = mapped_column(primary_key=True)
    case_ref: Mapped[str] = mapped_column(ForeignKey("proofing_case.ref"))
    account_ref: Mapped[str] = mapped_column(ForeignKey("account.ref"))  # the old one
    by_account_ref: Mapped[str] = mapped_column(ForeignKey("account.ref"))  # who proved again
    stop_digest: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    due_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None] = mapped_column(default=None)
    outcome: Mapped[str | None] = mapped_column(default=None)
