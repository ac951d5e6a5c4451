"""A polygon that encloses nothing, or is tied in a knot, is refused."""

from __future__ import annotations

import pytest

from contracts.errors import ConfigError
from contracts.geometry import Point, Polygon

SQUARE = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))


@pytest.mark.parametrize("turn", range(4))
@pytest.mark.parametrize("corners", [SQUARE, SQUARE[::-1], (*SQUARE, (0.5, 0.5))], ids=str)
def test_simple_polygons_pass(corners: tuple[Point, ...], turn: int) -> None:
    Polygon((*corners[turn:], *corners[:turn])).check()


@pytest.mark.parametrize(
    "corners",
    [
        ((1.0, 1.0), (1.0, 1.0), (1.0, 1.0)),
        ((0.0, 0.0), (5.0, 5.0), (10.0, 10.0)),
    ],
    ids=["one point", "one line"],
)
def test_no_area_is_refused(corners: tuple[Point, ...]) -> None:
    with pytest.raises(ConfigError, match="area"):
        Polygon(corners).check()


@pytest.mark.parametrize("turn", range(4))
def test_a_crossing_border_is_refused(turn: int) -> None:
    knot = ((0.0, 0.0), (10.0, 0.0), (2.0, 10.0), (10.0, 10.0), (0.0, 3.0))
    with pytest.raises(ConfigError, match="cross"):
        Polygon((*knot[turn:], *knot[:turn])).check()
