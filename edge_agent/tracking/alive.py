"""A detector that lets its worker be heard: long work is done in short parts, a beat before each.

A hung worker is killed after two silent seconds. Sixty-four tiles of four frames take longer on a
slow machine, and none of it is hanging; one part of four that takes so long is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from models.detections import Detections

Frame = npt.NDArray[np.uint8]
PART = 4


class Finder(Protocol):
    """What tracking needs of a detector."""

    name: str
    threshold: float

    @property
    def input_size(self) -> tuple[int, int]:
        """The (width, height) that pictures are fitted into."""
        ...

    def detect(self, frames: Sequence[Frame]) -> list[Detections]:
        """People in each frame."""
        ...


class AliveFinder:
    """The same detector, with a beat at least before every `PART` pictures."""

    def __init__(self, finder: Finder, beat: Callable[[], None]) -> None:
        self._finder = finder
        self._beat = beat

    @property
    def input_size(self) -> tuple[int, int]:
        """The (width, height) that pictures are fitted into."""
        return self._finder.input_size

    def detect(self, frames: Sequence[Frame]) -> list[Detections]:
        """People in each frame."""
        found: list[Detections] = []
        for at in range(0, len(frames), PART):
            self._beat()
            found += self._finder.detect(frames[at : at + PART])
        return found


def warm_up(finder: Finder, size: tuple[int, int], beat: Callable[[], None]) -> None:
    """Run once on an empty picture of `size`: first runs compile, and may take many seconds."""
    beat()
    finder.detect([np.zeros((size[1], size[0], 3), np.uint8)])
