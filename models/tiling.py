"""Small people in large pictures: overlapping tiles, and the whole picture beside them.

A detector sees each tile nearly at full size.  What the views say is joined by three rules:

1. A box that ends at an inner border of its tile may be a piece of a person.  If another view has
   an uncut box that looks the same *inside that tile*, the piece is dropped.
2. Uncut boxes of two views are the same person only one to one (Hungarian assignment on IoU), so
   two people who overlap are not taken for one because two views saw them.
3. Pieces whose person no view saw whole are joined where the tiles overlap: both tiles must say the
   same there.

SAHI (Akyon et al. 2022) suppresses by intersection over the smaller box instead, which loses people
who stand before each other and keeps pieces that score well.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from contracts.errors import ConfigError
from models.detections import Detections
from models.nms import iou_matrix

Frame = NDArray[np.uint8]
Boxes = NDArray[np.float32]
Number = TypeVar("Number", np.float32, np.intp)

OVERLAP = 0.2  # of a tile's side: people up to a fifth of a tile are whole in one of them
SAME_IOU = 0.5
DOUBLE_IOU = 0.6
BORDER = 0.012  # of a tile's side: a box that ends so near to it may be cut
COARSEST = 1.8  # "auto": frame pixels that may become one input pixel
MOST_TILES = 8


class Finder(Protocol):
    """What tiling needs of a detector."""

    @property
    def input_size(self) -> tuple[int, int]:
        """The (width, height) bound that pictures are fitted into."""

    def detect(self, frames: Sequence[Frame]) -> list[Detections]:
        """People in each frame."""


@dataclass(frozen=True)
class Grid:
    """So many ``columns`` and ``rows`` of tiles."""

    columns: int
    rows: int

    def __str__(self) -> str:
        return f"{self.columns}x{self.rows}"

    def areas(self, size: tuple[int, int]) -> NDArray[np.intp]:
        """Tiles ``[T, 4]`` (x1, y1, x2, y2) of one size that cover a (width, height) picture."""
        starts, sides = [], []
        for count, length in zip((self.columns, self.rows), size, strict=True):
            side = min(length, int(np.ceil(length / (count - (count - 1) * OVERLAP))))
            sides.append(side)
            starts.append(np.round(np.linspace(0, length - side, count)).astype(int))
        corners = [(x, y) for y in starts[1] for x in starts[0]]
        return np.array([(x, y, x + sides[0], y + sides[1]) for x, y in corners], np.intp)


SINGLE = Grid(1, 1)


@dataclass(frozen=True)
class View:
    """What one part of a picture showed: its ``area`` (x1, y1, x2, y2), boxes in frame pixels."""

    area: NDArray[np.intp]
    found: Detections

    def cut(self, size: tuple[int, int]) -> NDArray[np.bool_]:
        """Which boxes end at a border of the area that is not the picture's."""
        sides = (self.area[2:] - self.area[:2]).astype(np.float32)
        near = np.tile(np.maximum(sides * BORDER, 1.0), 2)
        inner = np.concatenate([self.area[:2] > 0, self.area[2:] < np.array(size)])
        touches = (np.abs(self.found.xyxy - self.area) <= near) & inner
        ends: NDArray[np.bool_] = touches.any(1)
        return ends


def parse_tiles(text: str) -> Grid | None:
    """``3x2`` (columns x rows); None for ``auto``, which depends on the picture.

    Raises:
        ConfigError: anything else.
    """
    if text == "auto":
        return None
    found = re.fullmatch(r"(\d+)x(\d+)", text)
    if not found or not all(1 <= int(n) <= MOST_TILES for n in found.groups()):
        raise ConfigError(f"tiles {text!r}: expected COLUMNSxROWS up to 8x8, such as 3x2, or auto")
    return Grid(int(found[1]), int(found[2]))


def fitting_grid(size: tuple[int, int], input_size: tuple[int, int]) -> Grid:
    """The fewest tiles with which an input pixel is made of at most ``COARSEST`` frame pixels."""

    def count(length: int, bound: int) -> int:
        for n in range(1, MOST_TILES):
            if length / (n - (n - 1) * OVERLAP) <= bound * COARSEST:
                return n
        return MOST_TILES

    return Grid(count(size[0], input_size[0]), count(size[1], input_size[1]))


def detect_tiled(
    detector: Finder, frames: Sequence[Frame], grids: Sequence[Grid | None]
) -> list[Detections]:
    """People in frames, each seen whole and through the tiles of its grid (None: fitting ones).

    All tiles of all frames go through the detector together; a grid of one tile costs nothing.
    """
    parts: list[Frame] = []
    areas: list[NDArray[np.intp]] = []
    for frame, grid in zip(frames, grids, strict=True):
        size = (frame.shape[1], frame.shape[0])
        chosen = grid or fitting_grid(size, detector.input_size)
        tiles = chosen.areas(size) if chosen != SINGLE else np.zeros((0, 4), np.intp)
        parts += [frame[y1:y2, x1:x2] for x1, y1, x2, y2 in tiles]
        parts.append(frame)
        areas.append(np.concatenate([tiles, [[0, 0, *size]]]))
    found = iter(detector.detect(parts))
    return [join([View(area, shifted(next(found), area)) for area in views]) for views in areas]


