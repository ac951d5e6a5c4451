"""Door counting: a confirmed track's anchor passes both lines of a pair, in order.

The pair itself is the hysteresis: after one line was passed, only the *other* line completes
a crossing, and going back over the first one forgets it. So hovering on a line, a U-turn
between the lines and jitter smaller than their distance count nothing.
"""

from __future__ import annotations

import itertools
import math

import msgspec

from contracts.errors import ConfigError
from contracts.events import Direction
from contracts.geometry import Line, LinePair, Point
from edge_agent.rules.handover import Handover, Seen
from edge_agent.rules.walks import Walk

HANDOVER_S = 1.5
STALE_S = 5.0


class CounterState(msgspec.Struct):
    """What a `LineCounter` knows, to go on with after a restart."""

    walks: dict[int, Walk] = {}
    gone: list[Walk] = []
    pruned_at_s: float = -math.inf


class LineCounter:
    """Counts one door; anchors and lines share one plane (fractions, pixels or metres)."""

    def __init__(self, pair: LinePair, *, reach: float | None = None) -> None:
        """`reach` is how far a broken track may jump; None derives it from the door's size.

        `ConfigError` for lines that meet or have no length.
        """
        pair.check()
        self._outer, self._inner = pair.outer, pair.inner
        self._inward_of_outer = pair.outer.side(pair.inner.middle) > 0
        self._inward_of_inner = pair.inner.side(pair.outer.middle) < 0
        if reach is None:
            reach = min(
                math.dist(pair.outer.start, pair.outer.end),
                2 * math.dist(pair.outer.middle, pair.inner.middle),
            )
        self._handover = Handover(reach, HANDOVER_S)
        self.state = CounterState()

    def update(
        self, track_id: int, anchor: Point, at_s: float, confirmed: bool
    ) -> Direction | None:
        """The crossing that this sighting completes or proves, at most one.

        Call it for tentative tracks too (`confirmed=False`): their path is remembered and
        counts once they are confirmed. A step over both lines at once waits one update, since
        a box that flickers comes back; `forget` tells it if the track ends before.
        """
        self._prune(at_s)
        walk = self.state.walks.get(track_id)
        if 0 in (self._outer.side(anchor), self._inner.side(anchor)):
            # Exactly on a line is on no side yet: the next anchor tells.
            if walk is not None:
                walk.last = Seen(walk.last.place, at_s)
            return None
        if walk is None:
            now = Seen(anchor, at_s)
            self.state.walks[track_id] = Walk(now, now, [anchor], confirmed=confirmed)
            return None
        jumped = self._follow(track_id, walk, Seen(anchor, at_s), confirmed)
        return None if jumped else walk.tell()

    def forget(self, track_id: int) -> Direction | None:
        """The track ended; a crossing that still waited for its proof is told now."""
        walk = self.state.walks.pop(track_id, None)
        if walk is None:
            return None
        self.state.gone.append(walk)
        done, walk.done = walk.done, None
        return done

    def flush(self) -> list[tuple[int, Direction]]:
        """Forget all tracks at a stop; (track id, crossing) of those that waited for proof."""
        told = [(track_id, self.forget(track_id)) for track_id in list(self.state.walks)]
        self.state.gone.clear()
        return [(track_id, done) for track_id, done in told if done is not None]

    def _follow(self, track_id: int, walk: Walk, now: Seen, confirmed: bool) -> bool:
        """Move the walk to `now`; True if the last step passed both lines at once."""
        walk.confirmed = walk.confirmed or confirmed
        before = walk.move(now)
        if walk.young is None:
            return self._step(walk, before, now.place)
        walk.young.append(now.place)
        if not walk.confirmed:
            return False
        path, walk.young = walk.young, None
        self._inherit(track_id, walk)
        jumped = False
        for start, end in itertools.pairwise(path):
            jumped = self._step(walk, start, end)
        return jumped

    def _inherit(self, track_id: int, heir: Walk) -> None:
        """Take over the walk of a track that broke off where this one began."""
        near: list[tuple[float, float, int | None, Walk]] = []
        others = [(key, walk) for key, walk in self.state.walks.items() if key != track_id]
        for key, walk in [*others, *((None, walk) for walk in self.state.gone)]:
            apart = self._handover.distance(walk.last, heir.born)
            if apart is not None and walk.young is None:
                near.append((apart, -walk.last.at_s, key, walk))
        if not near:
            return
        *_, key, old = min(near, key=lambda item: item[:2])
        passed = self._passed(old.last.place, heir.born.place)
        if old.half is None and len(passed) == 2 and not old.heads_for(heir.born):
            return  # neither line was seen passed: these may well be two people
        if key is None:
            self.state.gone.remove(old)
        else:
            del self.state.walks[key]
        heir.half, heir.done = old.half, old.done
        self._step(heir, old.last.place, heir.born.place)

    def _step(self, walk: Walk, before: Point, after: Point) -> bool:
        """Apply the lines passed in one step; True if it passed both."""
        passed = self._passed(before, after)
        for _, line, inward in passed:
            first: Direction = "in" if inward else "out"
            begins = (line is self._outer) == inward
            if begins:
                walk.half = first
            elif walk.half == first:
                walk.complete(first)
            else:
                walk.half = None
        return len(passed) == 2

    def _passed(self, before: Point, after: Point) -> list[tuple[float, Line, bool]]:
        """(where along the step 0..1, line, True if inward) in the order of passing."""
        found = []
        for line, inward_side in (
            (self._outer, self._inward_of_outer),
            (self._inner, self._inward_of_inner),
        ):
            along = _hit(line, before, after)
            if along is not None:
                found.append((along, line, (line.side(after) > 0) == inward_side))
        return sorted(found, key=lambda item: item[0])

    def _prune(self, at_s: float) -> None:
        """Drop what is too old to come back, so that nothing grows without end."""
        state = self.state
        if at_s == state.pruned_at_s:
            return
        state.pruned_at_s = at_s
        state.gone = [w for w in state.gone if at_s - w.last.at_s <= STALE_S]
        for key in [k for k, w in state.walks.items() if at_s - w.last.at_s > STALE_S]:
            del state.walks[key]


def pair_around(line: Line, width: float) -> LinePair:
    """Two parallel lines `width` apart around `line`: in is from its left to its right.

    Left and right are those of someone who walks from `start` to `end` as the picture is seen
    (y down). `ConfigError` for a line without length.
    """
    (ax, ay), (bx, by) = line.start, line.end
    length = math.dist(line.start, line.end)
    if not (length > 0 and width > 0):
        raise ConfigError("a counting line needs two different points and a width above 0")
    dx, dy = (by - ay) / length * width / 2, (ax - bx) / length * width / 2
    return LinePair(
        outer=Line((ax + dx, ay + dy), (bx + dx, by + dy)),
        inner=Line((ax - dx, ay - dy), (bx - dx, by - dy)),
    )


def _hit(line: Line, before: Point, after: Point) -> float | None:
    """Where along the step (0..1) it passes the segment; neither end lies on the line."""
    s0, s1 = line.side(before), line.side(after)
    if (s0 > 0) == (s1 > 0):
        return None
    step = Line(before, after)
    if step.side(line.start) * step.side(line.end) > 0:
        return None
    return s0 / (s0 - s1)
