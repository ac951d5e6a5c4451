"""Non-maximum suppression: of boxes that overlap much, the best one stays."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def iou_matrix(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float32]:
    """IoU ``[N, M]`` of every box of ``a`` ``[N, 4]`` with every box of ``b`` ``[M, 4]``."""
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    inner: NDArray[np.float32] = (high - low).clip(min=0).prod(2)
    area_a = (a[:, 2:] - a[:, :2]).clip(min=0).prod(1)
    area_b = (b[:, 2:] - b[:, :2]).clip(min=0).prod(1)
    union = area_a[:, None] + area_b[None, :] - inner
    iou: NDArray[np.float32] = inner / np.maximum(union, np.float32(1e-9))
    return iou


def suppress(
    boxes: NDArray[np.float32], scores: NDArray[np.float32], iou: float, most: int
) -> NDArray[np.intp]:
    """Indices of the boxes that stay, best first: greedy, among the ``most`` best ones."""
    order = np.argsort(-scores, kind="stable")[:most]
    overlap = iou_matrix(boxes[order], boxes[order]) > iou
    alive = np.ones(len(order), bool)
    for i in range(len(order)):
        if alive[i]:
            alive[i + 1 :] &= ~overlap[i, i + 1 :]
    return order[alive]
