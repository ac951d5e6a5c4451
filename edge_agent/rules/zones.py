"""Zone visits: who was inside an area, and for how long.

A visit begins with the first anchor inside and ends with the last one inside before the track
stayed outside for a second, so that flicker at the border neither splits nor lengthens it.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import msgspec

from contracts.geometry import Point, Polygon
from edge_agent.rules.handover import Handover, Seen

HANDOVER_S = 2.0
LEAVE_S = 1.0
STALE_S = 10.0


class Visit(NamedTuple):
    """A closed visit, UNIX seconds; `censored` when its true begin or end was not seen.

    `track_id` is the id it began with, also when a broken track went on under another id,
    `last_id` the one it ended with. `born` and `lost` say where, when it was not seen.
    """

    track_id: int
    entered_at_s: float
    left_at_s: float
    censored: bool
    last_id: int = 0
    born: Seen | None = None
    lost: Seen | None = None

    @property
    def dwell_s(self) -> float:
        """Seconds from the first to the last sighting inside."""
        return self.left_at_s - self.entered_at_s


class Stay(msgspec.Struct):
    """An open visit. `born` is set while it began where its track did: the begin was not seen."""

    first_id: int
    entered_at_s: float
    last_in_s: float
    last: Seen
    outside_since_s: float | None = None
    born: Seen | None = None
    last_id: int = 0

    def closed(self, *, lost: bool) -> Visit:
        """The visit as it is known now; `lost` when nobody saw it end."""
        end = self.last if lost else None
        return Visit(
            track_id=self.first_id,
            entered_at_s=self.entered_at_s,
            left_at_s=self.last_in_s,
            censored=lost or self.born is not None,
            last_id=self.last_id,
            born=self.born,
            lost=end,
        )


class WatchState(msgspec.Struct):
    """What a `ZoneWatch` knows, to go on with after a restart; `known` is track id → last seen."""

    stays: dict[int, Stay] = {}
    orphans: list[Stay] = []
    known: dict[int, float] = {}
    ready: list[Visit] = []


class ZoneWatch:
    """Watches one zone; anchors, polygon and `reach` share one plane (metres or fractions)."""

    def __init__(
        self, area: Polygon, min_dwell_s: float = 5.0, *, reach: float | None = None
    ) -> None:
        """`reach` is how far a broken track may jump; None takes a quarter of the zone's size."""
        self._area = area
        self._min_dwell_s = min_dwell_s
        self._handover = Handover(_size(area) / 4 if reach is None else reach, HANDOVER_S)
        self.state = WatchState()

    @property
    def inside(self) -> int:
        """How many tracks are inside now."""
        return sum(stay.outside_since_s is None for stay in self.state.stays.values())

    @property
    def stays(self) -> dict[int, float]:
        """Who is inside now (track id), and since when."""
        return {
            track_id: stay.entered_at_s
            for track_id, stay in self.state.stays.items()
            if stay.outside_since_s is None
        }

    def update(self, track_id: int, anchor: Point, at_s: float) -> Visit | None:
        """A confirmed track was seen; the visit that it has just ended, if it was long enough."""
        is_new = track_id not in self.state.known
        self.state.known[track_id] = at_s
        stay = self.state.stays.get(track_id)
        if self._area.contains(anchor):
            if stay is None:
                stay = self._begin(track_id, Seen(anchor, at_s), is_new)
                self.state.stays[track_id] = stay
            stay.last, stay.last_in_s, stay.outside_since_s = Seen(anchor, at_s), at_s, None
            return None
        if stay is None:
            return None
        stay.last = Seen(anchor, at_s)
        if stay.outside_since_s is None:
            stay.outside_since_s = at_s
        if at_s - stay.outside_since_s < LEAVE_S:
            return None
        del self.state.stays[track_id]
        return self._long_enough(stay.closed(lost=False))

    def ended(self, track_id: int, at_s: float) -> None:
        """The track ended; if it was inside, its visit waits `HANDOVER_S` for an heir."""
        self.state.known.pop(track_id, None)
        stay = self.state.stays.pop(track_id, None)
        if stay is None:
            return
        if stay.outside_since_s is not None:
            self._keep(stay.closed(lost=False))
            return
        heirs = [
            (apart, heir)
            for heir in self.state.stays.values()
            if heir.born and (apart := self._handover.distance(stay.last, heir.born)) is not None
        ]
        if heirs:
            _join(stay, min(heirs, key=lambda item: item[0])[1])
        elif at_s - stay.last.at_s > HANDOVER_S:
            self._keep(stay.closed(lost=True))
        else:
            self.state.orphans.append(stay)

    def expire(self, at_s: float) -> list[Visit]:
        """Visits that ended without a sighting of their own; call it once per frame."""
        state = self.state
        for track_id in [k for k, seen_s in state.known.items() if at_s - seen_s > STALE_S]:
            self.ended(track_id, at_s)
        for stay in [s for s in state.orphans if at_s - s.last.at_s > HANDOVER_S]:
            state.orphans.remove(stay)
            self._keep(stay.closed(lost=True))
        ready, state.ready = state.ready, []
        return ready

    def flush(self, at_s: float) -> list[Visit]:
        """Close everything at a stop: those still inside are censored at their last sighting.

        Also brings what `expire` would.
        """
        state = self.state
        for stay in [*state.stays.values(), *state.orphans]:
            self._keep(stay.closed(lost=stay.outside_since_s is None))
        state.stays.clear()
        state.orphans.clear()
        return self.expire(at_s)

    def cut(self, at_s: float) -> list[Visit]:
        """Close everything at the turn of a day; who is still inside begins anew at `at_s`.

        Both parts are censored.
        """
        going_on = {k: s for k, s in self.state.stays.items() if s.outside_since_s is None}
        closed = self.flush(at_s)
        for track_id, stay in going_on.items():
            since_s = max(at_s, stay.last_in_s)
            begin = Seen(stay.last.place, since_s)
            self.state.stays[track_id] = Stay(
                track_id, since_s, since_s, begin, born=begin, last_id=track_id
            )
        return closed

    def _begin(self, track_id: int, now: Seen, is_new: bool) -> Stay:
        """Open a visit, or go on with that of a track that broke off here."""
        stay = Stay(track_id, now.at_s, now.at_s, now, last_id=track_id)
        if not is_new:
            return stay
        stay.born = now
        near = [
            (apart, orphan)
            for orphan in self.state.orphans
            if (apart := self._handover.distance(orphan.last, now)) is not None
        ]
        if near:
            orphan = min(near, key=lambda item: item[0])[1]
            self.state.orphans.remove(orphan)
            _join(orphan, stay)
        return stay

    def _keep(self, visit: Visit) -> None:
        if self._long_enough(visit):
            self.state.ready.append(visit)

    def _long_enough(self, visit: Visit) -> Visit | None:
        return visit if visit.dwell_s >= self._min_dwell_s else None


def _join(stay: Stay, heir: Stay) -> None:
    """The heir goes on with the stay: same visitor, same begin."""
    heir.first_id, heir.entered_at_s, heir.born = stay.first_id, stay.entered_at_s, stay.born


def _size(area: Polygon) -> float:
    """Diagonal of the polygon's bounding box."""
    xs, ys = zip(*area.corners, strict=True)
    return math.hypot(max(xs) - min(xs), max(ys) - min(ys))
