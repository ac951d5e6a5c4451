"""Detections and true boxes of one camera over a piece of time, as columns."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from simulator.days.paths import Array

Ints = npt.NDArray[np.int64]


class Rows(NamedTuple):
    """Detections of one camera over a chunk, sorted by frame; all arrays have one length.

    `frame` counts the chunk's frames; `person` is -1 for a false alarm, whose `entity` is then
    below -1; `other` is the person merged into the box, else -1; `visible` 0..1 and `turn` (rad)
    say how they were seen, `content` in which frame of the local day.
    """

    frame: Ints
    xyxy: npt.NDArray[np.float32]
    score: npt.NDArray[np.float32]
    person: Ints
    entity: Ints
    other: Ints
    visible: npt.NDArray[np.float32]
    turn: npt.NDArray[np.float32]
    content: Ints

    def with_(self, others: Rows) -> Rows:
        """These rows and then the others."""
        pairs: Any = zip(self, others, strict=True)
        return Rows(*(np.concatenate(pair) for pair in pairs))

    def at(self, which: slice | Ints) -> Rows:
        """Some of the rows."""
        columns: Any = self
        return Rows(*(column[which] for column in columns))


class Seen(NamedTuple):
    """True boxes of one camera over a chunk: whole bodies, pixels; `visible` is a share."""

    frame: Ints
    xyxy: Array
    person: Ints
    visible: Array
