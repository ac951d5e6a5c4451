"""The tables beside the charts, as they are shown and downloaded."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl
import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.elements.lib.column_types import ColumnConfig

from dashboards import words
from dashboards.hours import Hour


def _percent(title: str) -> ColumnConfig:
    return st.column_config.NumberColumn(title, format="percent")


_TITLES: dict[str, ColumnConfig | str] = {
    "day": st.column_config.DateColumn("Day", format="ddd D MMM"),
    "start": st.column_config.DatetimeColumn("Begin", format="HH:mm"),
    "entries": "In",
    "exits": "Out",
    "door_coverage": _percent("Doors watched"),
    "camera_coverage": _percent("Cameras watched"),
    "coverage": _percent("Watched"),
    "entries_estimated": "In, estimated",
    "estimate_low": "from",
    "estimate_high": "to",
    "mean_dwell_s": "Mean dwell (s)",
    "left_m": "Left (m)",
    "top_m": "Top (m)",
}
_STATES = {"ahead": "not yet", "partial": "partly watched", "missing": "not watched"}


def show(place: DeltaGenerator, table: pl.DataFrame, *, height: int = 320) -> None:
    """The table as a reader likes it: plain titles, a dash for null, no column of dashes only."""
    kept = [name for name in table.columns if table[name].null_count() < max(1, len(table))]
    titles: dict[str, ColumnConfig | str] = {
        name: _TITLES.get(name, name.replace("_", " ").capitalize()) for name in kept
    }
    place.dataframe(
        table.select(kept),
        hide_index=True,
        height=height,
        placeholder=words.NOTHING,
        column_config=titles,
    )


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
