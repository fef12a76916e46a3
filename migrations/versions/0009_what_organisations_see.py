"""What organisations see: answer times by day, a member's own people by name"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


_NAME = sa.String().with_variant(sa.String(collation="C"), "postgresql")
_ASSIGNMENT = sa.table(
    "mandate_assignment",
    *(sa.column(name) for name in ("mandate_ref", "principal", "principal_sort")),
)
_MANDATE = sa.table(
    "mandate", *(sa.column(name) for name in ("ref", "principal", "principal_sort"))
)


def upgrade() -> None:
    """What organisations see: answer times by day, a member's own people by name"""
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
    for name in ("principal_sort", "principal"):
        op.add_column(
            "mandate_assignment", sa.Column(name, _NAME, server_default="", nullable=False)
        )
    for name in ("principal_sort", "principal"):
        kept = sa.select(sa.func.coalesce(_MANDATE.c[name], "")).where(
            _MANDATE.c.ref == _ASSIGNMENT.c.mandate_ref
        )
        op.execute(
            _ASSIGNMENT.update().values({name: sa.func.coalesce(kept.scalar_subquery(), "")})
        )
    op.create_index(
        "ix_mandate_assignment_people",
        "mandate_assignment",
        ["assignee", "principal_sort", "principal", "mandate_ref"],
        unique=False,
    )
