"""The store's plan as the agent uses it, for the reports to draw on."""

from __future__ import annotations

from contracts.events import GeometryChanged, PlanShape
from contracts.geometry import Point
from contracts.store import StoreConfig
from edge_agent.rules.heatmap import Grid, View


def geometry_of(config: StoreConfig, grid: Grid | None, views: dict[str, View]) -> GeometryChanged:
    """Everything on floor metres; what no calibrated camera sees has a name but no points.

    `seen_cells` holds one string per row of the grid (y), one `0` or `1` per cell (x); it is
    empty, and the plan's sizes are 0, where the store has no plan.
    """
    store, plan = config.store, config.floor_plan
    return GeometryChanged(
        store_name=store.name,
        time_zone=store.time_zone,
        opens=store.opens,
        closes=store.closes,
        width_m=plan.width_m if plan else 0.0,
        depth_m=plan.depth_m if plan else 0.0,
        cell_m=plan.cell_m if plan else 0.0,
        fixtures=[
            PlanShape(name=fixture.name, kind=fixture.kind, points_m=list(fixture.polygon_m))
            for fixture in (plan.fixtures if plan else ())
        ],
        zones=[
            PlanShape(
                name=zone.name,
                kind="zone",
                camera=zone.camera,
                points_m=list(zone.polygon_m) or _on_floor(views.get(zone.camera), zone.polygon),
            )
            for zone in config.zones
        ],
        doors=[
            PlanShape(
                name=door.name,
                kind="door",
                camera=door.camera,
                points_m=_on_floor(
                    views.get(door.camera), (*door.outer, door.inner[1], door.inner[0])
                ),
            )
            for door in config.doors
        ],
        seen_cells=_seen(grid) if grid else [],
    )


def _on_floor(view: View | None, points: tuple[Point, ...]) -> list[Point]:
    """Picture points on the floor; empty if any of them lies above the horizon."""
    places = [view.floor_of(point) for point in points] if view else []
    found = [place for place in places if place is not None]
    return found if len(found) == len(points) else []


def _seen(grid: Grid) -> list[str]:
    return [
        "".join("01"[(x, y) in grid.owners] for x in range(grid.columns)) for y in range(grid.rows)
    ]
