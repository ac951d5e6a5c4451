"""Where people stand: below their box, or below their head while something hides their feet."""

from __future__ import annotations

import math

import pytest

from contracts.geometry import Point, Polygon
from edge_agent.feet import SURE, USUAL_M, Feet
from edge_agent.messages import TrackedBox
from tests.contracts.test_pose import Pinhole

AT, TO = (5.0, 9.0, 3.2), (5.0, 5.0)
HOLE = Pinhole(AT, TO, 420.0)
TABLE = Polygon(((4.0, 5.2), (6.0, 5.2), (6.0, 5.6), (4.0, 5.6)))


def seen(
    place: Point, tall: float = 1.75, *, from_m: float = 0.0, track_id: int = 1, edge: float = 2.0
) -> TrackedBox:
    """The box of someone at a floor point whose legs are hidden up to `from_m`."""
    head, low = HOLE.see(*place, tall), HOLE.see(*place, from_m)
    assert head is not None
    assert low is not None
    return TrackedBox(
        track_id, head[0] - 0.03, head[1], head[0] + 0.03, min(low[1], edge), 0.9, True
    )


def feet(*fixtures: Polygon) -> Feet:
    return Feet(HOLE.camera(TO), fixtures)


def off_m(found: Feet, box: TrackedBox, place: Point, *others: TrackedBox) -> float:
    """How far from the truth, metres."""
    spot = found.of(box, [box, *others])
    assert spot.place is not None
    return math.dist(spot.place, place)


def test_whose_feet_are_seen_stands_below_the_box() -> None:
    place = (4.6, 4.2)
    spot = feet(TABLE).of(seen(place), [])
    assert spot.place == pytest.approx(place, abs=0.12)  # the head leans out of the middle
    assert (spot.deduced, spot.cut) == (False, False)


def test_who_stands_behind_a_table_stands_below_the_head() -> None:
    place, box = (5.0, 4.8), seen((5.0, 4.8), from_m=0.9)
    assert off_m(feet(), box, place) > 1.0, "nothing hides the feet: the box is believed"
    assert off_m(feet(TABLE), box, place) < 0.25
    assert feet(TABLE).of(box, []).deduced


def test_a_height_that_was_seen_before_is_used() -> None:
    tall, short = feet(TABLE), feet(TABLE)
    for step in range(SURE + 5):
        tall.of(seen((5.0, 6.5 + 0.01 * step), 1.9), [])
        short.of(seen((5.0, 6.5 + 0.01 * step), 1.45), [])
    for found, height in ((tall, 1.9), (short, 1.45)):
        assert off_m(found, seen((5.0, 4.8), height, from_m=0.8), (5.0, 4.8)) < 0.05


def test_who_stands_behind_someone_stands_below_the_head() -> None:
    place = (5.0, 4.4)
    box = seen(place, from_m=0.8)
    front = seen((5.0, 5.2), track_id=2)
    assert off_m(feet(), box, place, front) < 0.25
    beside = seen((6.5, 5.2), track_id=3)
    assert off_m(feet(), box, place, beside) > 0.8


def test_a_child_is_no_hidden_adult() -> None:
    place = (5.0, 6.5)
    assert off_m(feet(TABLE), seen(place, 1.1), place) < 0.05


def test_a_child_behind_the_table_is_found_by_its_own_height() -> None:
    found = feet(TABLE)
    for _ in range(SURE + 1):
        found.of(seen((5.0, 6.5), 1.2), [])
    assert off_m(found, seen((5.0, 4.9), 1.2, from_m=0.6), (5.0, 4.9)) < 0.05


def test_feet_below_the_picture_are_deduced() -> None:
    place = (5.0, 7.6)
    whole = seen(place)
    assert whole.y2 > 1.0
    box = seen(place, edge=1.0)
    spot = feet().of(box, [])
    assert spot.place == pytest.approx(place, abs=0.2)
    assert spot.anchor[1] > 1.0


def test_head_and_feet_outside_tell_a_bound_only() -> None:
    box = TrackedBox(1, 0.4, 0.0, 0.6, 1.0, 0.9, True)
    spot = feet().of(box, [])
    assert spot.cut
    assert not spot.deduced


def test_a_low_camera_does_not_deduce() -> None:
    low = Pinhole((5.0, 9.0, 2.0), TO, 420.0)
    found = Feet(low.camera(TO), [TABLE])
    head, cut = low.see(5.0, 4.8, 1.75), low.see(5.0, 4.8, 0.9)
    assert head is not None
    assert cut is not None
    box = TrackedBox(1, head[0] - 0.03, head[1], head[0] + 0.03, cut[1], 0.9, True)
    assert not found.of(box, []).deduced


def test_a_forgotten_track_is_a_stranger() -> None:
    found = feet(TABLE)
    for _ in range(SURE + 1):
        found.of(seen((5.0, 6.5), 1.9), [])
    assert found.statures
    found.forget(1)
    assert found.statures == {}


def test_a_box_cut_a_little_behind_a_table_is_cut_all_the_same() -> None:
    """A seventh of the height hidden is a metre on the floor, far from the camera."""
    place = (5.0, 4.9)
    box = seen(place, USUAL_M, from_m=0.25)
    assert off_m(feet(), box, place) > 0.3, "where nothing hides the feet the box is believed"
    assert off_m(feet(TABLE), box, place) < 0.1
