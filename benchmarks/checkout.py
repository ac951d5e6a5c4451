"""The retail checkout clip against its hand-labelled frames: detection and identity."""

from __future__ import annotations

import csv
import itertools
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from models.detections import Detections
from models.detector import Detector
from models.evaluation import MATCH_IOU, Labelled, match, score
from models.nms import iou_matrix
from trinetra.clip import Clip

SIZE = (1920, 1080)
"""Pixels that the labels are drawn in."""
CONFIRMED_BY = 3
"""A track of the first frame is written once it is confirmed, so frame 1 is looked up here."""

Boxes = npt.NDArray[np.float32]


class Label(NamedTuple):
    """One person in one frame (0-based)."""

    frame: int
    person: str
    box: tuple[float, ...]
    ignore: bool


def labels(path: Path) -> list[Label]:
    """All rows of the hand-made file."""
    with path.open(encoding="utf-8") as stream:
        return [
            Label(
                int(row["frame"]),
                row["person"],
                tuple(float(row[key]) for key in ("x1", "y1", "x2", "y2")),
                row["ignore"] == "1",
            )
            for row in csv.DictReader(stream)
        ]


def detection(clip: Clip, detector: Detector, truth: list[Label]) -> dict[str, float]:
    """AP50 over the labelled frames, precision and recall at the detector's own threshold."""
    frames = {label.frame for label in truth}
    scale = (SIZE[0] / clip.width, SIZE[1] / clip.height)
    pairs: list[tuple[Detections, Labelled]] = []
    for frame in clip.read():
        if frame.index - 1 not in frames:
            continue
        (found,) = detector.detect([frame.image])
        of_frame = [label for label in truth if label.frame == frame.index - 1]
        boxes = _array([label.box for label in of_frame if not label.ignore])
        ignore = _array([label.box for label in of_frame if label.ignore])
        pairs.append((found.scaled(*scale), Labelled(boxes, ignore)))
    hits = [match(found.above(detector.threshold), known)[1] for found, known in pairs]
    right, all_found = sum(int(each.sum()) for each in hits), sum(len(each) for each in hits)
    result = score(pairs)
    return {
        "AP50": round(result.ap50, 3),
        "precision": round(right / max(1, all_found), 3),
        "recall": round(right / max(1, result.boxes), 3),
        "boxes": result.boxes,
    }


def identity(tracks: npt.NDArray[np.float64], truth: list[Label]) -> dict[str, object]:
    """Who kept an id from one labelled frame to the next, 5 s later; `tracks` are MOT rows."""
    ids: Mapping[str, list[int]] = defaultdict(list)
    for label in truth:
        if not label.ignore:
            ids[label.person].append(_id_at(tracks, max(label.frame + 1, CONFIRMED_BY), label.box))
    steps = [pair for seen in ids.values() for pair in itertools.pairwise(seen)]
    both = [(a, b) for a, b in steps if a and b]
    followed = sum(any(seen) for seen in ids.values())
    return {
        "people": len(ids),
        "followed": followed,
        "steps": len(steps),
        "steps_seen": len(both),
        "steps_same_id": sum(a == b for a, b in both),
        "ids": dict(sorted(ids.items())),
    }


def _id_at(tracks: npt.NDArray[np.float64], frame: int, box: tuple[float, ...]) -> int:
    """Id of the best track on this box, 0 if none overlaps it well."""
    rows = tracks[tracks[:, 0] == frame] if len(tracks) else tracks
    if not len(rows):
        return 0
    corners = np.concatenate([rows[:, 2:4], rows[:, 2:4] + rows[:, 4:6]], axis=1)
    overlaps = iou_matrix(corners.astype(np.float32), _array([box]))[:, 0]
    best = int(overlaps.argmax())
    return int(rows[best, 1]) if overlaps[best] >= MATCH_IOU else 0


def _array(boxes: list[tuple[float, ...]]) -> Boxes:
    return np.array(boxes, dtype=np.float32).reshape(-1, 4)
