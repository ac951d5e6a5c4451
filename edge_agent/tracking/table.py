"""All tracks of one camera as columns: row i of every array is the same track."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import msgspec
import numpy as np
import numpy.typing as npt

from edge_agent.tracking.association import Indices
from edge_agent.tracking.kalman import Floats, Motion, correct, predict, start
from edge_agent.tracking.lifecycle import Flags, State, States


@dataclass(frozen=True)
class Table:
    """N tracks. `motion` holds (N, 4) arrays, everything else is (N,)."""

    track_id: npt.NDArray[np.int64]
    state: States
    hits: npt.NDArray[np.int64]
    unseen_s: Floats
    seen: Flags
    score: Floats
    motion: Motion

    def __len__(self) -> int:
        return len(self.track_id)

    def take(self, rows: npt.NDArray[np.intp] | Flags) -> Table:
        """Only these rows (indices or a mask), in this order."""
        columns = {
            field.name: getattr(self, field.name)[rows]
            for field in fields(self)
            if field.name != "motion"
        }
        return replace(self, **columns, motion=Motion(*(part[rows] for part in self.motion)))

    def joined(self, more: Table) -> Table:
        """These rows, then those of `more`."""
        columns = {
            field.name: np.concatenate([getattr(self, field.name), getattr(more, field.name)])
            for field in fields(self)
            if field.name != "motion"
        }
        motion = Motion(
            *(np.concatenate(pair) for pair in zip(self.motion, more.motion, strict=True))
        )
        return replace(self, **columns, motion=motion)

    def moved(self, dt_s: float) -> Table:
        """A copy of these tracks `dt_s` later, none of them seen yet; lost ones keep their size."""
        velocity = self.motion.velocity.copy()
        velocity[self.state == State.LOST, 2:] = 0
        return replace(
            self,
            hits=self.hits.copy(),
            unseen_s=self.unseen_s + dt_s,
            seen=np.zeros(len(self), dtype=bool),
            score=self.score.copy(),
            motion=predict(self.motion._replace(velocity=velocity), dt_s),
        )

    def see(self, rows: Indices, boxes: Floats, score: Floats) -> None:
        """Correct `rows` of this table by one detection each."""
        motion = correct(Motion(*(part[rows] for part in self.motion)), boxes)
        for whole, part in zip(self.motion, motion, strict=True):
            whole[rows] = part
        self.score[rows] = score
        self.hits[rows] += 1
        self.unseen_s[rows] = 0
        self.seen[rows] = True


def newborn(first_id: int, boxes: Floats, score: Floats) -> Table:
    """One Tentative track per box (centre, width, height); ids count up from `first_id`."""
    count = len(boxes)
    return Table(
        track_id=np.arange(first_id, first_id + count, dtype=np.int64),
        state=np.full(count, State.TENTATIVE, dtype=np.int8),
        hits=np.ones(count, dtype=np.int64),
        unseen_s=np.zeros(count),
        seen=np.ones(count, dtype=bool),
        score=score.astype(np.float64),
        motion=start(boxes),
    )


def empty() -> Table:
    """No track at all."""
    return newborn(1, np.empty((0, 4)), np.empty(0))


class TrackerState(msgspec.Struct, frozen=True, kw_only=True):
    """A tracker as plain numbers; one list entry per track, `motion` five rows of four."""

    next_id: int
    at_s: float | None
    track_id: list[int]
    state: list[int]
    hits: list[int]
    unseen_s: list[float]
    score: list[float]
    motion: list[list[list[float]]]


def freeze(table: Table, next_id: int, at_s: float | None) -> TrackerState:
    """The table as plain numbers."""
    return TrackerState(
        next_id=next_id,
        at_s=at_s,
        track_id=table.track_id.tolist(),
        state=table.state.tolist(),
        hits=table.hits.tolist(),
        unseen_s=table.unseen_s.tolist(),
        score=table.score.tolist(),
        motion=np.stack(table.motion, axis=1).tolist(),
    )


def thaw(state: TrackerState) -> Table:
    """The table of a frozen one; `ValueError` when its columns do not fit together."""
    count = len(state.track_id)
    motion = np.asarray(state.motion, dtype=np.float64).reshape(count, len(Motion._fields), 4)
    table = Table(
        track_id=np.asarray(state.track_id, dtype=np.int64),
        state=np.asarray(state.state, dtype=np.int8),
        hits=np.asarray(state.hits, dtype=np.int64),
        unseen_s=np.asarray(state.unseen_s, dtype=np.float64),
        seen=np.zeros(count, dtype=bool),
        score=np.asarray(state.score, dtype=np.float64),
        motion=Motion(*motion.transpose(1, 0, 2).copy()),
    )
    if any(len(getattr(table, field.name)) != count for field in fields(table)[:-1]):
        raise ValueError("a frozen tracker's columns differ in length")
    return table
