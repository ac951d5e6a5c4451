"""The life of a track: Tentative → Confirmed ⇄ Lost → Deleted; changed here and nowhere else.

A new track is Tentative until it is seen again in the next frame; a Tentative track that misses
it is Deleted at once. Whoever is in the first frame of all was there before and is Confirmed
from the start. A Confirmed track that misses a frame is Lost, comes back when it is found again,
and is Deleted when it stays unseen for longer than its patience.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np
import numpy.typing as npt

States = npt.NDArray[np.int8]
Flags = npt.NDArray[np.bool_]


class State(IntEnum):
    """Where a track is in its life."""

    TENTATIVE = 0
    CONFIRMED = 1
    LOST = 2
    DELETED = 3


def at_birth(*, first_frame: bool) -> State:
    """What a new track begins as."""
    return State.CONFIRMED if first_frame else State.TENTATIVE


def advance(
    state: States, *, found: Flags, unseen_s: npt.NDArray[np.float64], patience_s: float
) -> States:
    """States after a frame: `found` says which tracks met a detection in it.

    `unseen_s` is the time since each track's last detection.
    """
    missed = np.where(state == State.TENTATIVE, State.DELETED, State.LOST)
    missed[unseen_s > patience_s] = State.DELETED
    return np.where(found, State.CONFIRMED, missed).astype(np.int8)
