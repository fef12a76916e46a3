"""Codes by e-mail and text message, and devices that are remembered"""

import sqlalchemy as sa
from alembic import op

from idp.storage import UtcDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Codes by e-mail and text message, and devices that are remembered"""
    op.create_table(
        "email_code",
        sa.Column("account_ref", sa.String(), nullable=False),
        sa.Column("added_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_ref"], ["account.ref"], name=op.f("fk_email_code_account_ref")
        ),
        sa.PrimaryKeyConstraint("account_ref", name=op.f("pk_email_code")),
    )
    op.create_table(
        "phone",
        sa.Column("account_ref", sa.String(), nullable=False),
        sa.Column("number_sealed", sa.String(), nullable=False),
        sa.Column("number_index", sa.String(), nullable=False),
        sa.Column("added_at", UtcDateTime(), nullable=False),
        sa.Column("moved_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_ref"], ["account.ref"], name=op.f("fk_phone_account_ref")
        ),
        sa.PrimaryKeyConstraint("account_ref", name=op.f("pk_phone")),
    )
    op.create_index("ix_phone_number", "phone", ["number_index"], unique=False)
    op.create_table(
        "sign_in_code",
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("bound_to", sa.String(), nullable=False),
        sa.Column("account_ref", sa.String(), nullable=True),
        sa.Column("number_sealed", sa.String(), nullable=True),
        sa.Column("code_index", sa.String(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "purpose IN ('email-code', 'sms-code', 'number')", name=op.f("ck_sign_in_code_purpose")
        ),
        sa.ForeignKeyConstraint(
            ["account_ref"], ["account.ref"], name=op.f("fk_sign_in_code_account_ref")
        ),
        sa.PrimaryKeyConstraint("ref", name=op.f("pk_sign_in_code")),
    )
    op.create_index("ix_sign_in_code_bound_to", "sign_in_code", ["bound_to"], unique=False)
    op.create_index("ix_sign_in_code_expires", "sign_in_code", ["expires_at"], unique=False)
    op.create_table(
        "remembered_device",
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("secret_digest", sa.String(), nullable=False),
        sa.Column("previous_digest", sa.String(), nullable=True),
        sa.Column("account_ref", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_ref"], ["account.ref"], name=op.f("fk_remembered_device_account_ref")
        ),
        sa.PrimaryKeyConstraint("ref", name=op.f("pk_remembered_device")),
        sa.UniqueConstraint("secret_digest", name=op.f("uq_remembered_device_secret_digest")),
    )
    op.create_index(
        "ix_remembered_device_account", "remembered_device", ["account_ref"], unique=False
    )
    op.create_index(
        "ix_remembered_device_previous", "remembered_device", ["previous_digest"], unique=False
    )
    op.create_index(
        "ix_remembered_device_expires", "remembered_device", ["expires_at"], unique=False
    )
