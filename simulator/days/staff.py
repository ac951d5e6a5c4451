"""Staff: they come by their own door, keep a till or walk all over, and have breaks."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from simulator.days.arrivals import log_normal
from simulator.days.hours import at_local
from simulator.days.scenario import LogNormal, Shift
from simulator.days.trips import Trip

if TYPE_CHECKING:
    from simulator.days.life import _Planner

ROUND_S: LogNormal = (80.0, 0.9)


class Staff:
    """Plans the shifts of one day."""

    def __init__(self, planner: _Planner) -> None:
        self._planner = planner

    def hire(self) -> None:
        """Put every shift of the day on the planner's list; a closed day has none."""
        planner = self._planner
        calendar = planner.scenario.calendar
        if planner.day.isoformat() in calendar.holidays:
            return
        if not calendar.by_weekday[planner.day.weekday()]:
            return
        for shift in planner.scenario.shifts:
            for _ in range(shift.count):
                self._work(shift, planner.crowd.party(1, staff=True))

    def _work(self, shift: Shift, people: tuple[int, ...]) -> None:
        """The trips of one shift: from break to break."""
        planner = self._planner
        begin = self._time(shift.starts) + planner.rng.uniform(-300, 60)
        end = self._time(shift.ends) + planner.rng.uniform(-60, 300)
        pauses = [self._time(text) + planner.rng.uniform(-120, 300) for text in shift.breaks]
        starts = [begin, *(pause + shift.break_s for pause in pauses)]
        for start, until in zip(starts, [*pauses, end], strict=True):
            if until > start:
                come = functools.partial(self._come, people=people, shift=shift, until_s=until)
                planner.at(start, come)

    def _come(self, now_s: float, people: tuple[int, ...], shift: Shift, until_s: float) -> None:
        planner, gate = self._planner, self._planner.ground.staff_gate
        street = planner.rng.choice(gate.street)
        trip = planner.trip(now_s, people, "staff", street, planner.pace())
        if shift.post:
            trip.walk(planner.ground, planner.ground.cashiers[shift.post])
            self._go(trip, until_s)
        else:
            self._walk_round(trip, until_s)

    def _walk_round(self, trip: Trip, until_s: float) -> None:
        planner, ground = self._planner, self._planner.ground
        if trip.free_at >= until_s:
            self._go(trip, until_s)
            return
        nodes = [*ground.browse, *(node for spots in ground.zone_spots.values() for node in spots)]
        node = planner.free_spot(nodes, trip.free_at, trip.node)
        if node is None:
            node = nodes[0] if not trip.steps else trip.node
        arrived = trip.walk(ground, node)
        stay = min(log_normal(planner.rng, ROUND_S), max(until_s - arrived, 1.0), 1500.0)
        trip.stand(arrived + max(stay, 2.0))
        planner.take(node, trip.free_at)
        planner.at(trip.free_at, lambda _: self._walk_round(trip, until_s))

    def _go(self, trip: Trip, until_s: float) -> None:
        ground = self._planner.ground
        trip.walk(ground, self._planner.rng.choice(ground.staff_gate.street), until_s)

    def _time(self, text: str) -> float:
        return at_local(self._planner.day, text, self._planner.zone)
