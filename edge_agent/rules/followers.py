"""Who came in unseen behind somebody: a child behind its parents, the third of three.

In the middle of a picture nobody appears. A track that begins there beyond a door's outer line,
next to someone who came in a moment ago, goes inward, too, and goes on no track that was lost, is
someone who passed both lines hidden. It counts once, at the time of the one who hid it. What
identity later finds to be a track that was counted before is taken back as any repeat.
"""

from __future__ import annotations

import math

import msgspec

from contracts.geometry import LinePair, Point
from edge_agent.messages import TrackedBox
from edge_agent.rules.handover import Seen

PROVE_S = 0.6
"""How long a track must go inward before it is believed."""
AFTER_S, BEFORE_S = 3.0, 1.0
"""A follower is seen so long after, or before, the one it came with was counted."""
VISIBLE_S = 0.5
LOST_S = 30.0
QUICK_S = 3.0
NEAR = 0.5
"""In heights of boxes: how near to its end a track may go on after a long time."""

EDGE = 0.04
"""A box that begins so near to the picture's edge came in over it."""


class Trace(msgspec.Struct):
    """One track at a door; `tall` is the height of its box, `came_s` when it was counted in."""

    born: Seen
    last: Seen
    tall: float
    decided: bool = False
    went_on: bool = False
    came_s: float | None = None


class FollowersState(msgspec.Struct):
    """What `Followers` knows, to go on with after a restart."""

    traces: dict[int, Trace] = {}
    pruned_s: float = -math.inf


class Followers:
    """Finds followers at one door; places are fractions of the picture."""

    def __init__(self, pair: LinePair) -> None:
        self._outer, self._inner = pair.outer, pair.inner
        self._inward = 1.0 if pair.outer.side(pair.inner.middle) > 0 else -1.0
        self.state = FollowersState()

    def crossed(self, track_id: int, at_s: float, *, inward: bool) -> None:
        """The door counted this track."""
        trace = self.state.traces.get(track_id)
        if trace is not None:
            trace.decided = True
            trace.came_s = at_s if inward else None

    def seen(self, box: TrackedBox, at_s: float) -> float | None:
        """When the track came in if it is a follower: once per track, else None."""
        self._prune(at_s)
        anchor, track_id = box.anchor, box.track_id
        now, trace = Seen(anchor, at_s), self.state.traces.get(track_id)
        if trace is None:
            elsewhere = self._inward * self._outer.side(anchor) <= 0 or _at_edge(box)
            trace = Trace(now, now, box.y2 - box.y1, decided=elsewhere)
            self.state.traces[track_id] = trace
            return None
        trace.last, trace.tall = now, box.y2 - box.y1
        if trace.decided or not box.confirmed or at_s - trace.born.at_s < PROVE_S:
            return None
        trace.decided = True
        began, goes = self._inner_side(trace.born.place), self._inner_side(anchor)
        if not (goes > 0 and goes > began):
            return None
        came_s = self._with(track_id, trace)
        return None if came_s is None or self._goes_on(track_id, trace) else came_s

    def _with(self, track_id: int, trace: Trace) -> float | None:
        """When the nearest of those came in who came in a moment ago and are beside it."""
        near = [
            (apart, other.came_s)
            for key, other in self.state.traces.items()
            if key != track_id
            and other.came_s is not None
            and -BEFORE_S <= trace.born.at_s - other.came_s <= AFTER_S
            and trace.last.at_s - other.last.at_s <= VISIBLE_S
            and (apart := math.dist(other.last.place, trace.last.place)) <= other.tall
        ]
        return min(near)[1] if near else None

    def _goes_on(self, track_id: int, trace: Trace) -> bool:
        """True if a track that was lost inside explains this one; it explains no other."""
        for key, other in self.state.traces.items():
            gap_s = trace.born.at_s - other.last.at_s
            if key == track_id or other.went_on or not 0 < gap_s <= LOST_S:
                continue
            reach = other.tall * (NEAR + (gap_s if gap_s <= QUICK_S else 0.0))
            lost_inside = self._inner_side(other.last.place) > 0
            if lost_inside and math.dist(other.last.place, trace.born.place) <= reach:
                other.went_on = True
                return True
        return False

    def _inner_side(self, place: Point) -> float:
        return self._inward * self._inner.side(place)

    def _prune(self, at_s: float) -> None:
        state = self.state
        if 0 <= at_s - state.pruned_s < 1.0:
            return
        state.pruned_s = at_s
        state.traces = {
            key: trace
            for key, trace in state.traces.items()
            if 0 <= at_s - trace.last.at_s <= LOST_S
        }


def _at_edge(box: TrackedBox) -> bool:
    return min(box.x1, box.y1, 1 - box.x2, 1 - box.y2) < EDGE
