"""The simulation: people over time, from a scenario and a seed, in steps of one frame.

The film begins after a warm-up with people inside and nobody near a door, and in its last
seconds nobody starts through a door, so that every passage lies whole within it.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from contracts.geometry import Point
from simulator.gate import Gate
from simulator.looks import Look, look_of
from simulator.plan import Scenario
from simulator.render import Standing
from simulator.shop import Shop
from simulator.skeleton import Pose
from simulator.walkers import Walker

WARM_UP_S = 25.0
CALLED_EARLY_S = 4.0
HARD_MARGIN_M = 0.2
PERSONAL_M = 0.75

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class World:
    """Everyone at every frame; arrays are (frames, people), NaN where a person is not there.

    `state` has (frames, people, 7): x_m, y_m, heading, phase, gait, reach, phone.
    """

    scenario: Scenario
    seed: int
    fps: int
    state: Array
    looks: tuple[int, ...]
    dressed: tuple[Look, ...] = ()

    @property
    def appearances(self) -> list[Look]:
        """What everyone looks like: as `dressed`, else as drawn from their seed in `looks`."""
        return list(self.dressed) or [look_of(look) for look in self.looks]

    @property
    def frames(self) -> int:
        """Number of frames."""
        return len(self.state)

    @property
    def xy_m(self) -> Array:
        """Feet on the plan, (frames, people, 2)."""
        return self.state[..., :2]

    def people_at(self, frame: int) -> list[Standing]:
        """Who is there in one frame; `person` is the index into `looks`."""
        row = self.state[min(frame, self.frames - 1)]
        present = np.flatnonzero(~np.isnan(row[:, 0]))
        people = []
        for person in present.tolist():
            x, y, heading, phase, gait, reach, phone = row[person].tolist()
            people.append(Standing(person, x, y, heading, Pose(phase, gait, reach, phone)))
        return people


def simulate(scenario: Scenario, seed: int, seconds: float) -> World:
    """Run the world; equal arguments give equal worlds."""
    rng = random.Random(f"{scenario.id}/{seed}")
    crowd = _Crowd(scenario, rng, seconds)
    frames = round(seconds * scenario.fps)
    rows: list[dict[int, tuple[float, ...]]] = []
    for tick in range(-round(WARM_UP_S * scenario.fps), frames):
        crowd.tick(tick / scenario.fps)
        if tick >= 0:
            rows.append(crowd.snapshot())
    people = sorted({person for row in rows for person in row})
    column = {person: index for index, person in enumerate(people)}
    state = np.full((frames, len(people), 7), np.nan)
    for frame, row in enumerate(rows):
        for person, values in row.items():
            state[frame, column[person]] = values
    looks = tuple(crowd.walkers[person].seed for person in people)
    return World(scenario, seed, scenario.fps, state, looks)


class _Crowd:
    """Arrivals, departures and steps of everyone."""

    def __init__(self, scenario: Scenario, rng: random.Random, seconds: float) -> None:
        self._scenario = scenario
        self._rng = rng
        self._closing_s = seconds - min(scenario.flow.calm_s, seconds / 3)
        self._dt_s = 1 / scenario.fps
        self._shop = Shop(scenario, rng)
        self.walkers = [self._shop.customer_inside() for _ in range(scenario.flow.inside_at_start)]
        self._next_in_s = -3.0
        self._next_out_s = -CALLED_EARLY_S
        self._next_by_s = rng.uniform(2, 12)
        self._turn = rng.randrange(len(self._shop.gates))

    def tick(self, now_s: float) -> None:
        """One step of the world."""
        shop = self._shop
        shop.now_s = now_s
        for gate in shop.gates:
            gate.open = 0.2 <= now_s <= self._closing_s
        self._come_and_go(now_s)
        for walker in self.walkers:
            if not walker.gone:
                walker.advance(now_s)
        present = [walker for walker in self.walkers if not walker.gone]
        for walker in present:
            walker.move(self._stepped(walker, present), self._dt_s)

    def snapshot(self) -> dict[int, tuple[float, ...]]:
        """State of everyone who can be seen."""
        return {
            index: (w.x, w.y, w.heading, w.phase, w.gait, w.reach, w.phone)
            for index, w in enumerate(self.walkers)
            if not w.gone and not w.hidden
        }

    def _come_and_go(self, now_s: float) -> None:
        flow, rng = self._scenario.flow, self._rng
        if now_s > self._closing_s:
            return
        inside = [walker for walker in self.walkers if not walker.hidden and not walker.gone]
        busy = len(inside) >= flow.busiest
        if now_s >= self._next_in_s:
            count = 2 if rng.random() < flow.pair_share else 1
            gap_s = count * _gap(rng, flow.entries_per_min)
            self._next_in_s = now_s + gap_s * (1.7 if busy else 1.0)
            self._arrive(count)
        if now_s >= self._next_out_s:
            self._next_out_s = now_s + _gap(rng, flow.exits_per_min)
            self._call_out(inside)
        if now_s >= self._next_by_s:
            self._next_by_s = now_s + _gap(rng, flow.passers_per_min)
            self.walkers.append(self._shop.passing_by(self._gate()))

    def _arrive(self, count: int) -> None:
        gate = self._gate()
        if count == 1 and self._rng.random() < self._scenario.flow.u_turn_share:
            self.walkers.append(self._shop.going_round(gate))
            return
        self.walkers += self._shop.coming_in(gate, count)

    def _gate(self) -> Gate:
        """Doors take turns, so that none is crowded."""
        self._turn += 1
        return self._shop.gates[self._turn % len(self._shop.gates)]

    def _call_out(self, inside: list[Walker]) -> None:
        """The one who came first goes home; who queues or looks at something is left alone."""
        if self._shop.crowded:
            return
        ready = [w for w in inside if not w.told_to_leave and not w.in_line and self._indoors(w)]
        if ready:
            min(ready, key=lambda w: (w.dwelling, w.arrived_s, w.seed)).told_to_leave = True

    def _indoors(self, walker: Walker) -> bool:
        return self._scenario.inside(*walker.at) and not any(
            walker in gate.passing for gate in self._shop.gates
        )

    def _stepped(self, walker: Walker, present: list[Walker]) -> Point:
        """Where the walker's next step leads: towards the goal, around others and fixtures."""
        goal = walker.goal()
        if goal is None:
            return walker.at
        away = math.dist(walker.at, goal)
        pace = min(walker.pace_m_s, away / self._dt_s)
        vx, vy = ((goal[i] - walker.at[i]) / max(away, 1e-9) * pace for i in (0, 1))
        px, py = (0.0, 0.0) if walker.stuck_s > 1.5 else self._pushed(walker, present, (vx, vy))
        fast = math.hypot(vx + px, vy + py)
        scale = min(1.0, walker.pace_m_s * 1.1 / max(fast, 1e-9)) * self._dt_s
        tries = (
            (walker.x + (vx + px) * scale, walker.y + (vy + py) * scale),
            (walker.x + vx * self._dt_s, walker.y + vy * self._dt_s),
            (walker.x + vx * self._dt_s, walker.y),
            (walker.x, walker.y + vy * self._dt_s),
        )
        return next((point for point in tries if self._allowed(point)), walker.at)

    def _pushed(self, walker: Walker, present: list[Walker], wish: Point) -> Point:
        """Keep some distance from others, stepping aside to the right of who comes ahead."""
        x, y = 0.0, 0.0
        pace = math.hypot(*wish) or 1.0
        for other in present:
            if other is walker or other.hidden or walker.hidden:
                continue
            dx, dy = walker.x - other.x, walker.y - other.y
            gap = math.hypot(dx, dy)
            if not 1e-6 < gap < PERSONAL_M:
                continue
            push = 1.6 * (PERSONAL_M - gap) / PERSONAL_M
            ahead = -(dx * wish[0] + dy * wish[1]) / (gap * pace)
            x += push * dx / gap - max(ahead, 0.0) * push * wish[1] / pace
            y += push * dy / gap + max(ahead, 0.0) * push * wish[0] / pace
        return x, y

    def _allowed(self, point: Point) -> bool:
        """On free floor of the shop, in a doorway or in the street."""
        x, y = point
        depth = self._scenario.depth_m
        if any(fixture.contains(x, y, HARD_MARGIN_M) for fixture in self._scenario.fixtures):
            return False
        if 0.22 < y < depth - 0.22:
            return 0.22 < x < self._scenario.width_m - 0.22
        for door in self._scenario.doors:
            inside = door.inside_m(depth, y)
            if inside < 0.5 and door.from_m + 0.2 < x < door.to_m - 0.2:
                return True
        return y < -0.4 or y > depth + 0.4


def _gap(rng: random.Random, per_min: float) -> float:
    """Seconds to the next one: regular with some jitter, as in a steady hour."""
    return 60 / per_min * rng.uniform(0.7, 1.3)