def shifted(found: Detections, area: NDArray[np.intp]) -> Detections:
    """A tile's boxes in pixels of the frame."""
    corner = np.tile(area[:2], 2).astype(np.float32)
    return Detections(found.xyxy + corner, found.score, found.refused)


def join(views: Sequence[View]) -> Detections:
    """One set of boxes from several views of a picture; the last view is the whole picture."""
    size = (int(views[-1].area[2]), int(views[-1].area[3]))
    refused = sum(view.found.refused for view in views)
    if len(views) == 1:
        return views[0].found
    cuts = [view.cut(size) for view in views]
    boxes, scores = views[-1].found.xyxy, views[-1].found.score
    for view, cut in zip(views[:-1], cuts, strict=False):
        boxes, scores = joined_whole(boxes, scores, view.found.xyxy[~cut], view.found.score[~cut])
    pieces = [unseen(view, cut, boxes) for view, cut in zip(views[:-1], cuts, strict=False)]
    more, more_scores = joined_pieces(pieces)
    fresh = iou_matrix(more, boxes).max(1, initial=0.0) <= DOUBLE_IOU
    boxes = np.concatenate([boxes, more[fresh]])
    scores = np.concatenate([scores, more_scores[fresh]])
    order = np.argsort(-scores, kind="stable")
    return Detections(boxes[order], scores[order], refused)


def joined_whole(
    boxes: Boxes, scores: Boxes, more: Boxes, more_scores: Boxes
) -> tuple[Boxes, Boxes]:
    """Boxes with those of one more view: of a pair the one that scores better stays."""
    iou = iou_matrix(boxes, more)
    left, right = linear_sum_assignment(iou, maximize=True)
    paired = iou[left, right] >= SAME_IOU
    left, right = left[paired], right[paired]
    better = more_scores[right] > scores[left]
    boxes, scores = boxes.copy(), scores.copy()
    boxes[left[better]] = more[right[better]]
    scores[left[better]] = more_scores[right[better]]
    fresh = iou.max(0, initial=0.0) <= DOUBLE_IOU
    fresh[right] = False
    return np.concatenate([boxes, more[fresh]]), np.concatenate([scores, more_scores[fresh]])


def unseen(view: View, cut: NDArray[np.bool_], whole: Boxes) -> View:
    """The view's cut boxes that no whole box explains."""
    pieces = view.found.xyxy[cut]
    seen = iou_matrix(pieces, inside(whole, view.area)).max(1, initial=0.0) >= SAME_IOU
    return View(view.area, Detections(pieces[~seen], view.found.score[cut][~seen]))


def inside(boxes: Boxes, area: NDArray[np.intp]) -> Boxes:
    """The parts of boxes that lie inside an area; empty ones have no side."""
    low, high = np.tile(area[:2], 2), np.tile(area[2:], 2)
    return boxes.clip(low, high).astype(np.float32)


def joined_pieces(views: Sequence[View]) -> tuple[Boxes, Boxes]:
    """Pieces of one person from several tiles as one box around them, with the best score."""
    boxes: Boxes = np.zeros((0, 4), np.float32)
    scores: Boxes = np.zeros(0, np.float32)
    seen: NDArray[np.intp] = np.zeros((0, 4), np.intp)  # where each box was looked at
    for view in views:
        pieces, said = view.found.xyxy, view.found.score
        same = likeness(boxes, seen, view)
        left, right = linear_sum_assignment(same, maximize=True)
        paired = same[left, right] >= SAME_IOU
        left, right = left[paired], right[paired]
        boxes[left] = hull(boxes[left], pieces[right])
        seen[left] = hull(seen[left], np.repeat(view.area[None], len(left), 0))
        scores[left] = np.maximum(scores[left], said[right])
        fresh = np.ones(len(pieces), bool)
        fresh[right] = False
        boxes = np.concatenate([boxes, pieces[fresh]])
        scores = np.concatenate([scores, said[fresh]])
        seen = np.concatenate([seen, np.repeat(view.area[None], int(fresh.sum()), 0)])
    return boxes, scores


def likeness(boxes: Boxes, seen: NDArray[np.intp], view: View) -> Boxes:
    """IoU of boxes and the view's pieces where both were looked at; 0 where that is nowhere."""
    same = np.zeros((len(boxes), len(view.found)), np.float32)
    low, high = np.maximum(seen[:, :2], view.area[:2]), np.minimum(seen[:, 2:], view.area[2:])
    for row in np.flatnonzero((high > low).all(1)):
        common = np.concatenate([low[row], high[row]])
        ours, theirs = inside(boxes[row : row + 1], common), inside(view.found.xyxy, common)
        same[row] = iou_matrix(ours, theirs)[0]
    return same


def hull(a: NDArray[Number], b: NDArray[Number]) -> NDArray[Number]:
    """The boxes around pairs of boxes ``[N, 4]``."""
    return np.concatenate([np.minimum(a[:, :2], b[:, :2]), np.maximum(a[:, 2:], b[:, 2:])], 1)
