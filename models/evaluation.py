"""How good a detector is: average precision at IoU 0.5 over labelled images."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.detections import Detections
from models.nms import iou_matrix

FloatArray = NDArray[np.float32]
MATCH_IOU = 0.5
IGNORED_SHARE = 0.5


@dataclass(frozen=True)
class Labelled:
    """One image's truth: boxes to find, and areas where nothing counts (both ``[N, 4]``)."""

    boxes: FloatArray
    ignore: FloatArray


@dataclass(frozen=True)
class Score:
    """AP at IoU 0.5 (101 points, as COCO) and the point of best F1."""

    ap50: float
    boxes: int
    precision: float
    recall: float
    f1: float
    threshold: float


def match(found: Detections, truth: Labelled) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Scores of the detections that count, and whether each is right; greedy, best score first."""
    scores, right = [], []
    iou = iou_matrix(found.xyxy, truth.boxes)
    free = np.ones(len(truth.boxes), bool)
    for i, score in enumerate(found.score):
        candidates = np.where(free, iou[i], 0.0)
        best = int(candidates.argmax()) if len(candidates) else -1
        hit = best >= 0 and candidates[best] >= MATCH_IOU
        if hit:
            free[best] = False
        elif covered(found.xyxy[i], truth.ignore) >= IGNORED_SHARE:
            continue
        scores.append(score)
        right.append(hit)
    return np.array(scores, np.float32), np.array(right, bool)


def covered(box: FloatArray, areas: FloatArray) -> float:
    """Largest share of ``box`` that one of ``areas`` covers."""
    if not len(areas):
        return 0.0
    low = np.maximum(box[:2], areas[:, :2])
    high = np.minimum(box[2:], areas[:, 2:])
    inner = (high - low).clip(min=0).prod(1)
    return float(inner.max() / max(1e-9, float((box[2:] - box[:2]).prod())))


def score(pairs: Iterable[tuple[Detections, Labelled]]) -> Score:
    """Average precision and best F1 of detections against truth, image by image."""
    matched = [(*match(found, truth), len(truth.boxes)) for found, truth in pairs]
    scores = np.concatenate([m[0] for m in matched] or [np.zeros(0, np.float32)])
    right = np.concatenate([m[1] for m in matched] or [np.zeros(0, bool)])
    total = sum(m[2] for m in matched)
    if not total or not len(scores):
        return Score(0.0, total, 0.0, 0.0, 0.0, 1.0)
    order = np.argsort(-scores, kind="stable")
    hits = right[order].cumsum()
    recall = hits / total
    precision = hits / np.arange(1, len(hits) + 1)
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-9)
    best = int(f1.argmax())
    return Score(
        area_101(recall, precision),
        total,
        float(precision[best]),
        float(recall[best]),
        float(f1[best]),
        float(scores[order][best]),
    )


def area_101(recall: NDArray[np.float64], precision: NDArray[np.float64]) -> float:
    """Mean of the best precision at recall >= r for r = 0, 0.01 .. 1."""
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    index = np.searchsorted(recall, np.linspace(0, 1, 101), side="left")
    return float(np.append(envelope, 0.0)[np.minimum(index, len(envelope))].mean())
