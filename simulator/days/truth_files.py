"""A day's truth as Parquet, one file for each kind of record; times are UTC."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from simulator.days.records import (
    DayCrossing,
    DayQueue,
    DaySale,
    DayStay,
    DayTrip,
    DayTruth,
    DayVisit,
    Inside,
    Sighting,
)

if TYPE_CHECKING:
    import polars as pl

TABLES = (
    "crossings", "visits", "zone_stays", "queue_episodes", "occupancy", "transactions",
    "sightings", "trips", "heatmap",
)  # fmt: skip


def write_truth(folder: Path, truth: DayTruth) -> list[Path]:
    """Write every table of `TABLES` into `folder`, empty ones too; polars is needed."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, table in tables_of(truth).items():
        path = folder / f"{name}.parquet"
        table.write_parquet(path, compression="zstd")
        written.append(path)
    return written


def tables_of(truth: DayTruth) -> dict[str, pl.DataFrame]:
    """The truth as data frames, by name."""
    return {
        "crossings": _frame(truth.crossings, DayCrossing),
        "visits": _visits(truth.visits),
        "zone_stays": _frame(truth.zone_stays, DayStay),
        "queue_episodes": _frame(truth.queue_episodes, DayQueue),
        "occupancy": _frame(truth.occupancy, Inside),
        "transactions": _frame(truth.transactions, DaySale),
        "sightings": _frame(truth.sightings, Sighting),
        "trips": _frame(truth.trips, DayTrip),
        "heatmap": _heatmap(truth),
    }


def _visits(visits: Sequence[DayVisit]) -> pl.DataFrame:
    import polars as pl

    table = _frame(visits, DayVisit, leave_out=("doors",))
    doors = [
        pl.Series("entry_door", [visit.doors[0] for visit in visits], pl.String),
        pl.Series("exit_door", [visit.doors[1] for visit in visits], pl.String),
    ]
    return table.with_columns(doors)


def _frame(
    records: Sequence[msgspec.Struct],
    kind: type[msgspec.Struct],
    leave_out: tuple[str, ...] = (),
) -> pl.DataFrame:
    """Columns by the record's types; whatever is called `at` or ends in `_at` becomes a time."""
    import polars as pl

    types = {
        bool: pl.Boolean, int: pl.Int64, float: pl.Float64, str: pl.String,
        float | None: pl.Float64,
    }  # fmt: skip
    columns = []
    for field in msgspec.structs.fields(kind):
        if field.name in leave_out:
            continue
        values = [getattr(record, field.name) for record in records]
        series = pl.Series(field.name, values, types.get(field.type, pl.String))
        if field.name == "at" or field.name.endswith("_at"):
            micros = (series * 1e6).round(0).cast(pl.Int64)
            series = micros.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
        columns.append(series)
    return pl.DataFrame(columns)


def _heatmap(truth: DayTruth) -> pl.DataFrame:
    """One row for each cell of the plan: its column x, row y, seconds, and whether it is seen."""
    import polars as pl

    y, x = np.indices(truth.seen.shape)
    return pl.DataFrame(
        {
            "x": x.ravel(),
            "y": y.ravel(),
            "seconds": truth.heatmap.ravel(),
            "seen": truth.seen.ravel(),
            "cell_m": np.full(x.size, truth.cell_m),
        }
    )
