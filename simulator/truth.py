"""What really happened in a simulated world, by the definitions of the metrics' registry.

Crossing: the feet pass both lines of a door's pair in order; turning back in between is none.
Zone stay: the feet are in the zone, absences under a second are bridged; a visit is a stay of at
least `min_dwell_s`; stays cut by the film's begin or end are censored. Heatmap: seconds on each
cell of the plan that at least one camera sees, a person counted once.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt

from simulator.cameras import camera_of
from simulator.film import Boxes
from simulator.measures import (
    Crossing,
    Occupancy,
    ZoneStay,
    count_of,
    crossings_of,
    heatmap_of,
    occupancy_of,
    seen_cells,
    stays_of,
)
from simulator.world import World

MIN_DWELL_S = 5.0
CELL_M = 0.25

Array = npt.NDArray[np.float64]


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
        (crossing for door in scenario.doors for crossing in crossings_of(world, door)),
        key=lambda each: each.time_s,
    )
    seen = seen_cells(scenario, [camera_of(lens) for lens in scenario.cameras], cell_m)
    return Truth(
        scenario=scenario.id,
        seed=world.seed,
        seconds=world.frames / world.fps,
        fps=world.fps,
        people=len(world.looks),
        entries=count_of(scenario, crossings, "in"),
        exits=count_of(scenario, crossings, "out"),
        crossings=crossings,
        occupancy=occupancy_of(world, crossings),
        stays=[stay for zone in scenario.zones for stay in stays_of(world, zone.name)],
        min_dwell_s=min_dwell_s,
        cell_m=cell_m,
        heatmap=heatmap_of(world, seen, cell_m).round(3).tolist(),
        seen=seen.tolist(),
    )


def write(folder: Path, truth: Truth, boxes: Mapping[str, Boxes]) -> None:
    """`truth.json`, and per camera `<camera>/gt/gt.txt` and `seqinfo.ini` (MOTChallenge)."""
    folder.mkdir(parents=True, exist_ok=True)
    encoded = msgspec.json.format(msgspec.json.encode(truth), indent=1)
    (folder / "truth.json").write_bytes(encoded)
    for camera, table in boxes.items():
        write_boxes(folder / camera, table, truth.fps, round(truth.seconds * truth.fps))


def write_boxes(folder: Path, boxes: Boxes, fps: int, frames: int, *, images: str = "") -> None:
    """One camera's `gt/gt.txt` (id = person + 1) and `seqinfo.ini`; its name is the folder's.

    `images` is the folder beside them in which the frames are, where somebody has written them.
    """
    (folder / "gt").mkdir(parents=True, exist_ok=True)
    lines = [
        f"{box.frame + 1},{box.person + 1},{box.x:.2f},{box.y:.2f},{box.w:.2f},{box.h:.2f}"
        f",1,1,{box.visible:.3f}\n"
        for box in boxes.rows
    ]
    (folder / "gt" / "gt.txt").write_text("".join(lines))
    pictures = f"imDir={images}\nimExt=.jpg\n" if images else ""
    (folder / "seqinfo.ini").write_text(
        f"[Sequence]\nname={folder.name}\nframeRate={fps}\nseqLength={frames}\n"
        f"imWidth={boxes.width}\nimHeight={boxes.height}\n{pictures}"
    )
