"""What the cloud says about the demo's store beside what really happened there."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from orchestration.storage import tables

Grid = npt.NDArray[np.float64]


class Score(msgspec.Struct, frozen=True):
    """`truth` and `measured` have the same keys; `errors` compares them."""

    truth: dict[str, Any]
    measured: dict[str, Any]
    errors: dict[str, float | None]


def read_gold(database_url: str, store: str, shape: tuple[int, int]) -> dict[str, Any]:
    """The store's numbers from the gold tables; `heatmap` is (rows, columns) seconds."""
    engine = sa.create_engine(database_url)
    footfall, zones = tables.footfall_15m, tables.zone_dwell
    occupancy, tiles = tables.occupancy_15m, tables.heatmap_tiles
    with engine.connect() as connection:
        doors = connection.execute(
            sa.select(
                footfall.c.door, sa.func.sum(footfall.c.entries), sa.func.sum(footfall.c.exits)
            )
            .where(footfall.c.store_id == store)
            .group_by(footfall.c.door)
        ).all()
        people = connection.execute(
            sa.select(occupancy.c.maximum, occupancy.c.last)
            .where(occupancy.c.store_id == store)
            .order_by(occupancy.c.bucket_start)
        ).all()
        stays = connection.execute(
            sa.select(zones.c.zone, sa.func.sum(zones.c.visits), sa.func.sum(zones.c.total_s))
            .where(zones.c.store_id == store)
            .group_by(zones.c.zone)
        ).all()
        cells = connection.execute(
            sa.select(tiles.c.x, tiles.c.y, sa.func.sum(tiles.c.seconds))
            .where(tiles.c.store_id == store, tiles.c.kind == "presence")
            .group_by(tiles.c.x, tiles.c.y)
        ).all()
    engine.dispose()
    heatmap = np.zeros(shape)
    for x, y, seconds in cells:
        if 0 <= y < shape[0] and 0 <= x < shape[1]:
            heatmap[y, x] += seconds
    return {
        "entries": sum(int(row[1] or 0) for row in doors),
        "exits": sum(int(row[2] or 0) for row in doors),
        "occupancy": int(people[-1].last) if people else 0,
        "doors": {row[0]: {"in": int(row[1] or 0), "out": int(row[2] or 0)} for row in doors},
        "zones": {row[0]: {"visits": int(row[1]), "dwell_s": float(row[2])} for row in stays},
        "heatmap": heatmap,
    }


def score(truth: dict[str, Any], measured: dict[str, Any], cell_m: float) -> Score:
    """Compare two readings of the shape that `read_gold` returns; heatmaps become totals."""
    counted = truth["entries"]
    dwell = sum(zone["dwell_s"] for zone in truth["zones"].values())
    off = sum(
        abs(measured["zones"].get(name, {"dwell_s": 0.0})["dwell_s"] - zone["dwell_s"])
        for name, zone in truth["zones"].items()
    )
    doors = {*truth["doors"], *measured["doors"]}
    none = {"in": 0, "out": 0}
    gross = sum(
        abs(truth["doors"].get(door, none)[way] - measured["doors"].get(door, none)[way])
        for door in doors
        for way in ("in", "out")
    )
    step = max(1, round(1.0 / cell_m))
    errors = {
        "footfall_pct": _pct(measured["entries"], counted),
        "exits_pct": _pct(measured["exits"], truth["exits"]),
        "crossings_wrong": float(gross),
        "occupancy": float(measured["occupancy"] - truth["occupancy"]),
        "zone_dwell_pct": 100.0 * off / dwell if dwell else None,
        "heatmap_spearman": spearman(
            pooled(truth["heatmap"], step), pooled(measured["heatmap"], step)
        ),
        "heatmap_spearman_cells": spearman(truth["heatmap"], measured["heatmap"]),
        "heatmap_seconds_pct": _pct(measured["heatmap"].sum(), truth["heatmap"].sum()),
    }
    return Score(_without_grid(truth), _without_grid(measured), errors)


def spearman(a: Grid, b: Grid) -> float | None:
    """Rank correlation of two grids; None where one of them is flat."""
    from scipy.stats import spearmanr

    if np.ptp(a) == 0 or np.ptp(b) == 0:
        return None
    return float(spearmanr(a.ravel(), b.ravel()).statistic)


def pooled(grid: Grid, step: int) -> Grid:
    """Sum over step × step cells; the ragged border is padded with zeros."""
    rows, columns = (-(-side // step) * step for side in grid.shape)
    padded = np.zeros((rows, columns))
    padded[: grid.shape[0], : grid.shape[1]] = grid
    blocks = padded.reshape(rows // step, step, columns // step, step)
    return np.asarray(blocks.sum(axis=(1, 3)))


def _pct(measured: float, truth: float) -> float | None:
    return 100.0 * float(measured - truth) / float(truth) if truth else None


def _without_grid(reading: dict[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in reading.items() if key != "heatmap"}
    return {**kept, "presence_s": float(reading["heatmap"].sum())}
