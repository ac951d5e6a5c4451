"""What one track did at a door: where it is, which line it passed, what is not told yet."""

from __future__ import annotations

import math

import msgspec

from contracts.events import Direction
from contracts.geometry import Point
from edge_agent.rules.handover import Seen

SWIFT_S = 0.4
"""Memory of a walk's velocity: long enough to outlast the jitter of a box."""
LONGEST_YOUTH = 1_000
"""Places kept of a track that stays tentative; its oldest ones go first."""


class Walk(msgspec.Struct):
    """One track at one door.

    `half` is the direction whose first line was passed, `done` a crossing not yet told.
    `young` holds the path until the track is confirmed, None afterwards; `velocity` is in
    units of the anchors per second.
    """

    born: Seen
    last: Seen
    young: list[Point] | None = None
    half: Direction | None = None
    done: Direction | None = None
    confirmed: bool = False
    velocity: Point = (0.0, 0.0)

    def move(self, now: Seen) -> Point:
        """Go to `now`; the place before."""
        (x0, y0), (x1, y1) = self.last.place, now.place
        step_s = now.at_s - self.last.at_s
        if step_s > 0:
            share = -math.expm1(-step_s / SWIFT_S)
            vx, vy = self.velocity
            self.velocity = (
                vx + share * ((x1 - x0) / step_s - vx),
                vy + share * ((y1 - y0) / step_s - vy),
            )
        self.last = now
        if self.young is not None and len(self.young) >= LONGEST_YOUTH:
            del self.young[: LONGEST_YOUTH // 2]
        return x0, y0

    def heads_for(self, born: Seen) -> bool:
        """True if going on as before led to `born`: nearer to it than half of the way there."""
        (x, y), (vx, vy) = self.last.place, self.velocity
        ahead_s = born.at_s - self.last.at_s
        left = math.dist((x + vx * ahead_s, y + vy * ahead_s), born.place)
        return left < math.dist(self.last.place, born.place) / 2

    def complete(self, direction: Direction) -> None:
        """Both lines were passed; a crossing and its way back cancel if none was told yet."""
        self.half = None
        self.done = None if self.done not in (None, direction) else direction

    def tell(self) -> Direction | None:
        """The crossing to count now; None while the track is on its way back over the pair."""
        if self.done is None or self.half is not None:
            return None
        done, self.done = self.done, None
        return done
