"""The plan as an agent of a simulated store tells it."""

from __future__ import annotations

from contracts.events import GeometryChanged, PlanShape
from simulator.days.day import Day
from simulator.days.facts import owners_of
from simulator.days.records import CELL_M
from simulator.plan import Doorway, Scenario


def geometry_of(day: Day) -> GeometryChanged:
    """Fixtures, zones, watched doors and seen cells, all on floor metres."""
    plan, calendar = day.scenario.plan, day.scenario.calendar
    owners = owners_of(day.scenario)
    return GeometryChanged(
        store_name=plan.name,
        time_zone=plan.time_zone,
        opens=calendar.opens[:5],
        closes=calendar.closes[:5],
        width_m=plan.width_m,
        depth_m=plan.depth_m,
        cell_m=CELL_M,
        fixtures=[
            PlanShape(name=item.name, kind=item.kind, points_m=_corners(item.rect))
            for item in plan.fixtures
        ],
        zones=[
            PlanShape(
                name=zone.name, kind="zone", camera=zone.camera, points_m=list(zone.corners_m)
            )
            for zone in plan.zones
        ],
        doors=[
            PlanShape(name=door.name, kind="door", camera=door.camera, points_m=_strip(plan, door))
            for door in plan.doors
            if door.camera
        ],
        seen_cells=["".join("01"[owner >= 0] for owner in row) for row in owners.tolist()],
    )


def _corners(rect: tuple[float, float, float, float]) -> list[tuple[float, float]]:
    x0, y0, x1, y1 = rect
    return [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]


def _strip(plan: Scenario, door: Doorway) -> list[tuple[float, float]]:
    """The door's two lines as a strip of floor."""
    low, high = door.from_m - door.overhang_m, door.to_m + door.overhang_m
    outer, inner = (door.y(plan.depth_m, inside) for inside in (door.outer_m, door.inner_m))
    return [(low, outer), (high, outer), (high, inner), (low, inner)]
