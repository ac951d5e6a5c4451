"""All tracks of one camera as columns: entry i of every array is the same track."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
import numpy as np
import numpy.typing as npt

from edge_agent.tracking import kalman
from edge_agent.tracking.association import Flags, Indices
from edge_agent.tracking.camera_motion import CameraMotion
from edge_agent.tracking.habits import Habits
from edge_agent.tracking.kalman import Floats, Motion
from edge_agent.tracking.lifecycle import State, States
from edge_agent.tracking.looks import Looks, Vectors


@dataclass
class Table:
    """N tracks, oldest first; `motion` is (5, 4, N), everything else (N,).

    Tentative tracks are the youngest and so the last ones.
    """

    track_id: npt.NDArray[np.int64]
    state: States
    hits: npt.NDArray[np.int64]
    unseen_s: Floats
    seen: Flags
    score: Floats
    motion: Motion

    def __len__(self) -> int:
        return len(self.track_id)

    def move(self, dt_s: float) -> None:
        """Everyone `dt_s` later, nobody seen yet."""
        self.motion = kalman.predict(self.motion, dt_s)
        self.unseen_s += dt_s
        self.seen[:] = False

    def see(self, rows: Indices, motion: Motion, score: Floats) -> None:
        """These rows were found, and are now as `motion` says."""
        self.motion.reshape(20, -1)[:, rows] = motion.reshape(20, -1)
        self.score[rows] = score
        self.hits[rows] += 1
        self.unseen_s[rows] = 0
        self.seen[rows] = True

    def become(self, state: States) -> npt.NDArray[np.int64]:
        """Take these states; the deleted leave, and their ids are the answer."""
        self.state = state
        lost = (state == State.LOST).nonzero()[0]
        if len(lost):
            self.motion[1, 2:, lost] = 0  # they keep their size
        gone = state == State.DELETED
        if not gone.any():
            return self.track_id[:0]
        ended: npt.NDArray[np.int64] = self.track_id[gone]
        self._keep(~gone)
        return ended

    def add(self, first_id: int, state: int, boxes: Floats, score: Floats) -> None:
        """One new track per box (4, M); ids count up from `first_id`."""
        more = newborn(first_id, state, boxes, score)
        self.track_id = np.concatenate((self.track_id, more.track_id))
        self.state = np.concatenate((self.state, more.state))
        self.hits = np.concatenate((self.hits, more.hits))
        self.unseen_s = np.concatenate((self.unseen_s, more.unseen_s))
        self.seen = np.concatenate((self.seen, more.seen))
        self.score = np.concatenate((self.score, more.score))
        self.motion = np.concatenate((self.motion, more.motion), axis=2)

    def _keep(self, rows: Flags) -> None:
        self.track_id, self.state = self.track_id[rows], self.state[rows]
        self.hits, self.unseen_s = self.hits[rows], self.unseen_s[rows]
        self.seen, self.score = self.seen[rows], self.score[rows]
        self.motion = self.motion.compress(rows, axis=2)


def newborn(first_id: int, state: int, boxes: Floats, score: Floats) -> Table:
    """One track per box (4, M: centre, width, height); ids count up from `first_id`."""
    count = len(score)
    return Table(
        track_id=np.arange(first_id, first_id + count, dtype=np.int64),
        state=np.full(count, state, dtype=np.int8),
        hits=np.ones(count, dtype=np.int64),
        unseen_s=np.zeros(count),
        seen=np.ones(count, dtype=bool),
        score=score.astype(np.float64),
        motion=kalman.start(boxes),
    )


def empty() -> Table:
    """No track at all."""
    return newborn(1, State.TENTATIVE, np.empty((4, 0)), np.empty(0))


class TrackerState(msgspec.Struct, frozen=True, kw_only=True):
    """A tracker as plain numbers; one list entry per track, `motion` five rows of four."""

    next_id: int
    at_s: float | None
    doubt: float
    jitter: float
    camera_power: tuple[float, float]
    camera_chance: tuple[float, float]
    track_id: list[int]
    state: list[int]
    hits: list[int]
    unseen_s: list[float]
    score: list[float]
    motion: list[list[list[float]]]
    looks: dict[int, tuple[float, list[float]]] = {}
    """Of a track id: when it was looked at, and what was seen."""


def freeze(
    table: Table,
    next_id: int,
    at_s: float | None,
    habits: Habits,
    camera: CameraMotion,
    looks: Looks,
) -> TrackerState:
    """All that a tracker knows as plain numbers."""
    return TrackerState(
        next_id=next_id,
        at_s=at_s,
        doubt=habits.doubt,
        jitter=habits.jitter,
        camera_power=(camera.power[0], camera.power[1]),
        camera_chance=(camera.chance[0], camera.chance[1]),
        track_id=table.track_id.tolist(),
        state=table.state.tolist(),
        hits=table.hits.tolist(),
        unseen_s=table.unseen_s.tolist(),
        score=table.score.tolist(),
        motion=table.motion.transpose(2, 0, 1).tolist(),
        looks={key: (looks.looked_s[key], each.tolist()) for key, each in looks.known.items()},
    )


def thaw_looks(state: TrackerState) -> tuple[dict[int, Vectors], dict[int, float]]:
    """What each track looked like, and when it was looked at."""
    known = {key: np.array(each, dtype=np.float32) for key, (_, each) in state.looks.items()}
    return known, {key: at_s for key, (at_s, _) in state.looks.items()}


def thaw(state: TrackerState) -> tuple[Table, Habits, CameraMotion]:
    """What was frozen, if `checked.check` has nothing against it."""
    count = len(state.track_id)
    motion = np.asarray(state.motion, dtype=np.float64).reshape(count, 5, 4)
    table = Table(
        track_id=np.asarray(state.track_id, dtype=np.int64),
        state=np.asarray(state.state, dtype=np.int8),
        hits=np.asarray(state.hits, dtype=np.int64),
        unseen_s=np.asarray(state.unseen_s, dtype=np.float64),
        seen=np.zeros(count, dtype=bool),
        score=np.asarray(state.score, dtype=np.float64),
        motion=np.ascontiguousarray(motion.transpose(1, 2, 0)),
    )
    camera = CameraMotion(list(state.camera_power), list(state.camera_chance))
    return table, Habits(state.doubt, state.jitter), camera
