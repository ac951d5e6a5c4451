"""Stays in zones, from positions piece by piece."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from simulator.days.day import Day
from simulator.days.motion import Moment
from simulator.days.records import DayStay

TRUTH_FPS = 10.0
GAP_S = 1.0
Run = tuple[int, int, float, float]
"""Zone, path, first and last time inside."""


class Stays:
    """Collects runs inside zones; `add` pieces in order of time."""

    def __init__(self, day: Day) -> None:
        self._day = day
        self._runs: list[Run] = []

    def add(self, moment: Moment) -> None:
        """The next piece of the day."""
        for number, zone in enumerate(self._day.scenario.plan.zones):
            x0, y0, x1, y1 = zone.rect
            with np.errstate(invalid="ignore"):
                within = (moment.x >= x0) & (moment.x < x1) & (moment.y >= y0) & (moment.y < y1)
            for column in np.flatnonzero(within.any(0)).tolist():
                for first, last in _runs(within[:, column]):
                    path = int(moment.path[column])
                    self._runs.append((number, path, float(moment.t[first]), float(moment.t[last])))

    def found(self) -> list[DayStay]:
        """All stays in order of their begin, short absences bridged."""
        day, paths = self._day, self._day.motion.paths
        stays: list[DayStay] = []
        for number, path, first, last in bridged(sorted(self._runs)):
            person = int(paths.person[path])
            left_at = min(last + 1 / TRUTH_FPS, day.ends_at)
            stays.append(
                DayStay(
                    zone=day.scenario.plan.zones[number].name,
                    person=person,
                    visit=day.visit_of.get(int(paths.trip[path]), -1),
                    entered_at=first,
                    left_at=left_at,
                    staff=day.life.people[person].staff,
                    censored=first <= day.begins_at + 0.05 or left_at >= day.ends_at - 0.05,
                )
            )
        return sorted(stays, key=lambda stay: (stay.entered_at, stay.person))


def _runs(within: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """First and last index of each run of True."""
    edges = np.diff(np.concatenate([[0], within.astype(np.int8), [0]]))
    return list(
        zip(
            np.flatnonzero(edges > 0).tolist(),
            (np.flatnonzero(edges < 0) - 1).tolist(),
            strict=True,
        )
    )


def bridged(runs: list[Run]) -> list[Run]:
    """Sorted runs of one path in one zone that are at most GAP_S apart become one."""
    joined: list[Run] = []
    for run in runs:
        if joined and joined[-1][:2] == run[:2] and run[2] - joined[-1][3] <= GAP_S:
            joined[-1] = (*run[:2], joined[-1][2], run[3])
        else:
            joined.append(run)
    return joined
