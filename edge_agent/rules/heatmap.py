"""Presence per floor cell: seconds that people's feet were in it.

A cell that several cameras see belongs to the one with the finest view of it, so that a
person in an overlap weighs once. Ownership follows from the configuration alone.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import msgspec

from contracts.errors import ConfigError
from contracts.geometry import Homography, Point
from contracts.store import Camera, FloorPlan

MAX_STEP_S = 1.0
FEET_CUT = 0.99
"""Below this fraction of the picture's height the feet may be cut off: no floor point."""
LATE_S = 2.0

Cell = tuple[int, int]


class View:
    """How one calibrated camera sees the floor."""

    def __init__(self, camera: Camera) -> None:
        self.camera = camera.id
        to_floor = camera.homography
        if to_floor is None:
            raise ConfigError(f"camera {camera.id} has no floor calibration")
        self._to_floor = to_floor
        self._to_picture = to_floor.inverse()
        self._pixels = camera.size[0] * camera.size[1]

    def floor_of(self, anchor: Point) -> Point | None:
        """Floor metres of an anchor in picture fractions; None above the horizon."""
        return self._to_floor.apply(anchor)

    def square_metres_per_pixel(self, place: Point) -> float | None:
        """How coarse the camera's picture is at a floor point; None where it sees no feet.

        The area scale of a homography H at an image point is |det H| / w³.
        """
        seen = self._to_picture.apply(place)
        if seen is None or not (0 <= seen[0] <= 1 and 0 <= seen[1] <= FEET_CUT):
            return None
        g, h, i = self._to_floor.rows[6:]
        w = g * seen[0] + h * seen[1] + i
        if w <= 0:
            return None
        return abs(_determinant(self._to_floor)) / w**3 / self._pixels


class Grid(NamedTuple):
    """The plan's cells, `columns` × `rows` of `cell_m`; owners maps a seen cell to a camera."""

    cell_m: float
    columns: int
    rows: int
    owners: dict[Cell, str]

    def cell_of(self, place: Point) -> Cell | None:
        """The cell of a floor point; None outside the plan."""
        x, y = math.floor(place[0] / self.cell_m), math.floor(place[1] / self.cell_m)
        return (x, y) if 0 <= x < self.columns and 0 <= y < self.rows else None


def grid_of(plan: FloorPlan, views: list[View]) -> Grid:
    """Share the plan's cells out among the cameras: the finest view of its centre owns a cell."""
    columns = math.ceil(plan.width_m / plan.cell_m - 1e-9)
    rows = math.ceil(plan.depth_m / plan.cell_m - 1e-9)
    owners: dict[Cell, str] = {}
    for x in range(columns):
        for y in range(rows):
            centre = ((x + 0.5) * plan.cell_m, (y + 0.5) * plan.cell_m)
            seen = [
                (coarse, view.camera)
                for view in views
                if (coarse := view.square_metres_per_pixel(centre)) is not None
            ]
            if seen:
                owners[x, y] = min(seen)[1]
    return Grid(plan.cell_m, columns, rows, owners)


class Tile(NamedTuple):
    """Seconds per cell of one camera in one window, UNIX seconds."""

    camera: str
    start_s: float
    end_s: float
    seconds: dict[Cell, float]


class PresenceState(msgspec.Struct):
    """What `Presence` knows: tracks' last sightings, and windows that are not over."""

    last_s: dict[tuple[str, int], float] = {}
    open: dict[tuple[str, int], dict[Cell, float]] = {}


class Presence:
    """Adds up presence per camera in windows of `window_s` that begin at multiples of it."""

    def __init__(self, grid: Grid, window_s: float) -> None:
        self._grid = grid
        self._window_s = window_s
        self.state = PresenceState()

    def add(self, camera: str, track_id: int, place: Point, at_s: float) -> None:
        """A confirmed track stands at a floor point since it was last seen, at most 1 s."""
        key = (camera, track_id)
        step_s = min(max(at_s - self.state.last_s.get(key, at_s), 0.0), MAX_STEP_S)
        self.state.last_s[key] = at_s
        cell = self._grid.cell_of(place)
        if cell is None or step_s == 0 or self._grid.owners.get(cell) != camera:
            return
        window = self.state.open.setdefault((camera, math.floor(at_s / self._window_s)), {})
        window[cell] = window.get(cell, 0.0) + step_s

    def forget(self, camera: str, track_id: int) -> None:
        """The track ended."""
        self.state.last_s.pop((camera, track_id), None)

    def forget_camera(self, camera: str) -> None:
        """All its tracks ended."""
        for key in [key for key in self.state.last_s if key[0] == camera]:
            del self.state.last_s[key]

    def due(self, now_s: float) -> list[Tile]:
        """Tiles of windows that are over; 2 s are left for cameras that lag."""
        over = [k for k in self.state.open if (k[1] + 1) * self._window_s + LATE_S <= now_s]
        return [self._close(*key) for key in sorted(over)]

    def flush(self, now_s: float) -> list[Tile]:
        """All tiles at a stop; a window that is not over ends now."""
        tiles = [self._close(*key) for key in sorted(self.state.open)]
        return [t._replace(end_s=max(t.start_s, min(t.end_s, now_s))) for t in tiles]

    def _close(self, camera: str, index: int) -> Tile:
        seconds = self.state.open.pop((camera, index))
        return Tile(camera, index * self._window_s, (index + 1) * self._window_s, seconds)


def _determinant(homography: Homography) -> float:
    a, b, c, d, e, f, g, h, i = homography.rows
    return a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)
