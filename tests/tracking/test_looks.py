from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt
import pytest

from edge_agent.tracking.bytetrack import Tracker, Tracks
from edge_agent.tracking.looks import EVERY_S
from edge_agent.tracking.picture_motion import PictureMotion
from edge_agent.tracking.sighted import SightedTracker
from edge_agent.tracking.table import TrackerState
from tests.tracking.scenes import Box, detections

RATE_HZ = 10
RED, BLUE = (0, 0, 255), (255, 0, 0)
Frame = npt.NDArray[np.uint8]


class ByColour:
    """An embedder for which a crop's mean colour is its looks."""

    size = 3

    def __init__(self) -> None:
        self.crops = 0

    def embed(self, crops: Sequence[Frame]) -> npt.NDArray[np.float32]:
        self.crops += len(crops)
        rows = np.array([crop.mean(axis=(0, 1)) for crop in crops], dtype=np.float32) + 1e-3
        unit: npt.NDArray[np.float32] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        return unit


def picture(people: list[tuple[Box, tuple[int, int, int]]]) -> Frame:
    frame = np.zeros((360, 640, 3), np.uint8)
    for (x1, y1, x2, y2), colour in people:
        frame[int(y1) : int(y2), int(x1) : int(x2)] = colour
    return frame


def box(x: float) -> Box:
    return (x, 100, x + 40, 200)


def meeting(tracker: SightedTracker) -> tuple[Tracks, Tracks]:
    """Red and blue walk towards each other, hide behind something together, and turn back."""
    for step in range(12):
        red, blue = box(100 + 10 * step), box(340 - 10 * step)
        before = tracker.update(
            picture([(red, RED), (blue, BLUE)]), detections([red, blue]), step / RATE_HZ
        )
    for step in range(12, 14):
        tracker.update(picture([]), detections([]), step / RATE_HZ)
    red, blue = box(214), box(226)
    frame = picture([((214, 100, 240, 200), RED), ((240, 100, 266, 200), BLUE)])
    after = tracker.update(frame, detections([red, blue]), 1.4)
    return before, after


def by_place(tracks: Tracks) -> list[int]:
    order = np.argsort(tracks.xyxy[:, 0])
    return [int(each) for each in tracks.track_id[order]]


def test_two_who_met_and_turned_back_are_told_apart_by_their_looks() -> None:
    before, after = meeting(SightedTracker(Tracker(0.5, alike=0.8), None, ByColour()))
    assert by_place(before) == by_place(after)


def test_without_looks_they_would_be_taken_for_having_passed() -> None:
    before, after = meeting(SightedTracker(Tracker(0.5)))
    assert by_place(before) == by_place(after)[::-1]


def test_whoever_is_alone_is_looked_at_once_a_second() -> None:
    embedder = ByColour()
    tracker = SightedTracker(Tracker(0.5), None, embedder)
    for step in range(5 * RATE_HZ + 1):
        here = box(100 + 2 * step)
        tracker.update(picture([(here, RED)]), detections([here]), step / RATE_HZ)
    assert embedder.crops == tracker.embedded
    assert 5 <= embedder.crops <= 5 / EVERY_S + 1


def test_a_weak_detection_is_never_looked_at() -> None:
    embedder = ByColour()
    tracker = SightedTracker(Tracker(0.5), None, embedder)
    here = [box(100), box(105)]
    for step in range(20):
        tracker.update(picture([(here[0], RED)]), detections(here, [0.9, 0.2]), step / RATE_HZ)
    assert embedder.crops <= 3


def test_a_sliver_at_the_border_tells_nothing_and_breaks_nothing() -> None:
    tracker = SightedTracker(Tracker(0.5), None, ByColour())
    for step in range(15):
        sliver, whole = (-38.0, 100.0, 2.0, 200.0), box(0)
        seen = detections([sliver, whole])
        tracks = tracker.update(picture([(whole, RED)]), seen, step / RATE_HZ)
    assert len(tracks) == 2


def test_looks_survive_a_restart() -> None:
    def run(cut: int | None) -> list[list[int]]:
        tracker, embedder, seen = Tracker(0.5, alike=0.5), ByColour(), []
        for step in range(24):
            if step == cut:
                wire = msgspec.msgpack.encode(tracker.state())
                tracker = Tracker(0.5, alike=0.5)
                tracker.restore(msgspec.msgpack.decode(wire, type=TrackerState))
            red, blue = box(100 + 10 * min(step, 24 - step)), box(340 - 10 * min(step, 24 - step))
            people = [] if 12 <= step < 16 else [(red, RED), (blue, BLUE)]
            found = detections([each for each, _ in people])
            frame = picture(people)
            tracks = SightedTracker(tracker, None, embedder).update(frame, found, step / RATE_HZ)
            seen.append(by_place(tracks))
        return seen

    assert run(None) == run(11) == run(14)


def test_nobody_is_remembered_after_the_end() -> None:
    tracker = Tracker(0.5)
    sighted = SightedTracker(tracker, None, ByColour())
    for step in range(5):
        people = [box(100), box(340)]
        frame = picture([(people[0], RED), (people[1], BLUE)])
        sighted.update(frame, detections(people), step / RATE_HZ)
    assert tracker.state().looks.keys() == {1, 2}
    for step in range(5, 40):
        sighted.update(picture([(box(340), BLUE)]), detections([box(340)]), step / RATE_HZ)
    assert tracker.state().looks.keys() == {2}
    for step in range(40, 80):
        sighted.update(picture([]), detections([]), step / RATE_HZ)
    assert not tracker.state().track_id
    assert not tracker._looks.known
    assert not tracker._looks.looked_s


@pytest.mark.parametrize("corner", [(-90, 10), (700, 10), (10, -150), (10, 400)])
def test_boxes_outside_the_picture_are_refused_and_counted(corner: tuple[int, int]) -> None:
    (x, y), tracker = corner, Tracker(0.5)
    sighted = SightedTracker(tracker, PictureMotion(), None)
    outside, partly = (x, y, x + 60, y + 120), (600, 300, 700, 400)
    for step in range(3):
        tracks = sighted.update(picture([]), detections([outside, partly]), step / RATE_HZ)
    assert tracker.refused == 3
    assert tracks.xyxy.round().astype(int).tolist() == [list(partly)]


def test_a_frozen_tracker_of_an_older_release_has_no_looks() -> None:
    tracker = Tracker(0.5)
    for step in range(3):
        frame = picture([(box(9), RED)])
        sighted = SightedTracker(tracker, None, ByColour())
        sighted.update(frame, detections([box(9)]), step / RATE_HZ)
    plain = msgspec.to_builtins(tracker.state())
    assert plain.pop("looks")
    assert msgspec.convert(plain, TrackerState).looks == {}
