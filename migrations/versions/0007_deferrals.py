"""Deferrals: sign-ins that are let in while what they ask for is held"""

import sqlalchemy as sa
from alembic import op

from idp.storage import UtcDateTime

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Deferrals: sign-ins that are let in while what they ask for is held"""
    op.add_column("oauth_grant", sa.Column("risk_outcome", sa.String(), nullable=True))
    op.add_column("oauth_grant", sa.Column("deferral_ref", sa.String(), nullable=True))
    op.create_table(
        "deferral",
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("grant_ref", sa.String(), nullable=False),
        sa.Column("session_ref", sa.String(), nullable=False),
        sa.Column("client_id", sa.String(), nullable=False),
        sa.Column("account_ref", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("token_digest", sa.String(), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("seen", sa.JSON(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("decided_at", UtcDateTime(), nullable=True),
        sa.Column("decision", sa.String(), nullable=True),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.CheckConstraint(
            "decision IN ('released', 'refused')", name=op.f("ck_deferral_decision")
        ),
        sa.CheckConstraint(
            "(decision IS NULL) = (decided_at IS NULL)", name=op.f("ck_deferral_decided")
        ),
        sa.ForeignKeyConstraint(
            ["session_ref"], ["session.ref"], name=op.f("fk_deferral_session_ref")
        ),
        sa.PrimaryKeyConstraint("ref", name=op.f("pk_deferral")),
        sa.UniqueConstraint("token_digest", name=op.f("uq_deferral_token_digest")),
    )
    op.create_index("ix_deferral_session", "deferral", ["session_ref"], unique=False)
    op.create_index("ix_deferral_account", "deferral", ["account_ref", "created_at"], unique=False)
    op.create_index("ix_deferral_waiting", "deferral", ["decision", "created_at"], unique=False)
