"""Typed columns out of silver's JSON payloads, one event type at a time."""

from __future__ import annotations

import polars as pl

from contracts.events import (
    TYPE_OF,
    CoverageMinute,
    GeometryChanged,
    HeatmapTile,
    LineCrossed,
    OccupancySampled,
    Payload,
    ZoneVisit,
)

_SHAPE = pl.List(pl.Struct({"name": pl.String, "camera": pl.String}))
_FIELDS: dict[type[Payload], dict[str, pl.DataType | type[pl.DataType]]] = {
    LineCrossed: {
        "door": pl.String,
        "camera": pl.String,
        "direction": pl.String,
        "staff": pl.Boolean,
    },
    ZoneVisit: {"zone": pl.String, "dwell_s": pl.Float64, "censored": pl.Boolean},
    OccupancySampled: {"occupancy": pl.Int64},
    HeatmapTile: {
        "kind": pl.String,
        "x": pl.List(pl.Int64),
        "y": pl.List(pl.Int64),
        "seconds": pl.List(pl.Float64),
    },
    CoverageMinute: {"camera": pl.String, "expected_s": pl.Float64, "observed_s": pl.Float64},
    GeometryChanged: {"doors": _SHAPE},
}


def counted(silver: pl.DataFrame, kind: type[Payload]) -> pl.DataFrame:
    """`store_id`, `at` and the payload's fields of all events of `kind` that count."""
    rows = silver.filter((pl.col("type") == TYPE_OF[kind]) & (pl.col("state") == "counted"))
    shape = pl.Struct(_FIELDS[kind])
    return rows.select("store_id", "at", payload=pl.col("data").str.json_decode(shape)).unnest(
        "payload"
    )
