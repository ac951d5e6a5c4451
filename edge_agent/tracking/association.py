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
REACH_UP = 0.25
"""How much further people move sideways in a picture than up and down."""


def overlap(a: Floats, b: Floats, reach: Floats | None = None) -> Floats:
    """Intersection over union of every box of `a` (N, 4) with every one of `b` (M, 4).

    `reach` (N,) grows both boxes of a pair by so many of their widths to either side, and by a
    part of it up and down, so that people who moved further than their own width still meet
    (buffered IoU: Yang et al. 2023, "C-BIoU").
    """
    grown = np.zeros(len(a)) if reach is None else reach
    first, second = _grown(a[:, None], grown[:, None]), _grown(b[None], grown[:, None])
    side = np.maximum(
        np.minimum(first[..., 2:], second[..., 2:]) - np.maximum(first[..., :2], second[..., :2]), 0
    )
    common = side[..., 0] * side[..., 1]
    result: Floats = common / np.maximum(_area(first) + _area(second) - common, 1e-9)
    return result


def _grown(boxes: Floats, reach: Floats) -> Floats:
    margin = reach * (boxes[..., 2] - boxes[..., 0])
    up = REACH_UP * margin
    return boxes + np.stack([-margin, -up, margin, up], axis=-1)


def _area(boxes: Floats) -> Floats:
    size = boxes[..., 2:] - boxes[..., :2]
    area: Floats = size[..., 0] * size[..., 1]
    return area


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
