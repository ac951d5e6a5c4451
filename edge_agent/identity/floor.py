"""Where people stand on the plan: a camera's view of the floor, a track's trail over it."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from contracts.geometry import Line, Point, Polygon
from contracts.store import Camera, Door, FloorPlan
from edge_agent.feet import Feet
from edge_agent.messages import TrackedBox

Floats = npt.NDArray[np.float64]

PLAN_NOISE_M = 0.15
"""What calibration, lens and posture add."""
MOST_NOISE_M = 2.0
EVERY_S = 0.2
KEPT = 60
VELOCITY_S = 1.0


class Place(NamedTuple):
    """Feet on the plan at a time; `sigma_m` is the standard deviation along one axis."""

    at_s: float
    x_m: float
    y_m: float
    sigma_m: float

    def distance_m(self, other: Place) -> float:
        """Between the two points, whatever their times."""
        return math.hypot(self.x_m - other.x_m, self.y_m - other.y_m)


class View:
    """One camera's people on the plan."""

    def __init__(self, camera: Camera, fixtures: Sequence[Polygon] = ()) -> None:
        self._to_floor = camera.homography
        self._feet = Feet(camera, fixtures)

    @property
    def calibrated(self) -> bool:
        """False for a camera that is not on the plan."""
        return self._to_floor is not None

    def place_of(self, box: TrackedBox, frame: Iterable[TrackedBox], at_s: float) -> Place | None:
        """Where this person stands; None where the picture does not tell.

        `frame` holds all boxes of the picture.
        """
        spot = self._feet.of(box, frame)
        if spot.place is None or spot.cut:
            return None
        spread_m = self._feet.spread_m(box, spot)
        if spread_m is None or not spread_m < MOST_NOISE_M:
            return None
        return Place(at_s, *spot.place, math.hypot(spread_m, PLAN_NOISE_M))

    def forget(self, track_id: int) -> None:
        """The track ended."""
        self._feet.forget(track_id)

    def floor_of(self, spot: Point) -> Point | None:
        """Floor point under a spot of the picture."""
        return self._to_floor.apply(spot) if self._to_floor else None


class Doors:
    """Where people come in and go out, as far as calibrated cameras know."""

    def __init__(
        self, doors: tuple[Door, ...], views: dict[str, View], plan: FloorPlan | None
    ) -> None:
        self._plan = plan
        self._lines: list[Line] = []
        for door in doors:
            view = views[door.camera]
            for line in (door.outer, door.inner):
                ends = [view.floor_of(spot) for spot in line]
                if ends[0] and ends[1]:
                    self._lines.append(Line(ends[0], ends[1]))
        self.known = bool(doors) and len(self._lines) == 2 * len(doors)

    def near(self, place: Place, reach_m: float) -> bool:
        """True if a door's line is within reach, or the street."""
        plan = self._plan
        if plan and not (0 <= place.x_m <= plan.width_m and 0 <= place.y_m <= plan.depth_m):
            return True
        return any(_distance_m(line, (place.x_m, place.y_m)) <= reach_m for line in self._lines)


class Trail:
    """The newest places of one track, at most five a second, and its first one."""

    def __init__(self) -> None:
        self.first: Place | None = None
        self._places: deque[Place] = deque(maxlen=KEPT)
        self._array: Floats | None = None

    @property
    def last(self) -> Place | None:
        """Newest place."""
        return self._places[-1] if self._places else None

    def add(self, place: Place) -> None:
        """Remember a place; one that is not newer is refused silently."""
        if self._places and place.at_s < self._places[-1].at_s + EVERY_S / 2:
            return
        self.first = self.first or place
        self._places.append(place)
        self._array = None

    def after(self, at_s: float) -> Trail:
        """A trail of only the places from `at_s` on."""
        trail = Trail()
        for place in self._places:
            if place.at_s >= at_s:
                trail.add(place)
        return trail

    def until(self, at_s: float) -> Trail:
        """A trail of only the places before `at_s`."""
        trail = Trail()
        trail.first = self.first
        trail._places.extend(place for place in self._places if place.at_s < at_s)
        return trail

    def velocity(self) -> Point:
        """Metres per second over the last second; (0, 0) where that is not known."""
        if len(self._places) < 2:
            return (0.0, 0.0)
        last = self._places[-1]
        early = next(p for p in self._places if p.at_s >= last.at_s - VELOCITY_S)
        step_s = last.at_s - early.at_s
        if step_s < EVERY_S:
            return (0.0, 0.0)
        return (last.x_m - early.x_m) / step_s, (last.y_m - early.y_m) / step_s

    def array(self) -> Floats:
        """(N, 4): time, x, y, sigma."""
        if self._array is None:
            self._array = np.array(self._places, dtype=np.float64).reshape(-1, 4)
        return self._array


class Together(NamedTuple):
    """Two trails at the same moments: how long, and how far apart.

    `square` is the mean squared distance in units of its variance, 2 for one person;
    `variance_m2` that variance along one axis; `distance_m` the mean distance.
    """

    seconds: float
    square: float
    variance_m2: float
    distance_m: float


def together(a: Trail, b: Trail, align_s: float, since_s: float = -math.inf) -> Together | None:
    """Compare two trails where both were seen within `align_s` of each other; None if nowhere."""
    one, two = a.array(), b.array()
    if not len(one) or not len(two):
        return None
    one = one[one[:, 0] >= since_s]
    right = np.clip(np.searchsorted(two[:, 0], one[:, 0]), 0, len(two) - 1)
    left = np.maximum(right - 1, 0)
    gap = np.minimum(np.abs(two[right, 0] - one[:, 0]), np.abs(two[left, 0] - one[:, 0]))
    one = one[gap <= align_s]
    if not len(one):
        return None
    x, y, sigma = (np.interp(one[:, 0], two[:, 0], two[:, k]) for k in (1, 2, 3))
    square = (one[:, 1] - x) ** 2 + (one[:, 2] - y) ** 2
    variance = one[:, 3] ** 2 + sigma**2
    return Together(
        seconds=float(one[-1, 0] - one[0, 0]),
        square=float((square / variance).mean()),
        variance_m2=float(variance.mean()),
        distance_m=float(np.sqrt(square).mean()),
    )


def _distance_m(line: Line, point: Point) -> float:
    (ax, ay), (bx, by), (px, py) = line.start, line.end, point
    length2 = (bx - ax) ** 2 + (by - ay) ** 2
    along = ((px - ax) * (bx - ax) + (py - ay) * (by - ay)) / length2 if length2 else 0.0
    along = min(max(along, 0.0), 1.0)
    return math.hypot(px - ax - along * (bx - ax), py - ay - along * (by - ay))
