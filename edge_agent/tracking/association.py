"""Which detection belongs to which track: overlap and one optimal assignment."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]
Flags = npt.NDArray[np.bool_]
Pairs = tuple[Indices, Indices]

TWIN_COVER = 0.8
TWIN_TOP = 0.1
REACH_UP = 0.25
"""How much further people move sideways in a picture than up and down."""
NOTHING: Indices = np.empty(0, dtype=np.intp)


def overlap(a: Floats, b: Floats, margin: Floats) -> Floats:
    """Intersection over union (N, M) of the boxes `a` (4, N) and `b` (4, M).

    Boxes are corners and have a size. Both boxes of a pair are first grown by `margin` (N,)
    pixels to either side, and by a part of it up and down, so that people who moved further
    than their own width still meet (buffered IoU: Yang et al. 2023, "C-BIoU").
    """
    side = 2 * margin[:, None]
    up = REACH_UP * side
    wide = np.minimum.outer(a[2], b[2])
    wide -= np.maximum.outer(a[0], b[0])
    wide += side
    high = np.minimum.outer(a[3], b[3])
    high -= np.maximum.outer(a[1], b[1])
    high += up
    common: Floats = np.maximum(wide, 0.0, out=wide)
    common *= np.maximum(high, 0.0, out=high)
    both = (b[2] - b[0]) + side
    both *= (b[3] - b[1]) + up
    both += ((a[2] - a[0])[:, None] + side) * ((a[3] - a[1])[:, None] + up)
    both -= common
    common /= both
    return common


def assign(likeness: Floats, at_least: float) -> Pairs:
    """Pairs (rows, columns) whose sum of likeness above `at_least` is largest.

    Being unmatched is worth nothing, so a poor pair is never made to please another one
    (the same optimum as `lapjv` with a cost limit).
    """
    if not likeness.size:
        return NOTHING, NOTHING
    cost = at_least - likeness
    np.minimum(cost, 0.0, out=cost)
    rows, columns = linear_sum_assignment(cost)
    good = cost[rows, columns] < 0
    return rows[good], columns[good]


def twins(a: Floats, b: Floats) -> Flags:
    """(N, M): which boxes `a` (4, N) show the same person as `b` (4, M), one of them in part.

    Two such boxes begin at the same height, where the head is, and the smaller one lies in the
    larger. A detector that sees a body half hidden likes to answer with both.
    """
    low = np.maximum(a[:2, :, None], b[:2, None, :])
    high = np.minimum(a[2:, :, None], b[2:, None, :])
    common = np.maximum(high - low, 0.0).prod(axis=0)
    size_a, size_b = a[2:] - a[:2], b[2:] - b[:2]
    covered = common > TWIN_COVER * np.minimum.outer(size_a.prod(axis=0), size_b.prod(axis=0))
    apart = np.abs(np.subtract.outer(a[1], b[1]))
    result: Flags = covered & (apart < TWIN_TOP * np.maximum.outer(size_a[1], size_b[1]))
    return result
