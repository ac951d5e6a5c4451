"""Silver: each event once, at its corrected time, on its store's local business day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import polars as pl

from contracts.events import TYPE_OF, TYPES, Retraction
from orchestration.defs.events.transforms.local_time import with_business_date

RETRACTION = TYPE_OF[Retraction]
REACH = dt.timedelta(days=1)
"""How far local days of all time zones reach beyond the UTC day of the same date."""
_ORDER = ["received_at", "boot_id", "seq", "line"]


def window(day: dt.date) -> tuple[dt.datetime, dt.datetime]:
    """UTC instants between which every event of the local `day` lies, in any time zone."""
    start = dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC)
    return start - REACH, start + dt.timedelta(days=1) + REACH


def silver_of(bronze: pl.DataFrame, zones: Mapping[str, str], day: dt.date) -> pl.DataFrame:
    """The events of one local `day`, sorted by store, time and id.

    `bronze` holds at least the rows in `window(day)` and all retractions of those stores.
    Of events with one id the first received stays. `state` is `counted`, `retracted` (another
    event took it back) or `unknown` (a type that this version does not know, kept aside).
    """
    shift = pl.duration(microseconds=(pl.col("shift_s") * 1e6).round().cast(pl.Int64))
    once = bronze.sort(_ORDER).unique(["store_id", "event_id"], keep="first", maintain_order=True)
    return (
        with_business_date(once, zones)
        .filter(pl.col("business_date") == day)
        .join(_retracted(bronze), on=["store_id", "event_id"], how="left")
        .with_columns(
            state=pl.when(pl.col("retracted"))
            .then(pl.lit("retracted"))
            .when(pl.col("type").is_in(list(TYPES)))
            .then(pl.lit("counted"))
            .otherwise(pl.lit("unknown")),
            time=pl.col("time") + shift,
            recordedtime=pl.col("recordedtime") + shift,
        )
        .drop("retracted", "hour")
        .sort("store_id", "at", "event_id")
    )


def retracted_ids(bronze: pl.DataFrame) -> pl.DataFrame:
    """(store_id, event_id) that the retractions in `bronze` take back."""
    target = pl.col("data").str.json_path_match("$.event_id")
    rows = bronze.filter(pl.col("type") == RETRACTION)
    return rows.select("store_id", event_id=target).unique()


def _retracted(bronze: pl.DataFrame) -> pl.DataFrame:
    return retracted_ids(bronze).with_columns(retracted=pl.lit(True))
