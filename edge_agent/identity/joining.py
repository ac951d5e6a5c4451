"""Evidence from places and times that two sets of tracklets show one person.

In nats against "two people who have nothing to do with each other": the density of the place
where one person would be found, over that of anybody's place, one over the floor's area.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from edge_agent.identity.floor import together
from edge_agent.identity.reconcile import within_reach
from edge_agent.identity.settings import IdentityRules
from edge_agent.identity.tracklet import Tracklet

NEVER = -math.inf
MOST = 8.0
MOST_MEETING = 4.0
"""Two people are near each other more often than their share of the floor says: groups, queues."""
INDEPENDENT_S = 0.7
"""Places of two tracks say something new after so long …"""
MOST_INDEPENDENT = 4.0
"""… but no more often, as a calibration's error stays."""
SAME_CAMERA_S = 1.0
"""A track's first box may come before another one's last by so much; longer is two people."""
RECENT_S = 20.0
START_M = 0.4


class Judge:
    """Weighs places and times; `area_m2` is the floor that people may be on."""

    def __init__(self, rules: IdentityRules, area_m2: float) -> None:
        self._rules = rules
        self._area_m2 = area_m2

    def evidence(self, ours: Sequence[Tracklet], theirs: Sequence[Tracklet]) -> float:
        """One person or two; `NEVER` where nobody could be in both places."""
        total, met = 0.0, False
        for one in ours:
            for other in theirs:
                both_s = one.overlap_s(other)
                if both_s <= 0:
                    continue
                if one.camera == other.camera:
                    if both_s > SAME_CAMERA_S or not (one.ended or other.ended):
                        return NEVER
                    continue
                total += self._meeting(one, other)
                met = True
        if met:
            return max(min(total, MOST), -20.0)
        return self._before_and_after(ours, theirs)

    def _meeting(self, one: Tracklet, other: Tracklet) -> float:
        """Two cameras at the same time."""
        since_s = max(one.start_s, other.start_s)
        both = together(one.trail, other.trail, self._rules.align_s, since_s)
        if both is None:
            return 0.0
        times = min(1 + both.seconds / INDEPENDENT_S, MOST_INDEPENDENT)
        found = min(math.log(self._area_m2 / (2 * math.pi * both.variance_m2)), MOST_MEETING)
        return found - times * max(both.square - 2, 0.0) / 2

    def _before_and_after(self, ours: Sequence[Tracklet], theirs: Sequence[Tracklet]) -> float:
        """The ways from the last sight before to our first, and from our last to the next."""
        first = min(ours, key=lambda one: one.start_s)
        last = max(ours, key=lambda one: one.last_s)
        before = [
            one for one in theirs if one.overlap_s(first) <= 0 and one.start_s < first.start_s
        ]
        after = [one for one in theirs if one.overlap_s(last) <= 0 and one.last_s > last.last_s]
        total = 0.0
        if before:
            total += self._way(max(before, key=lambda one: one.last_s), first)
        if after:
            total += self._way(last, min(after, key=lambda one: one.start_s))
        return total

    def _way(self, before: Tracklet, after: Tracklet) -> float:
        """From the end of one tracklet to the begin of another, by a walk or a stay."""
        reach = within_reach(before, after, self._rules)
        if not reach:
            return NEVER
        old, new = before.trail.last, after.trail.first
        if old is None or new is None:
            return 0.0
        step_s = max(new.at_s - old.at_s, 0.0)
        vx, vy = before.trail.velocity()
        ahead_s = min(step_s, 1.0)
        off = math.hypot(new.x_m - old.x_m - vx * ahead_s / 2, new.y_m - old.y_m - vy * ahead_s / 2)
        drift_m = START_M + self._rules.stroll_m_s * step_s
        variance = old.sigma_m**2 + new.sigma_m**2 + drift_m**2
        variance = min(variance, self._area_m2 / (2 * math.pi))
        found = math.log(self._area_m2 / (2 * math.pi * variance)) - off**2 / (2 * variance)
        return max(found, -1.0) if step_s > RECENT_S else max(found, -MOST)
