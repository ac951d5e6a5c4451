"""One day × region from bronze to silver and from silver to gold, each checked as written."""

from __future__ import annotations

import datetime as dt

import msgspec
import polars as pl
import sqlalchemy as sa

from contracts.events import LineCrossed
from orchestration.defs.events import ledger
from orchestration.defs.events.claims import TABLE as BRONZE_TABLE
from orchestration.defs.events.stores import doors_before, zones_of
from orchestration.defs.events.transforms.coverage import coverage_of
from orchestration.defs.events.transforms.footfall import doors_of_plans, footfall_of
from orchestration.defs.events.transforms.local_time import with_business_date
from orchestration.defs.events.transforms.payloads import counted
from orchestration.defs.events.transforms.people import heatmap_of, occupancy_of, zone_dwell_of
from orchestration.defs.events.transforms.silver import RETRACTION, silver_of, window
from orchestration.storage import tables
from orchestration.storage.gold import replace_day
from orchestration.storage.lake import Lake
from orchestration.storage.ledger import alone

TABLE = "silver_events"


class SilverMade(msgspec.Struct, frozen=True):
    """What silver holds of one day × region, read back, beside what bronze says it should."""

    day: str
    region: str
    rows: int
    expected: int
    repeated: int
    out_of_range: int
    states: dict[str, int]

    @property
    def sound(self) -> bool:
        """True if gold may be made of it."""
        return self.rows == self.expected and not self.repeated and not self.out_of_range


class GoldMade(msgspec.Struct, frozen=True):
    """Rows by gold table, and the crossings on both sides; nothing is saved if they differ."""

    day: str
    region: str
    rows: dict[str, int]
    entries: int
    exits: int
    crossings: int

    @property
    def conserved(self) -> bool:
        """True if every counted crossing is in gold once, and nothing else."""
        return self.entries + self.exits == self.crossings


def make_silver(database: sa.Engine, lake: Lake, day: dt.date, region: str) -> SilverMade:
    """Replace silver's (day, region) from bronze; its version moves on only if it is sound."""
    with alone(database, f"silver {day} {region}"):
        return _make_silver(database, lake, day, region)


def _make_silver(database: sa.Engine, lake: Lake, day: dt.date, region: str) -> SilverMade:
    with database.begin() as connection:
        version = ledger.version(connection, day, region, "touched")
        zones = zones_of(connection, region)
    bronze = _bronze(lake, day, region)
    silver = silver_of(bronze, zones, day).with_columns(region=pl.lit(region))
    lake.replace(TABLE, silver, {"business_date": day, "region": region})
    written = read_silver(lake, day, region)
    made = SilverMade(
        day=day.isoformat(),
        region=region,
        rows=written.height,
        expected=_expected(bronze, zones, day),
        repeated=written.height - written.select("store_id", "event_id").n_unique(),
        out_of_range=_out_of_range(written, zones, day),
        states=dict(sorted(written["state"].value_counts().iter_rows())),
    )
    if made.sound:
        with database.begin() as connection:
            ledger.mark(connection, day, region, "silver", version)
    return made


def make_gold(database: sa.Engine, lake: Lake, day: dt.date, region: str) -> GoldMade:
    """Replace gold's (day, region) in one transaction, undone if a crossing got lost."""
    with alone(database, f"gold {day} {region}"):
        return _make_gold(database, lake, day, region)


def _make_gold(database: sa.Engine, lake: Lake, day: dt.date, region: str) -> GoldMade:
    # the version first: a silver replaced while we read only makes gold be asked for again
    with database.connect() as connection, connection.begin() as transaction:
        version = ledger.version(connection, day, region, "silver")
        silver = read_silver(lake, day, region)
        frames = _gold_frames(connection, silver, day, region)
        rows = {
            table.name: replace_day(connection, table, day, region, frames[table.name])
            for table in tables.GOLD
        }
        entries, exits = _crossings(connection, day, region)
        made = GoldMade(
            day=day.isoformat(),
            region=region,
            rows=rows,
            entries=entries,
            exits=exits,
            crossings=counted(silver, LineCrossed).height,
        )
        if made.conserved:
            ledger.mark(connection, day, region, "gold", version)
        else:
            transaction.rollback()
    return made


def read_silver(lake: Lake, day: dt.date, region: str) -> pl.DataFrame:
    """Silver's rows of one day × region in their order."""
    scan = lake.scan(TABLE)
    if scan is None:
        raise RuntimeError("silver was never written")
    own = (pl.col("business_date") == day) & (pl.col("region") == region)
    return scan.filter(own).collect().sort("store_id", "at", "event_id")


def _bronze(lake: Lake, day: dt.date, region: str) -> pl.DataFrame:
    """Bronze's rows that may belong to the day, and all retractions of the region."""
    scan = lake.scan(BRONZE_TABLE)
    if scan is None:
        raise RuntimeError("bronze was never written")
    begin, end = window(day)
    near = (pl.col("at") >= begin) & (pl.col("at") < end)
    return scan.filter(
        (pl.col("region") == region) & (near | (pl.col("type") == RETRACTION))
    ).collect()


def _expected(bronze: pl.DataFrame, zones: dict[str, str], day: dt.date) -> int:
    """Distinct ids of the day in bronze, found by another road than silver's."""
    order = pl.struct("received_at", "boot_id", "seq", "line")
    first = bronze.group_by("store_id", "event_id").agg(pl.col("at").sort_by(order).first())
    return with_business_date(first, zones).filter(pl.col("business_date") == day).height


def _out_of_range(silver: pl.DataFrame, zones: dict[str, str], day: dt.date) -> int:
    again = with_business_date(silver.drop("business_date"), zones)
    wrong = (pl.col("business_date") != day) | pl.col("event_id").is_null()
    late = pl.col("at") > pl.col("received_at") + dt.timedelta(minutes=5)
    return again.filter(wrong | late).height


def _gold_frames(
    connection: sa.Connection, silver: pl.DataFrame, day: dt.date, region: str
) -> dict[str, pl.DataFrame]:
    zones = zones_of(connection, region)
    begins = dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC)
    doors = doors_of_plans(doors_before(connection, region, begins))
    present = doors.filter(pl.col("store_id").is_in(silver["store_id"].unique().implode()))
    return {
        "footfall_15m": footfall_of(silver, present),
        "occupancy_15m": occupancy_of(silver),
        "zone_dwell": zone_dwell_of(silver, zones),
        "heatmap_tiles": heatmap_of(silver, zones),
        "coverage": coverage_of(silver, zones),
    }


def _crossings(connection: sa.Connection, day: dt.date, region: str) -> tuple[int, int]:
    table = tables.footfall_15m.c
    total = sa.select(
        sa.func.coalesce(sa.func.sum(table.entries), 0),
        sa.func.coalesce(sa.func.sum(table.exits), 0),
    ).where(table.business_date == day, table.region == region)
    entries, exits = connection.execute(total).one()
    return int(entries), int(exits)
