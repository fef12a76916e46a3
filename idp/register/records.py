"""The register's tables."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from idp.storage import Base


class PersonRecord(Base):
    """One person. `ref` is also the party's reference everywhere else."""

    __tablename__ = "person"
    __table_args__ = (
        # Who else was born that day under that name: twins, and records kept twice.
        Index("ix_person_birth_date", "birth_date"),
        CheckConstraint("status IN ('active', 'dead', 'duplicate')", name="status"),
    )

    ref: Mapped[str] = mapped_column(primary_key=True)
    given_name: Mapped[str]
    family_name: Mapped[str]
    birth_date: Mapped[date]
    sex: Mapped[str]
    address: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    died_on: Mapped[date | None] = mapped_column(default=None)
    # What the source says the record is; one that is not "active" joins no account.
    status: Mapped[str] = mapped_column(default="active", server_default="active")
    # Names the person had before, each {"given_name": ..., "family_name": ...}.
    earlier_names: Mapped[list[dict[str, str]]] = mapped_column(
        JSON(none_as_null=True), default=list, server_default="[]"
    )
    # Ways to reach the person that the register already held, and which of them changed when:
    # see contacts.py.
    contacts: Mapped[dict[str, Any]] = mapped_column(
        JSON(none_as_null=True), default=dict, server_default="{}"
    )


class PersonNumberRecord(Base):
    """A number that a person has, from a moment on; a corrected one is closed, not changed."""

    __tablename__ = "person_number"
    __table_args__ = (
        Index(
            "uq_person_number_open",
            "number_index",
            unique=True,
            sqlite_where=text("valid_to IS NULL"),
            postgresql_where=text("valid_to IS NULL"),
        ),
        Index(
            "uq_person_number_person",
            "person_ref",
            unique=True,
            sqlite_where=text("valid_to IS NULL"),
            postgresql_where=text("valid_to IS NULL"),
        ),
        # Whose number it was: an import must not make a second person of a replaced number.
        Index(
            "ix_person_number_closed",
            "number_index",
            sqlite_where=text("valid_to IS NOT NULL"),
            postgresql_where=text("valid_to IS NOT NULL"),
        ),
        CheckConstraint("valid_to IS NULL OR valid_from <= valid_to", name="term_order"),
    )

    ref: Mapped[str] = mapped_column(primary_key=True)
    person_ref: Mapped[str] = mapped_column(ForeignKey("person.ref"))
    number_index: Mapped[str]
    number_sealed: Mapped[str]
    valid_from: Mapped[datetime]
    valid_to: Mapped[datetime | None] = mapped_column(default=None)


class ImportRecord(Base):
    """How far the import of one file is: written with each batch, so that a kill loses nothing.

    The file is known by its SHA-256. `rejects_bytes` is how much of the file of refused lines
    belongs to what is committed.
    """

    __tablename__ = "register_import"
    __table_args__ = (
        Index("ix_register_import_fingerprint", "fingerprint"),
        Index(
            "uq_register_import_open",
            "fingerprint",
            unique=True,
            sqlite_where=text("finished_at IS NULL"),
            postgresql_where=text("finished_at IS NULL"),
        ),
        CheckConstraint("read_count = added + changed + unchanged + rejected", name="all_counted"),
    )

    ref: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[str]
    begun_at: Mapped[datetime]
    finished_at: Mapped[datetime | None] = mapped_column(default=None)
    byte_offset: Mapped[int] = mapped_column(BigInteger)
    line: Mapped[int] = mapped_column(BigInteger)
    rejects_bytes: Mapped[int] = mapped_column(BigInteger)
    read_count: Mapped[int] = mapped_column(BigInteger)
    added: Mapped[int] = mapped_column(BigInteger)
    changed: Mapped[int] = mapped_column(BigInteger)
    unchanged: Mapped[int] = mapped_column(BigInteger)
    rejected: Mapped[int] = mapped_column(BigInteger)


class BusinessRecord(Base):
    """A company, partnership or sole trader. A sole trader is a person and a business at once."""

    __tablename__ = "business"

    ref: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    kind: Mapped[str]  # company, partnership, sole-trader
    address: Mapped[dict[str, Any]]
    person_ref: Mapped[str | None] = mapped_column(ForeignKey("person.ref"), default=None)
    created_at: Mapped[datetime]
    ceased_on: Mapped[date | None] = mapped_column(default=None)


class BusinessNumberRecord(Base):
    """A number by which a business is found: of the company register, for tax, or for VAT.

    A business has one of each kind at most.
    """

    __tablename__ = "business_number"
    __table_args__ = (
        CheckConstraint("kind IN ('company', 'tax', 'vat')", name="kind"),
        UniqueConstraint("kind", "number_index"),
        UniqueConstraint("business_ref", "kind"),
    )

    ref: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    number_index: Mapped[str]
    business_ref: Mapped[str] = mapped_column(ForeignKey("business.ref"))
    number_sealed: Mapped[str]
