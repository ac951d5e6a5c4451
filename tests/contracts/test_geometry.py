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


def test_more_pairs_than_four_are_fitted_where_people_click() -> None:
    exact = homography_from(
        [(0.4, 0.2), (0.6, 0.2), (1.0, 0.9), (0.0, 0.9)],
        [(0.0, 0.0), (6.0, 0.0), (6.0, 8.0), (0.0, 8.0)],
    )
    image = [(x / 10, y / 10) for x in (4, 5, 6) for y in (3, 5, 7, 9)]
    floor = [place for point in image if (place := exact.apply(point))]
    same = homography_from(image, floor)
    assert same.rows == pytest.approx([value / _w(exact, image) for value in exact.rows], abs=1e-6)
    wrong = [(image[0][0] + 0.01, image[0][1]), *image[1:]]
    fitted, back = homography_from(wrong, floor), homography_from(floor, wrong)
    least = _clicks_off(fitted.inverse(), wrong, floor)
    assert 0 < least < 0.01**2
    assert least < _clicks_off(exact.inverse(), wrong, floor)
    assert least < _clicks_off(back, wrong, floor)
    for nudge in (1e-4, -1e-4):
        for part in range(8):
            rows = list(fitted.rows)
            rows[part] += nudge * abs(rows[part])
            assert least <= _clicks_off(Homography(tuple(rows)).inverse(), wrong, floor)


def _w(homography: Homography, image: list[Point]) -> float:
    g, h, i = homography.rows[6:]
    x, y = (sum(point[k] for point in image) / len(image) for k in (0, 1))
    return g * x + h * y + i


def _clicks_off(to_picture: Homography, image: list[Point], floor: list[Point]) -> float:
    spots = [to_picture.apply(place) for place in floor]
    return sum(
        math.dist(spot or (9, 9), point) ** 2 for spot, point in zip(spots, image, strict=True)
    )


@given(floor=_floors, x=st.floats(0.1, 0.9), y=st.floats(0.1, 0.9))
def test_slope_and_inverse_agree_with_the_map(floor: list[Point], x: float, y: float) -> None:
    homography, step = homography_from(UNIT, floor), 1e-6
    here, slope = homography.apply((x, y)), homography.slope((x, y))
    right, down = homography.apply((x + step, y)), homography.apply((x, y + step))
    assert here
    assert right
    assert down
    assert slope
    assert homography.inverse().apply(here) == pytest.approx((x, y), abs=1e-9)
    assert slope[0] == pytest.approx((right[0] - here[0]) / step, abs=1e-3)
    assert slope[3] == pytest.approx((down[1] - here[1]) / step, abs=1e-3)


def test_a_floor_point_is_as_uncertain_as_the_picture_is_coarse_there() -> None:
    flat = homography_from(UNIT, [(0, 0), (4, 0), (4, 2), (0, 2)])
    assert flat.spread_m((0.5, 0.5), (0.01, 0.01)) == pytest.approx(0.04)
    tilted = homography_from(
        [(0.4, 0.2), (0.6, 0.2), (1.0, 0.9), (0.0, 0.9)],
        [(0.0, 0.0), (6.0, 0.0), (6.0, 8.0), (0.0, 8.0)],
    )
    near, far = tilted.spread_m((0.5, 0.9), (0.01, 0.01)), tilted.spread_m((0.5, 0.2), (0.01, 0.01))
    assert near
    assert far
    assert far > 3 * near
    assert tilted.spread_m((0.5, -5.0), (0.01, 0.01)) is None
    with pytest.raises(ConfigError, match="do not fix"):
        Homography((1, 0, 0, 1, 0, 0, 0, 0, 1)).inverse()
