"""`gold.stores`: the newest plan of each store, taken from its `geometry.changed` events."""

from __future__ import annotations

import datetime as dt

import msgspec
import polars as pl
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from contracts.events import TYPE_OF, GeometryChanged
from orchestration.defs.events.regions import region_of
from orchestration.storage.tables import plans, stores

Plan = tuple[str, dt.datetime, GeometryChanged]


def sent_plans(bronze: pl.DataFrame) -> list[Plan]:
    """(store_id, when, plan) of all plans in `bronze`, oldest first."""
    rows = (
        bronze.filter(pl.col("type") == TYPE_OF[GeometryChanged])
        .sort("at", "event_id")
        .select("store_id", "at", "data")
    )
    return [
        (store, at, msgspec.json.decode(text, type=GeometryChanged))
        for store, at, text in rows.iter_rows()
    ]


def save_plans(connection: sa.Connection, found: list[Plan]) -> None:
    """Add each plan to the history; the newest of a store becomes its row in `gold.stores`."""
    for store, at, plan in found:
        content = msgspec.to_builtins(plan)
        history = pg.insert(plans).values(
            store_id=store, changed_at=at, region=region_of(store), plan=content
        )
        connection.execute(
            history.on_conflict_do_update(
                index_elements=["store_id", "changed_at"], set_={"plan": content}
            )
        )
        row = {
            "region": region_of(store),
            "name": plan.store_name,
            "time_zone": plan.time_zone,
            "opens": plan.opens,
            "closes": plan.closes,
            "plan": content,
            "changed_at": at,
        }
        statement = pg.insert(stores).values(store_id=store, **row)
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=["store_id"], set_=row, where=stores.c.changed_at <= at
            )
        )


def zones_of(connection: sa.Connection, region: str | None = None) -> dict[str, str]:
    """Time zone by store, of one region or all."""
    query = sa.select(stores.c.store_id, stores.c.time_zone)
    if region is not None:
        query = query.where(stores.c.region == region)
    return {row.store_id: row.time_zone for row in connection.execute(query)}


def doors_before(
    connection: sa.Connection, region: str, until: dt.datetime
) -> list[tuple[str, list[tuple[str, str]]]]:
    """(store_id, [(door, camera), …]) of the last plan that each store sent before `until`."""
    rows = connection.execute(
        sa.select(plans.c.store_id, plans.c.plan)
        .distinct(plans.c.store_id)
        .where(plans.c.region == region, plans.c.changed_at < until)
        .order_by(plans.c.store_id, plans.c.changed_at.desc())
    )
    return [
        (store, [(door["name"], door.get("camera", "")) for door in plan["doors"]])
        for store, plan in rows
    ]
