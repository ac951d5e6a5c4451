"""Whether a frozen tracker is one: numbers that no tracker can have must not reach the filter."""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import pairwise

import numpy as np

from edge_agent.tracking.lifecycle import State
from edge_agent.tracking.table import TrackerState

MOST = 1e30
"""Beyond all pixels, their squares and their speeds; sums and products of such stay finite."""
MOST_ID = 2**53
"""Larger ones are no longer exact where they are read as JSON."""
ALIVE = (State.TENTATIVE, State.CONFIRMED, State.LOST)


def check(state: TrackerState) -> None:
    """`ValueError` says what is wrong with a state; None of it is to be used then."""
    _learned(state)
    count = len(state.track_id)
    columns = (state.state, state.hits, state.unseen_s, state.score, state.motion)
    if any(len(column) != count for column in columns):
        raise ValueError("columns differ in length")
    _ids(state)
    if any(each not in ALIVE for each in state.state):
        raise ValueError("a state that no track has")
    tentative = [each == State.TENTATIVE for each in state.state]
    if tentative != sorted(tentative):
        raise ValueError("a tentative track is older than a confirmed one")
    if not all(1 <= each < MOST_ID for each in state.hits):
        raise ValueError("a track that was never seen")
    if not (_within(state.unseen_s, MOST) and _within(state.score, 1.0)):
        raise ValueError("a time or a score is out of range")
    _motion(state)
    _looks(state)


def _within(numbers: Iterable[float], most: float) -> bool:
    """Whether all of them are from 0 to `most`; NaN is not."""
    return all(0 <= each <= most for each in numbers)


def _learned(state: TrackerState) -> None:
    if state.at_s is not None and not math.isfinite(state.at_s):
        raise ValueError("the time of the last frame is no number")
    learned = (state.doubt, state.jitter, *state.camera_power, *state.camera_chance)
    if not (_within(learned, MOST) and _within((state.doubt, state.jitter), 1.0)):
        raise ValueError("what was learned of detector or camera is out of range")


def _ids(state: TrackerState) -> None:
    """They count up from 1, and the next one was never given out."""
    ids = [0, *state.track_id, state.next_id]
    if any(after <= before for before, after in pairwise(ids)) or state.next_id > MOST_ID:
        raise ValueError("track ids do not count up to the next one")


def _motion(state: TrackerState) -> None:
    """Finite boxes with a size, and variances that are none below zero."""
    if any([len(row) for row in each] != [4] * 5 for each in state.motion):
        raise ValueError("a motion is not five rows of four")
    motion = np.array(state.motion, dtype=np.float64).reshape(-1, 5, 4)
    if not (np.abs(motion) <= MOST).all():
        raise ValueError("a motion is out of range")
    if (motion[:, 0, 2:] <= 0).any() or (motion[:, [2, 4]] < 0).any():
        raise ValueError("a box without size or a variance below zero")


def _looks(state: TrackerState) -> None:
    """Of living tracks, of one length, finite."""
    if not state.looks.keys() <= set(state.track_id):
        raise ValueError("looks of nobody")
    if len({len(look) for _, look in state.looks.values()}) > 1:
        raise ValueError("looks of different embedders")
    told = [number for at_s, look in state.looks.values() for number in (at_s, *look)]
    if not all(abs(each) <= MOST for each in told):
        raise ValueError("looks are out of range")
