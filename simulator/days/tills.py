"""Queues at the tills: first come, first served; balking, reneging and jockeying.

A line is made of rows, one behind the other; two people of a party share a row. Everything
here is decided in order of time; who moves up does so after the one in front.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple
from zoneinfo import ZoneInfo

from simulator.days.arrivals import log_normal
from simulator.days.ground import Gate, Ground, Line
from simulator.days.hours import at_local
from simulator.days.scenario import DayScenario
from simulator.days.trips import Trip

REACTION_S = 0.7
Decide = Callable[[float], None]


class Sale(NamedTuple):
    """A transaction: paid at `paid_at` (UNIX s), told by the tills' feed with the time `at`."""

    till: str
    trip: int
    paid_at: float
    at: float


@dataclass(eq=False, slots=True)
class _Waiting:
    """A party in a line."""

    trip: Trip
    gate: Gate
    rows: int
    row: int = 0


@dataclass(eq=False, slots=True)
class _Till:
    """One till; `line` are those who wait, front first."""

    name: str
    line: Line
    opens_at: float
    closes_at: float
    waiting: list[_Waiting] = field(default_factory=list)
    coming: int = 0
    serving: _Waiting | None = None

    @property
    def rows(self) -> int:
        """Length of the line, with those on their way to it."""
        return sum(party.rows for party in self.waiting) + self.coming


class Tills:
    """All tills of a store on one day; `sales` grows as people pay."""

    def __init__(
        self,
        scenario: DayScenario,
        ground: Ground,
        rng: random.Random,
        at: Callable[[float, Decide], None],
        leave: Callable[[Trip, Gate], None],
        day: date,
        zone: ZoneInfo,
    ) -> None:
        self._rules, self._pos = scenario.queueing, scenario.pos
        self._ground, self._rng = ground, rng
        self._at, self._leave = at, leave
        self.sales: list[Sale] = []
        self._tills = [
            _Till(till.service, line, at_local(day, till.opens, zone),
                  at_local(day, till.closes, zone))
            for till, line in zip(scenario.tills, ground.lines, strict=True)
        ]  # fmt: skip

    def join(self, trip: Trip, gate: Gate) -> None:
        """A party wants to pay: it goes to the shortest line, or turns away."""
        party = _Waiting(trip, gate, rows=(len(trip.people) + 1) // 2)
        till = self._shortest(trip)
        if till.rows >= self._rules.balk_at and self._rng.random() < self._rules.balk_share:
            trip.balked = True
            self._leave(trip, gate)
            return
        self._head_for(till, party, trip.free_at)

    def _shortest(self, trip: Trip) -> _Till:
        now = trip.free_at
        open_now = [t for t in self._tills if t.opens_at <= now < t.closes_at] or self._tills[:1]
        ground = self._ground

        def cost(till: _Till) -> tuple[float, float]:
            busy = till.rows + (till.serving is not None)
            return busy, ground.leg(trip.node, till.line.entry).length_m

        return min(open_now, key=cost)

    def _head_for(self, till: _Till, party: _Waiting, now_s: float) -> None:
        till.coming += party.rows
        party.trip.walk(self._ground, till.line.entry, now_s)
        self._at(party.trip.free_at, lambda now: self._arrive(till, party, now))

    def _arrive(self, till: _Till, party: _Waiting, now_s: float) -> None:
        till.coming -= party.rows
        party.row = till.rows - till.coming
        till.waiting.append(party)
        if till.serving is None and till.waiting[0] is party:
            self._serve(till, now_s)
            return
        party.trip.walk(self._ground, _row(till, party.row), now_s)
        patience = log_normal(self._rng, self._rules.patience_s)
        self._at(now_s + patience, lambda now: self._lose_patience(till, party, now))

    def _serve(self, till: _Till, now_s: float) -> None:
        """Call the first of the line to the counter."""
        party = till.waiting.pop(0)
        till.serving = party
        begin = party.trip.walk(self._ground, till.line.counter, max(now_s, party.trip.free_at))
        service = min(log_normal(self._rng, self._rules.service_s), 900.0)
        self._at(begin + service, lambda now: self._done(till, party, now))
        self._move_up(till, 0, now_s)

    def _done(self, till: _Till, party: _Waiting, now_s: float) -> None:
        trip = party.trip
        trip.stand(now_s)
        told = now_s + log_normal(self._rng, self._pos.lag_s) + self._pos.clock_offset_s
        self.sales.append(Sale(till.name, trip.index, now_s, told))
        self._leave(trip, party.gate)
        self._at(now_s + self._rules.changeover_s, lambda now: self._next(till, now))

    def _next(self, till: _Till, now_s: float) -> None:
        till.serving = None
        if till.waiting:
            self._serve(till, now_s)
        self._jockey(till, now_s)

    def _move_up(self, till: _Till, first: int, now_s: float) -> None:
        """Everyone from index `first` on closes the gap, one after the other."""
        row = sum(party.rows for party in till.waiting[:first])
        for delay, party in enumerate(till.waiting[first:], start=1):
            if party.row != row:
                party.row = row
                start = max(now_s + delay * REACTION_S, party.trip.free_at)
                party.trip.walk(self._ground, _row(till, row), start)
            row += party.rows

    def _lose_patience(self, till: _Till, party: _Waiting, now_s: float) -> None:
        if party not in till.waiting or party.trip.free_at > now_s:
            return
        place = till.waiting.index(party)
        if place == 0:
            return  # next to be served: worth the wait
        del till.waiting[place]
        party.trip.stand(now_s)
        self._move_up(till, place, now_s)
        self._leave(party.trip, party.gate)
        self._jockey(till, now_s)

    def _jockey(self, shorter: _Till, now_s: float) -> None:
        """The last of another line changes to this one if that gains enough."""
        for other in self._tills:
            if other is shorter or not other.waiting or not shorter.opens_at <= now_s:
                continue
            last = other.waiting[-1]
            ahead = last.row + (other.serving is not None)
            gain = ahead - (shorter.rows + (shorter.serving is not None))
            if gain >= self._rules.jockey_gain and last.trip.free_at <= now_s < shorter.closes_at:
                other.waiting.pop()
                self._head_for(shorter, last, now_s)
                return


def _row(till: _Till, row: int) -> int:
    return till.line.rows[min(row, len(till.line.rows) - 1)]
