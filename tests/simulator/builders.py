"""Worlds made by hand, to ask the truth about paths we know."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from simulator.plan import Scenario
from simulator.world import World


def world_of(scenario: Scenario, *paths: list[tuple[float, float] | None]) -> World:
    """One frame for each point of a path; None where the person is not there."""
    frames = max(len(path) for path in paths)
    state = np.full((frames, len(paths), 7), np.nan)
    for person, path in enumerate(paths):
        for frame, point in enumerate(path):
            if point is not None:
                state[frame, person] = (*point, 0, 0, 0, 0, 0)
    return World(scenario, 0, scenario.fps, state, tuple(range(len(paths))))


def walk(*stops: tuple[float, float], step_m: float = 0.1) -> list[tuple[float, float] | None]:
    """Points along straight lines through `stops`, one step a frame."""
    points: list[tuple[float, float] | None] = []
    for (x0, y0), (x1, y1) in pairwise(stops):
        count = max(1, round(np.hypot(x1 - x0, y1 - y0) / step_m))
        points += [(x0 + (x1 - x0) * i / count, y0 + (y1 - y0) * i / count) for i in range(count)]
    return [*points, stops[-1]]
