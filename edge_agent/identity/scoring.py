"""What speaks for a tracklet being an identity's: looks, places, times, and what is usual."""

from __future__ import annotations

import math
from collections.abc import Sequence

from edge_agent.identity.appearance import Likeness, Vector
from edge_agent.identity.floor import Doors, together
from edge_agent.identity.identities import Identity
from edge_agent.identity.joining import MOST, NEVER, SAME_CAMERA_S, Judge
from edge_agent.identity.settings import IdentityRules
from edge_agent.identity.tracklet import Tracklet

SOME_DOOR = -0.7
"""Prior evidence for a new person where nobody knows where the doors are."""
CROWD_S = 120.0
"""At the beginning people are inside whom nobody saw come in."""
LEFT_S = 10.0
FULL_WEIGHT = 2.0
LATELY_S = 2.0
PARTED = 12.0
"""Mean squared distance, in variances, of two tracks that cannot be one person …"""
PARTED_M = 1.5
"""… if it is more than a step, too."""


class Scores:
    """Nats for "these tracklets are this identity's" over "they are someone new"."""

    def __init__(
        self, rules: IdentityRules, likeness: Likeness, judge: Judge, doors: Doors
    ) -> None:
        self._rules = rules
        self._likeness = likeness
        self._judge = judge
        self._doors = doors
        self._began_s = math.inf

    def adopt(self, judge: Judge, doors: Doors) -> None:
        """Judge places and doors anew: the store's plan, cameras or doors changed."""
        self._judge, self._doors = judge, doors

    def gain(self, tracklet: Tracklet, identity: Identity, view: Vector | None) -> float:
        """For one tracklet that looks like `view`."""
        if identity.token in tracklet.barred:
            return NEVER
        looks = self.looks(identity, view, tracklet.features.weight)
        looks += self._usual(identity, tracklet.start_s) - self.new(tracklet)
        if looks + MOST < 0:
            return looks  # no place could make up for it
        return looks + self._judge.evidence([tracklet], identity.tracklets)

    def pair_gain(self, ours: Identity, theirs: Identity) -> float:
        """For all of an identity against another one."""
        space = self._judge.evidence(ours.tracklets, theirs.tracklets)
        if space == NEVER:
            return NEVER
        likeness = [theirs.likeness(template) for template in ours.views.values()]
        known = [value for value in likeness if value is not None]
        looks = self._likeness.evidence(max(known)) if known else 0.0
        first = min(ours.tracklets, key=lambda one: one.start_s)
        return space + looks + self._usual(theirs, first.start_s) - self.new(first)

    def parted(self, one: Tracklet, other: Tracklet) -> bool:
        """True if two live tracks have been too far apart of late to be one person."""
        if one.camera == other.camera:
            return one.overlap_s(other) > SAME_CAMERA_S
        since_s = min(one.last_s, other.last_s) - LATELY_S
        both = together(one.trail, other.trail, self._rules.align_s, since_s)
        return both is not None and (
            both.seconds >= LATELY_S / 2 and both.square > PARTED and both.distance_m > PARTED_M
        )

    def looks(self, identity: Identity, view: Vector | None, weight: float) -> float:
        """Evidence of appearance; a single crop counts for less."""
        likeness = None if view is None else identity.likeness(view)
        if likeness is None:
            return 0.0
        return self._likeness.evidence(likeness) * min(1.0, weight / FULL_WEIGHT)

    def new(self, tracklet: Tracklet) -> float:
        """Prior evidence that a person appears here who was not there before."""
        first = tracklet.trail.first
        self._began_s = min(self._began_s, tracklet.start_s)
        if first is None or not self._doors.known or tracklet.start_s < self._began_s + CROWD_S:
            return SOME_DOOR
        near = not tracklet.is_rest and self._doors.near(first, self._rules.door_m)
        return self._rules.new_at_door if near else self._rules.new_inside

    def _usual(self, identity: Identity, at_s: float) -> float:
        """Prior evidence that this identity shows up at all."""
        before = [one for one in identity.tracklets if one.start_s < at_s]
        if not before:
            return 0.0
        last = max(before, key=lambda one: one.last_s)
        unseen_s = at_s - last.last_s
        if unseen_s <= 0:
            return 0.0
        place = last.trail.last
        if place and self._doors.near(place, self._rules.door_m):
            return self._rules.gone * min(1.0, 0.4 + unseen_s / LEFT_S)
        return max(-unseen_s / self._rules.unseen_s, self._rules.gone)


def apart(tracklets: Sequence[Tracklet]) -> list[list[bool]]:
    """Which of them one camera saw at the same time, so that they are different people."""
    return [
        [
            one is not other and one.camera == other.camera and one.overlap_s(other) > 0
            for other in tracklets
        ]
        for one in tracklets
    ]
