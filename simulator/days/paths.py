"""Trips as paths: for every person the knots of a time-parametrised polyline.

Corners are rounded, people of a party walk side by side, everyone keeps an own lane, and who
stands shifts from foot to foot. Between knots all is linear.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from contracts.geometry import Point
from simulator.days.ground import ACCELERATION_M_S2, Ground, pace_of
from simulator.days.trips import Trip

KNOT_M = 0.3
CORNER_M = 0.5
SETTLE_M = 1.0
TURN_S = 0.7
ABREAST_M = 0.33
BEHIND_M = 0.65
BEHIND_S = 0.6
LANE_M = 0.25
SHIFT_S = 0.9
MOST_MEMBERS = 16

Array = npt.NDArray[np.float64]
X, Y, FACING, MOVING, HIDDEN, WALKED = range(6)


@dataclass(frozen=True)
class Paths:
    """Knots of all paths, one after the other.

    `t` (K,) UNIX s; `knots` (K, 6): x, y (m), facing (rad, unwrapped), moving 0..1, hidden 0/1
    and metres walked; path p owns knots `first[p]` to `first[p + 1]`. `trip`, `person` (P,);
    `key` (P,) names a path whatever else is there.
    """

    t: Array
    knots: Array
    first: npt.NDArray[np.int64]
    trip: npt.NDArray[np.int64]
    person: npt.NDArray[np.int64]
    key: npt.NDArray[np.int64]

    @property
    def begins_at(self) -> Array:
        """When each path begins, (P,)."""
        return self.t[self.first[:-1]]

    @property
    def ends_at(self) -> Array:
        """When each path ends, (P,)."""
        return self.t[self.first[1:] - 1]


def paths_of(trips: Sequence[Trip], ground: Ground, seed: int) -> Paths:
    """Paths of everyone in `trips`; a person's path depends on the trip and the seed alone."""
    ways = _Ways(ground)
    found: list[tuple[Array, Array]] = []
    owners: list[tuple[int, int, int]] = []
    for trip in trips:
        for member, person in enumerate(trip.people):
            found.append(_Walk(trip, member, ways, seed).knots())
            owners.append((trip.index, person, trip.index * MOST_MEMBERS + member))
    sizes = np.array([0, *(len(t) for t, _ in found)], np.int64)
    owned = np.array(owners, np.int64).reshape(-1, 3)
    return Paths(
        t=np.concatenate([t for t, _ in found]) if found else np.zeros(0),
        knots=np.concatenate([k for _, k in found]) if found else np.zeros((0, 6)),
        first=np.cumsum(sizes),
        trip=owned[:, 0],
        person=owned[:, 1],
        key=owned[:, 2],
    )


@dataclass(frozen=True)
class Way:
    """A leg with rounded corners: points (M, 2), right-hand normals (M, 2), arc length (M,)."""

    points: Array
    normals: Array
    along: Array
    facing: Array


