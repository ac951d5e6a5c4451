"""Presence: each second of each person lands in one cell of one camera."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.geometry import Point
from contracts.store import Camera, FloorPlan
from edge_agent.rules.heatmap import FEET_CUT, MAX_STEP_S, Presence, View, grid_of
from tests.rules.plans import shop

CONFIG = shop()
VIEWS = [View(camera) for camera in CONFIG.cameras]
assert CONFIG.floor_plan is not None
GRID = grid_of(CONFIG.floor_plan, VIEWS)


def test_a_cell_belongs_to_the_finest_view_of_it() -> None:
    assert (GRID.columns, GRID.rows) == (16, 8)
    assert GRID.owners[0, 0] == "left"
    assert GRID.owners[15, 0] == "right"
    assert {GRID.owners[x, 0] for x in range(6, 10)} == {"right"}  # overlap: four times the pixels


def test_metres_per_pixel_of_a_camera_from_above() -> None:
    area = VIEWS[0].square_metres_per_pixel((2.5, 2.0))
    assert area == pytest.approx(5 * 4 / (640 * 360))


def test_a_tilted_camera_sees_finer_near_itself_and_nothing_beyond_the_horizon() -> None:
    camera = Camera(
        id="tilted",
        url="rtsp://10.0.0.2/1",
        image_points=((0.4, 0.2), (0.6, 0.2), (1.0, 0.9), (0.0, 0.9)),
        floor_points=((0.0, 0.0), (6.0, 0.0), (5.0, 8.0), (1.0, 8.0)),
    )
    view = View(camera)
    near, far = view.square_metres_per_pixel((3, 7.9)), view.square_metres_per_pixel((3, 0.1))
    assert near is not None
    assert far is not None
    assert near < far / 5
    assert view.square_metres_per_pixel((3, 100.0)) is None
    assert view.square_metres_per_pixel((-50, 4)) is None
    assert view.floor_of((0.5, -3.0)) is None


def test_cells_that_no_camera_sees_have_no_owner() -> None:
    assert grid_of(FloorPlan(width_m=2, depth_m=2), []).owners == {}
    lone = grid_of(FloorPlan(width_m=8, depth_m=4, cell_m=0.5), VIEWS[:1])
    assert {x for x, _ in lone.owners} == set(range(10))
    assert max(y for _, y in lone.owners) * 0.5 < 4 * FEET_CUT


def test_the_plan_is_covered_by_whole_cells() -> None:
    grid = grid_of(FloorPlan(width_m=1.1, depth_m=0.75), [])
    assert (grid.columns, grid.rows) == (5, 3)
    assert grid.cell_of((1.09, 0.74)) == (4, 2)
    assert grid.cell_of((-0.01, 0.1)) is None


def test_a_person_in_the_overlap_weighs_once() -> None:
    presence = Presence(GRID, 60.0)
    for index in range(11):
        for camera, track_id in (("left", 1), ("right", 9)):
            presence.add(camera, track_id, (4.0, 1.0), 600.0 + index * 0.5)
    (tile,) = presence.flush(606.0)
    assert tile.camera == "right"
    assert tile.seconds == {(8, 2): pytest.approx(5.0)}


def test_the_first_sight_weighs_nothing_and_a_gap_at_most_a_second() -> None:
    presence = Presence(GRID, 60.0)
    presence.add("left", 1, (1.0, 1.0), 600.0)
    assert presence.flush(600.0) == []
    presence.add("left", 1, (1.0, 1.0), 609.0)
    assert presence.flush(610.0)[0].seconds == {(2, 2): MAX_STEP_S}


def test_a_forgotten_id_begins_anew() -> None:
    presence = Presence(GRID, 60.0)
    presence.add("left", 1, (1.0, 1.0), 600.0)
    presence.forget("left", 1)
    presence.add("left", 1, (1.0, 1.0), 600.5)
    assert presence.flush(601.0) == []


def test_windows_begin_at_multiples_and_end_early_only_at_a_stop() -> None:
    presence = Presence(GRID, 60.0)
    for at_s in (659.0, 659.5, 660.5, 661.0):
        presence.add("left", 1, (1.0, 1.0), at_s)
    assert presence.due(661.9) == []
    (first,) = presence.due(662.0)
    assert (first.start_s, first.end_s) == (600.0, 660.0)
    assert first.seconds == {(2, 2): 0.5}
    (second,) = presence.flush(663.0)
    assert (second.start_s, second.end_s) == (660.0, 663.0)
    assert second.seconds == {(2, 2): 1.5}


_sight = st.tuples(
    st.sampled_from(["left", "right"]),
    st.integers(1, 3),
    st.tuples(st.floats(-1, 9), st.floats(-1, 5)),
    st.floats(0, 3),
)


@given(sights=st.lists(_sight, max_size=80), window_s=st.sampled_from([1.0, 7.5, 60.0]))
def test_no_second_is_lost_or_doubled(
    sights: list[tuple[str, int, Point, float]], window_s: float
) -> None:
    presence = Presence(GRID, window_s)
    at_s, expected, last, tiles = 6000.0, 0.0, dict[tuple[str, int], float](), []
    for camera, track_id, place, wait_s in sights:
        at_s += wait_s
        presence.add(camera, track_id, place, at_s)
        step_s = min(at_s - last.get((camera, track_id), at_s), MAX_STEP_S)
        last[camera, track_id] = at_s
        cell = (math.floor(place[0] / 0.5), math.floor(place[1] / 0.5))
        expected += step_s if GRID.owners.get(cell) == camera else 0
        tiles += presence.due(at_s)
    tiles += presence.flush(at_s)
    assert sum(sum(tile.seconds.values()) for tile in tiles) == pytest.approx(expected)
    assert all(GRID.owners[cell] == tile.camera for tile in tiles for cell in tile.seconds)
    assert len({(tile.camera, tile.start_s) for tile in tiles}) == len(tiles)
