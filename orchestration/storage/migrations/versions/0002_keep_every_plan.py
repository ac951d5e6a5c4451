"""Keep every plan that a store sent."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Keep every plan that a store sent."""
    op.create_table(
        "plans",
        sa.Column("store_id", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column(
            "plan",
            postgresql.JSONB(),
            nullable=False,
            comment="the geometry.changed payload",
        ),
        sa.PrimaryKeyConstraint("store_id", "changed_at"),
        schema="ledger",
    )


def downgrade() -> None:
    """Forget the history; the newest plan stays in `gold.stores`."""
    op.drop_table("plans", schema="ledger")
