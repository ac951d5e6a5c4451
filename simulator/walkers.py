"""One person who walks: position, speed, and the script of what they do next."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from contracts.geometry import Point
from simulator.skeleton import STRIDE_M, Pose

Act = Literal["none", "reach", "phone"]

ARRIVED_M = 0.12
PASSED_M = 0.35
TURN_RAD_S = 4.5


@dataclass(frozen=True)
class Go:
    """Walk by `way`, whose last point is the goal; `until` ends it early."""

    way: list[Point]
    until: Callable[[], bool] | None = None


@dataclass(frozen=True)
class Stay:
    """Stand for `seconds` or `until`, looking at a point, perhaps reaching or on the phone."""

    seconds: float
    facing: Point | None = None
    act: Act = "none"
    until: Callable[[], bool] | None = None


Step = Go | Stay


@dataclass
class Walker:
    """A person in the world; `seed` gives the look, `pace_m_s` the preferred speed."""

    seed: int
    x: float
    y: float
    heading: float
    pace_m_s: float
    height_m: float
    hidden: bool = True
    told_to_leave: bool = False
    in_line: bool = False
    dwelling: bool = False
    arrived_s: float = 0.0
    gone: bool = False
    script: Iterator[Step] = field(default_factory=lambda: iter(()))
    step: Step | None = None
    index: int = 0
    since_s: float = 0.0
    speed: float = 0.0
    phase: float = 0.0
    gait: float = 0.0
    reach: float = 0.0
    phone: float = 0.0
    stuck_s: float = 0.0

    @property
    def at(self) -> Point:
        """Where the feet are."""
        return self.x, self.y

    @property
    def pose(self) -> Pose:
        """The body's pose now."""
        return Pose(self.phase, self.gait, self.reach, self.phone)

    def advance(self, now_s: float) -> None:
        """Begin the next step of the script if the present one is over."""
        for _ in range(8):
            if self.step is not None and not self._over(now_s):
                return
            self.step = next(self.script, None)
            self.index, self.since_s = 0, now_s
            if self.step is None:
                self.gone = True
                return

    def goal(self) -> Point | None:
        """The next point of the way, None when standing."""
        if not isinstance(self.step, Go):
            return None
        way = self.step.way
        while self.index < len(way) - 1 and math.dist(self.at, way[self.index]) < PASSED_M:
            self.index += 1
        return way[self.index]

    def move(self, to: Point, dt_s: float) -> None:
        """Take a step of the feet and let the body follow."""
        dx, dy = to[0] - self.x, to[1] - self.y
        moved = math.hypot(dx, dy)
        self.x, self.y = to
        self.speed = moved / dt_s
        self.stuck_s = self.stuck_s + dt_s if self.goal() and self.speed < 0.12 else 0.0
        self.phase = (self.phase + 2 * math.pi * moved / (STRIDE_M * self.height_m / 1.75)) % (
            2 * math.pi
        )
        self.gait += 0.35 * (min(1.0, self.speed / 1.15) - self.gait)
        self._turn(math.atan2(dy, dx) if self.speed > 0.2 else self._faces(), dt_s)
        self._gesture(dt_s)

    def _over(self, now_s: float) -> bool:
        step = self.step
        if step is None or (step.until is not None and step.until()):
            return True
        if isinstance(step, Stay):
            return now_s - self.since_s >= step.seconds
        return self.index == len(step.way) - 1 and math.dist(self.at, step.way[-1]) < ARRIVED_M

    def _faces(self) -> float:
        if isinstance(self.step, Stay) and self.step.facing is not None:
            return math.atan2(self.step.facing[1] - self.y, self.step.facing[0] - self.x)
        return self.heading

    def _turn(self, wanted: float, dt_s: float) -> None:
        off = (wanted - self.heading + math.pi) % (2 * math.pi) - math.pi
        most = TURN_RAD_S * dt_s
        self.heading += max(-most, min(most, off))

    def _gesture(self, dt_s: float) -> None:
        act = self.step.act if isinstance(self.step, Stay) else "none"
        wave = 0.5 + 0.5 * math.sin(self.phase + self.since_s * 3 + self.reach)
        self.reach += dt_s * 2.2 * ((0.35 + 0.65 * wave if act == "reach" else 0.0) - self.reach)
        self.phone += dt_s * 2.2 * ((1.0 if act == "phone" else 0.0) - self.phone)
