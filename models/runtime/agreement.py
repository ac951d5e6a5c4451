"""How far an engine's answers are from those of the reference engine."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.catalog import ModelEntry
from models.nms import iou_matrix
from models.runtime.base import Precision
from models.runtime.entry import Rows

TOLERANCE: dict[Precision, float] = {"fp32": 0.01, "fp16": 0.05, "int8": 0.1}
"""The distance up to which answers are the same.  Files that are quantized are rounded by each
engine in its own way, hence the last."""
SAME_IOU = 0.5
BOX_WEIGHT = 0.25  # NMS may keep the neighbour of two boxes that score alike
NEARLY = 0.9
COSINE_WEIGHT = 10.0  # cosines of different people are a few tenths apart


def distance(model: ModelEntry, reference: list[Rows], seen: list[Rows]) -> float | None:
    """0 is the same, 1 is nothing in common, None: the reference saw nothing to compare.

    In scores: for detections the worst difference of scores or a quarter of 1 - IoU, and 1 if
    somebody whom one of them is sure of does not exist for the other; for embeddings ten times
    1 - cosine, the worst one.
    """
    far = embedding_distance if model.task == "person-embedding" else boxes_distance
    told = [far(model, _array(a), _array(b)) for a, b in zip(reference, seen, strict=True)]
    known = [value for value in told if value is not None]
    return max(known, default=None)


def embedding_distance(
    _model: ModelEntry, reference: NDArray[np.float32], seen: NDArray[np.float32]
) -> float | None:
    """Of two unit rows ``[1, D]``."""
    if reference.shape != seen.shape:
        return 1.0
    return float(np.clip(COSINE_WEIGHT * (1.0 - (reference * seen).sum()), 0.0, 1.0))


def boxes_distance(
    model: ModelEntry, reference: NDArray[np.float32], seen: NDArray[np.float32]
) -> float | None:
    """Of boxes with scores ``[N, 5]``: each that one is sure of must have its like.

    Sure begins at the model's threshold, or at the best score where nobody reaches that.
    """
    if not len(reference):
        return None
    if not len(seen):
        return 1.0
    bar = min(model.threshold, NEARLY * float(reference[:, 4].max()))
    sure_a, sure_b = reference[:, 4] >= bar, seen[:, 4] >= bar
    same = iou_matrix(reference[:, :4], seen[:, :4])
    pairs = [(a, int(same[a].argmax())) for a in np.flatnonzero(sure_a).tolist()]
    pairs += [(int(same[:, b].argmax()), b) for b in np.flatnonzero(sure_b).tolist()]
    worst = 0.0
    for a, b in pairs:
        if same[a, b] < SAME_IOU:
            return 1.0
        apart = abs(float(reference[a, 4] - seen[b, 4]))
        worst = max(worst, apart, BOX_WEIGHT * (1.0 - float(same[a, b])))
    return worst


def _array(rows: Rows) -> NDArray[np.float32]:
    return np.array(rows, np.float32) if rows else np.zeros((0, 5), np.float32)
