"""Where people stand whose feet are hidden: the floor point under a head.

A floor homography of a camera with square pixels and its optical axis in the picture's middle
gives the whole camera (Zhang 2000, "A flexible new technique for camera calibration", section
3.1, with one plane), so planes at other heights can be mapped, too.
"""

from __future__ import annotations

import math

import msgspec

from contracts import fitting
from contracts.geometry import Homography, Point

BODY_M = 1.70
BODY_SPREAD_M = 0.10
FOCAL = (0.2, 8.0)
"""Focal lengths, in picture widths, that a shop's camera may have."""


class Heads(msgspec.Struct, frozen=True):
    """Picture points of heads, `BODY_M` above the floor, to the floor below them."""

    at_body: Homography
    lower: Homography
    camera_m: Point
    height_m: float
    """Where the camera hangs, and how high."""

    def floor_of(self, top: Point) -> tuple[Point, float] | None:
        """Floor point below the top of a box and its standard deviation in metres.

        The deviation is what people's different heights do; None at or behind the horizon.
        """
        place, shorter = self.at_body.apply(top), self.lower.apply(top)
        if place is None or shorter is None:
            return None
        return place, math.dist(place, shorter)


def heads_of(floor: Homography, size: tuple[int, int]) -> Heads | None:
    """For a camera whose picture has `size` pixels and this floor; None where it does not tell.

    A camera that looks straight down does not: everybody's head is above their feet.
    """
    to_pixels = (size[0], 0.0, -size[0] / 2, 0.0, size[1], -size[1] / 2, 0.0, 0.0, 1.0)
    back = fitting.inverse(floor.rows)
    if back is None:
        return None
    g = fitting.product(to_pixels, back)
    focal = _focal(g)
    if focal is None or not FOCAL[0] * size[0] < focal < FOCAL[1] * size[0]:
        return None
    columns = [(g[k] / focal, g[3 + k] / focal, g[6 + k]) for k in range(3)]
    length = (math.hypot(*columns[0]) + math.hypot(*columns[1])) / 2
    x, y, t = (tuple(part / length for part in column) for column in columns)
    up = _cross(x, y)
    height_m = -sum(a * b for a, b in zip(up, t, strict=True))
    if height_m < 0:
        up, height_m = (-up[0], -up[1], -up[2]), -height_m
    maps = [_plane(x, y, t, up, h, focal, to_pixels) for h in (BODY_M, BODY_M - BODY_SPREAD_M)]
    if maps[0] is None or maps[1] is None or height_m < BODY_M + 0.3:
        return None
    camera = (-_dot(x, t), -_dot(y, t))
    return Heads(maps[0], maps[1], camera, height_m)


def _focal(g: fitting.Matrix) -> float | None:
    """Focal length in pixels from the two constraints that x and y are equal and square."""
    a = (g[6] * g[7], g[6] ** 2 - g[7] ** 2)
    b = (g[0] * g[1] + g[3] * g[4], g[0] ** 2 + g[3] ** 2 - g[1] ** 2 - g[4] ** 2)
    across = a[0] * b[0] + a[1] * b[1]
    square = b[0] ** 2 + b[1] ** 2
    if not across < 0 or square <= 0:
        return None
    return math.sqrt(-square / across)


def _plane(
    x: tuple[float, ...],
    y: tuple[float, ...],
    t: tuple[float, ...],
    up: tuple[float, ...],
    height_m: float,
    focal: float,
    to_pixels: fitting.Matrix,
) -> Homography | None:
    """Picture to the plane at a height."""
    raised = tuple(a + height_m * b for a, b in zip(t, up, strict=True))
    lens = (focal, 0.0, 0.0, 0.0, focal, 0.0, 0.0, 0.0, 1.0)
    view = tuple(column[row] for row in range(3) for column in (x, y, raised))
    back = fitting.inverse(fitting.product(lens, view))
    if back is None:
        return None
    rows = fitting.product(back, to_pixels)
    w = rows[6] / 2 + rows[7] * 0.9 + rows[8]  # low in the middle of the picture is floor
    return Homography(rows if w > 0 else tuple(-value for value in rows))


def _cross(a: tuple[float, ...], b: tuple[float, ...]) -> tuple[float, float, float]:
    return (a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0])


def _dot(a: tuple[float, ...], b: tuple[float, ...]) -> float:
    return sum(p * q for p, q in zip(a, b, strict=True))
