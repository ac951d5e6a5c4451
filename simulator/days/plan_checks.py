"""What types alone cannot say about a plan: names, sizes, things in their places."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import chain

from simulator.plan import Doorway, Scenario

Problem = tuple[str, str]
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
"""Names that files and folders are called by."""
NAME_EXPECTED = "expected 1 to 63 of a-z 0-9 _ -"
LEAST_M, MOST_M = 4.0, 200.0
LEAST_DOOR_M = 0.8
CLEAR_M = 0.15
"""People stand so far from fixtures at least, or their ways begin inside of one."""


def plan_problems(plan: Scenario) -> Iterator[Problem]:
    """(what is wrong, key path), the first thing to mend first."""
    if not (LEAST_M <= plan.width_m <= MOST_M and LEAST_M <= plan.depth_m <= MOST_M):
        yield f"a plan is {LEAST_M:g} to {MOST_M:g} m wide and deep", "plan.width_m"
        return
    for key, text in (
        ("id", plan.id),
        *((f"cameras[{index}].id", lens.id) for index, lens in enumerate(plan.cameras)),
    ):
        if not NAME.fullmatch(text):
            yield NAME_EXPECTED, f"plan.{key}"
    if not 1 <= plan.fps <= 60:
        yield "fps must be between 1 and 60", "plan.fps"
    yield from _camera_problems(plan)
    yield from _name_problems(plan)
    for index, door in enumerate(plan.doors):
        yield from _door_problems(plan, door, f"plan.doors[{index}]")
    rects = [(f"fixtures[{index}]", item.rect) for index, item in enumerate(plan.fixtures)]
    rects += [(f"zones[{index}]", zone.rect) for index, zone in enumerate(plan.zones)]
    for key, (x0, y0, x1, y1) in rects:
        if not (0 <= x0 < x1 <= plan.width_m and 0 <= y0 < y1 <= plan.depth_m):
            yield "expected x0, y0, x1, y1 on the plan", f"plan.{key}.rect"
    yield from _spot_problems(plan)


def _camera_problems(plan: Scenario) -> Iterator[Problem]:
    if not plan.cameras:
        yield "a plan needs a camera", "plan.cameras"
    for index, lens in enumerate(plan.cameras):
        if not 10 <= lens.hfov_deg <= 150:
            yield "hfov_deg must be between 10 and 150", f"plan.cameras[{index}].hfov_deg"
        if min(lens.size) < 64 or max(lens.size) > 4096:
            yield "expected a size from 64 to 4096 pixels", f"plan.cameras[{index}].size"
        if lens.position_m[:2] == lens.look_at_m[:2]:
            yield "a camera cannot look straight down", f"plan.cameras[{index}].look_at_m"


def _name_problems(plan: Scenario) -> Iterator[Problem]:
    cameras = {lens.id for lens in plan.cameras}
    for key, names in (
        ("cameras", [lens.id for lens in plan.cameras]),
        ("doors", [door.name for door in plan.doors]),
        ("zones", [zone.name for zone in plan.zones]),
    ):
        if len(set(names)) < len(names):
            yield "two of them have one name", f"plan.{key}"
    if not plan.doors:
        yield "a plan needs a door", "plan.doors"
    for index, door in enumerate(plan.doors):
        if door.camera and door.camera not in cameras:
            yield f"unknown camera {door.camera[:40]!r}", f"plan.doors[{index}].camera"
    queues = {zone.name for zone in plan.zones if zone.kind == "queue"}
    for index, zone in enumerate(plan.zones):
        if zone.camera not in cameras:
            yield f"unknown camera {zone.camera[:40]!r}", f"plan.zones[{index}].camera"
        if zone.serves and zone.serves not in queues:
            yield f"unknown queue {zone.serves[:40]!r}", f"plan.zones[{index}].serves"


def _door_problems(plan: Scenario, door: Doorway, key: str) -> Iterator[Problem]:
    if door.from_m < 0 or door.to_m > plan.width_m:
        yield "a door lies between the plan's corners", f"{key}.from_m"
    if door.to_m - door.from_m < LEAST_DOOR_M:
        yield f"a door is at least {LEAST_DOOR_M:g} m wide", f"{key}.to_m"
    if not 0 < door.outer_m < door.inner_m < plan.depth_m / 2:
        yield "the outer line comes before the inner one", f"{key}.inner_m"


def _spot_problems(plan: Scenario) -> Iterator[Problem]:
    if not plan.browse:
        yield "people need something to look at", "plan.browse"
    spots: Iterable[tuple[str, tuple[float, ...]]] = chain(
        ((f"plan.browse[{index}]", spot) for index, spot in enumerate(plan.browse)),
        (
            (f"plan.zones[{number}].spots[{index}]", spot)
            for number, zone in enumerate(plan.zones)
            for index, spot in enumerate(zone.spots)
        ),
    )
    for key, (x, y, *_) in spots:
        if not plan.inside(x, y):
            yield "nobody can stand outside of the plan", key
        elif any(item.contains(x, y, CLEAR_M) for item in plan.fixtures):
            yield "nobody can stand in a fixture, or so close to one", key
