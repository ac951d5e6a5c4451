"""A simulated day as pictures (L2): rendered, detected by a real network, embedded by another.

The people, their ways and the faults are those of the same day's detections (L1).
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from models.detector import Detector
from models.embedder import Embedder
from models.nms import iou_matrix
from simulator.backdrop import backdrop_of
from simulator.body import Figure
from simulator.days import Day
from simulator.days.motion import Moment
from simulator.days.sight import View, bent
from simulator.days.watching import watches_of
from simulator.looks import look_of
from simulator.render import Renderer, Seen, Standing
from simulator.skeleton import Pose
from simulator.textures import Style

STRIDE_M = 1.4
LATENCY_S = 0.08
SHOWN_IOU = 0.5
LEAST_SHARE = 0.1
Image = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class RenderedFrame:
    """A picture that was looked at; embeddings are made when asked for."""

    camera: str
    index: int
    taken_at: float
    arrived_at: float
    xyxy: npt.NDArray[np.float32]
    score: npt.NDArray[np.float32]
    person: npt.NDArray[np.int64]
    picture: Image
    embedder: Embedder

    @cached_property
    def embedding(self) -> npt.NDArray[np.float32] | None:
        """Unit rows (N, D) of what the boxes show; a box without a pixel shows the corner."""
        high, wide = self.picture.shape[:2]
        crops = []
        for x1, y1, x2, y2 in np.rint(self.xyxy).astype(int).tolist():
            left, top = min(max(x1, 0), wide - 1), min(max(y1, 0), high - 1)
            crops.append(self.picture[top : max(y2, top + 1), left : max(x2, left + 1)])
        return self.embedder.embed(crops) if crops else None


class Camera:
    """Draws what one camera of a day sees, at its own rate."""

    def __init__(self, day: Day, camera: str, detector: Detector, embedder: Embedder) -> None:
        (self._watch,) = watches_of(day, [camera])
        self._day = day
        self._detector, self._embedder = detector, embedder
        self._figures: dict[int, Figure] = {}
        self._painters: dict[int, _Painter] = {}

    def frames(self, fps: float) -> Iterator[RenderedFrame]:
        """All frames that come, in order."""
        index = 0
        for t in self._day.chunks(fps):
            shown, comes, stamps = self._watch.shown(t), self._watch.comes(t), self._watch.stamps(t)
            for at_s, content, coming, stamp in zip(t, shown, comes, stamps, strict=True):
                if coming:
                    yield self._frame(index, float(at_s), float(content), float(stamp))
                index += 1

    def _frame(self, index: int, at_s: float, content_s: float, stamp: float) -> RenderedFrame:
        picture, seen = self._painter(at_s).paint(self._people(content_s), index)
        (found,) = self._detector.detect([picture])
        return RenderedFrame(
            self._watch.camera,
            index,
            stamp,
            at_s + LATENCY_S,
            found.xyxy,
            found.score,
            whom(found.xyxy, seen),
            picture,
            self._embedder,
        )

    def _painter(self, at_s: float) -> _Painter:
        number = sum(since <= at_s for since, _ in self._watch.views) - 1
        if number not in self._painters:
            self._painters[number] = _Painter(self._day, self._watch.views[number][1])
        return self._painters[number]

    def _people(self, at_s: float) -> list[tuple[Standing, Figure]]:
        moment = self._day.motion.at(np.array([at_s]))
        persons = self._day.motion.paths.person[moment.path]
        return [
            (standing_of(moment, column, int(person)), self._figure(int(person)))
            for column, person in enumerate(persons.tolist())
            if moment.present[0, column]
        ]

    def _figure(self, person: int) -> Figure:
        if person not in self._figures:
            look = look_of(self._day.life.people[person].look)
            height_m = self._day.height_of(person)
            self._figures[person] = Figure(dataclasses.replace(look, height_m=height_m))
        return self._figures[person]


class _Painter:
    """One camera as it looks from some time on, through its lens."""

    def __init__(self, day: Day, view: View) -> None:
        style = Style()
        backdrop = backdrop_of(day.scenario.plan, view.camera, style)
        self._renderer = Renderer(view.camera, backdrop, style, day.seed)
        self._size = (view.camera.width, view.camera.height)
        self._k1 = view.k1
        self._map = _lens_map(self._size, view.k1) if view.k1 else None

    def paint(
        self, people: Sequence[tuple[Standing, Figure]], index: int
    ) -> tuple[Image, list[Seen]]:
        """The picture, and where everyone is in it."""
        picture, seen = self._renderer.draw(people, index)
        if self._map is None:
            return np.asarray(picture, np.uint8), seen
        shown = cv2.remap(picture, *self._map, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(shown, np.uint8), [self._bent(each) for each in seen]

    def _bent(self, seen: Seen) -> Seen:
        if seen.visible is None:
            return seen
        corners = np.array(seen.visible, float).reshape(2, 2)
        x0, y0, x1, y1 = np.asarray(bent(corners, self._size, self._k1)).reshape(-1).tolist()
        return dataclasses.replace(seen, visible=(x0, y0, x1, y1))


def standing_of(moment: Moment, column: int, person: int) -> Standing:
    """One person of a moment as the renderer draws people."""
    phase = 2 * math.pi * float(moment.walked[0, column]) / STRIDE_M
    pose = Pose(phase % (2 * math.pi), float(moment.moving[0, column]))
    x_m, y_m = float(moment.x[0, column]), float(moment.y[0, column])
    return Standing(person, x_m, y_m, float(moment.facing[0, column]), pose)


def whom(xyxy: npt.NDArray[np.float32], seen: Sequence[Seen]) -> npt.NDArray[np.int64]:
    """The person that each box shows, one to one; -1 where it shows nobody."""
    there = [each for each in seen if each.visible is not None and each.share >= LEAST_SHARE]
    found = np.full(len(xyxy), -1, np.int64)
    boxes = np.array([each.visible for each in there], np.float32).reshape(-1, 4)
    iou = iou_matrix(xyxy, boxes)
    for row, column in zip(*linear_sum_assignment(iou, maximize=True), strict=True):
        if iou[row, column] >= SHOWN_IOU:
            found[row] = there[column].person
    return found


def _lens_map(
    size: tuple[int, int], k1: float
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Where each pixel of the bent picture lies in the straight one (fixed-point iteration)."""
    wide, high = size
    grid = np.stack(np.meshgrid(np.arange(wide), np.arange(high)), axis=-1).astype(float)
    straight = grid.copy()
    for _ in range(8):
        straight += grid - np.asarray(bent(straight, size, k1))
    return straight[..., 0].astype(np.float32), straight[..., 1].astype(np.float32)
