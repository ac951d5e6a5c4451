"""How far the camera turned since the last frame, told by the tracks themselves.

When all tracks are surprised in the same direction the camera moved, not the people. How much
of the common surprise is believed is learned (empirical Bayes): its power over the last second
is compared with what scatter alone would give. On a camera that stands still the answer is
zero, so that nobody's walk is taken for the camera's.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from edge_agent.tracking.kalman import Floats

LEAST_PAIRS = 4
MEMORY_S = 0.5
DOUBT = 2.0
"""The common surprise must have this many times the power of chance."""
SPREAD_TO_ERROR = 1.25 * 1.4826
"""Median absolute deviation → standard deviation → standard error of a median of one."""
MOST = 0.5
"""Longest surprise that counts as evidence, in heights of the people."""


class Surprise(NamedTuple):
    """Where people were found less where they were expected, in pixels for x and y.

    `middle` is the median over the people, `spread` the median distance from it.
    """

    people: int
    height_px: float
    middle: list[float]
    spread: list[float]


def surprise(found: Floats, expected: Floats) -> Surprise:
    """Sum up how boxes (4, N) were found; of nobody nothing is known."""
    count = found.shape[1]
    if not count:
        return Surprise(0, 1.0, [0.0, 0.0], [0.0, 0.0])
    away = found[:2] - expected[:2]
    middle = np.sort(away, axis=1)[:, count // 2]
    away -= middle[:, None]
    spread = np.sort(np.abs(away, out=away), axis=1)[:, count // 2]
    height_px = float(expected[3].sum()) / count
    return Surprise(count, height_px, middle.tolist(), spread.tolist())


@dataclass
class CameraMotion:
    """Powers (px²) of the common surprise and of chance, each for x and y."""

    power: list[float]
    chance: list[float]

    @classmethod
    def unknown(cls) -> CameraMotion:
        """Nothing learned yet: the camera is taken to stand still."""
        return cls([0.0, 0.0], [0.0, 0.0])

    def shift(self, seen: Surprise, dt_s: float) -> Floats | None:
        """Pixels (2,) by which the picture moved, None if it did not."""
        if seen.people < LEAST_PAIRS:
            return None
        fresh = 1 - math.exp(-dt_s / MEMORY_S)
        most = (MOST * seen.height_px) ** 2
        error = [(SPREAD_TO_ERROR * each) ** 2 / seen.people + 1e-6 for each in seen.spread]
        for axis, shift in enumerate(seen.middle):
            self.power[axis] += fresh * (min(shift * shift, most) - self.power[axis])
            self.chance[axis] += fresh * (error[axis] - self.chance[axis])
        believed = max(p - DOUBT * c for p, c in zip(self.power, self.chance, strict=True))
        if believed <= 0:
            return None
        shares = (believed / (believed + each) for each in error)
        return np.array([share * x for share, x in zip(shares, seen.middle, strict=True)])
