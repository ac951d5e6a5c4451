"""Where people can stand and how they get from one place to another, remembered by place.

A node is a `Spot` (x, y, looks-at x, y); a leg is the polyline between two nodes, around the
fixtures, with what lies on its way: zones and door lines by distance from its begin.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import NamedTuple

from contracts.geometry import Point
from simulator.days.scenario import DayScenario
from simulator.plan import Doorway, Spot
from simulator.routes import Routes

STREET_M = -1.5
BESIDE_M = 3.2
LOBBY_M = 2.4
LANE_M = 0.6
ACCELERATION_M_S2 = 1.2
ROWS = 16


class Leg(NamedTuple):
    """A way: corner points (K, 2), and its length."""

    points: tuple[Point, ...]
    length_m: float


class Gate(NamedTuple):
    """The nodes of one door: the street on both sides, and places to turn and to linger."""

    door: Doorway
    street: tuple[int, int]
    far_street: tuple[int, int]
    between: int
    beyond: int
    waiting: tuple[int, ...]


class Line(NamedTuple):
    """The nodes of one till: where lines begin to form, its rows (front first) and its counter."""

    entry: int
    rows: tuple[int, ...]
    counter: int


class Ground:
    """All nodes of a scenario and the legs between them."""

    def __init__(self, scenario: DayScenario) -> None:
        self.scenario = scenario
        self.plan = scenario.plan
        self.nodes: list[Spot] = []
        self._routes = Routes(self.plan)
        self._legs: dict[tuple[int, int], Leg] = {}
        self.gates = [self._gate(door) for door in self.plan.doors]
        self.browse = [self._add(spot) for spot in self.plan.browse]
        self.zone_spots = {
            zone.name: [self._add(spot) for spot in zone.spots]
            for zone in self.plan.zones
            if zone.spots and zone.kind == "zone"
        }
        self.lines = [self._line(index) for index in range(len(scenario.tills))]
        self.cashiers = {till.service: self._add(till.cashier) for till in scenario.tills}
        self.cabins = [self._add(cabin.at) for cabin in scenario.cabins]

    @property
    def customer_gates(self) -> list[Gate]:
        """Doors that customers use."""
        return [gate for gate in self.gates if gate.door.name != self.scenario.staff_door]

    @property
    def staff_gate(self) -> Gate:
        """The door that staff use: their own, or the first."""
        own = [gate for gate in self.gates if gate.door.name == self.scenario.staff_door]
        return (own or self.gates)[0]

    def leg(self, start: int, goal: int) -> Leg:
        """The way between two nodes."""
        known = self._legs.get((start, goal))
        if known is None:
            known = self._legs[start, goal] = self._walked(start, goal)
        return known

    def _walked(self, start: int, goal: int) -> Leg:
        own = self._through_door(start, goal)
        if own is None and start > goal:
            # always found in one direction, or a way would depend on who asked first
            back = self.leg(goal, start)
            return Leg(back.points[::-1], back.length_m)
        first, last = self.nodes[start][:2], self.nodes[goal][:2]
        points = own if own is not None else [first, *self._routes.way(first, last)]
        length = sum(math.dist(a, b) for a, b in pairwise(points))
        return Leg(tuple(points), length)

    def _through_door(self, start: int, goal: int) -> list[Point] | None:
        """The way of a leg that begins or ends in the street or in a door; None for others."""
        for gate in self.gates:
            outside = {*gate.street, *gate.far_street}
            if start in outside and goal in outside:
                return [self.nodes[start][:2], self.nodes[goal][:2]]
            lane = _lane(gate.door)
            if start in outside:
                return self._entering(gate, start, goal, lane)
            if goal in outside:
                return self._entering(gate, goal, start, -lane)[::-1]
            if start in gate.waiting:
                lobby = self._at(gate.door, lane, LOBBY_M)
                goal_at = self.nodes[goal][:2]
                return [self.nodes[start][:2], lobby, *self._routes.way(lobby, goal_at)]
        return None

    def _entering(self, gate: Gate, street: int, node: int, lane: float) -> list[Point]:
        """From the street through the door to a node inside, `lane` to the right of coming in."""
        door, inside = gate.door, self.nodes[node][:2]
        way = [self.nodes[street][:2], self._at(door, lane, -0.7)]
        if node in (gate.between, gate.beyond, *gate.waiting):
            return [*way, self._at(door, lane, 0.2), inside]
        lobby = self._at(door, lane, LOBBY_M)
        return [*way, self._at(door, lane, 0.8), lobby, *self._routes.way(lobby, inside)]

    def _at(self, door: Doorway, across_m: float, inside_m: float) -> Point:
        """`across_m` to the right of someone who comes in, from the middle of the door."""
        side = -1.0 if door.wall == "north" else 1.0
        return door.centre_m + side * across_m, door.y(self.plan.depth_m, inside_m)

    def _gate(self, door: Doorway) -> Gate:
        half = (door.to_m - door.from_m) / 2

        def node(across_m: float, inside_m: float, looks_m: float = 3.0) -> int:
            here = self._at(door, across_m, inside_m)
            there = self._at(door, across_m, inside_m + looks_m)
            return self._add((*here, *there))

        return Gate(
            door=door,
            street=(node(-half - BESIDE_M, STREET_M), node(half + BESIDE_M, STREET_M)),
            far_street=(
                node(-half - BESIDE_M, STREET_M - 0.7),
                node(half + BESIDE_M, STREET_M - 0.7),
            ),
            between=node(_lane(door), (door.outer_m + door.inner_m) / 2),
            beyond=node(_lane(door), door.inner_m + 0.5),
            waiting=tuple(node(across * half * 0.6, 0.75, -3.0) for across in (-1.0, 1.0)),
        )

    def _line(self, index: int) -> Line:
        till = self.scenario.tills[index]
        places = list(till.line)
        while len(places) < ROWS:
            (x0, y0), (x1, y1) = places[-2:]
            places.append(self._kept_in((2 * x1 - x0, 2 * y1 - y0), places[-1]))
        ahead = [till.at[:2], *places]
        rows = [self._add((*place, *before)) for place, before in zip(places, ahead, strict=False)]
        return Line(entry=rows[len(till.line) - 1], rows=tuple(rows), counter=self._add(till.at))

    def _kept_in(self, place: Point, before: Point) -> Point:
        """A place of a line that has grown too long stays on free floor, on the one before."""
        x, y = place
        free = 0.5 < x < self.plan.width_m - 0.5 and 0.5 < y < self.plan.depth_m - 0.5
        free = free and not any(item.contains(x, y, 0.3) for item in self.plan.fixtures)
        return place if free else before

    def _add(self, spot: Spot) -> int:
        self.nodes.append(spot)
        return len(self.nodes) - 1


def _lane(door: Doorway) -> float:
    """How far to the right of the middle people walk through a door, m."""
    return min(LANE_M, 0.21 * (door.to_m - door.from_m))


def travel_s(length_m: float, pace_m_s: float) -> float:
    """Time of a leg from standing to standing with a trapezoid of speed."""
    if length_m <= 0:
        return 0.0
    if length_m > pace_m_s**2 / ACCELERATION_M_S2:
        return length_m / pace_m_s + pace_m_s / ACCELERATION_M_S2
    return 2 * math.sqrt(length_m / ACCELERATION_M_S2)


def pace_of(length_m: float, seconds: float) -> float:
    """The walking speed that `travel_s` took: smaller root of pace² - a T pace + a L = 0."""
    a = ACCELERATION_M_S2
    return (a * seconds - math.sqrt(max((a * seconds) ** 2 - 4 * a * length_m, 0.0))) / 2


def reached_s(distance_m: float, length_m: float, seconds: float) -> float:
    """When a distance of the leg is reached: speeding up, walking, slowing down."""
    a, pace = ACCELERATION_M_S2, pace_of(length_m, seconds)
    ramp_s = min(pace / a, seconds / 2)
    ramp_m = min(pace * ramp_s / 2, length_m / 2)
    if distance_m <= ramp_m:
        return math.sqrt(2 * max(distance_m, 0.0) / a)
    if distance_m < length_m - ramp_m:
        return ramp_s + (distance_m - ramp_m) / max(pace, 1e-9)
    return seconds - math.sqrt(2 * max(length_m - distance_m, 0.0) / a)
