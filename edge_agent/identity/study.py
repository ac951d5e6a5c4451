"""Learning what likeness means here, from pairs of which the floor says what they are.

Two tracks of one camera at one moment are two people. Two tracks of different cameras that stay
at one place, with nobody else near, are one.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from edge_agent.identity.appearance import Likeness
from edge_agent.identity.floor import together
from edge_agent.identity.identities import View
from edge_agent.identity.tracklet import Tracklet

LEAST_CROPS = 3
TOGETHER_S = 2.0
CLOSE = 4.0
"""Mean squared distance, in variances, of two tracks that are one person (2 is expected)."""
ALONE_M = 1.5


class Study:
    """Looks at each pair of live tracklets once."""

    def __init__(self, likeness: Likeness, view: View, align_s: float) -> None:
        self._likeness = likeness
        self._view = view
        self._align_s = align_s
        self._done: set[tuple[int, int]] = set()

    def look(self, live: Sequence[Tracklet]) -> None:
        """Learn from all pairs that are there now."""
        here = [one for one in live if one.features.count >= LEAST_CROPS]
        now = {id(one) for one in live}
        self._done = {pair for pair in self._done if now.issuperset(pair)}
        for one, other in combinations(here, 2):
            pair = (id(one), id(other))
            if pair in self._done:
                continue
            if one.camera == other.camera:
                self._done.add(pair)
                self._learn(one, other, same=False)
            elif self._is_one(one, other, live):
                self._done.add(pair)
                self._learn(one, other, same=True)

    def _learn(self, one: Tracklet, other: Tracklet, *, same: bool) -> None:
        a, b = one.features.mean(), other.features.mean()
        if a is not None and b is not None:
            likeness = float(self._view(one.camera, a) @ self._view(other.camera, b))
            self._likeness.learn(likeness, same=same)

    def _is_one(self, one: Tracklet, other: Tracklet, live: Sequence[Tracklet]) -> bool:
        if not _near(one, other):
            return False
        both = together(one.trail, other.trail, self._align_s)
        if both is None or both.seconds < TOGETHER_S or both.square > CLOSE:
            return False
        return not any(
            _near(one, rival) or _near(other, rival)
            for rival in live
            if rival is not one and rival is not other
        )


def _near(one: Tracklet, rival: Tracklet) -> bool:
    here, there = one.trail.last, rival.trail.last
    return here is not None and there is not None and here.distance_m(there) < ALONE_M
