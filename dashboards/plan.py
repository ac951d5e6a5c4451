"""The floor plan and the presence on it: cells, unseen floor, zones and top spots."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date
from typing import Any

import msgspec
import polars as pl

from contracts.events import GeometryChanged, PlanShape
from contracts.geometry import Polygon
from dashboards import words

Box = tuple[float, float, float, float]
_PATCH_M = 1.0


class Floor(msgspec.Struct, frozen=True):
    """Presence on a plan; `seconds[y][x]` is NaN for floor that no camera sees."""

    plan: GeometryChanged
    seconds: list[list[float]]

    @property
    def cell_area_m2(self) -> float:
        """Square metres of one cell."""
        return self.plan.cell_m**2

    @property
    def total_s(self) -> float:
        """Person-seconds on the whole seen floor."""
        return sum(value for row in self.seconds for value in row if not math.isnan(value))


def plan_from(payload: dict[str, Any]) -> GeometryChanged | None:
    """The plan as it stands in gold; None where there is none or it cannot be drawn."""
    try:
        plan = msgspec.convert(payload, GeometryChanged)
    except msgspec.ValidationError:
        return None
    return plan if plan.width_m > 0 and plan.depth_m > 0 and plan.cell_m > 0 else None


def floor_of(plan: GeometryChanged, cells: pl.DataFrame) -> Floor:
    """Lay summed tiles (columns x, y, seconds) on the plan: 0 where seen and nobody stood."""
    width = math.ceil(plan.width_m / plan.cell_m - 1e-9)
    depth = math.ceil(plan.depth_m / plan.cell_m - 1e-9)
    seconds = [[0.0 if _seen(plan, x, y) else math.nan for x in range(width)] for y in range(depth)]
    for x, y, value in cells.select("x", "y", "seconds").iter_rows():
        if 0 <= x < width and 0 <= y < depth:
            seconds[y][x] = value
    return Floor(plan, seconds)


def unseen_boxes(floor: Floor) -> list[Box]:
    """Unseen floor in metres, as few rectangles: runs of a row, joined downwards."""
    cell, done = floor.plan.cell_m, []
    growing: dict[tuple[int, int], int] = {}
    for y, row in enumerate([*floor.seconds, []]):
        runs = _nan_runs(row)
        for run in [run for run in growing if run not in runs]:
            done.append((run[0] * cell, growing.pop(run) * cell, run[1] * cell, y * cell))
        for run in runs:
            growing.setdefault(run, y)
    return done


def cell_table(floor: Floor) -> pl.DataFrame:
    """One row per cell for a download; `seconds` is null where no camera looks."""
    cell = floor.plan.cell_m
    rows = [
        (
            x,
            y,
            round(x * cell, 3),
            round(y * cell, 3),
            not math.isnan(value),
            None if math.isnan(value) else round(value, 3),
        )
        for y, row in enumerate(floor.seconds)
        for x, value in enumerate(row)
    ]
    names = {"x": pl.Int64, "y": pl.Int64, "left_m": pl.Float64, "top_m": pl.Float64}
    return pl.DataFrame(
        rows, schema={**names, "seen": pl.Boolean, "seconds": pl.Float64}, orient="row"
    )


def zone_table(zones: pl.DataFrame, hours: Sequence[int]) -> pl.DataFrame:
    """Per zone: visits, median and p90 dwell (middle of the hours, by visits), total seconds."""
    inside = zones.filter(pl.col("local_start").dt.hour().is_in(list(hours)))
    rows = []
    for (zone,), part in sorted(inside.group_by("zone")):
        whole = part.filter(pl.col("median_s").is_not_null()).to_dicts()
        weights = [row["visits"] - row["censored"] for row in whole]
        rows.append(
            (
                zone,
                part["visits"].sum(),
                _middle([row["median_s"] for row in whole], weights),
                _middle([row["p90_s"] for row in whole], weights),
                part["total_s"].sum(),
                part["censored"].sum(),
            )
        )
    numbers = dict.fromkeys(("median_s", "p90_s", "total_s"), pl.Float64)
    schema = {"zone": pl.String, "visits": pl.Int64, **numbers, "censored": pl.Int64}
    return pl.DataFrame(rows, schema=schema, orient="row").sort("visits", descending=True)


def top_spot(floor: Floor) -> str | None:
    """A sentence about the busiest square metre, None while nobody stood anywhere."""
    total = floor.total_s
    if total <= 0:
        return None
    side = max(1, round(_PATCH_M / floor.plan.cell_m))
    best, x, y = _best_patch(floor.seconds, side)
    middle = ((x + side / 2) * floor.plan.cell_m, (y + side / 2) * floor.plan.cell_m)
    return (
        f"People spent most time **{_place(floor.plan, middle)}**: "
        f"{words.seconds(best)} on one square metre, {words.share(best / total)} of all "
        f"time on the floor ({words.seconds(total)})."
    )


def days_text(first: date, last: date) -> str:
    """`Mon 16 Nov` or `Mon 16 Nov – Sun 22 Nov`."""
    if first == last:
        return words.short_day(first)
    return f"{words.short_day(first)} – {words.short_day(last)}"


def _seen(plan: GeometryChanged, x: int, y: int) -> bool:
    return y < len(plan.seen_cells) and plan.seen_cells[y][x : x + 1] == "1"


def _nan_runs(row: Sequence[float]) -> list[tuple[int, int]]:
    runs, start = [], None
    for x, value in enumerate([*row, 0.0]):
        if math.isnan(value) and start is None:
            start = x
        elif not math.isnan(value) and start is not None:
            runs.append((start, x))
            start = None
    return runs


def _middle(values: Sequence[float], weights: Sequence[int]) -> float | None:
    """Weighted median: the value at half of the weight."""
    rest = sum(weights) / 2
    for value, weight in sorted(zip(values, weights, strict=True)):
        rest -= weight
        if rest <= 0:
            return value
    return None


def _best_patch(seconds: list[list[float]], side: int) -> tuple[float, int, int]:
    """(sum, x, y) of the square of `side` cells that holds most presence."""
    depth, width = len(seconds), len(seconds[0])
    best = (-1.0, 0, 0)
    for y in range(max(1, depth - side + 1)):
        for x in range(max(1, width - side + 1)):
            patch = [v for row in seconds[y : y + side] for v in row[x : x + side]]
            best = max(best, (sum(v for v in patch if not math.isnan(v)), x, y))
    return best


def _place(plan: GeometryChanged, point: tuple[float, float]) -> str:
    """`in zone Till`, `at Shelf A` or a distance from the corner, for a point in metres."""
    for zone in plan.zones:
        if len(zone.points_m) >= 3 and Polygon(tuple(zone.points_m)).contains(point):
            return f"in the zone {words.plain(zone.name)}"
    near = min(plan.fixtures + plan.doors, key=lambda s: _distance(s, point), default=None)
    if near is not None and _distance(near, point) < 2.0:
        return f"at {words.plain(near.name)}"
    return f"{point[0]:.0f} m from the left and {point[1]:.0f} m from the top of the plan"


def _distance(shape: PlanShape, point: tuple[float, float]) -> float:
    """Metres to the nearest corner or middle of the shape."""
    xs, ys = zip(*shape.points_m, strict=True) if shape.points_m else ((math.inf,), (math.inf,))
    middle = (sum(xs) / len(xs), sum(ys) / len(ys))
    return min(math.dist(corner, point) for corner in (*shape.points_m, middle))
