"""How a camera hangs over the floor, from its floor calibration alone.

A floor map of a camera with square pixels, whose axis goes through the middle of the picture,
fixes focal length and pose (Zhang, "A flexible new technique for camera calibration", 2000,
section 3.1, here with one plane and one unknown). With the pose, a head at a known height tells
the place on the floor as feet do.
"""

from __future__ import annotations

import math

from contracts import fitting
from contracts.geometry import Point
from contracts.store import Camera

FOCAL = (0.2, 8.0)
"""Focal lengths, in picture widths, that a shop's camera may have."""

Vector = tuple[float, float, float]


class Pose:
    """One camera over the plan; `centre_m` is where it hangs, `height_m` how high."""

    def __init__(self, floor_to_picture: fitting.Matrix, up: Vector, centre: Vector) -> None:
        """`up` is the change of the map's last column per metre of height."""
        self._map, self._up = floor_to_picture, up
        self.centre_m: Point = centre[:2]
        self.height_m = centre[2]

    def height_of(self, place: Point, y: float) -> float | None:
        """Height (m) of what stands at a floor point and reaches up to `y` in the picture."""
        down, depth = self._row(1, place), self._row(2, place)
        rise, nearer = self._up[1], self._up[2]
        scale = y * nearer - rise
        return (down - y * depth) / scale if abs(scale) > 1e-9 else None

    def under(self, head: Point, height_m: float) -> Point | None:
        """Floor point (m) below a head that is `height_m` high; None if it cannot be."""
        rows = list(self._map)
        for row in range(3):
            rows[3 * row + 2] += height_m * self._up[row]
        back = fitting.inverse(tuple(rows))
        if back is None:
            return None
        x, y, w = (
            back[3 * row] * head[0] + back[3 * row + 1] * head[1] + back[3 * row + 2]
            for row in range(3)
        )
        if abs(w) < 1e-9:
            return None
        place = (x / w, y / w)
        return place if self._row(2, place) + height_m * self._up[2] > 0 else None

    def in_picture(self, place: Point) -> Point | None:
        """Picture fractions of a floor point; None behind the camera."""
        depth = self._row(2, place)
        if depth <= 1e-9:
            return None
        return self._row(0, place) / depth, self._row(1, place) / depth

    def _row(self, row: int, place: Point) -> float:
        a, b, c = self._map[3 * row : 3 * row + 3]
        return a * place[0] + b * place[1] + c


def pose_of(camera: Camera) -> Pose | None:
    """The pose of a calibrated camera; None where its floor map does not tell.

    It does not where the camera looks straight down, or where the points were measured so
    badly that no such camera exists.
    """
    to_floor = camera.homography
    back = fitting.inverse(to_floor.rows) if to_floor else None
    if to_floor is None or back is None:
        return None
    middle = to_floor.apply((0.5, 0.9)) or to_floor.apply((0.5, 1.0))
    if middle is not None and back[6] * middle[0] + back[7] * middle[1] + back[8] < 0:
        back = tuple(-value for value in back)
    width, height = camera.size
    # The same map in pixels from the middle of the picture.
    shift = (width, 0.0, -width / 2, 0.0, height, -height / 2, 0.0, 0.0, 1.0)
    g = fitting.product(shift, back)
    first, second, third = (g[0], g[3], g[6]), (g[1], g[4], g[7]), (g[2], g[5], g[8])
    bends = _inverse_square_of_focal(first, second)
    if bends is None:
        return None
    focal = 1 / math.sqrt(bends)
    if not FOCAL[0] * width < focal < FOCAL[1] * width:
        return None
    r1, r2, t = (_by(focal, column) for column in (first, second, third))
    scale = math.sqrt((_dot(r1, r1) + _dot(r2, r2)) / 2)
    r1, r2, t = (_times(1 / scale, column) for column in (r1, r2, t))
    r3 = _cross(r1, r2)
    r3 = _times(1 / math.sqrt(_dot(r3, r3)), r3)
    if -_dot(r3, t) < 0:  # the camera is above the floor
        r3 = _times(-1.0, r3)
    centre = (-_dot(r1, t), -_dot(r2, t), -_dot(r3, t))
    rise = (scale * focal * r3[0], scale * focal * r3[1], scale * r3[2])
    up = (rise[0] / width + rise[2] / 2, rise[1] / height + rise[2] / 2, rise[2])
    return Pose(back, up, centre)


def _inverse_square_of_focal(first: Vector, second: Vector) -> float | None:
    """1/f² that makes the two axes of the floor equally long and square to each other."""
    mixed = first[0] * second[0] + first[1] * second[1]
    longer = first[0] ** 2 + first[1] ** 2 - second[0] ** 2 - second[1] ** 2
    wanted = (-first[2] * second[2], second[2] ** 2 - first[2] ** 2)
    weight = mixed**2 + longer**2
    bends = (mixed * wanted[0] + longer * wanted[1]) / weight if weight > 0 else 0.0
    return bends if bends > 0 else None


def _by(focal: float, column: Vector) -> Vector:
    return column[0] / focal, column[1] / focal, column[2]


def _times(factor: float, v: Vector) -> Vector:
    return factor * v[0], factor * v[1], factor * v[2]


def _dot(a: Vector, b: Vector) -> float:
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def _cross(a: Vector, b: Vector) -> Vector:
    return a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]
