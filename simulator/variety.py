"""Shops and crowds that differ by seed, to train a person detector that has not seen the demo."""

from __future__ import annotations

import math

import msgspec
import numpy as np

from simulator.body import Figure
from simulator.cameras import Camera
from simulator.looks import look_of
from simulator.plan import Doorway, Fixture, Kind, Lens, Scenario, load_scenario
from simulator.render import Standing
from simulator.skeleton import Pose

KINDS: tuple[Kind, ...] = ("shelf", "shelf", "shelf", "table", "crates", "freezer", "till")
HEIGHT_M = {"shelf": 1.5, "table": 0.85, "crates": 0.8, "freezer": 0.9, "till": 0.95}


def shop_of(seed: int, base: str = "small_store") -> Scenario:
    """Even seeds: the base plan under moved cameras; odd seeds: a plan of its own."""
    rng = np.random.default_rng([seed, 21])
    scenario = load_scenario(base)
    if seed % 2 == 0:
        return msgspec.structs.replace(
            scenario, cameras=tuple(_moved(rng, lens) for lens in scenario.cameras)
        )
    width, depth = float(rng.uniform(9, 20)), float(rng.uniform(8, 14))
    doors = []
    for wall in ("north", "south"):
        centre = rng.uniform(2.5, width - 2.5)
        half = rng.uniform(0.8, 1.8)
        doors.append(
            Doorway(
                name=f"{wall} door", camera="one", wall=wall,
                from_m=centre - half, to_m=centre + half,
            )
        )  # fmt: skip
    return msgspec.structs.replace(
        scenario,
        width_m=width,
        depth_m=depth,
        wall_height_m=float(rng.uniform(3.0, 4.2)),
        fixtures=_fixtures(rng, width, depth),
        doors=tuple(doors),
        zones=(),
        browse=(),
        cameras=tuple(_hung(rng, f"free{index}", width, depth) for index in range(3)),
    )


def crowd(
    rng: np.random.Generator, scenario: Scenario, camera: Camera, most: int
) -> list[tuple[Standing, Figure]]:
    """Up to `most` people on free floor in the camera's view, some close together."""
    people: list[tuple[Standing, Figure]] = []
    wanted = int(rng.integers(0, most + 1))
    for _ in range(wanted * 12):
        if len(people) >= wanted:
            break
        if people and rng.random() < 0.3:
            near = people[int(rng.integers(len(people)))][0]
            turn = rng.uniform(-math.pi, math.pi)
            gap = rng.uniform(0.42, 0.9)
            x, y = near.x_m + gap * math.cos(turn), near.y_m + gap * math.sin(turn)
        else:
            x = rng.uniform(0, scenario.width_m)
            y = rng.uniform(-2.5, scenario.depth_m + 2.5)
        if not _free(scenario, x, y) or not camera.sees_floor(x, y, -0.15):
            continue
        if any(math.hypot(x - other.x_m, y - other.y_m) < 0.4 for other, _ in people):
            continue
        standing = Standing(len(people), x, y, rng.uniform(-math.pi, math.pi), _pose(rng))
        people.append((standing, Figure(look_of(int(rng.integers(1 << 30))))))
    return people


def _pose(rng: np.random.Generator) -> Pose:
    walks = rng.random() < 0.6
    act = rng.random()
    return Pose(
        phase=float(rng.uniform(0, 2 * math.pi)),
        gait=float(rng.uniform(0.6, 1.1)) if walks else 0.0,
        reach=float(rng.uniform(0.4, 1.0)) if act < 0.2 and not walks else 0.0,
        phone=1.0 if act > 0.8 else 0.0,
    )


def _free(scenario: Scenario, x: float, y: float) -> bool:
    if any(fixture.contains(x, y, 0.25) for fixture in scenario.fixtures):
        return False
    if scenario.inside(x, y):
        return 0.25 < x < scenario.width_m - 0.25
    return any(door.from_m - 1.5 < x < door.to_m + 1.5 for door in scenario.doors) and not (
        -0.4 < y < 0 or 0 < y - scenario.depth_m < 0.4
    )


def _fixtures(rng: np.random.Generator, width: float, depth: float) -> tuple[Fixture, ...]:
    """Wall shelves on both sides and rows of furniture with aisles between."""
    high = float(rng.uniform(1.6, 2.2))
    fixtures = [
        Fixture(name="left", kind="wall_shelf", rect=(0, 2, 0.5, depth - 2), height_m=high),
        Fixture(
            name="right",
            kind="fridge",
            rect=(width - 0.7, 2, width, depth - 2),
            height_m=high + 0.1,
        ),
    ]
    across = rng.random() < 0.5
    aisle = float(rng.uniform(1.5, 2.6))
    y = 2.6
    while y < depth - 3.2:
        x = 1.8 + float(rng.uniform(0, 1))
        deep = float(rng.uniform(0.7, 1.2))
        while x < width - 3:
            long = float(rng.uniform(1.0, 4.0))
            kind = KINDS[int(rng.integers(len(KINDS)))]
            rect = (x, y, min(x + long, width - 2.0), y + deep)
            if rng.random() < 0.75 and rect[2] - rect[0] > 0.7:
                tall = HEIGHT_M[kind] * float(rng.uniform(0.85, 1.15))
                name = f"fixture {len(fixtures)}"
                fixtures.append(Fixture(name=name, kind=kind, rect=rect, height_m=tall))
            x += long + (aisle if across else 1.2)
        y += deep + aisle
    return tuple(fixtures)


def _moved(rng: np.random.Generator, lens: Lens) -> Lens:
    """The same corner, hung and aimed by another fitter."""
    px, py, pz = np.array(lens.position_m) + rng.uniform(-0.8, 0.8, 3) * (1, 1, 0.6)
    lx, ly, lz = np.array(lens.look_at_m) + rng.uniform(-1.0, 1.0, 3) * (1, 1, 0.4)
    return msgspec.structs.replace(
        lens,
        position_m=(float(px), float(py), float(pz)),
        look_at_m=(float(lx), float(ly), float(lz)),
        hfov_deg=float(np.clip(lens.hfov_deg + rng.uniform(-14, 12), 50, 95)),
    )


def _hung(rng: np.random.Generator, name: str, width: float, depth: float) -> Lens:
    """A camera high on a wall or under the ceiling, looking down into the shop."""
    x = float(rng.choice([rng.uniform(0.2, 1.0), rng.uniform(width - 1, width - 0.2), width / 2]))
    y = float(rng.uniform(0.3, depth - 0.3))
    z = float(rng.uniform(2.4, 4.0))
    away = float(rng.uniform(3.0, 6.0))
    turn = math.atan2(depth / 2 - y, width / 2 - x) + float(rng.uniform(-0.9, 0.9))
    return Lens(
        id=name,
        name="CAM",
        position_m=(x, y, z),
        look_at_m=(
            x + away * math.cos(turn),
            y + away * math.sin(turn),
            float(rng.uniform(0.2, 1.2)),
        ),
        hfov_deg=float(rng.uniform(52, 95)),
    )
