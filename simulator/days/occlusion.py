"""Who is in a picture, and how much of everyone shelves, people and the border leave to see."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from simulator.days.noise import Noise
from simulator.days.paths import Array
from simulator.days.rows import Ints
from simulator.days.sight import Boxes

LEAST_SHARE = 0.12
FILL = 0.85
CHANNEL_MERGE = 17


@dataclass(frozen=True)
class Scene:
    """Who is in the picture: arrays (T, V), with `in_view` where there is something to see."""

    boxes: Boxes
    in_view: npt.NDArray[np.bool_]
    key: Ints
    person: Ints


def hidden_by_people(
    scene: Scene, cut: Array, who: Ints, t: Array, noise: Noise, merge_overlap: float
) -> tuple[Array, Array, Ints]:
    """By people in front: share covered, share of the height hidden at the feet, merged into.

    All (T, V); the last is a column or -1.
    """
    shape = scene.in_view.shape
    uncovered, feet = np.ones(shape), np.zeros(shape)
    merged = np.full(shape, -1, np.int64)
    for far, near in _overlapping(cut, scene):
        a, b = cut[:, far], cut[:, near]
        wide = np.minimum(a[:, 2], b[:, 2]) - np.maximum(a[:, 0], b[:, 0])
        wide = np.clip(wide / np.maximum(a[:, 2] - a[:, 0], 1.0), 0, 1)
        tall = np.maximum(a[:, 3] - a[:, 1], 1.0)
        high = np.clip((a[:, 3] - np.maximum(a[:, 1], b[:, 1])) / tall, 0, 1)
        high *= b[:, 3] > a[:, 3] - 0.5 * tall
        behind = scene.boxes.away_m[:, far] > scene.boxes.away_m[:, near]
        both = scene.in_view[:, far] & scene.in_view[:, near] & behind
        hidden = np.where(both, wide * high, 0.0)
        uncovered[:, far] *= 1 - FILL * hidden
        beneath = np.where(both, high * np.clip((wide - 0.35) / 0.5, 0, 1), 0.0)
        feet[:, far] = np.maximum(feet[:, far], beneath)
        pair = who[far] * 65_537 + who[near]
        luck = noise.slow(CHANNEL_MERGE, pair, t, 0.6)
        merging = (hidden > merge_overlap) & (luck > 0.4)
        merged[:, far] = np.where(merging & (merged[:, near] < 0), near, merged[:, far])
    return 1 - uncovered, feet, merged


def visible_share(scene: Scene, cut: Array, covered: Array) -> Array:
    """Share of each body that neither fixtures nor people nor the picture's border hide."""
    inside = _area(cut) / np.maximum(_area(scene.boxes.shown), 1.0)
    return np.where(scene.in_view, scene.boxes.share * inside * (1 - covered), 0.0)


def in_picture(boxes: Boxes, size: tuple[int, int]) -> npt.NDArray[np.bool_]:
    """Where something of a body is in the picture of `size` (wide, high), arrays like `share`."""
    cut = clipped(boxes.shown, size)
    large = (cut[..., 2] - cut[..., 0] > 2) & (cut[..., 3] - cut[..., 1] > 4)
    return np.asarray((boxes.share > LEAST_SHARE) & large)


def clipped(xyxy: Array, size: tuple[int, int]) -> Array:
    """Boxes (..., 4) cut to the picture of `size` (wide, high)."""
    limit = np.array([size[0], size[1], size[0], size[1]], dtype=np.float64)
    return np.clip(np.nan_to_num(xyxy), 0.0, limit)


def _area(xyxy: Array) -> Array:
    return np.asarray(
        np.clip(xyxy[..., 2] - xyxy[..., 0], 0, None)
        * np.clip(xyxy[..., 3] - xyxy[..., 1], 0, None)
    )


def _overlapping(cut: Array, scene: Scene) -> list[tuple[int, int]]:
    """(far, near) pairs of columns whose boxes meet at some time, the nearest pairs first."""
    count = scene.in_view.shape[1]
    if count < 2:
        return []
    x1, y1, x2, y2 = (
        np.where(scene.in_view, cut[..., i], np.nan).astype(np.float32) for i in range(4)
    )
    with np.errstate(invalid="ignore"):
        meet = (x1[:, :, None] < x2[:, None]) & (x1[:, None] < x2[:, :, None])
        meet &= (y1[:, :, None] < y2[:, None]) & (y1[:, None] < y2[:, :, None])
    any_time = np.asarray(meet.any(0)) & ~np.eye(count, dtype=bool)
    return [(int(far), int(near)) for far, near in np.argwhere(any_time)]
