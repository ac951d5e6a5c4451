"""Points, lines, polygons and homographies with their own maths, in plain Python."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec

from contracts import fitting
from contracts.errors import ConfigError

Point = tuple[float, float]


class Line(msgspec.Struct, frozen=True):
    """A segment from `start` to `end`; its left side is where `side` is positive."""

    start: Point
    end: Point

    @property
    def middle(self) -> Point:
        """Half way between its ends."""
        return ((self.start[0] + self.end[0]) / 2, (self.start[1] + self.end[1]) / 2)

    def side(self, point: Point) -> float:
        """Twice the signed area of (start, end, point): > 0 left of the direction of travel.

        "Left" is meant in a y-up frame; in image coordinates (y down) it looks right.
        """
        (ax, ay), (bx, by), (px, py) = self.start, self.end, point
        return (bx - ax) * (py - ay) - (by - ay) * (px - ax)

    def crossed_by(self, before: Point, after: Point) -> bool:
        """True if the step from `before` to `after` passes through this segment."""
        s0, s1 = self.side(before), self.side(after)
        if (s0 > 0) == (s1 > 0):
            return False
        step = Line(before, after)
        return (step.side(self.start) > 0) != (step.side(self.end) > 0)


class LinePair(msgspec.Struct, frozen=True):
    """A door: `outer` lies on the street's side, `inner` on the shop's; outer → inner is in."""

    outer: Line
    inner: Line

    def check(self) -> None:
        """`ConfigError` for lines that have no length, that meet, or that lie on one line."""
        outer, inner = self.outer, self.inner
        if outer.start == outer.end or inner.start == inner.end:
            raise ConfigError("a line needs two different points")
        apart = [
            line.side(other.start) * line.side(other.end) > 0
            for line, other in ((outer, inner), (inner, outer))
        ]
        if not any(apart) or 0 in (outer.side(inner.middle), inner.side(outer.middle)):
            raise ConfigError("outer and inner must lie beside each other and not meet")


class Polygon(msgspec.Struct, frozen=True):
    """A simple polygon of at least three corners, in either direction of turn."""

    corners: tuple[Point, ...]

    def __post_init__(self) -> None:
        if len(self.corners) < 3:
            raise ConfigError("a polygon needs at least three corners")

    def check(self) -> None:
        """`ConfigError` if the polygon has no area or its border crosses itself."""
        sides = [Line(a, b) for a, b in zip(self.corners, rotated(self.corners), strict=True)]
        area2 = sum(side.start[0] * side.end[1] - side.end[0] * side.start[1] for side in sides)
        if abs(area2) < 1e-9:
            raise ConfigError("a polygon needs an area: its corners are on one line")
        for first, side in enumerate(sides):
            for other in sides[first + 2 : len(sides) - (first == 0)]:
                if side.crossed_by(other.start, other.end):
                    raise ConfigError("a polygon's border may not cross itself")

    def contains(self, point: Point) -> bool:
        """Even-odd rule; a point on the left or lower border counts as inside."""
        x, y = point
        inside = False
        x0, y0 = self.corners[-1]
        for x1, y1 in self.corners:
            if (y0 > y) != (y1 > y) and x < (x1 - x0) * (y - y0) / (y1 - y0) + x0:
                inside = not inside
            x0, y0 = x1, y1
        return inside


def rotated(corners: tuple[Point, ...]) -> tuple[Point, ...]:
    """The same corners, begun with the second."""
    return (*corners[1:], corners[0])


class Homography(msgspec.Struct, frozen=True):
    """Image plane to floor plane: nine row-major numbers, positive w is in front."""

    rows: tuple[float, ...]

    def apply(self, point: Point) -> Point | None:
        """Floor point of an image point; None at or behind the horizon."""
        a, b, c, d, e, f, g, h, i = self.rows
        x, y = point
        w = g * x + h * y + i
        if w <= 1e-9:
            return None
        return ((a * x + b * y + c) / w, (d * x + e * y + f) / w)

    def inverse(self) -> Homography:
        """Floor plane to image plane; `ConfigError` for a map that has none."""
        back = fitting.inverse(self.rows)
        if back is None:
            raise ConfigError("floor calibration: the points do not fix a floor")
        return Homography(back)

    def slope(self, point: Point) -> tuple[float, float, float, float] | None:
        """(∂X/∂x, ∂X/∂y, ∂Y/∂x, ∂Y/∂y) at an image point; None at or behind the horizon."""
        place = self.apply(point)
        if place is None:
            return None
        a, b, _, d, e, _, g, h, i = self.rows
        w = g * point[0] + h * point[1] + i
        x, y = place
        return (a - g * x) / w, (b - h * x) / w, (d - g * y) / w, (e - h * y) / w

    def spread_m(self, point: Point, noise: Point) -> float | None:
        """Standard deviation, in metres along the worst direction, of the floor point.

        `noise` is the standard deviation of the image point in x and y, in picture fractions;
        first order: the largest singular value of slope · diag(noise). None as for `apply`.
        """
        slope = self.slope(point)
        if slope is None:
            return None
        a, b, c, d = (part * noise[k % 2] for k, part in enumerate(slope))
        half, mixed = (a * a + b * b + c * c + d * d) / 2, a * d - b * c
        return math.sqrt(half + math.sqrt(max(half * half - mixed * mixed, 0.0)))


def homography_from(image: Sequence[Point], floor: Sequence[Point]) -> Homography:
    """Homography through at least four point pairs: exact for four, best fit for more.

    The best fit is nearest to the image points, which is where people click wrongly; the far
    floor, where a pixel is a metre, does not pull at it. Scaled so that w is 1 in the middle of
    the image points. `ConfigError` when the points do not fix a floor, or one seen from below.
    """
    if len(image) != len(floor) or len(image) < 4:
        raise ConfigError(
            "a floor calibration needs at least four image points and as many floor points"
        )
    back = fitting.projective(floor, image)
    rows = fitting.inverse(back) if back else None
    if rows is None:
        raise ConfigError("floor calibration: too many of the points are on one line")
    middle = [sum(point[k] for point in image) / len(image) for k in (0, 1)]
    w = rows[6] * middle[0] + rows[7] * middle[1] + rows[8]
    homography = Homography(tuple(value / w for value in rows) if abs(w) > 1e-300 else rows)
    if any(homography.apply(point) is None for point in image):
        raise ConfigError("floor calibration: the points do not look like one floor")
    return homography
