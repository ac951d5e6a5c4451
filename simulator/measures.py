"""How a world is measured: passages, occupancy, time in zones and on cells of the plan."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

import msgspec
import numpy as np
import numpy.typing as npt

from simulator.cameras import Camera
from simulator.plan import Doorway, Scenario
from simulator.world import World

GAP_S = 1.0

Array = npt.NDArray[np.float64]


class Crossing(msgspec.Struct, frozen=True, kw_only=True):
    """A person went through a door; `time_s` from the film's begin, at the second line."""

    door: str
    direction: Literal["in", "out"]
    time_s: float
    person: int


class Occupancy(msgspec.Struct, frozen=True, kw_only=True):
    """At one second: IN - OUT since the begin (may be < 0), and people really inside."""

    time_s: float
    in_minus_out: int
    inside: int


class ZoneStay(msgspec.Struct, frozen=True, kw_only=True):
    """One person's time in a zone; `censored` if the film's begin or end cuts it."""

    zone: str
    person: int
    entered_s: float
    left_s: float
    censored: bool

    @property
    def seconds(self) -> float:
        """Dwell, as far as it is in the film."""
        return self.left_s - self.entered_s


def seen_cells(
    scenario: Scenario, cameras: Sequence[Camera], cell_m: float
) -> npt.NDArray[np.bool_]:
    """(cells down, cells across): True where a camera has the cell's middle in its picture."""
    rows, columns = round(scenario.depth_m / cell_m), round(scenario.width_m / cell_m)
    middles = (np.arange(max(rows, columns)) + 0.5) * cell_m
    return np.array(
        [
            [any(camera.sees_floor(x, y) for camera in cameras) for x in middles[:columns]]
            for y in middles[:rows]
        ]
    )


def crossings_of(world: World, door: Doorway) -> list[Crossing]:
    """Everyone who passed this door."""
    found: list[Crossing] = []
    for person in range(len(world.looks)):
        path = world.xy_m[:, person]
        frames = np.flatnonzero(~np.isnan(path[:, 0]))
        begun: Literal["in", "out"] | None = None
        for before, after in pairwise(frames.tolist()):
            for line, share, way in _passed(world, door, path[before], path[after]):
                first = line == ("outer" if way == "in" else "inner")
                if not first and begun == way:
                    time_s = float(before + share * (after - before)) / world.fps
                    found.append(
                        Crossing(door=door.name, direction=way, time_s=time_s, person=person)
                    )
                begun = way if first else None
    return found


def _passed(
    world: World, door: Doorway, before: Array, after: Array
) -> list[tuple[str, float, Literal["in", "out"]]]:
    """Lines of the pair passed by one step: (line, share of the step, direction), in order."""
    depth = world.scenario.depth_m
    i0, i1 = (door.inside_m(depth, float(point[1])) for point in (before, after))
    way: Literal["in", "out"] = "in" if i1 > i0 else "out"
    passed = []
    for line, at in (("outer", door.outer_m), ("inner", door.inner_m)):
        if (i0 < at) == (i1 < at):
            continue
        share = (at - i0) / (i1 - i0)
        x = before[0] + share * (after[0] - before[0])
        if door.from_m - door.overhang_m <= x <= door.to_m + door.overhang_m:
            passed.append((line, float(share), way))
    return sorted(passed, key=lambda each: each[1])


def count_of(scenario: Scenario, crossings: list[Crossing], direction: str) -> dict[str, int]:
    """Crossings of one direction by door."""
    return {
        door.name: sum(c.door == door.name and c.direction == direction for c in crossings)
        for door in scenario.doors
    }


def occupancy_of(world: World, crossings: list[Crossing]) -> list[Occupancy]:
    """One sample a second; `inside` is taken from where people are, not from crossings."""
    inside = _inside(world)
    samples = []
    for second in range(int(world.frames / world.fps) + 1):
        frame = min(second * world.fps, world.frames - 1)
        change = sum(
            1 if each.direction == "in" else -1
            for each in crossings
            if each.time_s <= frame / world.fps
        )
        count = int(inside[frame].sum())
        samples.append(Occupancy(time_s=float(second), in_minus_out=change, inside=count))
    return samples


def _inside(world: World) -> npt.NDArray[np.bool_]:
    """(frames, people): beyond a pair's inner line; between the lines the last answer stays."""
    scenario = world.scenario
    answer = np.zeros((world.frames, len(world.looks)), bool)
    for person in range(len(world.looks)):
        last = False
        for frame in range(world.frames):
            x, y = (float(v) for v in world.xy_m[frame, person])
            if np.isnan(x):
                last = False
                continue
            last = scenario.inside(x, y) and _beyond_doors(scenario, x, y, last)
            answer[frame, person] = last
    return answer


def _beyond_doors(scenario: Scenario, x: float, y: float, last: bool) -> bool:
    for door in scenario.doors:
        deep = door.inside_m(scenario.depth_m, y)
        if door.from_m - door.overhang_m <= x <= door.to_m + door.overhang_m:
            if deep < door.outer_m:
                return False
            if deep < door.inner_m:
                return last
    return True


def stays_of(world: World, name: str) -> list[ZoneStay]:
    """Everyone's time in one zone."""
    zone = next(each for each in world.scenario.zones if each.name == name)
    found: list[ZoneStay] = []
    for person in range(len(world.looks)):
        path = world.xy_m[:, person]
        within = np.array([zone.contains(float(x), float(y)) for x, y in path])
        found += [
            ZoneStay(
                zone=name,
                person=person,
                entered_s=first / world.fps,
                left_s=(last + 1) / world.fps,
                censored=first == 0 or last == world.frames - 1,
            )
            for first, last in _runs(within, round(GAP_S * world.fps))
        ]
    return found


def _runs(within: npt.NDArray[np.bool_], gap: int) -> list[tuple[int, int]]:
    """First and last frame of each run of True, with holes shorter than `gap` frames bridged."""
    runs: list[tuple[int, int]] = []
    for frame in np.flatnonzero(within).tolist():
        if runs and frame - runs[-1][1] <= gap:
            runs[-1] = (runs[-1][0], frame)
        else:
            runs.append((frame, frame))
    return runs


def heatmap_of(world: World, seen: npt.NDArray[np.bool_], cell_m: float) -> Array:
    """Seconds per cell (cells down, cells across), zero where no camera sees the floor."""
    seconds = np.zeros(seen.shape)
    points = world.xy_m.reshape(-1, 2)
    points = points[~np.isnan(points[:, 0])]
    columns, rows = (np.floor(points / cell_m).astype(int)).T
    on_plan = (rows >= 0) & (rows < seen.shape[0]) & (columns >= 0) & (columns < seen.shape[1])
    np.add.at(seconds, (rows[on_plan], columns[on_plan]), 1 / world.fps)
    return seconds * seen
