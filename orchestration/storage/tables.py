"""Tables of the warehouse: the ledger of batches and the gold metrics that reports read.

`ledger.batches` has one row per received batch and is written before the edge gets its ack.
Gold tables are replaced per (business day × region shard), in one transaction.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

metadata = sa.MetaData()
_AT = sa.DateTime(timezone=True)

batches = sa.Table(
    "batches",
    metadata,
    sa.Column("store_id", sa.Text, primary_key=True),
    sa.Column("boot_id", sa.Text, primary_key=True),
    sa.Column("seq", sa.BigInteger, primary_key=True),
    sa.Column("lane", sa.Text, nullable=False),
    sa.Column("sha256", sa.Text, nullable=False),
    sa.Column("records", sa.Integer, nullable=False),
    sa.Column("bytes", sa.BigInteger, nullable=False),
    sa.Column("object_key", sa.Text, nullable=False),
    sa.Column("schema_version", sa.Integer, nullable=False),
    sa.Column("received_at", _AT, nullable=False, server_default=sa.func.now()),
    sa.Column("hour", _AT, nullable=False, comment="received_at cut to the hour: bronze partition"),
    sa.Column("claimed_by", sa.Text, comment="Dagster run that wrote it to bronze"),
    sa.Column("bronze_rows", sa.Integer),
    sa.Column("dead_rows", sa.Integer),
    sa.Index("batches_hour", "hour"),
    schema="ledger",
)

dead_letter_events = sa.Table(
    "dead_letter_events",
    metadata,
    sa.Column("store_id", sa.Text, primary_key=True),
    sa.Column("boot_id", sa.Text, primary_key=True),
    sa.Column("seq", sa.BigInteger, primary_key=True),
    sa.Column("line", sa.Integer, primary_key=True),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Column("received_at", _AT, nullable=False),
    schema="ledger",
)

business_days = sa.Table(
    "business_days",
    metadata,
    sa.Column("business_date", sa.Date, primary_key=True),
    sa.Column("region", sa.Text, primary_key=True),
    sa.Column("touched", sa.BigInteger, nullable=False, comment="counts the runs that changed it"),
    sa.Column("silver", sa.BigInteger, nullable=False, comment="`touched` that silver was made of"),
    sa.Column("gold", sa.BigInteger, nullable=False, comment="`touched` that gold was made of"),
    schema="ledger",
)
"""Which days × region shards wait for silver and gold: those with `gold < touched`."""

plans = sa.Table(
    "plans",
    metadata,
    sa.Column("store_id", sa.Text, primary_key=True),
    sa.Column("changed_at", _AT, primary_key=True),
    sa.Column("region", sa.Text, nullable=False),
    sa.Column("plan", pg.JSONB, nullable=False, comment="the geometry.changed payload"),
    schema="ledger",
)
"""Every plan that a store ever sent: a day that is made again uses the plan of that day."""

stores = sa.Table(
    "stores",
    metadata,
    sa.Column("store_id", sa.Text, primary_key=True),
    sa.Column("region", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("time_zone", sa.Text, nullable=False),
    sa.Column("opens", sa.Text, nullable=False),
    sa.Column("closes", sa.Text, nullable=False),
    sa.Column("plan", pg.JSONB, nullable=False, comment="the newest geometry.changed payload"),
    sa.Column("changed_at", _AT, nullable=False),
    schema="gold",
)


def _gold(name: str, *columns: sa.Column[object]) -> sa.Table:
    """A gold table: every row belongs to one region shard, store and local business day."""
    return sa.Table(
        name,
        metadata,
        sa.Column("region", sa.Text, nullable=False),
        sa.Column("store_id", sa.Text, primary_key=True),
        sa.Column("business_date", sa.Date, primary_key=True),
        *columns,
        sa.Index(f"{name}_partition", "business_date", "region"),
        schema="gold",
    )


footfall_15m = _gold(
    "footfall_15m",
    sa.Column("bucket_start", _AT, primary_key=True),
    sa.Column("door", sa.Text, primary_key=True),
    sa.Column("entries", sa.Integer, comment="null: that door was not watched"),
    sa.Column("exits", sa.Integer, comment="null: that door was not watched"),
    sa.Column("coverage", sa.Float, comment="observed ÷ expected of the door's camera, 0..1"),
)
occupancy_15m = _gold(
    "occupancy_15m",
    sa.Column("bucket_start", _AT, primary_key=True),
    sa.Column("mean", sa.Float, nullable=False),
    sa.Column("maximum", sa.Integer, nullable=False),
    sa.Column("last", sa.Integer, nullable=False),
)
zone_dwell = _gold(
    "zone_dwell",
    sa.Column("hour_start", _AT, primary_key=True),
    sa.Column("zone", sa.Text, primary_key=True),
    sa.Column("visits", sa.Integer, nullable=False, comment="all visits, censored ones too"),
    sa.Column("censored", sa.Integer, nullable=False),
    sa.Column("total_s", sa.Float, nullable=False, comment="seconds of all visits"),
    sa.Column("mean_s", sa.Float, comment="of uncensored visits"),
    sa.Column("median_s", sa.Float, comment="of uncensored visits"),
    sa.Column("p90_s", sa.Float, comment="of uncensored visits"),
)
heatmap_tiles = _gold(
    "heatmap_tiles",
    sa.Column("hour_start", _AT, primary_key=True),
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("x", sa.Integer, primary_key=True),
    sa.Column("y", sa.Integer, primary_key=True),
    sa.Column("seconds", sa.Float, nullable=False),
)
coverage = _gold(
    "coverage",
    sa.Column("hour_start", _AT, primary_key=True),
    sa.Column("camera", sa.Text, primary_key=True),
    sa.Column("expected_minutes", sa.Float, nullable=False),
    sa.Column("observed_minutes", sa.Float, nullable=False),
)

GOLD = (footfall_15m, occupancy_15m, zone_dwell, heatmap_tiles, coverage)
