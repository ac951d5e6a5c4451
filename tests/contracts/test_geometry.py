"""Points, lines, polygons, homographies."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from contracts.errors import ConfigError
from contracts.geometry import Homography, Line, LinePair, Point, Polygon, homography_from

_part = st.floats(-10, 10, allow_nan=False)
_points = st.tuples(_part, _part)
SQUARE = Polygon(((0.0, 0.0), (2.0, 0.0), (2.0, 2.0), (0.0, 2.0)))
UNIT = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)]


def test_left_of_the_direction_of_travel_is_positive_with_y_up() -> None:
    line = Line((0.0, 0.0), (2.0, 0.0))
    assert line.side((1.0, 1.0)) > 0 > line.side((1.0, -1.0))
    assert line.side((5.0, 0.0)) == 0
    assert line.middle == (1.0, 0.0)


@pytest.mark.parametrize(
    ("before", "after", "crossed"),
    [
        ((1.0, -1.0), (1.0, 1.0), True),
        ((1.0, 1.0), (1.0, -1.0), True),
        ((3.0, -1.0), (3.0, 1.0), False),
        ((1.0, 1.0), (1.5, 2.0), False),
        ((-1.0, 0.0), (3.0, 0.0), False),
    ],
)
def test_a_step_crosses_the_segment_only(before: Point, after: Point, crossed: bool) -> None:
    assert Line((0.0, 0.0), (2.0, 0.0)).crossed_by(before, after) is crossed


@given(start=_points, end=_points, before=_points, after=_points)
def test_crossing_does_not_depend_on_the_direction_of_the_step(
    start: Point, end: Point, before: Point, after: Point
) -> None:
    line, step = Line(start, end), Line(before, after)
    sides = [line.side(before), line.side(after), step.side(start), step.side(end)]
    assume(all(abs(side) > 1e-6 for side in sides))
    assert line.crossed_by(before, after) == line.crossed_by(after, before)
    assert line.crossed_by(before, after) == step.crossed_by(start, end)


@pytest.mark.parametrize(
    ("outer", "inner", "good"),
    [
        (((0, 0), (1, 0)), ((0, 1), (1, 1)), True),
        (((0, 0), (1, 0)), ((0.2, 0.5), (2, 0.1)), True),
        (((0, 0), (1, 1)), ((0, 1), (1, 0)), False),
        (((0, 0), (1, 0)), ((0, 0), (1, 0)), False),
        (((0, 0), (1, 0)), ((2, 0), (3, 0)), False),
        (((0, 0), (0, 0)), ((0, 1), (1, 1)), False),
        (((0, 0), (1, 0)), ((0.5, 0), (0.5, 1)), False),
    ],
)
def test_a_pair_of_lines_must_lie_beside_each_other(
    outer: tuple[Point, Point], inner: tuple[Point, Point], good: bool
) -> None:
    pair = LinePair(outer=Line(*outer), inner=Line(*inner))
    if good:
        pair.check()
        return
    with pytest.raises(ConfigError):
        pair.check()


def test_a_polygon_contains_its_inside() -> None:
    assert SQUARE.contains((1.0, 1.0))
    assert SQUARE.contains((0.0, 1.0))
    assert not SQUARE.contains((2.0, 1.0))
    assert not SQUARE.contains((3.0, 1.0))


def test_a_hollow_polygon() -> None:
    u_shape = Polygon(((0, 0), (3, 0), (3, 3), (2, 3), (2, 1), (1, 1), (1, 3), (0, 3)))
    assert u_shape.contains((0.5, 2.0))
    assert not u_shape.contains((1.5, 2.0))


def test_two_corners_are_no_polygon() -> None:
    with pytest.raises(ConfigError, match="three corners"):
        Polygon(((0.0, 0.0), (1.0, 1.0)))


@given(point=_points, turn=st.integers(0, 3))
def test_where_a_polygon_starts_and_how_it_turns_does_not_matter(point: Point, turn: int) -> None:
    corners = SQUARE.corners[turn:] + SQUARE.corners[:turn]
    inside = SQUARE.contains(point)
    assert Polygon(corners).contains(point) == inside
    assert Polygon(corners[::-1]).contains(point) == inside


@given(point=_points)
def test_neighbouring_polygons_share_no_point_and_leave_none_out(point: Point) -> None:
    left = Polygon(((0, 0), (1, 0), (1, 2), (0, 2)))
    right = Polygon(((1, 0), (2, 0), (2, 2), (1, 2)))
    assert left.contains(point) + right.contains(point) == SQUARE.contains(point)


_corner = st.floats(0.0, 0.3)
_floors = st.tuples(*[st.tuples(_corner, _corner)] * 4).map(
    lambda off: [
        (10 * (x + (dx if x == 0 else -dx)), 6 * (y + (dy if y == 0 else -dy)))
        for (x, y), (dx, dy) in zip(UNIT, off, strict=True)
    ]
)


@given(floor=_floors)
def test_a_homography_meets_its_four_points_and_its_inverse_goes_back(floor: list[Point]) -> None:
    there, back = homography_from(UNIT, floor), homography_from(floor, UNIT)
    for image, place in zip(UNIT, floor, strict=True):
        assert there.apply(image) == pytest.approx(place, abs=1e-6)
    middle = there.apply((0.5, 0.5))
    assert middle is not None
    assert back.apply(middle) == pytest.approx((0.5, 0.5), abs=1e-6)


def test_at_and_behind_the_horizon_there_is_no_floor() -> None:
    tilted = homography_from(
        [(0.4, 0.2), (0.6, 0.2), (1.0, 0.9), (0.0, 0.9)],
        [(0.0, 0.0), (6.0, 0.0), (6.0, 8.0), (0.0, 8.0)],
    )
    assert tilted.apply((0.5, 0.5)) is not None
    assert tilted.apply((0.5, -5.0)) is None
    assert Homography((1, 0, 0, 0, 1, 0, 0, 0, 0)).apply((1, 1)) is None


@pytest.mark.parametrize(
    ("image", "floor"),
    [
        (UNIT[:3], UNIT[:3]),
        ([(0, 0), (1, 0), (2, 0), (0, 1)], UNIT),
        ([(0, 0)] * 4, UNIT),
        (UNIT, [(0, 0), (1, 0), (0, 1), (1, 1)]),
    ],
    ids=["three points", "three on one line", "one point", "crossed over"],
)
def test_points_that_are_no_floor_are_refused(image: list[Point], floor: list[Point]) -> None:
    with pytest.raises(ConfigError, match="floor calibration"):
        homography_from(image, floor)


@given(st.lists(_points, min_size=4, max_size=4), st.lists(_points, min_size=4, max_size=4))
def test_any_points_give_a_homography_or_a_config_error(
    image: list[Point], floor: list[Point]
) -> None:
    try:
        homography = homography_from(image, floor)
    except ConfigError:
        return
    assert all(math.isfinite(number) for number in homography.rows)
