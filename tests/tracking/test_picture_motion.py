from __future__ import annotations

import cv2
import numpy as np
import pytest

from edge_agent.tracking import kalman
from edge_agent.tracking.bytetrack import Tracker
from edge_agent.tracking.picture_motion import PictureMotion
from tests.tracking.scenes import detections

RATE_HZ = 15
SIZE = (640, 480)
NOBODY = np.empty((0, 4))
Pixels = np.ndarray


def wall() -> Pixels:
    """Something to look at, larger than a frame."""
    noise = np.random.default_rng(1).integers(0, 255, (90, 120, 3), dtype=np.uint8)
    return cv2.resize(noise, (960, 720), interpolation=cv2.INTER_CUBIC)


def seen(moved: np.ndarray) -> Pixels:
    """The wall through a camera of which `moved` (2, 3) says where the wall's pixels are."""
    return cv2.warpAffine(wall(), moved, SIZE)


def at(x: float, y: float, degrees: float = 0.0, scale: float = 1.0) -> np.ndarray:
    moved = cv2.getRotationMatrix2D((480, 360), degrees, scale)
    moved[:, 2] += np.array((x - 160, y - 120))
    return moved


def between(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """From pixels of the first frame to those of the second."""
    one, two = (np.vstack((each, (0, 0, 1))) for each in (first, second))
    return (two @ np.linalg.inv(one))[:2]


@pytest.mark.parametrize("second", [at(9, -6), at(90, 50), at(0, 0, 2.0), at(4, 4, -1.0, 1.03)])
def test_shift_turn_and_scale_are_found(second: np.ndarray) -> None:
    camera, first = PictureMotion(), at(0, 0)
    assert camera.look(seen(first), NOBODY, 0.0) is None
    found = camera.look(seen(second), NOBODY, 1 / RATE_HZ)
    assert found is not None
    corners = np.array([[0, 640, 0, 640], [0, 0, 480, 480], [1, 1, 1, 1]])
    assert np.abs((found - between(first, second)) @ corners).max() < 1.5


def test_people_who_walk_are_not_taken_for_the_camera() -> None:
    camera = PictureMotion()
    person = cv2.resize(wall()[:300, :150], (400, 470))
    for step in range(3):
        frame, x = seen(at(0, 0)), 20 + 12 * step
        frame[5:475, x : x + 400] = person
        people = np.array([[x, 5.0, x + 400, 475]])
        assert camera.look(frame, people, step / RATE_HZ) is None


def test_a_still_camera_is_looked_at_once_a_second() -> None:
    camera, still = PictureMotion(), seen(at(0, 0))
    for step in range(10 * RATE_HZ):
        assert camera.look(still, NOBODY, step / RATE_HZ) is None
    assert 9 <= camera.looks <= 11


def test_a_camera_that_begins_to_move_is_followed_from_a_second_on_and_left_alone_again() -> None:
    camera, found = PictureMotion(), []
    place = np.cumsum([0.0] * 20 + [4.0, -4.0] * 20 + [0.0] * 60)
    views = {x: seen(at(x, 0)) for x in set(place.tolist())}
    for step, x in enumerate(place.tolist()):
        found.append(camera.look(views[x], NOBODY, step / RATE_HZ) is not None)
    assert not any(found[:20])
    assert all(found[20 + RATE_HZ + 2 : 60])
    assert not any(found[60:])
    assert camera.looks < 2 + 40 + 2.1 * RATE_HZ + 3


def test_a_picture_that_shows_nothing_tells_nothing() -> None:
    camera, blank = PictureMotion(), np.zeros((480, 640, 3), np.uint8)
    for step, frame in enumerate((blank, blank, seen(at(0, 0)), blank, blank[:100, :100])):
        assert camera.look(frame, NOBODY, step / RATE_HZ) is None


@pytest.mark.parametrize("at_s", [-1000.0, float("nan"), float("inf")])
def test_a_clock_that_jumps_does_not_blind_it(at_s: float) -> None:
    camera = PictureMotion()
    camera.look(seen(at(0, 0)), NOBODY, 10.0)
    camera.look(seen(at(0, 0)), NOBODY, at_s)
    found = [camera.look(seen(at(5 * step, 0)), NOBODY, 100 + step) for step in range(4)]
    assert found[-1] is not None


def test_tracks_move_with_the_picture() -> None:
    motion = kalman.start(np.array([[100.0], [50.0], [20.0], [40.0]]))
    motion[1, :2, 0] = (3, 0)
    turned = kalman.warp(motion, np.array([[0, -2, 5], [2, 0, 6.0]]))
    assert turned[0, :, 0].tolist() == [-95, 206, 40, 80]
    assert turned[1, :2, 0].tolist() == [0, 6]
    assert (turned[2:] == 4 * motion[2:]).all()


def test_two_people_keep_their_ids_through_a_jolt_when_the_picture_tells_it() -> None:
    people = [(100, 100, 140, 200), (160, 100, 200, 200)]
    jolt = np.array([[1.0, 0, 60], [0, 1, 0]])
    for moved, kept in ((jolt, True), (None, False)):
        tracker = Tracker(0.5)
        for step in range(5):
            before = tracker.update(detections(people), step / RATE_HZ)
        shifted = [(x1 + 60, y1, x2 + 60, y2) for x1, y1, x2, y2 in people]
        after = tracker.update(detections(shifted), 5 / RATE_HZ, moved=moved)
        where = {int(i): x for i, (x, *_) in zip(after.track_id, after.xyxy, strict=True)}
        told = [
            abs(where.get(int(i), 1e9) - x - 60) < 5
            for i, (x, *_) in zip(before.track_id, before.xyxy, strict=True)
        ]
        assert all(told) is kept
