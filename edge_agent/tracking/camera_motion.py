"""How far the camera turned since the last frame, told by the tracks themselves.

When all tracks are surprised in the same direction the camera moved, not the people. How much
of the common surprise is believed is learned (empirical Bayes): its power over the last second
is compared with what scatter alone would give. On a camera that stands still the answer is
zero, so that nobody's walk is taken for the camera's.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from edge_agent.tracking.kalman import Floats

LEAST_PAIRS = 4
MEMORY_S = 1.0
DOUBT = 2.0
"""The common surprise must have this many times the power of chance."""
SPREAD_TO_ERROR = 1.25 * 1.4826
"""Median absolute deviation → standard deviation → standard error of a median of one."""
MOST = 0.5
"""Longest surprise that counts as evidence, in heights of the people."""


@dataclass
class CameraMotion:
    """Powers (px²) of the common surprise and of chance, each for x and y."""

    power: Floats
    chance: Floats

    @classmethod
    def unknown(cls) -> CameraMotion:
        """Nothing learned yet: the camera is taken to stand still."""
        return cls(np.zeros(2), np.zeros(2))

    def shift(self, surprise: Floats, height: Floats, dt_s: float) -> Floats | None:
        """Pixels (2,) by which the picture moved, None if it did not.

        `surprise` (2, N) is where N people were found less where they were expected,
        `height` (N,) are their heights.
        """
        count = surprise.shape[1]
        if count < LEAST_PAIRS:
            return None
        middle = np.sort(surprise, axis=1)[:, count // 2]
        spread = np.sort(np.abs(surprise - middle[:, None]), axis=1)[:, count // 2]
        error = (SPREAD_TO_ERROR * spread) ** 2 / count + 1e-6
        fresh = 1 - math.exp(-dt_s / MEMORY_S)
        evidence = np.minimum(middle * middle, (MOST * float(height.mean())) ** 2)
        self.power += fresh * (evidence - self.power)
        self.chance += fresh * (error - self.chance)
        believed = float((self.power - DOUBT * self.chance).max())
        if believed <= 0:
            return None
        shift: Floats = middle * (believed / (believed + error))
        return shift
