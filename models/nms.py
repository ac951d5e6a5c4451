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
    """Indices of the boxes that stay, best first: greedy, at most ``most``.

    Every cell near a person says a box, so a crowd has thousands of candidates: no candidate is
    left out before the best ones are chosen.
    """
    order = np.argsort(-scores, kind="stable")
    x1, y1, x2, y2 = np.ascontiguousarray(boxes[order].T)
    area = (x2 - x1).clip(min=0) * (y2 - y1).clip(min=0)
    rest = np.arange(len(order))
    kept: list[int] = []
    while len(rest) and len(kept) < most:
        best, rest = rest[0], rest[1:]
        kept.append(best)
        wide = np.minimum(x2[best], x2[rest]) - np.maximum(x1[best], x1[rest])
        high = np.minimum(y2[best], y2[rest]) - np.maximum(y1[best], y1[rest])
        inner = wide.clip(min=0) * high.clip(min=0)
        union = area[best] + area[rest] - inner
        rest = rest[inner <= iou * np.maximum(union, 1e-9)]
    return order[kept]
