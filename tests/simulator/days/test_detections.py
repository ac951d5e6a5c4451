"""Detections follow what cameras can see, fail where detectors fail, and keep identity."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from itertools import pairwise

import msgspec
import numpy as np
import pytest

from contracts.geometry import Point
from simulator.backdrop import backdrop_of
from simulator.body import Figure
from simulator.cameras import camera_of
from simulator.days import CameraFrame, Day, frames, load_scenario, simulate_day, store_config
from simulator.days.sight import Bodies, view_of
from simulator.days.watching import watches_of
from simulator.looks import look_of
from simulator.plan import Scenario
from simulator.render import Renderer, Standing
from simulator.skeleton import Pose
from simulator.textures import Style
from tests.simulator.days.conftest import EVENING


@pytest.fixture(scope="module")
def seen(day: Day) -> list[CameraFrame]:
    window = simulate_day(day.scenario, day.seed, start=EVENING, seconds=60)
    return list(frames(window))


@pytest.fixture(scope="module")
def plan() -> Scenario:
    return load_scenario("queue").plan


def test_frames_come_in_order_and_none_is_lost(seen: list[CameraFrame]) -> None:
    assert all(a.arrived_at <= b.arrived_at for a, b in pairwise(seen))
    by_camera = defaultdict(list)
    for frame in seen:
        assert frame.arrived_at > frame.taken_at
        by_camera[frame.camera].append(frame.index)
    assert all(indexes == list(range(900)) for indexes in by_camera.values())
    assert len(by_camera) == 3


def test_boxes_lie_in_the_picture_and_scores_follow_visibility(seen: list[CameraFrame]) -> None:
    boxes = np.concatenate([frame.xyxy for frame in seen])
    assert boxes.min() >= 0
    assert (boxes[:, 2] <= 640).all()
    assert (boxes[:, 3] <= 360).all()
    assert (boxes[:, 2:] > boxes[:, :2]).all()
    score = np.concatenate([frame.score for frame in seen])
    visible = np.concatenate([frame.visible for frame in seen])
    assert score.min() >= 0.1
    assert score.max() <= 1
    assert np.median(score[visible > 0.95]) > 0.8
    assert np.median(score[visible < 0.4]) < 0.6


def test_the_less_is_seen_the_more_is_missed(day: Day) -> None:
    from simulator.days.detecting import Detector

    window = simulate_day(day.scenario, day.seed, start=EVENING, seconds=120)
    watches = watches_of(window)
    detector = Detector(window, watches)
    shares, found = [], []
    for t in window.chunks(15.0):
        for watch in watches:
            true, rows = detector.seen(watch, t), detector.rows(watch, t)
            there = set(zip(rows.frame.tolist(), rows.person.tolist(), strict=True))
            pairs = zip(true.frame.tolist(), true.person.tolist(), strict=True)
            found += [pair in there for pair in pairs]
            shares.append(true.visible)
    share, hit = np.concatenate(shares), np.array(found)
    whole, half, little = (
        hit[(share > low) & (share <= high)].mean()
        for low, high in ((0.9, 1.0), (0.4, 0.6), (0.13, 0.25))
    )
    assert whole > 0.97
    assert whole >= half > little


def test_boxes_are_those_of_the_renderer(plan: Scenario) -> None:
    """The same person at the same place has nearly the same box in L1 and L2."""
    camera = camera_of(plan.cameras[1])
    view = view_of(plan, camera)
    renderer = Renderer(camera, backdrop_of(plan, camera, Style()), Style())
    look = look_of(5)
    for x, y, facing in ((8.0, 6.5, 0.3), (10.8, 7.0, 2.0), (6.5, 8.8, -1.5)):
        standing = Standing(0, x, y, facing, Pose())
        _, drawn = renderer.draw([(standing, Figure(look))], 0)
        ours = view.boxes(
            Bodies(*(np.array([v]) for v in (x, y, facing, look.height_m)), np.zeros(1))
        )
        tall = drawn[0].whole[3] - drawn[0].whole[1]
        np.testing.assert_allclose(ours.whole[0], drawn[0].whole, atol=0.12 * tall)
        assert ours.share[0] == pytest.approx(drawn[0].share, abs=0.12)


@pytest.mark.parametrize(
    ("place", "least", "most"),
    [
        ((8.0, 6.5), 0.99, 1.0),  # on free floor
        ((12.0, 1.2), 0.0, 0.45),  # behind a gondola
        ((4.0, 13.5), 0.3, 1.0),  # in the street, seen through the door
        ((1.0, 13.5), 0.0, 0.0),  # in the street, behind the wall
    ],
)
def test_shelves_and_walls_hide_people(
    plan: Scenario, place: Point, least: float, most: float
) -> None:
    number = 0 if place[1] > 12 else 2
    view = view_of(plan, camera_of(plan.cameras[number]))
    x, y = (np.array([v]) for v in place)
    boxes = view.boxes(Bodies(x, y, np.zeros(1), np.array([1.75]), np.zeros(1)))
    assert least <= boxes.share[0] <= most


def test_a_bumped_camera_shifts_its_picture(plan: Scenario) -> None:
    view = view_of(plan, camera_of(plan.cameras[0]))
    point = [[4.0, 9.0, 0.0]]
    before, _ = view.project(point)
    panned, _ = view.turned(3.0, 0.0).project(point)
    tilted, _ = view.turned(0.0, 3.0).project(point)
    assert 10 < before[0, 0] - panned[0, 0] < 40
    assert 10 < before[0, 1] - tilted[0, 1] < 40


def test_any_part_of_a_day_has_the_same_detections_as_the_whole(
    day: Day, seen: list[CameraFrame]
) -> None:
    from simulator.days.detecting import Detector

    window = simulate_day(day.scenario, day.seed, start=EVENING, seconds=60)
    watch = watches_of(window)[1]
    rows = Detector(window, [watch]).rows(watch, window.begins_at + np.arange(301, 377) / 15)
    expected = [frame for frame in seen if frame.camera == watch.camera][301:377]
    for number, frame in enumerate(expected):
        np.testing.assert_allclose(rows.xyxy[rows.frame == number], frame.xyxy, atol=1e-3)


@pytest.fixture(scope="module")
def broken() -> tuple[Day, list[CameraFrame]]:
    """The first minute of each fault, all in one short window."""
    scenario = load_scenario("faults")
    faults = (
        {"kind": "outage", "camera": "tills", "at": "12:00:10", "for_s": 10},
        {"kind": "frozen", "camera": "floor", "at": "12:00:15", "for_s": 10},
        {"kind": "restart", "at": "12:00:40", "for_s": 5},
        {"kind": "bumped", "camera": "entrance", "at": "12:00:50", "turn_deg": [5, 0]},
        {"kind": "clock", "camera": "floor", "at": "12:00:30", "offset_s": 2, "drift_ppm": 1e5},
    )
    typed = msgspec.convert(faults, type(scenario.faults) and tuple[type(scenario.faults[0]), ...])
    day = simulate_day(
        msgspec.structs.replace(scenario, faults=typed),
        1,
        start=datetime(2026, 3, 3, 12),  # noqa: DTZ001
        seconds=60,
    )
    return day, list(frames(day, embed=False))


def test_faults_are_seen_as_cameras_show_them(broken: tuple[Day, list[CameraFrame]]) -> None:
    day, found = broken
    by_camera = defaultdict(dict)
    for frame in found:
        by_camera[frame.camera][frame.index / 15] = frame
    assert not [at for at in by_camera["tills"] if 10 <= at < 20]
    for frames_of in by_camera.values():
        assert not [at for at in frames_of if 40 <= at < 45]
    frozen = [f for at, f in by_camera["floor"].items() if 15 <= at < 25]
    assert len(frozen) == 150
    assert all(np.array_equal(f.xyxy, frozen[0].xyxy) for f in frozen)
    assert all(a.taken_at < b.taken_at for a, b in pairwise(frozen))
    clock = {at: f.taken_at - day.begins_at - at for at, f in by_camera["floor"].items()}
    assert clock[29.0] == pytest.approx(0, abs=1e-6)
    assert clock[39.0] == pytest.approx(2 + 0.9, abs=1e-3)
    assert day.restarts == [(day.begins_at + 40, day.begins_at + 45)]
    assert all(frame.embedding is None for frame in found[:5])


def test_nobody_is_called_minus_one(broken: tuple[Day, list[CameraFrame]]) -> None:
    _, found = broken
    false = [int((frame.person < 0).sum()) for frame in found]
    assert sum(false) > 50  # the mannequins
    known = {int(p) for frame in found for p in frame.person if p >= 0}
    assert known < set(range(len(broken[0].life.people)))


def test_the_installer_knows_doors_queues_and_lenses() -> None:
    scenario = load_scenario("faults")
    config = store_config(scenario, {"entrance": "rtsp://a/1", "floor": "rtsp://a/2"})
    assert [camera.fps for camera in config.cameras] == [15, 15]
    assert [door.name for door in config.doors] == ["main door"]
    assert {zone.camera for zone in config.zones} == {"entrance", "floor"}
    whole = store_config(scenario, {lens.id: "rtsp://a/1" for lens in scenario.plan.cameras})
    assert {zone.serves for zone in whole.zones if zone.kind == "service"} == {
        "queue 1", "queue 2",
    }  # fmt: skip
    straight = store_config(load_scenario("busy"), {"floor": "rtsp://a/2"})
    assert config.cameras[1].image_points != straight.cameras[0].image_points
