"""Enrolment: methods, proofing, officers"""

import sqlalchemy as sa
from alembic import op

from idp.storage import UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Enrolment: methods, proofing, officers"""
    op.create_table(
        "officer",
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("roles", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("added_by", sa.String(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("disabled_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("ref", name=op.f("pk_officer")),
        sa.UniqueConstraint("name", name=op.f("uq_officer_name")),
    )
    op.create_table(
        "officer_challenge",
        sa.Column("challenge_digest", sa.String(), nullable=False),
        sa.Column("browser_digest", sa.String(), nullable=False),
        sa.Column("bound_to", sa.String(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("challenge_digest", name=op.f("pk_officer_challenge")),
    )
    op.create_index(
        "ix_officer_challenge_expires", "officer_challenge", ["expires_at"], unique=False
    )
    op.create_table(
        "officer_invitation",
        sa.Column("token_digest", sa.String(), nullable=False),
        sa.Column("officer_ref", sa.String(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["officer_ref"], ["officer.ref"], name=op.f("fk_officer_invitation_officer_ref")
        ),
        sa.PrimaryKeyConstraint("token_digest", name=op.f("pk_officer_invitation")),
    )
    op.create_table(
        "officer_key",
        sa.Column("credential_id", sa.String(), nullable=False),
        sa.Column("officer_ref", sa.String(), nullable=False),
        sa.Column("public_key", sa.String(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("last_used_at", UtcDateTime(), nullable=True),
        sa.Column("removed_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["officer_ref"], ["officer.ref"], name=op.f("fk_officer_key_officer_ref")
        ),
        sa.PrimaryKeyConstraint("credential_id", name=op.f("pk_officer_key")),
    )
    op.create_index("ix_officer_key_officer", "officer_key", ["officer_ref"], unique=False)
    op.create_table(
        "officer_session",
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("secret_digest", sa.String(), nullable=False),
        sa.Column("officer_ref", sa.String(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["officer_ref"], ["officer.ref"], name=op.f("fk_officer_session_officer_ref")
        ),
        sa.PrimaryKeyConstraint("ref", name=op.f("pk_officer_session")),
        sa.UniqueConstraint("secret_digest", name=op.f("uq_officer_session_secret_digest")),
    )
    op.create_table(
        "enrolment",
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("browser_digest", sa.String(), nullable=False),
        sa.Column("journey_ref", sa.String(), nullable=True),
        sa.Column("email", sa.String(), nullable=True),
        sa.Column("email_confirmed_at", UtcDateTime(), nullable=True),
        sa.Column("sign_in_name", sa.String(), nullable=True),
        sa.Column("account_ref", sa.String(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_ref"], ["account.ref"], name=op.f("fk_enrolment_account_ref")
        ),
        sa.PrimaryKeyConstraint("ref", name=op.f("pk_enrolment")),
    )
    op.create_index("ix_enrolment_expires", "enrolment", ["expires_at"], unique=False)
    op.create_index("ix_enrolment_account", "enrolment", ["account_ref"], unique=False)
    op.create_table(
        "passkey",
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("account_ref", sa.String(), nullable=False),
        sa.Column("credential_id", sa.String(), nullable=False),
        sa.Column("user_handle", sa.String(), nullable=False),
        sa.Column("public_key", sa.String(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("device_bound", sa.Boolean(), nullable=False),
        sa.Column("backed_up", sa.Boolean(), nullable=False),
        sa.Column("aaguid", sa.String(), nullable=False),
        sa.Column("transports", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("last_used_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_ref"], ["account.ref"], name=op.f("fk_passkey_account_ref")
        ),
        sa.PrimaryKeyConstraint("ref", name=op.f("pk_passkey")),
        sa.UniqueConstraint("credential_id", name=op.f("uq_passkey_credential_id")),
    )
    op.create_index("ix_passkey_account", "passkey", ["account_ref"], unique=False)
    op.create_table(
        "passkey_challenge",
        sa.Column("challenge_digest", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("browser_digest", sa.String(), nullable=False),
        sa.Column("account_ref", sa.String(), nullable=True),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "purpose IN ('register', 'sign-in')", name=op.f("ck_passkey_challenge_purpose")
        ),
        sa.ForeignKeyConstraint(
            ["account_ref"], ["account.ref"], name=op.f("fk_passkey_challenge_account_ref")
        ),
        sa.PrimaryKeyConstraint("challenge_digest", name=op.f("pk_passkey_challenge")),
    )
    op.create_index(
        "ix_passkey_challenge_expires", "passkey_challenge", ["expires_at"], unique=False
    )
    op.create_table(
        "password_reset",
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("browser_digest", sa.String(), nullable=False),
        sa.Column("journey_ref", sa.String(), nullable=True),
        sa.Column("account_ref", sa.String(), nullable=True),
        sa.Column("code_index", sa.String(), nullable=False),
        sa.Column("code_used_at", UtcDateTime(), nullable=True),
        sa.Column("second_proved_at", UtcDateTime(), nullable=True),
        sa.Column("second_method", sa.String(), nullable=True),
        sa.Column("second_ref", sa.String(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_ref"], ["account.ref"], name=op.f("fk_password_reset_account_ref")
        ),
        sa.PrimaryKeyConstraint("ref", name=op.f("pk_password_reset")),
    )
    op.create_index("ix_password_reset_expires", "password_reset", ["expires_at"], unique=False)
    op.create_table(
        "proofing_case",
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("account_ref", sa.String(), nullable=False),
        sa.Column("person_ref", sa.String(), nullable=False),
        sa.Column("claim_sealed", sa.String(), nullable=False),
        sa.Column("spoken", sa.String(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.CheckConstraint(
            "outcome IS NULL OR outcome IN ('joined', 'recovered', 'given-up', 'stopped')",
            name=op.f("ck_proofing_case_outcome"),
        ),
        sa.ForeignKeyConstraint(
            ["account_ref"], ["account.ref"], name=op.f("fk_proofing_case_account_ref")
        ),
        sa.ForeignKeyConstraint(
            ["person_ref"], ["person.ref"], name=op.f("fk_proofing_case_person_ref")
        ),
        sa.PrimaryKeyConstraint("ref", name=op.f("pk_proofing_case")),
        sa.UniqueConstraint("spoken", name=op.f("uq_proofing_case_spoken")),
    )
    op.create_index(
        op.f("ix_proofing_case_person_ref"), "proofing_case", ["person_ref"], unique=False
    )
    op.create_index(
        "uq_proofing_case_open",
        "proofing_case",
        ["account_ref"],
        unique=True,
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_table(
        "recovery_code",
        sa.Column("code_index", sa.String(), nullable=False),
        sa.Column("account_ref", sa.String(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_ref"], ["account.ref"], name=op.f("fk_recovery_code_account_ref")
        ),
        sa.PrimaryKeyConstraint("code_index", name=op.f("pk_recovery_code")),
    )
    op.create_index("ix_recovery_code_account", "recovery_code", ["account_ref"], unique=False)
    op.create_table(
        "address_code",
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("enrolment_ref", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("code_index", sa.String(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["enrolment_ref"], ["enrolment.ref"], name=op.f("fk_address_code_enrolment_ref")
        ),
        sa.PrimaryKeyConstraint("ref", name=op.f("pk_address_code")),
    )
    op.create_index(
        op.f("ix_address_code_enrolment_ref"), "address_code", ["enrolment_ref"], unique=False
    )
    op.create_index("ix_address_code_expires", "address_code", ["expires_at"], unique=False)
    op.create_table(
        "contact_code",
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("case_ref", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("code_index", sa.String(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["case_ref"], ["proofing_case.ref"], name=op.f("fk_contact_code_case_ref")
        ),
        sa.PrimaryKeyConstraint("ref", name=op.f("pk_contact_code")),
    )
    op.create_index(op.f("ix_contact_code_case_ref"), "contact_code", ["case_ref"], unique=False)
    op.create_table(
        "counter_visit",
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("case_ref", sa.String(), nullable=False),
        sa.Column("document", sa.String(), nullable=False),
        sa.Column("entered_by", sa.String(), nullable=False),
        sa.Column("entered_at", UtcDateTime(), nullable=False),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.Column("decided_at", UtcDateTime(), nullable=True),
        sa.Column("confirmed", sa.Boolean(), nullable=True),
        sa.CheckConstraint(
            "decided_by IS NULL OR decided_by <> entered_by",
            name=op.f("ck_counter_visit_two_people"),
        ),
        sa.ForeignKeyConstraint(
            ["case_ref"], ["proofing_case.ref"], name=op.f("fk_counter_visit_case_ref")
        ),
        sa.PrimaryKeyConstraint("ref", name=op.f("pk_counter_visit")),
    )
    op.create_index(op.f("ix_counter_visit_case_ref"), "counter_visit", ["case_ref"], unique=False)
    op.create_table(
        "evidence",
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("case_ref", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("scores", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("detail", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("decided_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "state IN ('asked', 'held', 'refused', 'unavailable', 'void')",
            name=op.f("ck_evidence_state"),
        ),
        sa.ForeignKeyConstraint(
            ["case_ref"], ["proofing_case.ref"], name=op.f("fk_evidence_case_ref")
        ),
        sa.PrimaryKeyConstraint("ref", name=op.f("pk_evidence")),
    )
    op.create_index("ix_evidence_case", "evidence", ["case_ref"], unique=False)
    op.create_index(
        "uq_evidence_asked",
        "evidence",
        ["case_ref", "kind"],
        unique=True,
        sqlite_where=sa.text("state = 'asked'"),
        postgresql_where=sa.text("state = 'asked'"),
    )
    op.create_table(
        "way_back",
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("case_ref", sa.String(), nullable=False),
        sa.Column("account_ref", sa.String(), nullable=False),
        sa.Column("by_account_ref", sa.String(), nullable=False),
        sa.Column("stop_digest", sa.String(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.CheckConstraint(
            "outcome IS NULL OR outcome IN ('taken', 'stopped', 'lapsed')",
            name=op.f("ck_way_back_outcome"),
        ),
        sa.ForeignKeyConstraint(
            ["account_ref"], ["account.ref"], name=op.f("fk_way_back_account_ref")
        ),
        sa.ForeignKeyConstraint(
            ["by_account_ref"], ["account.ref"], name=op.f("fk_way_back_by_account_ref")
        ),
        sa.ForeignKeyConstraint(
            ["case_ref"], ["proofing_case.ref"], name=op.f("fk_way_back_case_ref")
        ),
        sa.PrimaryKeyConstraint("ref", name=op.f("pk_way_back")),
        sa.UniqueConstraint("stop_digest", name=op.f("uq_way_back_stop_digest")),
    )
    op.create_index(
        "uq_way_back_open",
        "way_back",
        ["account_ref"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.add_column("account", sa.Column("email_confirmed_at", UtcDateTime(), nullable=True))
    op.add_column("account", sa.Column("superseded_by", sa.String(), nullable=True))
    op.create_index("ix_account_email", "account", ["email"], unique=False)
    # In words both engines read: SQLite adds a check only together with its column.
    op.execute(
        "ALTER TABLE person ADD COLUMN status VARCHAR DEFAULT 'active' NOT NULL "
        "CONSTRAINT ck_person_status CHECK (status IN ('active', 'dead', 'duplicate'))"
    )
    op.add_column(
        "person",
        sa.Column("earlier_names", sa.JSON(none_as_null=True), server_default="[]", nullable=False),
    )
    op.add_column(
        "person",
        sa.Column("contacts", sa.JSON(none_as_null=True), server_default="{}", nullable=False),
    )
    op.create_index(
        "ix_person_number_closed",
        "person_number",
        ["number_index"],
        unique=False,
        sqlite_where=sa.text("valid_to IS NOT NULL"),
        postgresql_where=sa.text("valid_to IS NOT NULL"),
    )
    op.create_table(
        "register_import",
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("begun_at", UtcDateTime(), nullable=False),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.Column("byte_offset", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=False),
        sa.Column("rejects_bytes", sa.BigInteger(), nullable=False),
        sa.Column("read_count", sa.BigInteger(), nullable=False),
        sa.Column("added", sa.BigInteger(), nullable=False),
        sa.Column("changed", sa.BigInteger(), nullable=False),
        sa.Column("unchanged", sa.BigInteger(), nullable=False),
        sa.Column("rejected", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "read_count = added + changed + unchanged + rejected",
            name=op.f("ck_register_import_all_counted"),
        ),
        sa.PrimaryKeyConstraint("ref", name=op.f("pk_register_import")),
    )
    op.create_index(
        "ix_register_import_fingerprint", "register_import", ["fingerprint"], unique=False
    )
    op.create_index(
        "uq_register_import_open",
        "register_import",
        ["fingerprint"],
        unique=True,
        sqlite_where=sa.text("finished_at IS NULL"),
        postgresql_where=sa.text("finished_at IS NULL"),
    )
    op.create_index("ix_person_birth_date", "person", ["birth_date"], unique=False)
    op.add_column("session", sa.Column("device", sa.String(), server_default="", nullable=False))
