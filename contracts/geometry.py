"""Points, lines, polygons and homographies with their own maths, in plain Python."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

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


def homography_from(image: Sequence[Point], floor: Sequence[Point]) -> Homography:
    """Exact homography through four point pairs (direct linear transform, h33 = 1).

    Signed so that the four image points lie in front of the horizon. `ConfigError` when
    three of the points are on one line.
    """
    if len(image) != 4 or len(floor) != 4:
        raise ConfigError("a floor calibration needs exactly four image and four floor points")
    rows: list[list[float]] = []
    for (x, y), (u, v) in zip(image, floor, strict=True):
        rows.append([x, y, 1, 0, 0, 0, -u * x, -u * y, u])
        rows.append([0, 0, 0, x, y, 1, -v * x, -v * y, v])
    solved = (*_solve(rows), 1.0)
    g, h, i = solved[6:]
    in_front = [g * x + h * y + i > 0 for x, y in image]
    homography = Homography(solved if in_front[0] else tuple(-value for value in solved))
    if any(homography.apply(point) is None for point in image):
        raise ConfigError("floor calibration: the four points do not look like one floor")
    return homography


def _solve(rows: list[list[float]]) -> list[float]:
    """Gauss–Jordan elimination with pivoting of an n × (n+1) system."""
    n = len(rows)
    for column in range(n):
        pivot = max(range(column, n), key=lambda r: abs(rows[r][column]))
        if abs(rows[pivot][column]) < 1e-9:
            raise ConfigError("floor calibration: three of the four points are on one line")
        rows[column], rows[pivot] = rows[pivot], rows[column]
        lead = rows[column][column]
        rows[column] = [value / lead for value in rows[column]]
        for other in range(n):
            if other != column and rows[other][column]:
                factor = rows[other][column]
                rows[other] = [
                    a - factor * b for a, b in zip(rows[other], rows[column], strict=True)
                ]
    return [row[n] for row in rows]
