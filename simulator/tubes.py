"""Tubes: parts of a body as rings along a line."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
SEGMENTS = 10
ANGLES = np.arange(SEGMENTS) * 2 * np.pi / SEGMENTS
FRONT = np.cos(ANGLES)


@dataclass(frozen=True)
class Tube:
    """Rings in order: centres (R, 3), first half-axes (R, 3), second half-axes (R, 3)."""

    centres: Array
    first: Array
    second: Array


def tube_along(points: Array, radii: Array) -> Tube:
    """Round tube through `points` (R, 3)."""
    ends = np.concatenate([points[:1], points, points[-1:]])
    x, y, z = (ends[:-2] - ends[2:]).T
    level = np.sqrt(x**2 + z**2) + 1e-9
    length = np.sqrt(level**2 + y**2)
    # first = (0, 1, 0) x up and second = up x first, for the unit vector `up` against the tube
    first = np.stack([z, np.zeros_like(x), -x], axis=1) / level[:, None]
    second = np.stack([-x * y, level**2, -y * z], axis=1) / (level * length)[:, None]
    return Tube(points, first * radii[:, None], second * radii[:, None])


def upright(rows: Array, lean: float, pelvis: float, sway: float) -> Tube:
    """Horizontal ellipses; rows are z above the pelvis, x shift, half-width y, half-depth x."""
    centres = np.stack(
        [rows[:, 1] + lean * rows[:, 0], np.full(len(rows), sway), rows[:, 0] + pelvis], axis=1
    )
    first = np.zeros((len(rows), 3))
    second = np.zeros((len(rows), 3))
    first[:, 0], second[:, 1] = rows[:, 3], rows[:, 2]
    return Tube(centres, first, second)
