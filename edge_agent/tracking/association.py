"""Which detection belongs to which track: overlap and one optimal assignment."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]
Flags = npt.NDArray[np.bool_]


TWIN_COVER = 0.8
TWIN_TOP = 0.1


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


def twins(boxes: Floats) -> Flags:
    """(N, N): which boxes (N, 4) are most likely the same person, once whole and once in part.

    Two such boxes begin at the same height, where the head is, and the smaller one lies in the
    larger. A detector that sees a body half hidden likes to answer with both.
    """
    low = np.maximum(boxes[:, None, :2], boxes[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], boxes[None, :, 2:])
    common = np.maximum(high - low, 0.0).prod(axis=2)
    size = boxes[:, 2:] - boxes[:, :2]
    area, height = size.prod(axis=1), size[:, 1]
    covered = common > TWIN_COVER * np.minimum(area[:, None], area[None, :])
    apart = np.abs(boxes[:, None, 1] - boxes[None, :, 1])
    result: Flags = covered & (apart < TWIN_TOP * np.maximum(height[:, None], height[None, :]))
    np.fill_diagonal(result, False)
    return result
