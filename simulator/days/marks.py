"""What lies on the legs of a ground: the doors and zones that somebody passes who walks them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from simulator.days.ground import Ground
from simulator.days.paths import Array, rounded
from simulator.days.records import CELL_M
from simulator.plan import Doorway

Direction = Literal["in", "out"]


@dataclass(frozen=True)
class Marks:
    """What lies on a leg: crossings (metres, door, direction), zones (number, from, to metres).

    `cells` are the plan's cells, numbered row by row, of points that are evenly apart; what is
    outside has the number after the last.
    """

    crossings: tuple[tuple[float, str, Direction], ...]
    zones: tuple[tuple[int, float, float], ...]
    cells: list[int]
    length_m: float


class Marked:
    """The marks of every leg of a ground, each made once."""

    def __init__(self, ground: Ground) -> None:
        self._ground, self._plan = ground, ground.plan
        self._known: dict[tuple[int, int], Marks] = {}

    def leg(self, start: int, goal: int) -> Marks:
        """Marks of the way from one node to another."""
        known = self._known.get((start, goal))
        if known is None:
            known = self._known[start, goal] = self._marks(start, goal)
        return known

    def zones_at(self, node: int) -> list[int]:
        """Zones in which a node lies."""
        x, y = self._ground.nodes[node][:2]
        return [n for n, zone in enumerate(self._plan.zones) if zone.contains(x, y)]

    def cells(self, start: int, goal: int) -> list[int]:
        """Cells of a leg, or of a node where both are one."""
        if start != goal:
            return self.leg(start, goal).cells
        return self._numbered(np.array([self._ground.nodes[start][:2]]))

    @property
    def shape(self) -> tuple[int, int]:
        """Cells down and across the plan."""
        return round(self._plan.depth_m / CELL_M), round(self._plan.width_m / CELL_M)

    def _numbered(self, points: Array) -> list[int]:
        rows, columns = self.shape
        column, row = np.floor(points / CELL_M).astype(int).T
        good = (row >= 0) & (row < rows) & (column >= 0) & (column < columns)
        return list(np.where(good, row * columns + column, rows * columns).tolist())

    def _marks(self, start: int, goal: int) -> Marks:
        way = rounded(self._ground.leg(start, goal).points)
        crossings = [
            crossing
            for door in self._plan.doors
            for crossing in _crossed(door, self._plan.depth_m, way.points, way.along)
        ]
        zones = []
        for number, zone in enumerate(self._plan.zones):
            inside = np.array([zone.contains(float(x), float(y)) for x, y in way.points])
            zones += [(number, *span) for span in _spans(inside, way.along)]
        return Marks(
            crossings=tuple(sorted(crossings)),
            zones=tuple(zones),
            cells=self._numbered(way.points),
            length_m=float(way.along[-1]),
        )


def _crossed(
    door: Doorway, depth_m: float, points: Array, along: Array
) -> Iterator[tuple[float, str, Direction]]:
    """Both lines of the pair passed in order: (metres at the second, door, direction)."""
    deep = np.array([door.inside_m(depth_m, float(y)) for y in points[:, 1]])
    passed = []
    for inner, at in ((False, door.outer_m), (True, door.inner_m)):
        for index in np.flatnonzero((deep[:-1] < at) != (deep[1:] < at)).tolist():
            share = (at - deep[index]) / (deep[index + 1] - deep[index])
            x = points[index, 0] + share * (points[index + 1, 0] - points[index, 0])
            if door.from_m - door.overhang_m <= x <= door.to_m + door.overhang_m:
                metres = along[index] + share * (along[index + 1] - along[index])
                passed.append((float(metres), inner, bool(deep[index + 1] > deep[index])))
    begun: bool | None = None
    for metres, inner, inward in sorted(passed):
        first = inner != inward
        if not first and begun == inward:
            yield metres, door.name, "in" if inward else "out"
        begun = inward if first else None


def _spans(inside: np.ndarray, along: Array) -> list[tuple[float, float]]:
    """(from, to) metres of each run of points inside."""
    edges = np.diff(np.concatenate([[0], inside.astype(np.int8), [0]]))
    first, after = np.flatnonzero(edges > 0), np.flatnonzero(edges < 0)
    half = along[1] / 2
    return [
        (max(0.0, float(along[i] - half)), min(float(along[-1]), float(along[j - 1] + half)))
        for i, j in zip(first.tolist(), after.tolist(), strict=True)
    ]
