"""Coverage: expected and observed camera time, the base of every other number's trust."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from contracts.events import CoverageMinute
from orchestration.defs.events.transforms.local_time import with_local_hour
from orchestration.defs.events.transforms.payloads import counted

_MINUTE_S = 60.0


def camera_minutes(silver: pl.DataFrame) -> pl.DataFrame:
    """One row per (store_id, camera, at = begin of the UTC minute) with `expected_s`, `observed_s`.

    An agent that restarts within a minute reports it twice: the parts add up, to at most a
    whole minute, and never is more observed than expected.
    """
    parts = counted(silver, CoverageMinute).with_columns(pl.col("at").dt.truncate("1m"))
    return (
        parts.group_by("store_id", "camera", "at")
        .agg(pl.col("expected_s", "observed_s").sum())
        .with_columns(expected_s=pl.col("expected_s").clip(upper_bound=_MINUTE_S))
        .with_columns(observed_s=pl.min_horizontal("observed_s", "expected_s"))
        .sort("store_id", "camera", "at")
    )


def coverage_of(silver: pl.DataFrame, zones: Mapping[str, str]) -> pl.DataFrame:
    """Rows of gold `coverage`: minutes per local hour and camera."""
    return (
        with_local_hour(camera_minutes(silver), zones)
        .group_by("store_id", "hour_start", "camera")
        .agg(
            expected_minutes=(pl.col("expected_s").sum() / _MINUTE_S).round(6),
            observed_minutes=(pl.col("observed_s").sum() / _MINUTE_S).round(6),
        )
        .sort("store_id", "hour_start", "camera")
    )
