"""A door of the demo's shop that lets few people through at a time: no crossing is blurred."""

from __future__ import annotations

from typing import Literal

from contracts.geometry import Point
from simulator.plan import Doorway
from simulator.walkers import Walker

AREA_M = (-1.0, 2.1)
HEADWAY_S = 1.0
Way = Literal["in", "out", "both"]


class Gate:
    """Lets people through one door, at most two at a time; `passing` have been let go."""

    def __init__(self, door: Doorway, depth_m: float) -> None:
        self.door = door
        self._depth_m = depth_m
        self.passing: list[Walker] = []
        self.leaving: list[Walker] = []
        self._ways: dict[int, Way] = {}
        self.open = False
        self._last_s = -99.0

    def grants(self, walkers: list[Walker], now_s: float, way: Way) -> bool:
        """Take places for all of `walkers`, or for none."""
        self.passing = [walker for walker in self.passing if not self._through(walker)]
        if not self.open or now_s - self._last_s < HEADWAY_S:
            return False
        if len(self.passing) + len(walkers) > 2:
            return False
        self.passing += walkers
        self._ways.update((id(walker), way) for walker in walkers)
        self._last_s = now_s
        return True

    def release(self, walker: Walker) -> None:
        """The walker has left the door's area."""
        self.passing = [other for other in self.passing if other is not walker]

    def point(self, across_m: float, inside_m: float) -> Point:
        """`across_m` to the right of someone who comes in, from the middle of the door."""
        side = -1.0 if self.door.wall == "north" else 1.0
        return self.door.centre_m + side * across_m, self.door.y(self._depth_m, inside_m)

    def _through(self, walker: Walker) -> bool:
        """True once the walker has left the door's area on the far side."""
        inside_m = self.door.inside_m(self._depth_m, walker.y)
        way = self._ways[id(walker)]
        left = (way == "in" and inside_m > AREA_M[1]) or (way == "out" and inside_m < AREA_M[0])
        return walker.gone or left
