"""ByteTrack (Zhang et al., ECCV 2022) for one camera, in time instead of frames.

Sure detections meet all tracks first; unsure ones may only keep a track alive that was seen in
the frame before; sure ones that are left start tracks. What is sure comes with the detector
(`threshold`), so scores are first put on the scale that ByteTrack's limits were made for.
Same calls, same tracks: nothing is random and the order of detections does not matter.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from edge_agent.tracking import kalman, lifecycle
from edge_agent.tracking.association import Indices, assign, overlap, twins
from edge_agent.tracking.kalman import Floats
from edge_agent.tracking.lifecycle import Flags, State
from edge_agent.tracking.table import Table, TrackerState, empty, freeze, newborn, thaw
from models.detections import Detections


@dataclass(frozen=True)
class Limits:
    """ByteTrack's settings. Scores are on the scale where the detector's threshold is 0.6.

    `low`, `first_match` and `patience_s` differ from the paper's 0.1, 0.2 and 1 s: with a small
    detector on fixed cameras that gives 6 points of HOTA (docs/accuracy.md). Boxes are grown by
    `reach_per_s` of their widths for every second since the track was seen, `most_reach` at most:
    with every fourth frame only, as on a busy machine, that is worth another 8 points.
    """

    low: float = 0.25
    sure: float = 0.6
    new: float = 0.7
    first_match: float = 0.15
    second_match: float = 0.5
    tentative_match: float = 0.3
    duplicate: float = 0.85
    patience_s: float = 2.0
    reach_per_s: float = 1.0
    most_reach: float = 1.0


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


class Tracker:
    """Tracks of one camera; ids count from 1 and are never used twice."""

    def __init__(self, threshold: float, limits: Limits | None = None) -> None:
        self.refused = 0
        """Detections so far that had no finite box of positive size."""
        self._threshold = threshold
        self._limits = limits or Limits()
        self._table = empty()
        self._next_id = 1
        self._at_s: float | None = None

    def update(self, detections: Detections, at_s: float) -> Tracks:
        """Take the detections of the frame seen at `at_s` (seconds of any epoch).

        A clock that jumps back counts as no time passed.
        """
        boxes, score = self._accepted(detections)
        scaled = rescaled(score, self._threshold)
        table = self._moved(at_s)
        rows, columns = self._matched(table, boxes, scaled)
        table.see(rows, kalman.boxes_of(boxes[columns]), score[columns])
        table, ended = self._aged(table)
        born = self._born(boxes, scaled, columns)
        fresh = newborn(self._next_id, kalman.boxes_of(boxes[born]), score[born])
        self._next_id += len(fresh)
        self._table = table.joined(fresh)
        seen = self._table.take(self._table.seen)
        return Tracks(
            track_id=seen.track_id,
            xyxy=kalman.corners_of(seen.motion.box),
            score=seen.score,
            confirmed=seen.state == State.CONFIRMED,
            ended=ended,
        )

    def state(self) -> TrackerState:
        """Everything needed to go on later; msgspec encodes it without loss."""
        return freeze(self._table, self._next_id, self._at_s)

    def restore(self, state: TrackerState) -> None:
        """Go on where `state` was taken."""
        self._table, self._next_id, self._at_s = thaw(state), state.next_id, state.at_s

    def _accepted(self, detections: Detections) -> tuple[Floats, Floats]:
        """Boxes worth a look in one fixed order, whatever order they came in."""
        boxes = np.asarray(detections.xyxy, dtype=np.float64).reshape(-1, 4)
        score = np.asarray(detections.score, dtype=np.float64)
        with np.errstate(invalid="ignore"):
            good = np.isfinite(boxes).all(axis=1) & (boxes[:, 2:] > boxes[:, :2]).all(axis=1)
            good &= (score >= 0) & (score <= 1)
        self.refused += int(len(good) - good.sum())
        boxes, score = boxes[good], score[good]
        order = np.lexsort((*boxes.T, -score))
        return boxes[order], score[order]

    def _moved(self, at_s: float) -> Table:
        dt_s = 0.0 if self._at_s is None else max(0.0, at_s - self._at_s)
        self._at_s = at_s
        return self._table.moved(dt_s)

    def _matched(self, table: Table, boxes: Floats, score: Floats) -> tuple[Indices, Indices]:
        """Rows of tracks and of detections that belong together (three rounds)."""
        limits = self._limits
        reach = np.minimum(limits.reach_per_s * table.unseen_s, limits.most_reach)
        likeness = overlap(kalman.corners_of(table.motion.box), boxes, reach)
        tentative = table.state == State.TENTATIVE
        sure = score >= limits.sure
        first = _round(likeness * score, ~tentative, sure, limits.first_match)
        weak = (score >= limits.low) & ~sure
        awake = _without(table.state == State.CONFIRMED, first[0])
        second = _round(likeness, awake, weak, limits.second_match)
        left = _without(sure, first[1])
        third = _round(likeness * score, tentative, left, limits.tentative_match)
        rows, columns = zip(first, second, third, strict=True)
        return np.concatenate(rows), np.concatenate(columns)

    def _born(self, boxes: Floats, score: Floats, taken: Indices) -> Indices:
        """Detections that begin a track: sure, not taken, and no twin of one that is."""
        left = np.setdiff1d(np.flatnonzero(score >= self._limits.new), taken)
        if not len(left):
            return left
        twin, known, born = twins(boxes), list(taken), []
        for index in left:
            if not twin[index, known].any():
                born.append(index)
                known.append(index)
        return np.array(born, dtype=np.intp)

    def _aged(self, table: Table) -> tuple[Table, npt.NDArray[np.int64]]:
        """Every track takes its step in life; the deleted leave the table."""
        state = lifecycle.advance(
            table.state,
            found=table.seen,
            doubled=self._doubled(table),
            hits=table.hits,
            unseen_s=table.unseen_s,
            patience_s=self._limits.patience_s,
        )
        gone = state == State.DELETED
        return replace(table, state=state).take(~gone), table.track_id[gone]

    def _doubled(self, table: Table) -> Flags:
        """Of a lost and a seen track on the same spot, the one with fewer detections."""
        doubled = np.zeros(len(table), dtype=bool)
        old = table.state != State.TENTATIVE
        seen, lost = np.flatnonzero(old & table.seen), np.flatnonzero(old & ~table.seen)
        corners = kalman.corners_of(table.motion.box)
        same = overlap(corners[seen], corners[lost]) > self._limits.duplicate
        for i, j in np.argwhere(same):
            a, b = seen[i], lost[j]
            doubled[b if table.hits[a] >= table.hits[b] else a] = True
        return doubled


def rescaled(score: Floats, threshold: float) -> Floats:
    """Scores (0 to 1) on the scale where `threshold` is 0.6: straight below it and above it."""
    return np.interp(score, (0.0, threshold, 1.0), (0.0, 0.6, 1.0))


def _round(likeness: Floats, tracks: Flags, detections: Flags, at_least: float) -> _Pairs:
    """One assignment between some of the tracks and some of the detections."""
    rows, columns = np.flatnonzero(tracks), np.flatnonzero(detections)
    chosen = assign(likeness[np.ix_(rows, columns)], at_least)
    return rows[chosen[0]], columns[chosen[1]]


def _without(flags: Flags, indices: Indices) -> Flags:
    left = flags.copy()
    left[indices] = False
    return left


_Pairs = tuple[Indices, Indices]
