"""Run-time risk: what sign-ins looked like, and how each session was weighed"""

import sqlalchemy as sa
from alembic import op

from idp.storage import UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Run-time risk: what sign-ins looked like, and how each session was weighed"""
    op.create_table(
        "familiarity",
        sa.Column("account_ref", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("feature", sa.String(), nullable=False),
        sa.Column("thousandths", sa.Integer(), nullable=False),
        sa.Column("week", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_ref"], ["account.ref"], name=op.f("fk_familiarity_account_ref")
        ),
        sa.PrimaryKeyConstraint("account_ref", "key", name=op.f("pk_familiarity")),
    )
    op.create_table(
        "feature_share",
        sa.Column("feature", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("accounts", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("feature", "value", name=op.f("pk_feature_share")),
    )
    op.add_column("session", sa.Column("risk", sa.JSON(none_as_null=True), nullable=True))
    op.add_column("account", sa.Column("doubted_at", UtcDateTime(), nullable=True))
