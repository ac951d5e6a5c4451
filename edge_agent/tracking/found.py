"""What a tracker listens to: of one frame's detections, those that can be a person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from edge_agent.tracking import kalman
from edge_agent.tracking.association import Flags
from edge_agent.tracking.kalman import Floats
from models.detections import Detections

FARTHEST_PX = 1e6
MOST_PICTURES = 4.0
"""Whoever is nearer than that to a camera fills the picture; such a box is a broken one."""


@dataclass(frozen=True)
class Limits:
    """Settings, the same for every camera and detector (how they were chosen: docs/accuracy.md).

    Scores are on the scale where the detector's threshold is 0.6. The first three limits are
    for a detector without echoes; one with echoes has them raised by its `doubt` or a part of it.
    Boxes are grown by `reach` standard deviations of where the track may be, `most_reach` of
    their widths at most. A detection's place is less sure the weaker it is (`weak_blur`).
    """

    low: float = 0.05
    sure: float = 0.55
    new: float = 0.65
    doubt_share: float = 0.3
    first_match: float = 0.2
    second_match: float = 0.55
    tentative_match: float = 0.2
    echo: float = 0.5
    patience_s: float = 1.5
    reach: float = 0.25
    most_reach: float = 1.0
    weak_blur: float = 4.0


class Found(NamedTuple):
    """M detections worth a look, best first: `corners` and `box` are (4, M).

    `score` is the detector's own, `scaled` what the limits are compared with. The first `sure`
    detections are sure, the first `likely` may begin a track.
    """

    corners: Floats
    box: Floats
    score: Floats
    scaled: Floats
    sure: int
    likely: int


def listened(
    detections: Detections,
    threshold: float,
    limits: Limits,
    doubt: float,
    size: tuple[int, int] | None,
) -> tuple[Found, int]:
    """What can be listened to, in one fixed order whatever order it came in, and the refused.

    Refused is what `sound` says is none.
    """
    good = sound(detections, size)
    corners = np.asarray(detections.xyxy, dtype=np.float64).reshape(-1, 4).T
    score = np.asarray(detections.score, dtype=np.float64)
    refused = len(good) - int(np.count_nonzero(good))
    scaled = rescaled(score, threshold)
    good &= scaled >= limits.low + doubt
    order = good.nonzero()[0]
    order = order[np.lexsort((*corners[:, order], -score[order]))]
    corners, scaled = corners.take(order, axis=1), scaled[order]
    raised = limits.doubt_share * doubt
    sure = int(np.count_nonzero(scaled >= limits.sure + raised))
    likely = int(np.count_nonzero(scaled >= limits.new + raised))
    found = Found(corners, kalman.boxes_of(corners), score[order], scaled, sure, likely)
    return found, refused


def sound(detections: Detections, size: tuple[int, int] | None) -> Flags:
    """(N,) which detections can be of a person at all: numbers, and a box of positive size.

    None is farther away than `FARTHEST_PX`; in a picture of `size` (width, height) none is
    larger than `MOST_PICTURES` of it or wholly outside.
    """
    corners = np.asarray(detections.xyxy, dtype=np.float64).reshape(-1, 4).T
    good: Flags = np.all(np.abs(corners) <= FARTHEST_PX, axis=0)
    if not good.all():
        corners = np.where(good, corners, 0.0)
    side = corners[2:] - corners[:2]
    good &= (side > 0).all(axis=0)
    good &= (detections.score >= 0) & (detections.score <= 1)
    if size is not None:
        limit = np.array(size)[:, None]
        good &= ((corners[2:] > 0) & (corners[:2] < limit)).all(axis=0)
        good &= (side <= MOST_PICTURES * limit).all(axis=0)
    return good


def rescaled(score: Floats, threshold: float) -> Floats:
    """Scores (0 to 1) on the scale where `threshold` is 0.6: straight below it and above it."""
    return np.interp(score, (0.0, threshold, 1.0), (0.0, 0.6, 1.0))
