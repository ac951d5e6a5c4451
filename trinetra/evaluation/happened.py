"""What happened in a store, as truth or as measured: both sides of every comparison.

Times are UNIX seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


class Passage(NamedTuple):
    """Someone went through a door; `who` is a person in truth, a track id when measured."""

    door: str
    direction: Literal["in", "out"]
    at_s: float
    who: int = -1


class Stay(NamedTuple):
    """Someone was in a zone or a queue from `begin_s` to `end_s`.

    `cut` says that the day's begin or end cut it: it is neither asked for nor held against anyone.
    """

    zone: str
    begin_s: float
    end_s: float
    who: int = -1
    cut: bool = False

    @property
    def seconds(self) -> float:
        """How long."""
        return self.end_s - self.begin_s


class Headcount(NamedTuple):
    """People inside from `at_s` on."""

    at_s: float
    people: int


@dataclass(frozen=True)
class Happened:
    """Everything that is compared between `begin_s` and `end_s`.

    `heat` is (blocks, rows, columns): seconds of presence per floor cell and five-minute block.
    """

    begin_s: float
    end_s: float
    passages: Sequence[Passage] = ()
    stays: Sequence[Stay] = ()
    queues: Sequence[Stay] = ()
    occupancy: Sequence[Headcount] = ()
    queue_zones: Sequence[str] = ()
    """Queues there are, also those in which nobody waited."""
    heat: Floats = field(default_factory=lambda: np.zeros((1, 0, 0)))
