"""Door crossings of a day, from positions piece by piece."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from simulator.days.day import Day
from simulator.days.motion import Moment
from simulator.days.paths import Array
from simulator.days.records import DayCrossing
from simulator.plan import Doorway

Passed = tuple[int, float, str, str, int]
"""Path, time, door, line (outer or inner), 1 inward or -1 outward."""


class Passages:
    """Collects passed lines; `add` pieces in order of time."""

    def __init__(self, day: Day) -> None:
        self._day = day
        self._passed: list[Passed] = []
        self._last: dict[int, tuple[float, float, float]] = {}
        self._first_inside: list[int] | None = None

    def add(self, moment: Moment) -> None:
        """The next piece of the day."""
        if self._first_inside is None:
            self._first_inside = self._inside(moment)
        t, x, y = self._with_last(moment)
        for door in self._day.scenario.plan.doors:
            deep = np.asarray(door.inside_m(self._day.scenario.plan.depth_m, y))  # type: ignore[arg-type]
            for line, at in (("outer", door.outer_m), ("inner", door.inner_m)):
                self._pass(moment.path, t, x, deep, door, line, at)
        for column, path in enumerate(moment.path.tolist()):
            if not np.isnan(moment.x[-1, column]):
                here = (moment.t[-1], moment.x[-1, column], moment.y[-1, column])
                self._last[path] = (float(here[0]), float(here[1]), float(here[2]))

    def crossings(self) -> list[DayCrossing]:
        """Both lines in order, sorted by time."""
        day, paths = self._day, self._day.motion.paths
        found = []
        begun: dict[tuple[int, str], int] = {}
        for path, at_s, door, line, way in sorted(self._passed):
            key = (path, door)
            if line == ("outer" if way > 0 else "inner"):
                begun[key] = way
                continue
            if begun.pop(key, 0) != way:
                continue
            trip, person = int(paths.trip[path]), int(paths.person[path])
            direction: Literal["in", "out"] = "in" if way > 0 else "out"
            found.append(
                DayCrossing(
                    door=door,
                    direction=direction,
                    at=at_s,
                    person=person,
                    visit=day.visit_of.get(trip, -1),
                    staff=day.life.people[person].staff,
                    watched=bool(day.scenario.plan.door(door).camera),
                )
            )
        return sorted(found, key=lambda each: each.at)

    def inside_at_first(self) -> list[int]:
        """People who were inside when the window began."""
        return self._first_inside or []

    def _inside(self, moment: Moment) -> list[int]:
        """Beyond the middle of a door's pair; people in a cabin are inside, too."""
        day, plan = self._day, self._day.scenario.plan
        found = []
        for trip in day.life.trips:
            if trip.steps and trip.begins_at <= moment.t[0] <= trip.ends_at:
                hidden = any(
                    s.hidden and s.begins_at <= moment.t[0] < s.ends_at for s in trip.steps
                )
                found += list(trip.people) if hidden else []
        x, y = moment.x[0], moment.y[0]
        for column in np.flatnonzero(~np.isnan(x)).tolist():
            inside = plan.inside(float(x[column]), float(y[column]))
            for door in plan.doors:
                deep = door.inside_m(plan.depth_m, float(y[column]))
                across = door.from_m - door.overhang_m <= x[column] <= door.to_m + door.overhang_m
                inside &= not (across and deep < (door.outer_m + door.inner_m) / 2)
            if inside:
                found.append(int(self._day.motion.paths.person[moment.path[column]]))
        return sorted(set(found))

    def _with_last(self, moment: Moment) -> tuple[Array, Array, Array]:
        """Positions with the last one of the piece before in front, (T + 1, A)."""
        before = [self._last.get(path, (np.nan,) * 3) for path in moment.path.tolist()]
        last = np.array(before, dtype=np.float64).reshape(-1, 3)
        step = moment.t[1] - moment.t[0] if len(moment.t) > 1 else 0.1
        t = np.concatenate([[moment.t[0] - step], moment.t])
        x = np.concatenate([last[None, :, 1], moment.x])
        y = np.concatenate([last[None, :, 2], moment.y])
        return t, x, y

    def _pass(
        self, path: npt.NDArray[np.int64], t: Array, x: Array, deep: Array, door: Doorway,
        line: str, at: float,
    ) -> None:  # fmt: skip
        before, after = deep[:-1], deep[1:]
        with np.errstate(invalid="ignore"):
            passing = ((before < at) != (after < at)) & ~np.isnan(before) & ~np.isnan(after)
        for row, column in np.argwhere(passing).tolist():
            d0, d1 = before[row, column], after[row, column]
            share = (at - d0) / (d1 - d0)
            where = x[row, column] + share * (x[row + 1, column] - x[row, column])
            if door.from_m - door.overhang_m <= where <= door.to_m + door.overhang_m:
                when = t[row] + share * (t[row + 1] - t[row])
                way = 1 if d1 > d0 else -1
                self._passed.append((int(path[column]), float(when), door.name, line, way))
