from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest

from edge_agent.tracking.bytetrack import Tracker
from tests.tracking.scenes import Box, detections
from trinetra.rejoined import Rejoiner

RATE_HZ = 10
Frame = npt.NDArray[np.uint8]
STRIPES = np.random.default_rng(3).integers(0, 2, (100, 40, 1), dtype=np.uint8)


class ByColour:
    """An embedder for which a crop's mean colour, less grey, is its looks."""

    size = 3

    def embed(self, crops: Sequence[Frame]) -> npt.NDArray[np.float32]:
        rows = np.array([crop.mean(axis=(0, 1)) for crop in crops], dtype=np.float32)
        rows = rows - rows.mean(axis=1, keepdims=True) + 1e-3
        unit: npt.NDArray[np.float32] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        return unit


def box(x: float) -> Box:
    return (x, 100, x + 40, 200)


def picture(x: float, colour: tuple[int, int, int]) -> Frame:
    frame = np.zeros((360, 640, 3), np.uint8)
    frame[100:200, int(x) : int(x) + 40] = STRIPES * np.array(colour, np.uint8)
    return frame


RED, GREEN = (20, 20, 250), (20, 250, 20)


def ids(
    second: tuple[int, int, int], *, gap_s: float = 3.0, x: float = 320.0, first_x: float = 200.0
) -> list[int]:
    """A red person stands there, is gone for longer than the tracker waits, and one is there."""
    tracker, rejoiner = Tracker(0.5), Rejoiner(ByColour())
    found: list[int] = []
    before, after = round(3 * RATE_HZ), round((3 + gap_s) * RATE_HZ)
    for step in range(after + 4 * RATE_HZ):
        there, colour = (first_x, RED) if step < before else (x, second)
        shown = not before <= step < after
        frame = picture(there, colour) if shown else picture(0, (0, 0, 0))
        seen = detections([box(there)] if shown else [])
        tracks = tracker.update(seen, step / RATE_HZ)
        rejoiner.see(frame, tracks, step / RATE_HZ)
        found += tracks.track_id.tolist()
    assert set(found) == {1, 2}
    return [rejoiner.first_id(track_id) for track_id in (1, 2)]


def test_who_is_lost_and_found_again_has_one_id() -> None:
    assert ids(RED) == [1, 1]


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"second": GREEN}, "looks like someone else"),
        ({"second": RED, "gap_s": 10.5}, "gone for too long"),
        ({"second": RED, "gap_s": 2.0, "x": 560.0}, "nobody walks 3.6 body heights in 2 s"),
        ({"second": RED, "first_x": 3.0, "x": 60.0}, "went out over the border"),
        ({"second": RED, "first_x": 540.0, "x": 598.0}, "came in over the border"),
    ],
)
def test_someone_else_keeps_the_new_id(changed: dict[str, object], why: str) -> None:
    assert ids(**changed) == [1, 2], why  # type: ignore[arg-type]


def test_what_is_remembered_does_not_grow_with_the_clip() -> None:
    tracker, rejoiner = Tracker(0.5), Rejoiner(ByColour())
    for step in range(120 * RATE_HZ):
        shown = step % 25 < 5
        there = 100.0 + (step * 37) % 400
        seen = detections([box(there)] if shown else [])
        rejoiner.see(picture(there, RED), tracker.update(seen, step / RATE_HZ), step / RATE_HZ)
    assert rejoiner.remembered < 30
