"""Long detection is heard from inside, and gives the same answers in the same order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from edge_agent.tracking.alive import PART, AliveFinder, warm_up
from models.detections import Detections

Frame = npt.NDArray[np.uint8]


class Slow:
    """Notes what it is asked; finds one box whose left edge is the frame's first pixel."""

    name, threshold, input_size = "slow", 0.5, (64, 64)

    def __init__(self, said: list[str]) -> None:
        self._said = said

    def detect(self, frames: Sequence[Frame]) -> list[Detections]:
        self._said.append(f"detect {len(frames)}")
        boxes = [np.array([[frame[0, 0, 0], 0, 250, 9]], np.float32) for frame in frames]
        return [Detections(box, np.array([0.9], np.float32)) for box in boxes]


def test_a_beat_before_every_part_and_all_answers_in_order() -> None:
    said: list[str] = []
    finder = AliveFinder(Slow(said), lambda: said.append("beat"))
    frames = [np.full((8, 8, 3), index, np.uint8) for index in range(2 * PART + 1)]
    found = finder.detect(frames)
    assert [int(one.xyxy[0, 0]) for one in found] == list(range(2 * PART + 1))
    assert said == ["beat", f"detect {PART}", "beat", f"detect {PART}", "beat", "detect 1"]


def test_the_first_run_comes_before_anybody_counts_on_it() -> None:
    said: list[str] = []
    warm_up(Slow(said), (32, 16), lambda: said.append("beat"))
    assert said == ["beat", "detect 1"]
