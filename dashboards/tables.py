"""The tables beside the charts, as they are shown and downloaded."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from dashboards.hours import Hour

_STATES = {"ahead": "not yet", "partial": "partly watched", "missing": "not watched"}


def hour_table(hours: Sequence[Hour]) -> pl.DataFrame:
    """One row per trading hour: counts are null, not zero, where nobody watched."""
    rows = [
        (
            h.day,
            f"{h.hour:02d}:00",
            h.entries,
            h.exits,
            _STATES.get(h.state, h.state),
            _share(h.watched),
            _round(h.estimate.value if h.estimate else None),
            _round(h.estimate.low if h.estimate else None),
            _round(h.estimate.high if h.estimate else None),
            h.peak,
            h.visits,
            _round(h.dwell_s / h.dwell_visits if h.dwell_visits else None),
            _share(h.coverage),
        )
        for h in hours
    ]
    schema = {
        "day": pl.Date,
        "hour": pl.String,
        "entries": pl.Int64,
        "exits": pl.Int64,
        "state": pl.String,
        "door_coverage": pl.Float64,
        "entries_estimated": pl.Float64,
        "estimate_low": pl.Float64,
        "estimate_high": pl.Float64,
        "peak_occupancy": pl.Int64,
        "zone_visits": pl.Int64,
        "mean_dwell_s": pl.Float64,
        "camera_coverage": pl.Float64,
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 1)


def _share(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
