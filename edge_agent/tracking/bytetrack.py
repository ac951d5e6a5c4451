"""ByteTrack (Zhang et al., ECCV 2022) for one camera, in time instead of frames.

Sure detections meet all tracks first; unsure ones may only keep a track alive that was seen in
the frame before; sure ones that are left start tracks. What is sure comes with the detector
(`threshold`) and from what the tracker learns about it (`habits`). Before they meet, the tracks
are moved with the camera (`camera_motion`); where places leave a doubt, looks may help (`looks`).
Same calls, same tracks: nothing is random and the order of detections does not matter.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from edge_agent.tracking import kalman, lifecycle
from edge_agent.tracking.association import Flags, Indices, Pairs, assign, overlap, twins
from edge_agent.tracking.camera_motion import CameraMotion, surprise
from edge_agent.tracking.checked import check
from edge_agent.tracking.found import Found, Limits, listened
from edge_agent.tracking.habits import LEAST_PEOPLE, Habits
from edge_agent.tracking.kalman import Floats
from edge_agent.tracking.lifecycle import State
from edge_agent.tracking.looks import ALIKE, Glance, Look, Looks
from edge_agent.tracking.table import Table, TrackerState, empty, freeze, thaw, thaw_looks
from models.detections import Detections

LONGEST_STEP_S = 60.0
"""Nobody is followed over a longer gap; it keeps the filter's numbers finite."""


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

    def scaled(self, sx: float, sy: float) -> Tracks:
        """The same tracks in a picture `sx` times as wide and `sy` times as high."""
        return replace(self, xyxy=self.xyxy * (sx, sy, sx, sy))


class Tracker:
    """Tracks of one camera; ids count from `first_id` and are never used twice."""

    def __init__(
        self,
        threshold: float,
        limits: Limits | None = None,
        alike: float = ALIKE,
        first_id: int = 1,
    ) -> None:
        self.refused = 0
        """Detections so far that could be of nobody (`found.sound`)."""
        self._threshold = threshold
        self._limits = limits or Limits()
        self._table = empty()
        self._habits = Habits()
        self._camera = CameraMotion.unknown()
        self._looks = Looks(alike)
        self._glance: Glance | None = None
        self._next_id = first_id
        self._at_s: float | None = None

    def update(
        self,
        detections: Detections,
        at_s: float,
        *,
        size: tuple[int, int] | None = None,
        moved: Floats | None = None,
        look: Look | None = None,
    ) -> Tracks:
        """Take the detections of the frame seen at `at_s` (seconds of any epoch).

        A clock that jumps back, or is not a number, counts as no time passed. What cannot be a
        person in a picture of `size` (width, height) is refused. `moved` (2, 3) is where the last
        frame's pixels are in this one (`picture_motion`), if the camera moved; `look` embeds
        boxes of this frame (`looks`).
        """
        first_frame = self._at_s is None
        found, refused = listened(
            detections, self._threshold, self._limits, self._habits.doubt, size
        )
        self.refused += refused
        dt_s = self._passed(at_s)
        self._table.move(dt_s)
        if moved is not None:
            self._table.motion = kalman.warp(self._table.motion, moved)
        self._glance = Glance(look, found.corners[:, : found.sure]) if look else None
        rows, columns = self._matched(found, dt_s)
        self._see(rows, found, columns)
        ended = self._aged()
        self._looks.forget(ended.tolist())
        self._begin(found, columns, lifecycle.at_birth(first_frame=first_frame))
        return _shown(self._table, ended)

    def state(self) -> TrackerState:
        """Everything needed to go on later; msgspec encodes it without loss."""
        learned = (self._habits, self._camera, self._looks)
        return freeze(self._table, self._next_id, self._at_s, *learned)

    def restore(self, state: TrackerState) -> None:
        """Go on where `state` was taken; `ValueError`, and nothing done, if it can be none."""
        check(state)
        self._table, self._habits, self._camera = thaw(state)
        self._looks.known, self._looks.looked_s = thaw_looks(state)
        self._next_id, self._at_s = state.next_id, state.at_s

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
        if shift is None and self._glance is None:
            return likeness, pairs
        if shift is not None:
            self._table.motion[0, :2] += shift[:, None]
            likeness = self._overlap(found)
        if self._glance is not None:
            likeness[:, : found.sure] *= self._looks.factor(
                self._glance,
                likeness[:, : found.sure],
                self._table.track_id.tolist(),
                self._table.state == State.LOST,
            )
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
        if self._glance is not None and self._at_s is not None:
            sure = columns < found.sure
            ids = self._table.track_id[rows[sure]].tolist()
            self._looks.remember(self._glance, ids, columns[sure], self._at_s)

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
