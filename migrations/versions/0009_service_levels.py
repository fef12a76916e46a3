"""Service levels: how fast what organisations depend on was answered, by day"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Service levels: how fast what organisations depend on was answered, by day"""
    op.create_table(
        "service_level",
        sa.Column("organisation_ref", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("service", sa.String(), nullable=False),
        sa.Column("within_ms", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("answers", sa.Integer(), nullable=False),
        sa.Column("late", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint(
            "organisation_ref", "day", "service", "within_ms", name=op.f("pk_service_level")
        ),
    )
    op.create_index("ix_service_level_day", "service_level", ["day"], unique=False)
