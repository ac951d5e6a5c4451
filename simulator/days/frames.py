"""Detections as they arrive (L1): one frame after the other, over all cameras."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from simulator.days.appearance import Wardrobe
from simulator.days.day import Day
from simulator.days.detecting import Detector
from simulator.days.noise import Noise
from simulator.days.paths import Array
from simulator.days.rows import Rows
from simulator.days.watching import Watch, watches_of

CHUNK_S = 20.0
LATENCY_CHANNEL = 70
LEAST_LATENCY_S = 0.02


@dataclass(frozen=True, slots=True)
class CameraFrame:
    """Detections of one frame: `taken_at` by the camera's clock, `arrived_at` by the true one.

    `index` counts the camera's frames from the window's begin, lost ones too. `xyxy` (N, 4) px,
    `score` (N,), `person` (N,) the true person, -1 for a false alarm.
    """

    camera: str
    index: int
    taken_at: float
    arrived_at: float
    xyxy: npt.NDArray[np.float32]
    score: npt.NDArray[np.float32]
    person: npt.NDArray[np.int64]
    _rows: Rows
    _number: int
    _wardrobe: Wardrobe | None

    @property
    def embedding(self) -> npt.NDArray[np.float32] | None:
        """Unit rows (N, 128), made when asked for; None if embeddings were not wanted."""
        if self._wardrobe is None:
            return None
        rows = self._rows
        return self._wardrobe.embed(
            self._number, rows.entity, rows.other, rows.visible, rows.turn, rows.content
        )

    @property
    def visible(self) -> npt.NDArray[np.float32]:
        """True visible share of each person, (N,)."""
        return self._rows.visible


def frames(day: Day, cameras: list[str] | None = None, embed: bool = True) -> Iterator[CameraFrame]:
    """All frames in order of arrival, also those in which nobody is."""
    watches = watches_of(day, cameras)
    detector = Detector(day, watches)
    wardrobe = Wardrobe(day) if embed else None
    noise = Noise(day.seed)
    waiting: list[tuple[float, int, int, CameraFrame]] = []
    for t in _pieces(day, watches):
        for watch in watches:
            for frame in _frames_of(day, watch, detector.rows(watch, t), t, noise, wardrobe):
                heapq.heappush(waiting, (frame.arrived_at, watch.number, frame.index, frame))
        while waiting and waiting[0][0] < t[-1]:
            yield heapq.heappop(waiting)[-1]
    while waiting:
        yield heapq.heappop(waiting)[-1]


def _pieces(day: Day, watches: list[Watch]) -> Iterator[Array]:
    """Chunks of the day in which no camera is turned."""
    turns = np.array(sorted(since for watch in watches for since, _ in watch.views[1:]))
    for t in day.chunks(day.scenario.sensing.fps, CHUNK_S):
        cuts = np.searchsorted(t, turns)
        yield from (piece for piece in np.split(t, np.unique(cuts)) if len(piece))


def _frames_of(
    day: Day, watch: Watch, rows: Rows, t: Array, noise: Noise, wardrobe: Wardrobe | None
) -> Iterator[CameraFrame]:
    fps = day.scenario.sensing.fps
    index = np.round((t - day.begins_at) * fps).astype(np.int64)
    mean, spread = day.scenario.sensing.latency_s
    late = mean + spread * noise.white(LATENCY_CHANNEL, watch.number, index).astype(np.float64)
    arrived = np.maximum.accumulate(t + np.maximum(late, LEAST_LATENCY_S))
    stamps, comes = watch.stamps(t), watch.comes(t)
    edges = np.searchsorted(rows.frame, np.arange(len(t) + 1))
    for number in np.flatnonzero(comes).tolist():
        here = slice(int(edges[number]), int(edges[number + 1]))
        mine = rows.at(here)
        yield CameraFrame(
            watch.camera,
            int(index[number]),
            float(stamps[number]),
            float(arrived[number]),
            mine.xyxy,
            mine.score,
            mine.person,
            mine,
            watch.number,
            wardrobe,
        )
