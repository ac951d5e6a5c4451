"""What people do: come in, look around, pause at zones, queue at the till, leave or pass by."""

from __future__ import annotations

import random
from collections.abc import Iterator

from contracts.geometry import Point
from simulator.gate import Gate
from simulator.looks import look_of
from simulator.plan import Scenario, Spot
from simulator.routes import Routes
from simulator.walkers import Act, Go, Stay, Step, Walker

HOLD_M = 2.6
STREET_M = -1.3
INDOORS_M = 2.3
U_TURN_M = 1.1
LIKED = 5
MOST_LEAVING = 4

ACTS: tuple[Act, ...] = ("reach", "reach", "none", "phone")


class Shop:
    """The rules of one simulated shop; all chance comes from `rng`."""

    def __init__(self, scenario: Scenario, rng: random.Random) -> None:
        self.scenario = scenario
        self.rng = rng
        self.routes = Routes(scenario)
        self.gates = [Gate(door, scenario.depth_m) for door in scenario.doors]
        self.now_s = 0.0
        self.line: list[Walker] = []
        self._taken: dict[Spot, Walker] = {}

    def walker(self, at: Point, *, hidden: bool, pace_m_s: float = 0.0) -> Walker:
        """A new person with an own look and pace (0.8 to 1.5 m/s)."""
        seed = self.rng.randrange(1 << 30)
        return Walker(
            seed=seed,
            x=at[0],
            y=at[1],
            heading=self.rng.uniform(-3.1, 3.1),
            pace_m_s=pace_m_s or min(1.5, max(0.8, self.rng.gauss(1.24, 0.13))),
            height_m=look_of(seed).height_m,
            hidden=hidden,
            phase=self.rng.uniform(0, 6.28),
            arrived_s=self.now_s,
        )

    @property
    def crowded(self) -> bool:
        """True if enough people are on their way out already."""
        return sum(len(gate.leaving) for gate in self.gates) >= MOST_LEAVING

    def coming_in(self, gate: Gate, count: int) -> list[Walker]:
        """One person or a pair who come in by `gate`."""
        side = self.rng.choice((-1, 1))
        leader = self.walker(gate.point(side * (HOLD_M + 1), STREET_M), hidden=True)
        group = [leader]
        if count == 2:
            other = self.walker(
                gate.point(side * (HOLD_M + 1.5), STREET_M), hidden=True, pace_m_s=leader.pace_m_s
            )
            group.append(other)
        lanes = [0.55] if count == 1 else [0.25, 0.85]
        for walker, lane in zip(group, lanes, strict=True):
            walker.script = self._visit(walker, group, gate, side, lane)
        return group

    def going_round(self, gate: Gate) -> Walker:
        """Someone who steps between the two lines of a door and turns back."""
        side = self.rng.choice((-1, 1))
        walker = self.walker(gate.point(side * (HOLD_M + 1), STREET_M), hidden=True)
        walker.script = self._u_turn(walker, gate, side)
        return walker

    def passing_by(self, gate: Gate) -> Walker:
        """Someone who walks along the street without coming in."""
        side = self.rng.choice((-1, 1))
        walker = self.walker(gate.point(side * (HOLD_M + 1), STREET_M - 0.4), hidden=True)
        walker.script = self._pass_by(walker, gate, side)
        return walker

    def customer_inside(self) -> Walker:
        """Someone who is in the shop when the film begins."""
        spot = self._free_spot()
        walker = self.walker((spot[0], spot[1]), hidden=False)
        self._taken[spot] = walker
        walker.script = self._stay_and_leave(walker)
        return walker

    def _visit(
        self, walker: Walker, group: list[Walker], gate: Gate, side: int, lane: float
    ) -> Iterator[Step]:
        yield Go([gate.point(side * HOLD_M, STREET_M)])
        while walker not in gate.passing and not gate.grants(group, self.now_s, "in"):
            yield Stay(0.2)
        walker.hidden = False
        yield Go([gate.point(lane, STREET_M + 0.1), gate.point(lane, INDOORS_M)])
        gate.release(walker)
        yield from self._stay_and_leave(walker)

    def _stay_and_leave(self, walker: Walker) -> Iterator[Step]:
        queued = False
        while not walker.told_to_leave:
            if not queued and len(self.line) < self._places and self.rng.random() < 0.22:
                queued = True
                yield from self._queue(walker)
                continue
            yield from self._look_around(walker)
        yield from self._leave(walker)

    def _look_around(self, walker: Walker) -> Iterator[Step]:
        spot = self._free_spot()
        self._taken[spot] = walker
        goal = (spot[0], spot[1])
        yield Go(self.routes.way(walker.at, goal), until=lambda: walker.told_to_leave)
        flow = self.scenario.flow
        walker.dwelling = spot not in self.scenario.browse
        stay = flow.zone_stay_s if walker.dwelling else flow.browse_s
        act: Act = self.rng.choice(ACTS)
        yield Stay(
            self.rng.uniform(*stay),
            facing=(spot[2], spot[3]),
            act=act,
            until=lambda: walker.told_to_leave and not walker.dwelling,
        )
        walker.dwelling = False
        self._taken.pop(spot, None)

    def _queue(self, walker: Walker) -> Iterator[Step]:
        """Wait behind the others, be served at the first place, step aside."""
        spots = next(z for z in self.scenario.zones if z.name == self.scenario.queue_zone).spots
        self.line.append(walker)
        walker.in_line = True
        while True:
            place = self.line.index(walker)
            spot = spots[place]

            def moved_up(place: int = place) -> bool:
                return self.line.index(walker) != place

            yield Go(self.routes.way(walker.at, (spot[0], spot[1])), until=moved_up)
            if moved_up():
                continue
            facing = (spot[2], spot[3])
            if place == 0:
                yield Stay(self.rng.uniform(*self.scenario.flow.serve_s), facing, "reach")
                break
            yield Stay(99.0, facing, "phone" if walker.seed % 3 == 0 else "none", moved_up)
        self.line.remove(walker)
        walker.in_line = False

    def _leave(self, walker: Walker) -> Iterator[Step]:
        gate = min(self.gates, key=lambda each: self._detour(walker, each))
        gate.leaving.append(walker)
        lane = -0.55
        wait = gate.point(lane - 0.8 * gate.leaving.index(walker), INDOORS_M + 0.3)
        yield Go(self.routes.way(walker.at, wait))
        while not gate.grants([walker], self.now_s, "out"):
            yield Stay(0.2)
        gate.leaving.remove(walker)
        yield Go([gate.point(lane, 0.3), gate.point(lane, STREET_M)])
        gate.release(walker)
        side = self.rng.choice((-1, 1))
        yield Go([gate.point(side * (HOLD_M + 1), STREET_M)])

    def _u_turn(self, walker: Walker, gate: Gate, side: int) -> Iterator[Step]:
        yield Go([gate.point(side * HOLD_M, STREET_M)])
        while not gate.grants([walker], self.now_s, "both"):
            yield Stay(0.2)
        walker.hidden = False
        yield Go([gate.point(0.5, STREET_M + 0.1), gate.point(0.5, U_TURN_M)])
        yield Stay(0.8, facing=gate.point(0.5, 4.0))
        yield Go([gate.point(-0.3, 0.2), gate.point(-0.3, STREET_M)])
        gate.release(walker)
        yield Go([gate.point(-side * (HOLD_M + 1), STREET_M)])

    def _pass_by(self, walker: Walker, gate: Gate, side: int) -> Iterator[Step]:
        yield Go([gate.point(side * HOLD_M, STREET_M - 0.4)])
        while not gate.grants([walker], self.now_s, "both"):
            yield Stay(0.2)
        walker.hidden = False
        yield Go([gate.point(-side * HOLD_M, STREET_M - 0.4)])
        gate.release(walker)

    def _detour(self, walker: Walker, gate: Gate) -> float:
        x, y = gate.point(0.0, INDOORS_M)
        away = abs(x - walker.x) + abs(y - walker.y)
        return away + 8.0 * len(gate.leaving) + self.rng.uniform(0, 6)

    @property
    def _places(self) -> int:
        zone = next(z for z in self.scenario.zones if z.name == self.scenario.queue_zone)
        return len(zone.spots)

    def _free_spot(self) -> Spot:
        """A spot nobody stands at or walks to; zones are liked far more than shelves."""
        for spot, owner in list(self._taken.items()):
            if owner.gone or owner.told_to_leave or owner.in_line:
                del self._taken[spot]
        zones = [zone for zone in self.scenario.zones if zone.name != self.scenario.queue_zone]
        liked = [spot for zone in zones for spot in zone.spots]
        free = [
            spot for spot in liked * LIKED + list(self.scenario.browse) if spot not in self._taken
        ]
        return self.rng.choice(free) if free else self.rng.choice(self.scenario.browse)
