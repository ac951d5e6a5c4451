"""What a camera sees of people: boxes by their bodies, hidden by fixtures, walls and the lens.

A view is a camera of the plan, its lens's distortion and, for every 10 cm of floor, the heights
between which a body there can be seen.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from simulator.cameras import Array, Camera
from simulator.plan import Scenario

CELL_M = 0.1
AROUND_M = 4.0
FOOT_M = 0.12
TALLEST_M = 3.0


@dataclass(frozen=True)
class Bodies:
    """People to be seen, arrays of one shape: feet (m), facing (rad), height and build."""

    x: Array
    y: Array
    facing: Array
    height_m: Array
    moving: Array


@dataclass(frozen=True)
class Boxes:
    """What can be seen of each, in pixels: `whole` and `shown` (..., 4) xyxy, both uncut.

    `shown` ends where a shelf or the wall begins to hide the body; `share` (...) is the visible
    part of the body's height, 0 behind the camera; `away_m` the distance; `turn` how far the
    person looks away from the camera (rad, 0 = at it).
    """

    whole: Array
    shown: Array
    share: Array
    away_m: Array
    turn: Array


@dataclass(frozen=True)
class View:
    """A camera with its lens (`k1`) and the seen heights (2, rows, columns): from, to."""

    camera: Camera
    k1: float
    heights: npt.NDArray[np.float32]

    def project(self, points_m: npt.ArrayLike) -> tuple[Array, Array]:
        """Like `Camera.project`, through the lens."""
        pixels, depth = self.camera.project(points_m)
        return bent(pixels, (self.camera.width, self.camera.height), self.k1), depth

    def turned(self, pan_deg: float, tilt_deg: float) -> View:
        """The same camera after somebody has bumped it: pan to the right, tilt down."""
        pan, tilt = np.radians([pan_deg, tilt_deg])
        right, down, forward = self.camera.axes
        forward, right = (
            np.cos(pan) * forward + np.sin(pan) * right,
            np.cos(pan) * right - np.sin(pan) * forward,
        )
        forward, down = (
            np.cos(tilt) * forward + np.sin(tilt) * down,
            np.cos(tilt) * down - np.sin(tilt) * forward,
        )
        axes = np.stack([right, down, forward])
        return dataclasses.replace(self, camera=dataclasses.replace(self.camera, axes=axes))

    def boxes(self, bodies: Bodies) -> Boxes:
        """Project bodies; NaN positions give a share of 0."""
        x, y, h = bodies.x, bodies.y, bodies.height_m
        right = self.camera.axes[0][:2] / np.hypot(*self.camera.axes[0][:2])
        to_x, to_y = self.camera.position_m[0] - x, self.camera.position_m[1] - y
        floor_m = np.maximum(np.hypot(to_x, to_y), 1e-6)
        turn = (bodies.facing - np.arctan2(to_y, to_x) + np.pi) % (2 * np.pi) - np.pi
        half = (h / 1.72) * (0.17 + 0.07 * np.abs(np.cos(turn)) + 0.05 * bodies.moving)
        foot_x, foot_y = x + to_x / floor_m * FOOT_M, y + to_y / floor_m * FOOT_M
        outline = []
        for px, py, wide, z in (
            (foot_x, foot_y, 0.75, 0.0), (x, y, 1.0, 0.8), (x, y, 0.4, 1.0),
        ):  # fmt: skip
            for side in (-1.0, 1.0):
                aside = side * wide * half
                point = (px + right[0] * aside, py + right[1] * aside, z * h)
                outline.append(np.stack(np.broadcast_arrays(*point), axis=-1))
        pixels, depth = self.project(np.stack(outline))
        low, high = pixels.min(0), pixels.max(0)
        whole = np.concatenate([low, high], axis=-1)
        visible_from, visible_to = self._seen_heights(x, y)
        bottom = np.clip(visible_from, 0, h)
        top = np.clip(visible_to, 0, h)
        share = np.where(depth.min(0) > 0.3, np.clip((top - bottom) / h, 0, 1), 0.0)
        share = np.where(np.isnan(share), 0.0, share)
        tall = whole[..., 3] - whole[..., 1]
        shown = whole.copy()
        shown[..., 3] -= tall * bottom / h
        shown[..., 1] += tall * (1 - top / h)
        away = np.hypot(floor_m, self.camera.position_m[2] - h / 2)
        return Boxes(whole, shown, share, away, turn)

    def _seen_heights(self, x: Array, y: Array) -> tuple[Array, Array]:
        rows, columns = self.heights.shape[1:]
        i = np.clip(np.nan_to_num((y + AROUND_M) / CELL_M), 0, rows - 1).astype(np.intp)
        j = np.clip(np.nan_to_num((x + AROUND_M) / CELL_M), 0, columns - 1).astype(np.intp)
        return self.heights[0, i, j].astype(np.float64), self.heights[1, i, j].astype(np.float64)


def bent(pixels: npt.ArrayLike, size: tuple[int, int], k1: float) -> Array:
    """Pixels (..., 2) of a pinhole as a lens shows them: r' = r (1 + k1 r²), r in half widths."""
    straight = np.asarray(pixels, dtype=np.float64)
    if not k1:
        return straight
    centre = np.array([size[0] / 2, size[1] / 2])
    off = straight - centre
    squared = np.minimum((off**2).sum(-1, keepdims=True) / centre[0] ** 2, 4.0)
    return np.asarray(centre + off * (1 + k1 * squared))


