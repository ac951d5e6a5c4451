"""Where people stand: by the feet, and by the head where the feet are hidden."""

from __future__ import annotations

import math

import pytest

from contracts.geometry import Point, Polygon
from contracts.store import Camera
from edge_agent.identity.floor import Place, Trail, View, together
from edge_agent.messages import TrackedBox
from tests.contracts.test_pose import Pinhole

HOLE = Pinhole((5.0, 9.0, 3.2), (5.0, 5.0), 420.0)
TABLE = Polygon(((4.0, 5.2), (6.0, 5.2), (6.0, 5.6), (4.0, 5.6)))


def _view() -> View:
    return View(HOLE.camera((5.0, 5.0)), [TABLE])


def _box(place: Point, tall_m: float, hidden_m: float = 0.0) -> TrackedBox:
    low, head = HOLE.see(*place, hidden_m), HOLE.see(*place, tall_m)
    assert low is not None
    assert head is not None
    return TrackedBox(1, low[0] - 0.03, head[1], low[0] + 0.03, low[1], 0.9, True)


@pytest.mark.parametrize("hidden_m", [0.0, 0.6, 1.0])
def test_a_table_in_front_does_not_move_people(hidden_m: float) -> None:
    box = _box((5.0, 4.8), 1.7, hidden_m)
    place = _view().place_of(box, [box], 5.0)
    assert place is not None
    assert math.hypot(place.x_m - 5.0, place.y_m - 4.8) < 0.2
    assert place.sigma_m >= 0.15


def test_a_hidden_place_is_less_sure_until_the_height_is_known() -> None:
    view, hidden = _view(), _box((5.0, 4.8), 1.7, 0.8)
    guessed = view.place_of(hidden, [], 5.0)
    for step in range(10):
        view.place_of(_box((5.0, 6.5), 1.7), [], 6.0 + step)
    known = view.place_of(hidden, [], 20.0)
    assert guessed is not None
    assert known is not None
    assert known.sigma_m < guessed.sigma_m
    view.forget(1)
    assert view.place_of(hidden, [], 21.0) == guessed._replace(at_s=21.0)


def test_a_short_person_is_found_by_the_feet() -> None:
    box = _box((4.0, 6.5), 1.3)
    place = _view().place_of(box, [box], 5.0)
    assert place is not None
    assert math.hypot(place.x_m - 4.0, place.y_m - 6.5) < 0.05


def test_without_calibration_there_is_no_place() -> None:
    view = View(Camera(id="c", url="rtsp://10.0.0.2/1"))
    assert not view.calibrated
    assert view.place_of(_box((4.0, 4.0), 1.7), [], 5.0) is None


def _trail(offset_m: float, begin_s: float, seconds: float) -> Trail:
    trail = Trail()
    for step in range(round(seconds / 0.2)):
        at_s = begin_s + 0.2 * step
        trail.add(Place(at_s, at_s - 100, offset_m, 0.2))
    return trail


def test_two_trails_are_compared_at_the_same_moments() -> None:
    one, other = _trail(0.0, 100.0, 4.0), _trail(1.0, 102.05, 4.0)
    both = together(one, other, 0.5)
    assert both is not None
    assert both.distance_m == pytest.approx(1.0, abs=0.05)
    assert both.seconds == pytest.approx(2.0, abs=0.5)
    assert together(one, _trail(0.0, 110.0, 2.0), 0.5) is None
    assert together(one, Trail(), 0.5) is None


def test_a_trail_takes_no_step_back_in_time() -> None:
    trail = _trail(0.0, 100.0, 2.0)
    before = trail.array().copy()
    trail.add(Place(99.0, 5.0, 5.0, 0.2))
    assert (trail.array() == before).all()
    assert trail.velocity() == pytest.approx((1.0, 0.0))
    assert trail.first is not None
    assert trail.first.at_s == 100.0
