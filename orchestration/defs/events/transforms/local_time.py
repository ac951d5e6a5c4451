"""Local days and hours of stores in different time zones, right on days of 23 and 25 hours.

Offsets come from Python's `zoneinfo`, asked once per quarter of an hour that occurs: all
offsets since 1972 begin and end on such a quarter.
"""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Mapping

import polars as pl

QUARTER = "15m"


def zone(name: str) -> zoneinfo.ZoneInfo | None:
    """The time zone called `name`, None if there is none."""
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return None


def with_offset(rows: pl.DataFrame, zones: Mapping[str, str], at: str = "at") -> pl.DataFrame:
    """Add `offset` (duration): local time minus UTC at `at`; UTC for stores not in `zones`."""
    keys = rows.select("store_id", quarter=pl.col(at).dt.truncate(QUARTER)).unique()
    known = {store: zone(name) for store, name in zones.items()}
    offsets = [_offset(known.get(store), quarter) for store, quarter in keys.iter_rows()]
    table = keys.with_columns(offset=pl.Series(offsets, dtype=pl.Duration("us")))
    return (
        rows.with_columns(quarter=pl.col(at).dt.truncate(QUARTER))
        .join(table, on=["store_id", "quarter"], how="left", maintain_order="left")
        .drop("quarter")
    )


def with_business_date(rows: pl.DataFrame, zones: Mapping[str, str]) -> pl.DataFrame:
    """Add `business_date`: the local calendar day of `at` in the store's time zone."""
    return (
        with_offset(rows, zones)
        .with_columns(business_date=(pl.col("at") + pl.col("offset")).dt.date())
        .drop("offset")
    )


def with_local_hour(rows: pl.DataFrame, zones: Mapping[str, str]) -> pl.DataFrame:
    """Add `hour_start`: the instant (UTC) at which the local hour of `at` began."""
    local = (pl.col("at") + pl.col("offset")).dt.truncate("1h")
    return with_offset(rows, zones).with_columns(hour_start=local - pl.col("offset")).drop("offset")


def _offset(where: zoneinfo.ZoneInfo | None, instant: dt.datetime) -> dt.timedelta:
    return (where and instant.astimezone(where).utcoffset()) or dt.timedelta(0)
