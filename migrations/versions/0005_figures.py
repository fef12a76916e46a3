"""Figures: the review as it was last worked out"""

import sqlalchemy as sa
from alembic import op

from idp.storage import UtcDateTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Figures: the review as it was last worked out"""
    op.create_table(
        "figures_review",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("took_ms", sa.Integer(), nullable=False),
        sa.Column("figures", sa.JSON(none_as_null=True), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_figures_review_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_figures_review")),
    )