def view_of(plan: Scenario, camera: Camera, k1: float = 0.0) -> View:
    """Look at the plan from a camera once and remember what hides what."""
    return View(camera, k1, _heights(plan, camera))


def _heights(plan: Scenario, camera: Camera) -> npt.NDArray[np.float32]:
    """Lowest and highest visible point above each cell of the floor and the street.

    A sight line from the camera (height c) to a point at height z falls below a fixture (height
    H) if z < c - (c - H) / s, where s is the share of the line at which it leaves the fixture.
    """
    columns = round((plan.width_m + 2 * AROUND_M) / CELL_M)
    rows = round((plan.depth_m + 2 * AROUND_M) / CELL_M)
    xs = (np.arange(columns) + 0.5) * CELL_M - AROUND_M
    ys = (np.arange(rows) + 0.5) * CELL_M - AROUND_M
    x, y = np.meshgrid(xs, ys)
    cx, cy, cz = (float(v) for v in camera.position_m)
    low = np.zeros_like(x)
    high = np.full_like(x, TALLEST_M)
    for fixture in plan.fixtures:
        begin, end = _crossed(fixture.rect, cx, cy, x, y)
        hidden = cz - (cz - fixture.height_m) / np.clip(end, 1e-6, 1.0)
        low = np.where(begin < end, np.maximum(low, hidden), low)
    for wall, wall_y in (("north", 0.0), ("south", plan.depth_m)):
        beyond = (y - wall_y) * (cy - wall_y) < 0
        share = (wall_y - cy) / np.where(np.abs(y - cy) < 1e-9, 1e-9, y - cy)
        at_x = cx + share * (x - cx)
        opening = np.zeros_like(beyond)
        for door in plan.doors:
            opening |= (door.wall == wall) & (at_x > door.from_m) & (at_x < door.to_m)
        under_lintel = cz - (cz - plan.door_height_m) / np.clip(share, 1e-6, 1.0)
        high = np.where(beyond & opening, np.minimum(high, under_lintel), high)
        high = np.where(beyond & ~opening, 0.0, high)
    sideways = (x < 0) | (x > plan.width_m)
    high[sideways & (y > 0) & (y < plan.depth_m)] = 0.0
    return np.stack([low, high]).astype(np.float32)


def _crossed(
    rect: tuple[float, float, float, float], cx: float, cy: float, x: Array, y: Array
) -> tuple[Array, Array]:
    """Shares of the way from (cx, cy) to each point between which it is over the rectangle."""
    x0, y0, x1, y1 = rect
    begin, end = np.zeros_like(x), np.ones_like(x)
    for origin, point, low, high in ((cx, x, x0, x1), (cy, y, y0, y1)):
        step = np.where(np.abs(point - origin) < 1e-9, 1e-9, point - origin)
        first, last = (low - origin) / step, (high - origin) / step
        begin = np.maximum(begin, np.minimum(first, last))
        end = np.minimum(end, np.maximum(first, last))
    return begin, end
