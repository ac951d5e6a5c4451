"""The tracker with parts taken out, or with one put in that did not pay."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from edge_agent.tracking import kalman
from edge_agent.tracking.association import NOTHING, Indices, Pairs, assign, overlap
from edge_agent.tracking.bytetrack import Tracker
from edge_agent.tracking.camera_motion import CameraMotion
from edge_agent.tracking.found import Found, Limits
from edge_agent.tracking.habits import Habits
from edge_agent.tracking.kalman import Floats
from edge_agent.tracking.lifecycle import State

BYTETRACK = Limits(
    low=0.1,
    sure=0.6,
    new=0.7,
    doubt_share=0.0,
    first_match=0.2,
    second_match=0.5,
    tentative_match=0.3,
    patience_s=1.0,
    reach=0.0,
    weak_blur=0.0,
)
"""ByteTrack's own limits (Zhang et al. 2022), patience 30 frames at 30 fps."""
RECOVERED = 0.3
"""OC-SORT's overlap with the last seen box."""


class Unlearned(Habits):
    """Learns nothing of its detector."""

    def __init__(self) -> None:
        super().__init__(doubt=0.0)

    def heard(self, echoes: int, people: int) -> None:
        """Not listening."""

    def jumped(self, heights: float) -> None:
        """Not looking."""


class Fixed(CameraMotion):
    """A camera that is taken to stand still whatever the boxes say."""

    def shift(self, *_: object) -> Floats | None:
        """None."""
        return None


class Variant(Tracker):
    """The tracker without what is switched off.

    `recovery` is OC-SORT's (Cao et al. 2023): sure detections that are left meet the last seen
    boxes of tracks that are left.
    """

    def __init__(
        self,
        threshold: float,
        alike: float = 0.54,
        *,
        limits: Limits,
        habits: bool,
        boxes: bool,
        recovery: bool,
    ) -> None:
        super().__init__(threshold, limits, alike)
        if not habits:
            self._habits = Unlearned()
        if not boxes:
            self._camera = Fixed.unknown()
        self._recovery = recovery
        self._last: dict[int, Floats] = {}

    def _matched(self, found: Found, dt_s: float) -> Pairs:
        rows, columns = super()._matched(found, dt_s)
        if not self._recovery:
            return rows, columns
        more = self._recovered(found, rows, columns)
        return np.concatenate((rows, more[0])), np.concatenate((columns, more[1]))

    def _recovered(self, found: Found, rows: Indices, columns: Indices) -> Pairs:
        table = self._table
        left = np.setdiff1d(np.flatnonzero(table.state != State.TENTATIVE), rows)
        spare = np.setdiff1d(np.arange(found.sure), columns)
        if not len(left) or not len(spare):
            return NOTHING, NOTHING
        last = np.stack([self._last[int(each)] for each in table.track_id[left]], axis=1)
        likeness = overlap(last, found.corners[:, spare], np.zeros(len(left)))
        pairs = assign(likeness, RECOVERED)
        return left[pairs[0]], spare[pairs[1]]

    def _see(self, rows: Indices, found: Found, columns: Indices) -> None:
        super()._see(rows, found, columns)
        for row, column in zip(self._table.track_id[rows].tolist(), columns, strict=True):
            self._last[row] = found.corners[:, column]

    def _begin(self, found: Found, taken: Indices, state: int) -> None:
        first = self._next_id
        super()._begin(found, taken, state)
        born = np.flatnonzero(self._table.track_id >= first)
        boxes = kalman.corners_of(self._table.motion[0].take(born, axis=1)).T
        self._last.update(zip(self._table.track_id[born].tolist(), boxes, strict=True))


def variant(
    limits: Limits, habits: bool = True, boxes: bool = True, recovery: bool = False
) -> Callable[..., Tracker]:
    """What starts such a tracker."""
    return partial(Variant, limits=limits, habits=habits, boxes=boxes, recovery=recovery)
