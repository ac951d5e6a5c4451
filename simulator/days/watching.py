"""The cameras of a day: how each looks at the plan when, and what its faults do to time."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from simulator.cameras import camera_of
from simulator.days.day import Day
from simulator.days.paths import Array
from simulator.days.scenario import DayScenario
from simulator.days.sight import View, view_of

Spans = list[tuple[float, float]]


@dataclass(frozen=True)
class Watch:
    """One camera over a day; all times are UNIX s.

    `views` are (from when, how it looks), `frozen` and `dark` spans in which its picture stands
    still or does not come; `clocks` are (from when, seconds ahead, drift per second).
    """

    camera: str
    number: int
    size: tuple[int, int]
    views: list[tuple[float, View]]
    frozen: Spans
    dark: Spans
    clocks: list[tuple[float, float, float]]

    def view(self, at_s: float) -> View:
        """How the camera looks at the plan at a time."""
        return [view for since, view in self.views if since <= at_s][-1]

    def shown(self, t: Array) -> Array:
        """The time of what the picture shows; it stands still while frozen."""
        content = t.copy()
        for begin, end in self.frozen:
            content[(t >= begin) & (t < end)] = begin
        return content

    def comes(self, t: Array) -> npt.NDArray[np.bool_]:
        """True where a frame arrives at all."""
        coming = np.ones(len(t), bool)
        for begin, end in self.dark:
            coming &= ~((t >= begin) & (t < end))
        return coming

    def stamps(self, t: Array) -> Array:
        """What the camera's clock says."""
        told = t.copy()
        for since, offset_s, drift in self.clocks:
            late = t >= since
            told[late] = t[late] + offset_s + drift * (t[late] - since)
        return told


@functools.lru_cache(8)
def views_of(scenario: DayScenario) -> tuple[View, ...]:
    """How every camera of a scenario looks at the plan before anybody bumps it."""
    bends = {optics.camera: optics.k1 for optics in scenario.optics}
    return tuple(
        view_of(scenario.plan, camera_of(lens), bends.get(lens.id, 0.0))
        for lens in scenario.plan.cameras
    )


def watches_of(day: Day, cameras: list[str] | None = None) -> list[Watch]:
    """The cameras of a day's scenario, or those named."""
    return [
        _watch(day, number)
        for number, lens in enumerate(day.scenario.plan.cameras)
        if cameras is None or lens.id in cameras
    ]


def _watch(day: Day, number: int) -> Watch:
    view = views_of(day.scenario)[number]
    camera = view.camera
    views = [(-math.inf, view)]
    frozen: Spans = []
    dark: Spans = []
    clocks: list[tuple[float, float, float]] = []
    mine = [fault for fault in day.scenario.faults if fault.camera in ("", camera.id)]
    for fault in sorted(mine, key=lambda fault: day.local(fault.at)):
        begin = day.local(fault.at)
        match fault.kind:
            case "outage" | "restart":
                dark.append((begin, begin + fault.for_s))
            case "frozen":
                frozen.append((begin, begin + fault.for_s))
            case "bumped":
                views.append((begin, views[-1][1].turned(*fault.turn_deg)))
            case "clock":
                clocks.append((begin, fault.offset_s, fault.drift_ppm * 1e-6))
    size = (camera.width, camera.height)
    return Watch(camera.id, number, size, views, frozen, dark, clocks)
