"""ByteTrack (Zhang et al., ECCV 2022) for one camera, in time instead of frames.

Sure detections meet all tracks first; unsure ones may only keep a track alive that was seen in
the frame before; sure ones that are left start tracks. What is sure comes with the detector
(`threshold`) and from what the tracker learns about it (`habits`). Before they meet, the tracks
are moved with the camera (`camera_motion`).
Same calls, same tracks: nothing is random and the order of detections does not matter.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from edge_agent.tracking import kalman, lifecycle
from edge_agent.tracking.association import Flags, Indices, Pairs, assign, overlap, twins
from edge_agent.tracking.camera_motion import CameraMotion, surprise
from edge_agent.tracking.habits import LEAST_PEOPLE, Habits
from edge_agent.tracking.kalman import Floats
from edge_agent.tracking.lifecycle import State
from edge_agent.tracking.table import Table, TrackerState, empty, freeze, thaw
from models.detections import Detections

LONGEST_STEP_S = 60.0
"""Nobody is followed over a longer gap; it keeps the filter's numbers finite."""


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


@dataclass(frozen=True)
class Tracks:
    """After a frame: the N tracks that were seen in it, and the ids that ended with it.

    `xyxy` (N, 4) are pixels, smoothed by the filter. An id in `ended` never comes back.
    """

    track_id: npt.NDArray[np.int64]
    xyxy: Floats
    score: Floats
    confirmed: Flags
    ended: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.track_id)


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


