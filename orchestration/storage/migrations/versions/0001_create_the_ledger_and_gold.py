"""Create the ledger and gold."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the ledger and gold."""
    op.create_table(
        "coverage",
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column("store_id", sa.Text(), nullable=False),
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.Column("hour_start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("camera", sa.Text(), nullable=False),
        sa.Column("expected_minutes", sa.Float(), nullable=False),
        sa.Column("observed_minutes", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("store_id", "business_date", "hour_start", "camera"),
        schema="gold",
    )
    op.create_index(
        "coverage_partition", "coverage", ["business_date", "region"], unique=False, schema="gold"
    )
    op.create_table(
        "footfall_15m",
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column("store_id", sa.Text(), nullable=False),
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.Column("bucket_start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("door", sa.Text(), nullable=False),
        sa.Column(
            "entries", sa.Integer(), nullable=True, comment="null: that door was not watched"
        ),
        sa.Column("exits", sa.Integer(), nullable=True, comment="null: that door was not watched"),
        sa.Column(
            "coverage",
            sa.Float(),
            nullable=True,
            comment="observed ÷ expected of the door's camera, 0..1",
        ),
        sa.PrimaryKeyConstraint("store_id", "business_date", "bucket_start", "door"),
        schema="gold",
    )
    op.create_index(
        "footfall_15m_partition",
        "footfall_15m",
        ["business_date", "region"],
        unique=False,
        schema="gold",
    )
    op.create_table(
        "heatmap_tiles",
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column("store_id", sa.Text(), nullable=False),
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.Column("hour_start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("x", sa.Integer(), nullable=False),
        sa.Column("y", sa.Integer(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("store_id", "business_date", "hour_start", "kind", "x", "y"),
        schema="gold",
    )
    op.create_index(
        "heatmap_tiles_partition",
        "heatmap_tiles",
        ["business_date", "region"],
        unique=False,
        schema="gold",
    )
    op.create_table(
        "occupancy_15m",
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column("store_id", sa.Text(), nullable=False),
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.Column("bucket_start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("mean", sa.Float(), nullable=False),
        sa.Column("maximum", sa.Integer(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("store_id", "business_date", "bucket_start"),
        schema="gold",
    )
    op.create_index(
        "occupancy_15m_partition",
        "occupancy_15m",
        ["business_date", "region"],
        unique=False,
        schema="gold",
    )
    op.create_table(
        "stores",
        sa.Column("store_id", sa.Text(), nullable=False),
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("opens", sa.Text(), nullable=False),
        sa.Column("closes", sa.Text(), nullable=False),
        sa.Column(
            "plan",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="the newest geometry.changed payload",
        ),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("store_id"),
        schema="gold",
    )
    op.create_table(
        "zone_dwell",
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column("store_id", sa.Text(), nullable=False),
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.Column("hour_start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("visits", sa.Integer(), nullable=False, comment="all visits, censored ones too"),
        sa.Column("censored", sa.Integer(), nullable=False),
        sa.Column("total_s", sa.Float(), nullable=False, comment="seconds of all visits"),
        sa.Column("mean_s", sa.Float(), nullable=True, comment="of uncensored visits"),
        sa.Column("median_s", sa.Float(), nullable=True, comment="of uncensored visits"),
        sa.Column("p90_s", sa.Float(), nullable=True, comment="of uncensored visits"),
        sa.PrimaryKeyConstraint("store_id", "business_date", "hour_start", "zone"),
        schema="gold",
    )
    op.create_index(
        "zone_dwell_partition",
        "zone_dwell",
        ["business_date", "region"],
        unique=False,
        schema="gold",
    )
    op.create_table(
        "batches",
        sa.Column("store_id", sa.Text(), nullable=False),
        sa.Column("boot_id", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("lane", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("records", sa.Integer(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("object_key", sa.Text(), nullable=False),
        sa.Column("schema_version", sa.Integer(), nullable=False),
        sa.Column(
            "received_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "hour",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="received_at cut to the hour: bronze partition",
        ),
        sa.Column(
            "claimed_by", sa.Text(), nullable=True, comment="Dagster run that wrote it to bronze"
        ),
        sa.Column("bronze_rows", sa.Integer(), nullable=True),
        sa.Column("dead_rows", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("store_id", "boot_id", "seq"),
        schema="ledger",
    )
    op.create_index("batches_hour", "batches", ["hour"], unique=False, schema="ledger")
    op.create_table(
        "business_days",
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column(
            "touched", sa.BigInteger(), nullable=False, comment="counts the runs that changed it"
        ),
        sa.Column(
            "silver", sa.BigInteger(), nullable=False, comment="`touched` that silver was made of"
        ),
        sa.Column(
            "gold", sa.BigInteger(), nullable=False, comment="`touched` that gold was made of"
        ),
        sa.PrimaryKeyConstraint("business_date", "region"),
        schema="ledger",
    )
    op.create_table(
        "dead_letter_events",
        sa.Column("store_id", sa.Text(), nullable=False),
        sa.Column("boot_id", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("store_id", "boot_id", "seq", "line"),
        schema="ledger",
    )


def downgrade() -> None:
    """Undo it."""
    op.drop_table("dead_letter_events", schema="ledger")
    op.drop_table("business_days", schema="ledger")
    op.drop_index("batches_hour", table_name="batches", schema="ledger")
    op.drop_table("batches", schema="ledger")
    op.drop_index("zone_dwell_partition", table_name="zone_dwell", schema="gold")
    op.drop_table("zone_dwell", schema="gold")
    op.drop_table("stores", schema="gold")
    op.drop_index("occupancy_15m_partition", table_name="occupancy_15m", schema="gold")
    op.drop_table("occupancy_15m", schema="gold")
    op.drop_index("heatmap_tiles_partition", table_name="heatmap_tiles", schema="gold")
    op.drop_table("heatmap_tiles", schema="gold")
    op.drop_index("footfall_15m_partition", table_name="footfall_15m", schema="gold")
    op.drop_table("footfall_15m", schema="gold")
    op.drop_index("coverage_partition", table_name="coverage", schema="gold")
    op.drop_table("coverage", schema="gold")
