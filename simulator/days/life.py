"""One day of a store: trips of customers, passers-by and staff, by events in order of time."""

from __future__ import annotations

import functools
import heapq
import random
from collections.abc import Callable
from datetime import date
from typing import NamedTuple
from zoneinfo import ZoneInfo

from simulator.days.arrivals import Arrival, Crowd, arrivals_of, log_normal, poisson, stream
from simulator.days.ground import Gate, Ground
from simulator.days.hours import at_local
from simulator.days.scenario import DayScenario
from simulator.days.staff import Staff
from simulator.days.tills import Sale, Tills
from simulator.days.trips import Person, Purpose, Trip

WRAP_UP_S = 240.0


class Life(NamedTuple):
    """Everything that was planned for one day."""

    people: list[Person]
    trips: list[Trip]
    sales: list[Sale]


def live(scenario: DayScenario, ground: Ground, seed: int, day: date, zone: ZoneInfo) -> Life:
    """Play a day; equal arguments give equal days."""
    planner = _Planner(scenario, ground, seed, day, zone)
    planner.play()
    return Life(planner.crowd.people, planner.trips, planner.tills.sales)


class _Planner:
    """A queue of things to decide, earliest first."""

    def __init__(
        self, scenario: DayScenario, ground: Ground, seed: int, day: date, zone: ZoneInfo
    ) -> None:
        self.rng = random.Random(f"{scenario.plan.id}/{scenario.name}/{seed}/{day}")
        self.scenario, self.ground = scenario, ground
        self.day, self.zone = day, zone
        self.crowd = Crowd(self.rng)
        self.trips: list[Trip] = []
        self.closes_at = at_local(day, scenario.calendar.closes, zone)
        self.tills = Tills(scenario, ground, self.rng, self.at, self._leave, day, zone)
        self._events: list[tuple[float, int, Callable[[float], None]]] = []
        self._count = 0
        self._taken: dict[int, float] = {}

    def at(self, at_s: float, decide: Callable[[float], None]) -> None:
        """Let `decide(at_s)` be called in its turn."""
        self._count += 1
        heapq.heappush(self._events, (at_s, self._count, decide))

    def play(self) -> None:
        """From before the first comes until the last has gone."""
        arrivals = arrivals_of(self.scenario, self.day, self.zone, self.rng, self.crowd)
        for arrival in arrivals:
            self._expect(arrival)
        self._passers()
        Staff(self).hire()
        while self._events:
            at_s, _, decide = heapq.heappop(self._events)
            decide(at_s)

    def trip(
        self, at_s: float, people: tuple[int, ...], purpose: Purpose, node: int, pace: float
    ) -> Trip:
        """A new trip that begins at a node."""
        lane = self.rng.uniform(-1.0, 1.0)
        trip = Trip(len(self.trips), people, purpose, pace, lane, node, at_s)
        self.trips.append(trip)
        return trip

    def pace(self, size: int = 1) -> float:
        """Preferred speed of a party; larger ones are slower. 0.8 to 1.5 m/s."""
        mean, deviation = self.scenario.visits.pace_m_s
        return min(1.5, max(0.8, self.rng.gauss(mean, deviation) - 0.05 * (size - 1)))

    def free_spot(self, nodes: list[int], now_s: float, apart_from: int = -1) -> int | None:
        """A node where nobody is, by chance; None if a few tries found none."""
        for _ in range(4):
            node = self.rng.choice(nodes)
            if node != apart_from and self._taken.get(node, 0.0) <= now_s:
                return node
        return None

    def take(self, node: int, until_s: float) -> None:
        """Nobody else goes to the node before then."""
        self._taken[node] = until_s

    def _expect(self, arrival: Arrival) -> None:
        visits, chance = self.scenario.visits, self.rng.random()
        purpose: Purpose = "visit"
        if chance < visits.u_turn_share:
            purpose = "u_turn"
        elif chance < visits.u_turn_share + visits.loiter_share:
            purpose = "loiter"
        self.at(arrival.at_s, lambda now: self._come(now, arrival.people, purpose))
        if purpose == "u_turn":
            # who only turned round was no visit: another party comes in its place
            others = self.crowd.party(1)
            self.at(arrival.at_s + 20, lambda now: self._come(now, others, "visit"))

    def _passers(self) -> None:
        visits = self.scenario.visits
        expected = visits.per_day * visits.passers_per_entry
        for at_s in stream(self.scenario, self.day, self.zone, expected, self.rng):
            people = self.crowd.party(2 if self.rng.random() < 0.15 else 1)
            self.at(at_s, functools.partial(self._pass, people=people))

    def _pass(self, now_s: float, people: tuple[int, ...]) -> None:
        gate = self._gate()
        first, last = self.rng.sample(self.rng.choice((gate.street, gate.far_street)), 2)
        self.trip(now_s, people, "pass", first, self.pace(len(people)) + 0.1).walk(
            self.ground, last
        )

    def _come(self, now_s: float, people: tuple[int, ...], purpose: Purpose) -> None:
        gate = self._gate()
        street = self.rng.choice(gate.street)
        trip = self.trip(now_s, people, purpose, street, self.pace(len(people)))
        if purpose == "u_turn":
            deep = self.rng.random() < 0.4
            trip.walk(self.ground, gate.beyond if deep else gate.between)
            trip.stand(trip.free_at + self.rng.uniform(0.5, 4.0))
            trip.walk(self.ground, self.rng.choice(gate.street))
            return
        if purpose == "loiter":
            trip.walk(self.ground, self.rng.choice(gate.waiting))
            trip.stand(trip.free_at + log_normal(self.rng, self.scenario.visits.loiter_s))
            if self.rng.random() < 0.5:
                trip.walk(self.ground, self.rng.choice(gate.street))
                return
        trip.left = max(1, poisson(self.rng, self.scenario.visits.stops))
        self._look_on(trip, self._gate())  # they may go out by another door

    def _look_on(self, trip: Trip, gate: Gate) -> None:
        """Walk to the next place to look at, or on to the till or the door."""
        now, visits = trip.free_at, self.scenario.visits
        hurried = now > self.closes_at - WRAP_UP_S
        if trip.left == 0 or hurried:
            self._finish(trip, gate, hurried)
            return
        trip.left -= 1
        if self.ground.cabins and self.rng.random() < visits.fitting_share / max(visits.stops, 1):
            self._try_on(trip)
        else:
            self._browse(trip)
        self.at(trip.free_at, lambda _: self._look_on(trip, gate))

    def _browse(self, trip: Trip) -> None:
        visits, spots = self.scenario.visits, self.ground.zone_spots
        in_zone = bool(spots) and self.rng.random() < visits.zone_share
        nodes = self.rng.choice(list(spots.values())) if in_zone else self.ground.browse
        node = self.free_spot(nodes, trip.free_at, trip.node)
        if node is None:
            trip.walk(self.ground, nodes[0])
            return
        arrived = trip.walk(self.ground, node)
        stay = log_normal(self.rng, visits.zone_s if in_zone else visits.browse_s)
        until = arrived + min(max(stay, 1.5), 1800.0)
        trip.stand(until)
        self.take(node, until)

    def _try_on(self, trip: Trip) -> None:
        node = self.free_spot(self.ground.cabins, trip.free_at, trip.node)
        if node is None:
            self._browse(trip)
            return
        arrived = trip.walk(self.ground, node)
        until = arrived + 2.0 + min(log_normal(self.rng, self.scenario.visits.fitting_s), 1800.0)
        trip.stand(arrived + 2.0)
        trip.stand(until, hidden=True)
        self.take(node, until + 3.0)

    def _finish(self, trip: Trip, gate: Gate, hurried: bool) -> None:
        buys = self.rng.random() < self.scenario.visits.buys_share
        if buys and self.ground.lines and not (hurried and trip.free_at > self.closes_at + 120):
            self.tills.join(trip, gate)
        else:
            self._leave(trip, gate)

    def _leave(self, trip: Trip, gate: Gate) -> None:
        trip.walk(self.ground, self.rng.choice(gate.street))
        for minutes, share in self.scenario.visits.re_entry:
            if self.rng.random() < share:
                again = trip.free_at + 60 * minutes * self.rng.uniform(0.9, 1.1)
                if again < self.closes_at - WRAP_UP_S:
                    self.at(again, lambda now: self._come(now, trip.people, "visit"))
                return

    def _gate(self) -> Gate:
        gates = self.ground.customer_gates
        weights = self.scenario.door_weights or None
        return self.rng.choices(gates, weights)[0] if len(gates) > 1 else gates[0]