class Tracker:
    """Tracks of one camera; ids count from 1 and are never used twice."""

    def __init__(self, threshold: float, limits: Limits | None = None) -> None:
        self.refused = 0
        """Detections so far that had no finite box of positive size."""
        self._threshold = threshold
        self._limits = limits or Limits()
        self._table = empty()
        self._habits = Habits()
        self._camera = CameraMotion.unknown()
        self._next_id = 1
        self._at_s: float | None = None

    def update(self, detections: Detections, at_s: float, *, moved: Floats | None = None) -> Tracks:
        """Take the detections of the frame seen at `at_s` (seconds of any epoch).

        A clock that jumps back, or is not a number, counts as no time passed. `moved` (2, 3) is
        where the last frame's pixels are in this one (`picture_motion`), if the camera moved.
        """
        first_frame = self._at_s is None
        found = self._found(detections)
        dt_s = self._passed(at_s)
        self._table.move(dt_s)
        if moved is not None:
            self._table.motion = kalman.warp(self._table.motion, moved)
        rows, columns = self._matched(found, dt_s)
        self._see(rows, found, columns)
        ended = self._aged()
        self._begin(found, columns, lifecycle.at_birth(first_frame=first_frame))
        return _shown(self._table, ended)

    def state(self) -> TrackerState:
        """Everything needed to go on later; msgspec encodes it without loss."""
        return freeze(self._table, self._next_id, self._at_s, self._habits, self._camera)

    def restore(self, state: TrackerState) -> None:
        """Go on where `state` was taken."""
        self._table, self._habits, self._camera = thaw(state)
        self._next_id, self._at_s = state.next_id, state.at_s

    def _found(self, detections: Detections) -> Found:
        """What can be listened to, in one fixed order, whatever order it came in."""
        limits, doubt = self._limits, self._habits.doubt
        corners = np.asarray(detections.xyxy, dtype=np.float64).reshape(-1, 4).T
        score = np.asarray(detections.score, dtype=np.float64)
        size = corners[2:] - corners[:2]
        good = ((size > 0) & (size < np.inf)).all(axis=0) & (score >= 0) & (score <= 1)
        self.refused += len(good) - int(np.count_nonzero(good))
        scaled = rescaled(score, self._threshold)
        good &= scaled >= limits.low + doubt
        order = good.nonzero()[0]
        order = order[np.lexsort((*corners[:, order], -score[order]))]
        corners, scaled = corners.take(order, axis=1), scaled[order]
        raised = limits.doubt_share * doubt
        sure = int(np.count_nonzero(scaled >= limits.sure + raised))
        likely = int(np.count_nonzero(scaled >= limits.new + raised))
        return Found(corners, kalman.boxes_of(corners), score[order], scaled, sure, likely)

    def _passed(self, at_s: float) -> float:
        """Seconds since the frame before."""
        if not math.isfinite(at_s):
            return 0.0
        before, self._at_s = self._at_s, at_s
        return 0.0 if before is None else min(max(0.0, at_s - before), LONGEST_STEP_S)

    def _overlap(self, found: Found) -> Floats:
        box, _, box_var, _, _ = self._table.motion
        margin = np.minimum(
            self._limits.reach * np.sqrt(box_var[0]), self._limits.most_reach * box[2]
        )
        return overlap(kalman.corners_of(box), found.corners, margin)

    def _surest(self, found: Found, old: int, dt_s: float) -> tuple[Floats, Pairs]:
        """Overlap of all (N, M), and the sure detections of old tracks: camera held still."""
        score = found.scaled[: found.sure]
        at_least = self._limits.first_match
        likeness = self._overlap(found)
        pairs = assign(likeness[:old, : found.sure] * score, at_least)
        shift = self._turned(found, pairs, dt_s)
        if shift is None:
            return likeness, pairs
        self._table.motion[0, :2] += shift[:, None]
        likeness = self._overlap(found)
        return likeness, assign(likeness[:old, : found.sure] * score, at_least)

    def _turned(self, found: Found, pairs: Pairs, dt_s: float) -> Floats | None:
        """How far the picture moved, told by those who were seen in the frame before."""
        steady = (self._table.state[pairs[0]] == State.CONFIRMED).nonzero()[0]
        expected = self._table.motion[0].take(pairs[0][steady], axis=1)
        seen = surprise(found.box.take(pairs[1][steady], axis=1), expected)
        if seen.people >= LEAST_PEOPLE:
            self._habits.jumped(seen.spread[1] / seen.height_px)
        return self._camera.shift(seen, dt_s)

    def _matched(self, found: Found, dt_s: float) -> Pairs:
        """Rows of tracks and columns of detections that belong together (three rounds)."""
        limits, state, sure = self._limits, self._table.state, found.sure
        old = int(np.count_nonzero(state != State.TENTATIVE))
        likeness, first = self._surest(found, old, dt_s)
        awake = _without(state[:old] == State.CONFIRMED, first[0])
        second = assign(likeness[awake, sure:], limits.second_match)
        self._listen(likeness[first[0], sure:], second[1])
        spare = _without(np.ones(sure, dtype=bool), first[1])
        fused = likeness[old:, spare] * found.scaled[spare]
        third = assign(fused, limits.tentative_match)
        rows = np.concatenate((first[0], awake[second[0]], third[0] + old))
        return rows, np.concatenate((first[1], second[1] + sure, spare[third[1]]))

    def _listen(self, likeness: Floats, taken: Indices) -> None:
        """Count the weak detections on people who had a strong one; some were of use (`taken`)."""
        people, weak = likeness.shape
        if not people:
            return
        echoes = 0
        if weak > len(taken):
            echo: Flags = np.any(likeness > self._limits.echo, axis=0)
            echoes = len(_without(echo, taken))
        self._habits.heard(echoes, people)

    def _see(self, rows: Indices, found: Found, columns: Indices) -> None:
        """Correct the filter of everyone who was found."""
        before, measured = self._table.motion.take(rows, axis=2), found.box.take(columns, axis=1)
        blur = self._limits.weak_blur * (1 - found.scaled[columns])
        blur += 1
        blur *= self._habits.blur()
        after = kalman.correct(before, measured, blur)
        self._table.see(rows, after, found.score[columns])

    def _aged(self) -> npt.NDArray[np.int64]:
        """Every track takes its step in life; the deleted leave."""
        table = self._table
        patience_s = self._limits.patience_s
        return table.become(
            lifecycle.advance(
                table.state, found=table.seen, unseen_s=table.unseen_s, patience_s=patience_s
            )
        )

    def _begin(self, found: Found, taken: Indices, state: int) -> None:
        """Start a track for every likely detection not taken and no twin of one that is."""
        left = _without(np.ones(found.likely, dtype=bool), taken[taken < found.likely])
        if not len(left):
            return
        known, born = list(taken), []
        for index, twin in zip(left, twins(found.corners[:, left], found.corners), strict=True):
            if not twin[known].any():
                born.append(index)
                known.append(index)
        self._table.add(self._next_id, state, found.box[:, born], found.score[born])
        self._next_id += len(born)


def _shown(table: Table, ended: npt.NDArray[np.int64]) -> Tracks:
    seen = table.seen.nonzero()[0]
    return Tracks(
        track_id=table.track_id[seen],
        xyxy=kalman.corners_of(table.motion[0].take(seen, axis=1)).T,
        score=table.score[seen],
        confirmed=table.state[seen] == State.CONFIRMED,
        ended=ended,
    )


def _without(flags: Flags, indices: Indices) -> Indices:
    """Where the flags are set, but for those at `indices`."""
    flags[indices] = False
    return flags.nonzero()[0]


def rescaled(score: Floats, threshold: float) -> Floats:
    """Scores (0 to 1) on the scale where `threshold` is 0.6: straight below it and above it."""
    return np.interp(score, (0.0, threshold, 1.0), (0.0, 0.6, 1.0))
