"""What really happened in a simulated world, by the definitions of the metrics' registry.

Crossing: the feet pass both lines of a door's pair in order; turning back in between is none.
Zone stay: the feet are in the zone, absences under `GAP_S` are bridged; a visit is a stay of at
least `min_dwell_s`; stays cut by the film's begin or end are censored. Heatmap: seconds on each
cell of the plan that at least one camera sees, a person counted once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np
import numpy.typing as npt

from simulator.cameras import Camera, camera_of
from simulator.film import Boxes
from simulator.plan import Doorway, Scenario
from simulator.world import World

GAP_S = 1.0
MIN_DWELL_S = 5.0
CELL_M = 0.25

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


class Truth(msgspec.Struct, frozen=True, kw_only=True):
    """Everything to measure an agent against; `heatmap` rows run down the plan (depth, width)."""

    scenario: str
    seed: int
    seconds: float
    fps: int
    people: int
    entries: dict[str, int]
    exits: dict[str, int]
    crossings: list[Crossing]
    occupancy: list[Occupancy]
    stays: list[ZoneStay]
    min_dwell_s: float
    cell_m: float
    heatmap: list[list[float]]
    seen: list[list[bool]]

    def visits(self, zone: str) -> list[ZoneStay]:
        """Stays in `zone` that are long enough to be visits."""
        return [s for s in self.stays if s.zone == zone and s.seconds >= self.min_dwell_s]

    @property
    def heatmap_s(self) -> Array:
        """Seconds per cell as an array (cells down, cells across)."""
        return np.array(self.heatmap)


def truth_of(world: World, min_dwell_s: float = MIN_DWELL_S, cell_m: float = CELL_M) -> Truth:
    """Measure a world exactly."""
    scenario = world.scenario
    crossings = sorted(
        (crossing for door in scenario.doors for crossing in _crossings(world, door)),
        key=lambda each: each.time_s,
    )
    seen = seen_cells(scenario, [camera_of(lens) for lens in scenario.cameras], cell_m)
    return Truth(
        scenario=scenario.id,
        seed=world.seed,
        seconds=world.frames / world.fps,
        fps=world.fps,
        people=len(world.looks),
        entries=_count(scenario, crossings, "in"),
        exits=_count(scenario, crossings, "out"),
        crossings=crossings,
        occupancy=_occupancy(world, crossings),
        stays=[stay for zone in scenario.zones for stay in _stays(world, zone.name)],
        min_dwell_s=min_dwell_s,
        cell_m=cell_m,
        heatmap=_heatmap(world, seen, cell_m).round(3).tolist(),
        seen=seen.tolist(),
    )


def seen_cells(
    scenario: Scenario, cameras: Sequence[Camera], cell_m: float = CELL_M
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


def write(folder: Path, truth: Truth, boxes: Mapping[str, Boxes]) -> None:
    """`truth.json`, and per camera `<camera>/gt/gt.txt` and `seqinfo.ini` (MOTChallenge)."""
    folder.mkdir(parents=True, exist_ok=True)
    encoded = msgspec.json.format(msgspec.json.encode(truth), indent=1)
    (folder / "truth.json").write_bytes(encoded)
    for camera, table in boxes.items():
        (folder / camera / "gt").mkdir(parents=True, exist_ok=True)
        lines = [
            f"{box.frame + 1},{box.person + 1},{box.x:.2f},{box.y:.2f},{box.w:.2f},{box.h:.2f}"
            f",1,1,{box.visible:.3f}\n"
            for box in table.rows
        ]
        (folder / camera / "gt" / "gt.txt").write_text("".join(lines))
        (folder / camera / "seqinfo.ini").write_text(
            f"[Sequence]\nname={camera}\nimDir=img1\nframeRate={truth.fps}\n"
            f"seqLength={round(truth.seconds * truth.fps)}\n"
            f"imWidth={table.width}\nimHeight={table.height}\nimExt=.jpg\n"
        )


def _crossings(world: World, door: Doorway) -> list[Crossing]:
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


def _count(scenario: Scenario, crossings: list[Crossing], direction: str) -> dict[str, int]:
    return {
        door.name: sum(c.door == door.name and c.direction == direction for c in crossings)
        for door in scenario.doors
    }


def _occupancy(world: World, crossings: list[Crossing]) -> list[Occupancy]:
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


def _stays(world: World, name: str) -> list[ZoneStay]:
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


def _heatmap(world: World, seen: npt.NDArray[np.bool_], cell_m: float) -> Array:
    seconds = np.zeros(seen.shape)
    points = world.xy_m.reshape(-1, 2)
    points = points[~np.isnan(points[:, 0])]
    columns, rows = (np.floor(points / cell_m).astype(int)).T
    on_plan = (rows >= 0) & (rows < seen.shape[0]) & (columns >= 0) & (columns < seen.shape[1])
    np.add.at(seconds, (rows[on_plan], columns[on_plan]), 1 / world.fps)
    return seconds * seen
