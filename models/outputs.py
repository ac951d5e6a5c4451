"""From a network's output arrays to boxes and scores, for each supported form.

==============  =======================================================================
form            outputs
==============  =======================================================================
boxes-scores    ``[N, A, 5]``: x1, y1, x2, y2, score
mmdet           ``[N, K, 5]`` as above after NMS, and labels ``[N, K]``
yolox           ``[N, A, 5 + C]``: raw cx, cy, w, h, objectness, class scores
yolov8          ``[N, 4 + C, A]``: cx, cy, w, h, class scores (Ultralytics 8 and 11)
==============  =======================================================================

Boxes are in input pixels.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Outputs = list[NDArray[Any]]
Candidates = tuple[NDArray[np.float32], NDArray[np.float32]]
YOLOX_STRIDES = (8, 16, 32)


def boxes_scores(outputs: Outputs, _person: int, _size: tuple[int, int]) -> Candidates:
    """Boxes ``[N, A, 4]`` and scores ``[N, A]``; there is one class."""
    dets = outputs[0]
    return dets[..., :4], dets[..., 4]


def mmdet(outputs: Outputs, person: int, _size: tuple[int, int]) -> Candidates:
    """Boxes and scores after the graph's own NMS; other classes score 0."""
    dets, labels = outputs[0], outputs[1]
    return dets[..., :4], np.where(labels == person, dets[..., 4], np.float32(0))


def yolox(outputs: Outputs, person: int, size: tuple[int, int]) -> Candidates:
    """Raw YOLOX maps (Ge et al. 2021): cell offsets and log sizes per stride."""
    raw = outputs[0]
    cells, strides = [], []
    for stride in YOLOX_STRIDES:
        x, y = np.meshgrid(np.arange(size[0] // stride), np.arange(size[1] // stride))
        cells.append(np.stack([x.ravel(), y.ravel()], 1))
        strides.append(np.full((x.size, 1), stride))
    grid = np.concatenate(cells).astype(np.float32)
    step = np.concatenate(strides).astype(np.float32)
    centre = (raw[..., :2] + grid) * step
    half = np.exp(raw[..., 2:4]) * step / 2
    boxes = np.concatenate([centre - half, centre + half], -1)
    return boxes.astype(np.float32), raw[..., 4] * raw[..., 5 + person]


def yolov8(outputs: Outputs, person: int, _size: tuple[int, int]) -> Candidates:
    """Decoded centre-size boxes, one row per number."""
    raw = outputs[0].transpose(0, 2, 1)
    centre, half = raw[..., :2], raw[..., 2:4] / 2
    boxes = np.concatenate([centre - half, centre + half], -1)
    return boxes.astype(np.float32), raw[..., 4 + person]


DECODERS: dict[str, Callable[[Outputs, int, tuple[int, int]], Candidates]] = {
    "boxes-scores": boxes_scores,
    "mmdet": mmdet,
    "yolox": yolox,
    "yolov8": yolov8,
}