class _Ways:
    """Rounded legs, each made once."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.standing = {node for line in ground.lines for node in (*line.rows, line.counter)}
        self.waiting = {node for gate in ground.gates for node in gate.waiting}
        self._known: dict[tuple[int, int], Way] = {}

    def way(self, start: int, goal: int) -> Way:
        known = self._known.get((start, goal))
        if known is None:
            known = rounded(self.ground.leg(start, goal).points)
            self._known[start, goal] = known
        return known


class _Walk:
    """The path of one member of a party."""

    def __init__(self, trip: Trip, member: int, ways: _Ways, seed: int) -> None:
        self._trip, self._ways = trip, ways
        self._rng = random.Random((seed * 1_000_003 + trip.index) * 64 + member)
        alone = len(trip.people) == 1
        self._side = 0.0 if alone else (ABREAST_M if member % 2 == 0 else -ABREAST_M)
        self._row = member // 2
        self._lane = trip.lane * LANE_M if alone else self._side
        self._late_s = self._row * BEHIND_S + (0.0 if alone else self._rng.uniform(0, 0.25))
        self._t: list[Array] = []
        self._knots: list[Array] = []
        self._here = np.zeros(2)
        self._walked = self._rng.uniform(0, 1.4)

    def knots(self) -> tuple[Array, Array]:
        """(t (K,), knots (K, 6)), t strictly increasing."""
        steps = self._trip.steps
        self._here = self._place(steps[0].start)
        for index, step in enumerate(steps):
            if step.start == step.goal:
                self._stand(step.begins_at, step.ends_at, step.goal, step.hidden)
            else:
                stays = index + 1 < len(steps) and steps[index + 1].start == steps[index + 1].goal
                self._go(step.begins_at, step.ends_at, step.start, step.goal, stays)
        t = np.concatenate(self._t) + self._late_s
        knots = np.concatenate(self._knots)
        keep = np.concatenate([[True], np.diff(t) > 1e-4])
        t, knots = t[keep], knots[keep]
        knots[:, FACING] = np.unwrap(knots[:, FACING])
        return t, knots

    def _place(self, node: int) -> Array:
        """Where this member stands at a node, relative to it."""
        x, y, to_x, to_y = self._ways.ground.nodes[node]
        ahead = np.array([to_x - x, to_y - y])
        ahead /= max(math.hypot(*ahead), 1e-9)
        in_line = node in self._ways.standing
        beside = self._side + self._rng.uniform(-1, 1) * (0.06 if in_line else 0.15)
        back = self._row * BEHIND_M + self._rng.uniform(0, 0.05 if in_line else 0.15)
        return np.array([-ahead[1], ahead[0]]) * beside - ahead * back

    def _go(self, begin_s: float, end_s: float, start: int, goal: int, stays: bool) -> None:
        way = self._ways.way(start, goal)
        there = self._place(goal)
        length = float(way.along[-1])
        t = begin_s + _times(way.along, length, end_s - begin_s)
        settle = min(SETTLE_M, length / 2)
        leaving = 1 - _smooth(way.along / settle)
        coming = 1 - _smooth((length - way.along) / settle)
        lane = self._lane * (1 - np.maximum(leaving, coming))
        xy = way.points + way.normals * lane[:, None]
        xy += leaving[:, None] * self._here + coming[:, None] * there
        self._here = there
        moving = np.ones(len(t))
        moving[-1] = 0.0 if stays else 1.0
        self._add(t, xy, way.facing, moving, 0.0)

    def _stand(self, begin_s: float, end_s: float, node: int, hidden: bool) -> None:
        """Shift now and then; in a line hardly, at a door to and fro."""
        x, y, to_x, to_y = self._ways.ground.nodes[node]
        facing = math.atan2(to_y - y, to_x - x)
        wide = 0.04 if node in self._ways.standing else 0.13
        deep = 0.3 if node in self._ways.waiting else 0.04
        ahead = np.array([math.cos(facing), math.sin(facing)])
        aside = np.array([-ahead[1], ahead[0]])
        home, here = self._here, self._here
        t, places = [begin_s, min(begin_s + TURN_S, end_s)], [here, here]
        now = begin_s + self._rng.uniform(2.0, 7.0)
        while now + SHIFT_S < end_s - 0.2:
            shift = aside * self._rng.gauss(0, wide) + ahead * self._rng.gauss(0, deep)
            t += [now, now + SHIFT_S]
            places += [here, home + shift]
            here = places[-1]
            now += SHIFT_S + self._rng.uniform(2.0, 9.0)
        t.append(end_s)
        places.append(here)
        self._here = here
        node_at = np.array([x, y])
        looks = facing + np.array([self._rng.uniform(-0.5, 0.5) for _ in t])
        if self._knots:
            looks[0] = self._knots[-1][-1, FACING]
        self._add(np.array(t), node_at + np.array(places), looks, np.zeros(len(t)), float(hidden))

    def _add(self, t: Array, xy: Array, facing: Array, moving: Array, hidden: float) -> None:
        steps = np.hypot(*np.diff(xy, axis=0, prepend=xy[:1]).T)
        walked = self._walked + np.cumsum(steps)
        self._walked = float(walked[-1])
        self._t.append(t)
        self._knots.append(np.column_stack([xy, facing, moving, np.full(len(t), hidden), walked]))


def _times(along: Array, length_m: float, seconds: float) -> Array:
    """When each distance is reached, like `ground.reached_s`."""
    a, pace = ACCELERATION_M_S2, pace_of(length_m, seconds)
    ramp_s = min(pace / a, seconds / 2)
    ramp_m = min(pace * ramp_s / 2, length_m / 2)
    up = np.sqrt(2 * np.minimum(along, ramp_m) / a)
    flat = np.clip(along - ramp_m, 0, length_m - 2 * ramp_m) / max(pace, 1e-9)
    left = np.clip(length_m - along, 0, ramp_m)
    down = np.where(along > length_m - ramp_m, ramp_s - np.sqrt(2 * left / a), 0.0)
    t = up + flat + down
    return np.asarray(t * (seconds / max(t[-1], 1e-9)))


def rounded(points: Sequence[Point]) -> Way:
    """Round the corners by quadratic Bézier curves and put points every KNOT_M."""
    corners = np.array(points, dtype=np.float64)
    pieces = [corners[:1]]
    for before, corner, after in zip(corners, corners[1:], corners[2:], strict=False):
        back, on = before - corner, after - corner
        a, b = math.hypot(*back), math.hypot(*on)
        cut = min(CORNER_M, a / 2, b / 2)
        begin, end = corner + back / max(a, 1e-9) * cut, corner + on / max(b, 1e-9) * cut
        u = np.linspace(0, 1, 6)[:, None]
        pieces.append((1 - u) ** 2 * begin + 2 * u * (1 - u) * corner + u**2 * end)
    rough = np.concatenate([*pieces, corners[-1:]])
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(rough, axis=0).T))])
    count = max(2, math.ceil(along[-1] / KNOT_M) + 1)
    even = np.linspace(0, along[-1], count)
    fine = np.column_stack([np.interp(even, along, rough[:, i]) for i in (0, 1)])
    ahead = np.gradient(fine, axis=0)
    ahead /= np.maximum(np.hypot(*ahead.T), 1e-9)[:, None]
    return Way(
        points=fine,
        normals=np.column_stack([-ahead[:, 1], ahead[:, 0]]),
        along=even,
        facing=np.arctan2(ahead[:, 1], ahead[:, 0]),
    )


def _smooth(share: Array) -> Array:
    """Smoothstep of a share, 0 below 0 and 1 above 1."""
    u = np.clip(share, 0.0, 1.0)
    return np.asarray(u * u * (3 - 2 * u))
