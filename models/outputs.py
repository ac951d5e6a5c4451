"""From a network's output arrays to boxes and scores, for each supported form.

==============  =======================================================================
form            outputs
==============  =======================================================================
boxes-scores    ``[N, A, 5]``: x1, y1, x2, y2, score
mmdet           ``[N, K, 5]`` as above after NMS, and labels ``[N, K]`` (RTMDet)
end-to-end      ``[N, K, 6]``: x1, y1, x2, y2, score, class (YOLO26, YOLOv10, NMS inside)
yolox           ``[N, A, 5 + C]``: raw cx, cy, w, h, objectness, class scores
yolov5          ``[N, A, 5 + C]``: cx, cy, w, h, objectness, class scores
yolov8          ``[N, 4 + C, A]``: cx, cy, w, h, class scores (Ultralytics 8 and 11)
yolov8-rows     ``[N, A, 4 + C]``: the same, transposed
detr            boxes ``[N, Q, 4]``: cx, cy, w, h in 0..1, and logits ``[N, Q, C]`` (RF-DETR)
==============  =======================================================================

Boxes are in input pixels but for ``detr``.  What the class columns hold, the entry says with
``scores``: probabilities, or logits for a sigmoid or for a softmax whose last class is "nothing".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contracts.errors import ModelError
from models.catalog import ModelEntry

Floats = NDArray[np.float32]
Outputs = list[NDArray[Any]]
Candidates = tuple[Floats, Floats]
YOLOX_STRIDES = (8, 16, 32)


class LayoutError(ValueError):
    """Arrays that are not of the form that was expected."""


def read(
    entry: ModelEntry, names: tuple[str, ...], outputs: Outputs, size: tuple[int, int]
) -> Candidates:
    """Boxes ``[N, A, 4]`` (input pixels) and scores ``[N, A]`` of the classes that are kept.

    ``size`` is the (width, height) of the input; ``names`` are those of the outputs.

    Raises:
        ModelError: the arrays are not what the entry says.
    """
    try:
        chosen = ordered(entry, names, outputs)
        boxes, scores = DECODERS[entry.output](entry, chosen, size)
    except LayoutError as error:
        shapes = ", ".join(f"{n}{list(o.shape)}" for n, o in zip(names, outputs, strict=True))
        raise ModelError(
            f"{entry.name}: outputs {shapes} do not fit the form {entry.output!r}: {error}"
        ) from error
    return boxes.astype(np.float32, copy=False), scores.astype(np.float32, copy=False)


def ordered(entry: ModelEntry, names: tuple[str, ...], outputs: Outputs) -> Outputs:
    """The outputs that the entry names, in that order; all of them if it names none."""
    if not entry.outputs:
        return outputs
    missing = [name for name in entry.outputs if name not in names]
    if missing:
        raise LayoutError(f"there is no output {missing[0]!r}")
    return [outputs[names.index(name)] for name in entry.outputs]


def boxes_scores(_entry: ModelEntry, outputs: Outputs, _size: tuple[int, int]) -> Candidates:
    """There is one class, and it is kept."""
    dets = table(outputs, 0, "N, A, 5", exactly=5)
    return dets[..., :4], dets[..., 4]


def mmdet(entry: ModelEntry, outputs: Outputs, _size: tuple[int, int]) -> Candidates:
    """Boxes and scores after the graph's own NMS; other classes score 0."""
    dets = table(outputs, 0, "N, K, 5", exactly=5)
    if len(outputs) < 2 or outputs[1].shape != dets.shape[:2]:
        raise LayoutError("labels [N, K] are missing")
    kept = np.isin(outputs[1], entry.classes)
    return dets[..., :4], np.where(kept, dets[..., 4], np.float32(0))


def end_to_end(entry: ModelEntry, outputs: Outputs, _size: tuple[int, int]) -> Candidates:
    """Final boxes with score and class; other classes score 0."""
    rows = table(outputs, 0, "N, K, 6", exactly=6)
    kept = np.isin(rows[..., 5], entry.classes)
    return rows[..., :4], np.where(kept, rows[..., 4], np.float32(0))


def yolox(entry: ModelEntry, outputs: Outputs, size: tuple[int, int]) -> Candidates:
    """Raw YOLOX maps (Ge et al. 2021): cell offsets and log sizes per stride."""
    raw = table(outputs, 0, "N, A, 5 + classes", least=6)
    grid, step = yolox_cells(size)
    if raw.shape[1] != len(grid):
        raise LayoutError(f"an input of {size[0]}x{size[1]} has {len(grid)} cells")
    centre = (raw[..., :2] + grid) * step
    with np.errstate(over="ignore"):  # a broken network's infinite boxes are dropped and counted
        sides = np.exp(raw[..., 2:4]) * step
    return corners(centre, sides), raw[..., 4] * best_class(entry, raw[..., 5:])


