"""Policy sets: proposed, signed, in force"""

import sqlalchemy as sa
from alembic import op

from idp.storage import UtcDateTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Policy sets: proposed, signed, in force"""
    op.create_table(
        "policy_set",
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("files", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("base_ref", sa.String(), nullable=True),
        sa.Column("base_fingerprint", sa.String(), nullable=False),
        sa.Column("acknowledged", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("proposed_by", sa.String(), nullable=False),
        sa.Column("proposed_at", UtcDateTime(), nullable=False),
        sa.Column("starts_at", UtcDateTime(), nullable=True),
        sa.Column("signed_by", sa.String(), nullable=True),
        sa.Column("signed_at", UtcDateTime(), nullable=True),
        sa.Column("in_force_at", UtcDateTime(), nullable=True),
        sa.Column("rolled_back_by", sa.String(), nullable=True),
        sa.Column("rolled_back_at", UtcDateTime(), nullable=True),
        sa.Column("refused_by", sa.String(), nullable=True),
        sa.Column("refused_at", UtcDateTime(), nullable=True),
        sa.Column("why", sa.String(), nullable=False),
        sa.CheckConstraint("signed_by <> proposed_by", name=op.f("ck_policy_set_two_people")),
        sa.ForeignKeyConstraint(
            ["base_ref"], ["policy_set.ref"], name=op.f("fk_policy_set_base_ref")
        ),
        sa.PrimaryKeyConstraint("ref", name=op.f("pk_policy_set")),
    )
    op.create_index("ix_policy_set_fingerprint", "policy_set", ["fingerprint"], unique=False)
    op.create_index(
        "ix_policy_set_waiting", "policy_set", ["in_force_at", "starts_at"], unique=False
    )
    in_force = op.create_table(
        "policy_in_force",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("set_ref", sa.String(), nullable=True),
        sa.Column("serial", sa.Integer(), nullable=False),
        sa.Column("restored", sa.Boolean(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=True),
        sa.Column("changed_by", sa.String(), nullable=True),
        sa.CheckConstraint("id = 1", name=op.f("ck_policy_in_force_one_row")),
        sa.ForeignKeyConstraint(
            ["set_ref"], ["policy_set.ref"], name=op.f("fk_policy_in_force_set_ref")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy_in_force")),
    )
    op.bulk_insert(in_force, [{"id": 1, "set_ref": None, "serial": 0, "restored": False}])
