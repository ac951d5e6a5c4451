"""Occupancy, zone dwell and the heatmap: where people are and how long they stay."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from contracts.events import HeatmapTile, OccupancySampled, ZoneVisit
from orchestration.defs.events.transforms.local_time import QUARTER, with_local_hour
from orchestration.defs.events.transforms.payloads import counted


def occupancy_of(silver: pl.DataFrame) -> pl.DataFrame:
    """Rows of gold `occupancy_15m`: mean, maximum and last sample of each quarter."""
    samples = counted(silver, OccupancySampled).sort("store_id", "at", "occupancy")
    keys = ["store_id", "bucket_start"]
    return (
        samples.with_columns(bucket_start=pl.col("at").dt.truncate(QUARTER))
        .group_by(keys, maintain_order=True)
        .agg(
            mean=pl.col("occupancy").mean().round(6),
            maximum=pl.col("occupancy").max(),
            last=pl.col("occupancy").last(),
        )
        .sort(keys)
    )


def zone_dwell_of(silver: pl.DataFrame, zones: Mapping[str, str]) -> pl.DataFrame:
    """Rows of gold `zone_dwell`, by the local hour in which the visit began.

    Quantiles interpolate linearly. Visits whose end was not seen are counted in `visits`,
    `censored` and `total_s`, and left out of the rest.
    """
    visits = with_local_hour(counted(silver, ZoneVisit), zones).with_columns(
        pl.col("censored").fill_null(value=False)
    )
    keys = ["store_id", "hour_start", "zone"]
    whole = pl.col("dwell_s").filter(~pl.col("censored"))
    return (
        visits.sort("at", "dwell_s")
        .group_by(keys, maintain_order=True)
        .agg(
            visits=pl.len(),
            censored=pl.col("censored").sum(),
            total_s=pl.col("dwell_s").sum().round(6),
            mean_s=whole.mean().round(6),
            median_s=whole.quantile(0.5, "linear").round(6),
            p90_s=whole.quantile(0.9, "linear").round(6),
        )
        .sort(keys)
    )


def heatmap_of(silver: pl.DataFrame, zones: Mapping[str, str]) -> pl.DataFrame:
    """Rows of gold `heatmap_tiles`: seconds per cell, by the local hour of the window's begin."""
    tiles = with_local_hour(counted(silver, HeatmapTile), zones)
    keys = ["store_id", "hour_start", "kind", "x", "y"]
    return (
        tiles.explode("x", "y", "seconds")
        .drop_nulls("x")
        .group_by(keys, maintain_order=True)
        .agg(seconds=pl.col("seconds").sum().round(6))
        .sort(keys)
    )
