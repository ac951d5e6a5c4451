"""One camera of a simulated store through the real tracker: what the agent would send on its bus.

Frames carry detections with the people they show, so that what a track lies on is known: a mark
every `MARK_S` says it. Embeddings pass the same gate as crops do.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from edge_agent.identity.desk import Appearance
from edge_agent.ingest.camera_state import CameraWatch
from edge_agent.messages import CameraReport, TrackedBox, TracksUpdated
from edge_agent.tracking.bytetrack import Tracker, Tracks
from edge_agent.tracking.crops import CropGate
from edge_agent.tracking.quality import box_quality
from models.detections import Detections
from models.nms import iou_matrix

MARK_S = 0.2
SAME_IOU = 0.3
"""A track lies on a detection of its frame from this overlap on."""
NOBODY = -1

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]


class SeenFrame(Protocol):
    """A simulated frame: what a detector found in it, and whom it really shows."""

    @property
    def index(self) -> int:
        """Counts the camera's frames."""
        ...

    @property
    def taken_at(self) -> float:
        """By the camera's clock, UNIX seconds."""
        ...

    @property
    def arrived_at(self) -> float:
        """By the node's clock."""
        ...

    @property
    def xyxy(self) -> Floats:
        """Boxes (N, 4) in pixels."""
        ...

    @property
    def score(self) -> Floats:
        """(N,), 0 to 1."""
        ...

    @property
    def person(self) -> Ints:
        """(N,), whom each box shows; -1 for a false alarm."""
        ...

    @property
    def embedding(self) -> Floats | None:
        """Unit rows (N, D); None if there are none."""
        ...


class Sight(NamedTuple):
    """At `at_s` the track lay on this person (-1 = nobody); a track -1 = a person without one."""

    camera: str
    at_s: float
    track_id: int
    person: int


class Step(NamedTuple):
    """What one frame gave, in the order of the agent's bus."""

    arrived_at: float
    reports: Sequence[CameraReport]
    update: TracksUpdated | None
    looks: Sequence[Appearance]
    sights: Sequence[Sight]


class CameraStage:
    """The agent's ingest and tracking of one camera, on virtual time (arrival, UNIX seconds)."""

    def __init__(
        self, camera: str, size: tuple[int, int], threshold: float, begin_s: float
    ) -> None:
        self._camera = camera
        self._scale = np.array([*size, *size], dtype=np.float64)
        self._tracker = Tracker(threshold)
        self._threshold = threshold
        self._watch = CameraWatch(camera, begin_s)
        self._size = size
        self._gate = CropGate(camera)
        self._now_s = begin_s
        self._marked_s = float("-inf")

    def step(self, frame: SeenFrame, *, frozen: bool = False) -> Step:
        """Take the next frame; one that repeats the picture before for too long is not tracked."""
        good = self._watch.good_frame(frame.arrived_at, fingerprint=1 if frozen else None)
        reports = self._report(frame.arrived_at)
        self._now_s = frame.arrived_at
        if not good:
            return Step(frame.arrived_at, reports, None, (), ())
        tracks = self._tracker.update(Detections(frame.xyxy, frame.score), frame.taken_at)
        update = self._message(frame, tracks)
        if 0 <= frame.taken_at - self._marked_s < MARK_S - 0.01:
            return Step(frame.arrived_at, reports, update, (), ())
        self._marked_s = frame.taken_at
        rows, columns = lain(tracks.xyxy, frame.xyxy)
        sights = self._sights(frame, tracks, rows, columns)
        looks = self._looks(frame, tracks, rows, columns)
        return Step(frame.arrived_at, reports, update, looks, sights)

    def silence(self, until_s: float) -> Iterator[Step]:
        """A camera of which nothing comes until then still reports every second."""
        while until_s - self._now_s > 1.0:
            self._now_s += 1.0
            yield Step(self._now_s, self._report(self._now_s), None, (), ())

    def restart(self, at_s: float) -> None:
        """The agent begins again at `at_s`; tracks go on from the checkpoint."""
        state = self._tracker.state()
        self._tracker = Tracker(self._threshold)
        self._tracker.restore(state)
        self._watch = CameraWatch(self._camera, at_s)
        self._now_s = at_s

    def _report(self, now_s: float) -> list[CameraReport]:
        report = self._watch.report(now_s, now_s)
        return [report] if report else []

    def _message(self, frame: SeenFrame, tracks: Tracks) -> TracksUpdated:
        rows = zip(
            tracks.track_id.tolist(),
            *(tracks.xyxy / self._scale).T.tolist(),
            tracks.score.tolist(),
            tracks.confirmed.tolist(),
            strict=True,
        )
        return TracksUpdated(
            camera=self._camera,
            index=frame.index,
            taken_at=frame.taken_at,
            arrived_at=frame.arrived_at,
            boxes=[TrackedBox(*row) for row in rows],
            ended=tracks.ended.tolist(),
        )

    def _sights(self, frame: SeenFrame, tracks: Tracks, rows: Ints, columns: Ints) -> list[Sight]:
        """Confirmed tracks with whom they lie on, and people that no track lies on."""
        on = dict(zip(rows.tolist(), columns.tolist(), strict=True))
        found = [
            Sight(
                self._camera,
                frame.taken_at,
                int(tracks.track_id[row]),
                int(frame.person[on[row]]) if row in on else NOBODY,
            )
            for row in np.flatnonzero(tracks.confirmed).tolist()
        ]
        people = {sight.person for sight in found}
        return found + [
            Sight(self._camera, frame.taken_at, -1, person)
            for person in frame.person.tolist()
            if person not in people
        ]

    def _looks(
        self, frame: SeenFrame, tracks: Tracks, rows: Ints, columns: Ints
    ) -> list[Appearance]:
        """What identity would see: embeddings of the tracks that the crop gate takes now."""
        on = dict(zip(rows.tolist(), columns.tolist(), strict=True))
        chosen = [row for row in self._gate.chosen(tracks, self._size, frame.taken_at) if row in on]
        vectors = frame.embedding if chosen else None
        if vectors is None:
            return []
        quality = box_quality(tracks.xyxy, *self._size)
        return [
            Appearance(
                self._camera,
                int(tracks.track_id[row]),
                frame.taken_at,
                vectors[on[row]],
                float(quality[row]),
            )
            for row in chosen
        ]


def lain(tracks: npt.NDArray[np.float64], seen: Floats) -> tuple[Ints, Ints]:
    """Rows of tracks and of detections that lie on each other, one to one."""
    iou = iou_matrix(tracks.astype(np.float32), seen)
    rows, columns = linear_sum_assignment(iou, maximize=True)
    good = iou[rows, columns] >= SAME_IOU
    return rows[good], columns[good]
