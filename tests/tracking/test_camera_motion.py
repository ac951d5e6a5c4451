from __future__ import annotations

import numpy as np

from edge_agent.tracking.bytetrack import Tracker
from edge_agent.tracking.camera_motion import CameraMotion, surprise
from tests.tracking.scenes import detections

RATE_HZ = 15


def crowd(rng: np.random.Generator, people: int = 12) -> np.ndarray:
    """(4, N) centres and sizes of people somewhere in a picture."""
    centre = rng.uniform((100, 100), (1800, 900), (people, 2))
    return np.concatenate((centre, np.tile((50.0, 130.0), (people, 1))), axis=1).T


def test_scatter_alone_is_no_motion_of_the_camera() -> None:
    rng, camera, moved = np.random.default_rng(3), CameraMotion.unknown(), []
    expected = crowd(rng)
    for _ in range(200):
        found = expected.copy()
        found[:2] += rng.normal(0, 2, (2, 12))
        moved.append(camera.shift(surprise(found, expected), 1 / RATE_HZ))
    assert sum(each is not None for each in moved) < 20


def test_a_common_surprise_is_the_cameras() -> None:
    rng, camera = np.random.default_rng(3), CameraMotion.unknown()
    expected = crowd(rng)
    for step in range(30):
        swing = np.array([20 * np.sin(step), 8 * np.cos(step)])
        found = expected.copy()
        found[:2] += swing[:, None] + rng.normal(0, 1, (2, 12))
        shift = camera.shift(surprise(found, expected), 1 / RATE_HZ)
    assert shift is not None
    assert np.abs(shift - swing).max() < 3


def test_three_people_are_too_few_to_tell() -> None:
    camera, three = CameraMotion.unknown(), crowd(np.random.default_rng(3), 3)
    for _ in range(10):
        assert camera.shift(surprise(three + 30, three), 1 / RATE_HZ) is None


def test_hidden_people_keep_their_ids_while_the_camera_pans() -> None:
    rng, tracker = np.random.default_rng(5), Tracker(0.5)
    people = [(x, y, x + 50, y + 130) for x in range(200, 1400, 150) for y in (100, 400)]
    pan = np.cumsum(rng.choice((-25.0, 25.0), 40))
    first: set[int] = set()
    for step, shift in enumerate(pan):
        hidden = 3 if 20 <= step < 30 else 0
        seen = [(x1 + shift, y1, x2 + shift, y2) for x1, y1, x2, y2 in people[hidden:]]
        tracks = tracker.update(detections(seen), step / RATE_HZ)
        if step == 19:
            first = set(tracks.track_id.tolist())
    assert len(first) == len(people)
    assert set(tracks.track_id.tolist()) == first
