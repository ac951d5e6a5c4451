"""Which detection belongs to which track: overlap and one optimal assignment."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]


def overlap(a: Floats, b: Floats) -> Floats:
    """Intersection over union of every box of `a` (N, 4) with every one of `b` (M, 4)."""
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    side = np.maximum(high - low, 0.0)
    common = side[..., 0] * side[..., 1]
    area_a = (a[:, 2] - a[:, 0]) * (a[:, 3] - a[:, 1])
    area_b = (b[:, 2] - b[:, 0]) * (b[:, 3] - b[:, 1])
    union = area_a[:, None] + area_b[None, :] - common
    result: Floats = common / np.maximum(union, 1e-9)
    return result


def assign(likeness: Floats, at_least: float) -> tuple[Indices, Indices]:
    """Pairs (rows, columns) whose sum of likeness above `at_least` is largest.

    Being unmatched is worth nothing, so a poor pair is never made to please another one
    (the same optimum as `lapjv` with a cost limit).
    """
    gain = np.maximum(likeness - at_least, 0.0)
    if not gain.any():
        nothing = np.empty(0, dtype=np.intp)
        return nothing, nothing
    rows, columns = linear_sum_assignment(gain, maximize=True)
    good = gain[rows, columns] > 0
    return rows[good], columns[good]
