"""Hand-made detections: people who walk at constant speed, and boxes drawn by hypothesis."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

from models.detections import Detections

calm = settings(deadline=None, max_examples=60)
"""Property tests without a stop-watch: this machine is shared."""

Box = tuple[float, float, float, float]


def detections(boxes: Iterable[Box], score: float | Iterable[float] = 0.9) -> Detections:
    """Detections from corners in pixels, with one score for all or one each."""
    xyxy = np.asarray(list(boxes), dtype=np.float32).reshape(-1, 4)
    scores = np.broadcast_to(np.asarray(score, dtype=np.float32), len(xyxy))
    return Detections(xyxy, scores.copy())


def walker(at_s: float, *, x: float = 100.0, y: float = 100.0, speed: float = 60.0) -> Box:
    """A person of 40 × 100 px who walks right with `speed` px/s."""
    left = x + speed * at_s
    return (left, y, left + 40, y + 100)


_corner = st.tuples(st.floats(0, 400), st.floats(0, 300))
_side = st.tuples(st.floats(5, 120), st.floats(5, 160))
_score = st.floats(0.0625, 1.0, width=32)


@st.composite
def frames(draw: st.DrawFn) -> list[Detections]:
    """Up to 12 frames of up to 6 boxes, some of them near those of the frame before."""
    result: list[Detections] = []
    boxes: list[Box] = []
    for _ in range(draw(st.integers(1, 12))):
        shift = draw(st.floats(-10, 10))
        kept = [box for box in boxes if draw(st.booleans())]
        near = [(x1 + shift, y1, x2 + shift, y2) for x1, y1, x2, y2 in kept]
        fresh = [
            (x, y, x + w, y + h)
            for (x, y), (w, h) in draw(st.lists(st.tuples(_corner, _side), max_size=3))
        ]
        boxes = (near + fresh)[:6]
        score = draw(st.lists(_score, min_size=len(boxes), max_size=len(boxes)))
        result.append(detections(boxes, score))
    return result
