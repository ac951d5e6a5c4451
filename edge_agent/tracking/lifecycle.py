"""The life of a track: Tentative → Confirmed ⇄ Lost → Deleted; changed here and nowhere else.

A new track is Tentative until it is seen again in the next frame; a Tentative track that misses
it is Deleted at once. Whoever is in the first frame of all was there before and is Confirmed
from the start. A Confirmed track that misses a frame is Lost, comes back when it is found again,
and is Deleted when it stays unseen for longer than its patience.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

States = npt.NDArray[np.int8]
Flags = npt.NDArray[np.bool_]


class State:
    """Where a track is in its life: plain numbers, since arrays compare with an enum slowly."""

    TENTATIVE: Final = 0
    CONFIRMED: Final = 1
    LOST: Final = 2
    DELETED: Final = 3


MISSED: States = np.array([State.DELETED, State.LOST, State.LOST, State.DELETED], dtype=np.int8)
"""What a track becomes when it misses a frame, by its state."""


def at_birth(*, first_frame: bool) -> int:
    """What a new track begins as."""
    return State.CONFIRMED if first_frame else State.TENTATIVE


def advance(
    state: States, *, found: Flags, unseen_s: npt.NDArray[np.float64], patience_s: float
) -> States:
    """States after a frame: `found` says which tracks met a detection in it.

    `unseen_s` is the time since each track's last detection.
    """
    after = MISSED[state]
    after[unseen_s > patience_s] = State.DELETED
    after[found] = State.CONFIRMED
    return after
