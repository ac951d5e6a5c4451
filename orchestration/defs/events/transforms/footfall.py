"""Footfall: crossings per door and quarter of an hour, null where nobody was watching."""

from __future__ import annotations

import polars as pl

from contracts.events import GeometryChanged, LineCrossed
from orchestration.defs.events.transforms.coverage import camera_minutes
from orchestration.defs.events.transforms.local_time import QUARTER
from orchestration.defs.events.transforms.payloads import counted

_KEYS = ["store_id", "bucket_start", "door"]
_DOORS = {"store_id": pl.String, "door": pl.String, "camera": pl.String}


def doors_of_plans(plans: list[tuple[str, list[tuple[str, str]]]]) -> pl.DataFrame:
    """(store_id, door, camera) of plans given as (store, [(door, camera), …])."""
    rows = [(store, door, camera) for store, doors in plans for door, camera in doors]
    return pl.DataFrame(rows, schema=_DOORS, orient="row")


def footfall_of(silver: pl.DataFrame, earlier_doors: pl.DataFrame) -> pl.DataFrame:
    """Rows of gold `footfall_15m`.

    `earlier_doors` (store_id, door, camera) were on the plan before this day. A door has a row
    in each quarter in which its camera was expected to watch or somebody crossed. Counts are
    null where the camera observed nothing and nobody crossed; `coverage` is null where nothing
    was expected. A door whose camera is not known is judged by all cameras of its store.
    Crossings that are known to be staff's are not counted.
    """
    crossings = counted(silver, LineCrossed).with_columns(
        bucket_start=pl.col("at").dt.truncate(QUARTER)
    )
    watched = _watched(silver, _doors(silver, crossings, earlier_doors))
    customers = crossings.filter(~pl.col("staff").fill_null(value=False))
    counts = customers.group_by(_KEYS).agg(
        seen_in=(pl.col("direction") == "in").sum(), seen_out=(pl.col("direction") == "out").sum()
    )
    known = (pl.col("coverage") > 0) | pl.col("seen_in").is_not_null()
    return (
        watched.join(counts, on=_KEYS, how="full", coalesce=True)
        .with_columns(known=known.fill_null(value=False))
        .select(
            *_KEYS,
            entries=pl.when("known").then(pl.col("seen_in").fill_null(0)).cast(pl.Int64),
            exits=pl.when("known").then(pl.col("seen_out").fill_null(0)).cast(pl.Int64),
            coverage=pl.col("coverage").round(6),
        )
        .sort(_KEYS)
    )


def _doors(
    silver: pl.DataFrame, crossings: pl.DataFrame, earlier_doors: pl.DataFrame
) -> pl.DataFrame:
    """Every door with its cameras; an unnamed camera ("") only where no named one is known."""
    planned = (
        counted(silver, GeometryChanged)
        .explode("doors")
        .drop_nulls("doors")
        .select(
            "store_id",
            door=pl.col("doors").struct.field("name"),
            camera=pl.col("doors").struct.field("camera").fill_null(""),
        )
    )
    doors = pl.concat([earlier_doors, planned, crossings.select(list(_DOORS))]).unique()
    named = (pl.col("camera") != "").any().over("store_id", "door")
    return doors.filter((pl.col("camera") != "") | ~named)


def _watched(silver: pl.DataFrame, doors: pl.DataFrame) -> pl.DataFrame:
    """(store_id, bucket_start, door, coverage) of the quarters in which watching was expected."""
    minutes = camera_minutes(silver).with_columns(bucket_start=pl.col("at").dt.truncate(QUARTER))
    named = doors.filter(pl.col("camera") != "").join(minutes, on=["store_id", "camera"])
    unnamed = doors.filter(pl.col("camera") == "").drop("camera").join(minutes, on="store_id")
    columns = [*_KEYS, "expected_s", "observed_s"]
    return (
        pl.concat([named.select(columns), unnamed.select(columns)])
        .group_by(_KEYS)
        .agg(pl.col("expected_s", "observed_s").sum())
        .filter(pl.col("expected_s") > 0)
        .select(*_KEYS, coverage=pl.col("observed_s") / pl.col("expected_s"))
    )