def yolox_cells(size: tuple[int, int]) -> tuple[Floats, Floats]:
    """Columns and rows ``[A, 2]`` of all cells, and their strides ``[A, 1]``."""
    cells, strides = [], []
    for stride in YOLOX_STRIDES:
        x, y = np.meshgrid(np.arange(size[0] // stride), np.arange(size[1] // stride))
        cells.append(np.stack([x.ravel(), y.ravel()], 1))
        strides.append(np.full((x.size, 1), stride))
    return np.concatenate(cells).astype(np.float32), np.concatenate(strides).astype(np.float32)


def yolov5(entry: ModelEntry, outputs: Outputs, _size: tuple[int, int]) -> Candidates:
    """Decoded centre-size boxes with objectness."""
    rows = table(outputs, 0, "N, A, 5 + classes", least=6)
    return corners(rows[..., :2], rows[..., 2:4]), rows[..., 4] * best_class(entry, rows[..., 5:])


def yolov8(entry: ModelEntry, outputs: Outputs, _size: tuple[int, int]) -> Candidates:
    """Decoded centre-size boxes, one row per number."""
    if outputs[0].ndim != 3:
        raise LayoutError("expected [N, 4 + classes, A]")
    return yolov8_rows(entry, [outputs[0].transpose(0, 2, 1)], _size)


def yolov8_rows(entry: ModelEntry, outputs: Outputs, _size: tuple[int, int]) -> Candidates:
    """Decoded centre-size boxes, one row per box."""
    rows = table(outputs, 0, "N, A, 4 + classes", least=5)
    return corners(rows[..., :2], rows[..., 2:4]), best_class(entry, rows[..., 4:])


def detr(entry: ModelEntry, outputs: Outputs, size: tuple[int, int]) -> Candidates:
    """One box a query, in fractions of the input, and its class logits (Carion et al. 2020)."""
    boxes = table(outputs, 0, "N, Q, 4", exactly=4)
    logits = table(outputs, 1, "N, Q, classes", least=1)
    if logits.shape[:2] != boxes.shape[:2]:
        raise LayoutError(f"{boxes.shape[1]} boxes, but logits of {logits.shape[1]}")
    scale = np.array(size, np.float32)
    return corners(boxes[..., :2] * scale, boxes[..., 2:] * scale), best_class(entry, logits)


def table(
    outputs: Outputs, index: int, shape: str, *, exactly: int = 0, least: int = 0
) -> NDArray[Any]:
    """One output, if it has three axes and the right number of columns."""
    found = outputs[index] if index < len(outputs) else None
    columns = found.shape[2] if found is not None and found.ndim == 3 else -1
    if found is None or columns < max(exactly, least) or (exactly and columns != exactly):
        raise LayoutError(f"expected [{shape}]" + (f" as output {index + 1}" if index else ""))
    return found


def corners(centre: NDArray[Any], sides: NDArray[Any]) -> Floats:
    """x1, y1, x2, y2 of boxes given by their centre and sides."""
    half = sides / 2
    with np.errstate(invalid="ignore"):
        return np.concatenate([centre - half, centre + half], -1).astype(np.float32, copy=False)


def best_class(entry: ModelEntry, columns: NDArray[Any]) -> Floats:
    """The score ``[N, A]`` of the best class that is kept, from class columns ``[N, A, C]``."""
    known = columns.shape[2] - (entry.scores == "softmax")
    absent = [c for c in entry.classes if c >= known]
    if absent:
        raise LayoutError(f"class {absent[0]} is kept, but there are {known} classes")
    if entry.scores == "softmax":
        columns = softmax(columns)
    kept: Floats = columns[..., list(entry.classes)].max(-1)
    return sigmoid(kept) if entry.scores == "sigmoid" else kept


def sigmoid(logits: Floats) -> Floats:
    """Logistic function that does not overflow."""
    shares: Floats = 0.5 * (1.0 + np.tanh(0.5 * logits))
    return shares


def softmax(logits: NDArray[Any]) -> Floats:
    """Shares over the last axis."""
    with np.errstate(invalid="ignore"):  # infinite logits become NaN scores, dropped and counted
        raised = np.exp(logits - logits.max(-1, keepdims=True))
        shares: Floats = raised / raised.sum(-1, keepdims=True)
    return shares


Decoder = Callable[[ModelEntry, Outputs, tuple[int, int]], Candidates]
DECODERS: dict[str, Decoder] = {
    "boxes-scores": boxes_scores,
    "mmdet": mmdet,
    "end-to-end": end_to_end,
    "yolox": yolox,
    "yolov5": yolov5,
    "yolov8": yolov8,
    "yolov8-rows": yolov8_rows,
    "detr": detr,
}
