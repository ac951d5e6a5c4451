"""When a tracker breaks a track, the new id goes on where the old one was last seen.

Lines and zones use the same test: near in place, soon in time.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from contracts.geometry import Point


class Seen(NamedTuple):
    """Where and when (UNIX seconds) a track's anchor was seen."""

    place: Point
    at_s: float


class Handover(NamedTuple):
    """How far (units of the anchors) and how long (seconds) a track may be broken."""

    reach: float
    within_s: float

    def distance(self, last: Seen, born: Seen) -> float | None:
        """Distance from an old track's last place to a new one's first; None when no heir.

        A track that was still seen when the new one began is another person.
        """
        gap_s = born.at_s - last.at_s
        if not 0 < gap_s <= self.within_s:
            return None
        apart = math.dist(last.place, born.place)
        return apart if apart <= self.reach else None
