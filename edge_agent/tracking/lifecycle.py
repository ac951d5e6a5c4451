"""The life of a track: Tentative → Confirmed ⇄ Lost → Deleted; changed here and nowhere else.

A new track is Tentative until it was seen `CONFIRM_HITS` times in a row; a Tentative track
that misses a frame is Deleted at once. A Confirmed track that misses a frame is Lost, comes
back when it is found again, and is Deleted when it stays unseen for longer than its patience.
Of two tracks on the same person one is Deleted.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np
import numpy.typing as npt

CONFIRM_HITS = 2
"""Detections in a row that make a track believed (ByteTrack: the second frame)."""

States = npt.NDArray[np.int8]
Flags = npt.NDArray[np.bool_]


class State(IntEnum):
    """Where a track is in its life."""

    TENTATIVE = 0
    CONFIRMED = 1
    LOST = 2
    DELETED = 3


def advance(
    state: States,
    *,
    found: Flags,
    doubled: Flags,
    hits: npt.NDArray[np.int64],
    unseen_s: npt.NDArray[np.float64],
    patience_s: float,
) -> States:
    """States after a frame: `found` says which tracks met a detection in it, `doubled`
    which are another track of the same person.

    `hits` counts detections, that of this frame included; `unseen_s` is the time since the last.
    """
    after = state.copy()
    tentative, missed = state == State.TENTATIVE, ~found
    after[found & ~tentative] = State.CONFIRMED
    after[found & tentative & (hits >= CONFIRM_HITS)] = State.CONFIRMED
    after[missed & tentative] = State.DELETED
    after[missed & (state == State.CONFIRMED)] = State.LOST
    after[missed & (after == State.LOST) & (unseen_s > patience_s)] = State.DELETED
    after[doubled] = State.DELETED
    return after
