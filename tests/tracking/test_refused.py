"""Boxes that nobody can have: refused, counted, and never a warning of numpy's."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from edge_agent.tracking.bytetrack import Tracker
from edge_agent.tracking.picture_motion import PictureMotion
from edge_agent.tracking.sighted import SightedTracker
from tests.tracking.scenes import Box, detections, walker

RATE_HZ = 10
HUGE = 3e38


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("size", [None, (640, 480)])
@pytest.mark.parametrize(
    "box",
    [
        (-HUGE, -HUGE, HUGE, HUGE),
        (HUGE, HUGE, HUGE, HUGE),
        (-np.inf, -np.inf, -np.inf, np.inf),
        (np.nan, np.nan, np.nan, np.nan),
    ],
)
def test_boxes_beyond_all_measure_are_refused_without_a_word(
    box: Box, size: tuple[int, int] | None
) -> None:
    tracker = Tracker(0.5)
    for i in range(3):
        tracks = tracker.update(detections([box, walker(0)]), i / RATE_HZ, size=size)
    assert tracks.track_id.tolist() == [1]
    assert tracker.refused == 3


def test_a_box_of_many_pictures_is_refused_where_the_picture_is_known() -> None:
    large, larger = (-960, 10, 1590, 400), (-970, 10, 1600, 400)
    tracker = Tracker(0.5)
    assert len(tracker.update(detections([large, larger]), 0.0, size=(640, 480))) == 1
    assert tracker.refused == 1
    assert len(Tracker(0.5).update(detections([larger]), 0.0)) == 1


@pytest.mark.filterwarnings("error")
def test_a_box_over_everything_hides_no_motion_of_the_camera() -> None:
    noise = np.random.default_rng(1).integers(0, 255, (90, 120, 3), dtype=np.uint8)
    wall = cv2.resize(noise, (960, 720), interpolation=cv2.INTER_CUBIC).astype(np.uint8)
    everything, inside_out = (-HUGE, -HUGE, HUGE, HUGE), (np.inf, 0, np.inf, 9)
    tracker = Tracker(0.5)
    sighted = SightedTracker(tracker, PictureMotion())
    for step in range(12):
        x = 25 * step
        person = (600.0 - x, 100.0, 640.0 - x, 200.0)
        found = detections([person, everything, inside_out])
        tracks = sighted.update(wall[:480, x : x + 640], found, step / RATE_HZ)
    assert tracks.track_id.tolist() == [1]
    assert tracker.refused == 24
