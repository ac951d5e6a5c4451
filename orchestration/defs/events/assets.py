"""The tables from landing to gold, as Dagster sees them."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import dagster as dg

from orchestration.defs.events import specs
from orchestration.defs.events.checks import (
    BRONZE_CHECKS,
    GOLD_CHECKS,
    SILVER_CHECKS,
    bronze_results,
    gold_results,
    silver_results,
)
from orchestration.defs.events.partitions import (
    DAY_REGION,
    HOUR_FORMAT,
    HOURS,
    day_and_region,
    day_region_key,
)
from orchestration.defs.resources import LakeResource, LandingResource, WarehouseResource
from orchestration.storage import tables

Results = Iterator[dg.MaterializeResult[Any] | dg.AssetCheckResult]
_TRY_AGAIN = dg.RetryPolicy(max_retries=2, delay=2, backoff=dg.Backoff.EXPONENTIAL)
_GOLD = {
    "footfall_15m": "Entries and exits per door and quarter of an hour; null where nobody watched.",
    "occupancy_15m": "People inside: mean, maximum and last sample of each quarter of an hour.",
    "zone_dwell": "Visits to each zone and how long they took, per local hour.",
    "heatmap_tiles": "Seconds of presence per cell of the floor plan and local hour.",
    "coverage": "Expected and observed minutes per camera and local hour.",
}


@dg.multi_asset(
    name="bronze",
    specs=[
        specs.delta_spec(
            specs.BRONZE_EVENTS,
            "Every event of the hour's batches, typed, as received.",
            [specs.LANDING_BATCHES],
        ),
        specs.table_spec(
            tables.dead_letter_events,
            "Lines that are no events, with the reason; nothing is thrown away.",
            [specs.LANDING_BATCHES],
        ),
        specs.table_spec(
            tables.stores, "The newest plan and time zone of each store.", [specs.LANDING_BATCHES]
        ),
    ],
    check_specs=BRONZE_CHECKS,
    partitions_def=HOURS,
    backfill_policy=dg.BackfillPolicy.single_run(),
    retry_policy=_TRY_AGAIN,
    pool="bronze",
)
def bronze(
    context: dg.AssetExecutionContext,
    warehouse: WarehouseResource,
    lake: LakeResource,
    landing: LandingResource,
) -> Results:
    """Claim the ledger's batches of the run's hours and write their events."""
    from orchestration.defs.events.intake import take_hour

    hours = [
        dt.datetime.strptime(key, HOUR_FORMAT).replace(tzinfo=dt.UTC)
        for key in context.partition_keys
    ]
    with warehouse.connected() as database:
        taken = [
            take_hour(database, lake.open(), landing.open(), hour, run_id=context.run_id)
            for hour in hours
        ]
    for hour in taken:
        counts = {"batches": hour.batches, "touched": hour.days}
        _describe(context, specs.BRONZE_EVENTS, hour.hour, hour.rows, **counts)
        _describe(context, specs.DEAD_LETTERS, hour.hour, hour.dead)
    for name in (specs.BRONZE_EVENTS, specs.DEAD_LETTERS, specs.STORES):
        yield dg.MaterializeResult(asset_key=name)
    yield from bronze_results(taken)


@dg.multi_asset(
    name="silver",
    specs=[
        specs.delta_spec(
            specs.SILVER_EVENTS,
            "Each event once, clock corrected, retractions applied, on its local business day.",
            [specs.BRONZE_EVENTS, specs.STORES],
        )
    ],
    check_specs=SILVER_CHECKS,
    partitions_def=DAY_REGION,
    backfill_policy=dg.BackfillPolicy.single_run(),
    retry_policy=_TRY_AGAIN,
    pool="silver",
)
def silver(
    context: dg.AssetExecutionContext, warehouse: WarehouseResource, lake: LakeResource
) -> Results:
    """Refine the run's days × regions from bronze."""
    from orchestration.defs.events.refine import make_silver

    with warehouse.connected() as database:
        made = [
            make_silver(database, lake.open(), *day_and_region(key))
            for key in context.partition_keys
        ]
    for day in made:
        key = day_region_key(dt.date.fromisoformat(day.day), day.region)
        _describe(context, specs.SILVER_EVENTS, key, day.rows, **day.states)
    yield dg.MaterializeResult(asset_key=specs.SILVER_EVENTS)
    yield from silver_results(made)


@dg.multi_asset(
    name="gold",
    specs=[
        specs.table_spec(table, _GOLD[table.name], [specs.SILVER_EVENTS]) for table in tables.GOLD
    ],
    check_specs=GOLD_CHECKS,
    partitions_def=DAY_REGION,
    backfill_policy=dg.BackfillPolicy.single_run(),
    retry_policy=_TRY_AGAIN,
    pool="gold",
)
def gold(
    context: dg.AssetExecutionContext, warehouse: WarehouseResource, lake: LakeResource
) -> Results:
    """Replace the run's days × regions in all gold tables, each in one transaction."""
    from orchestration.defs.events.preview import heatmap_preview
    from orchestration.defs.events.refine import make_gold

    with warehouse.connected() as database:
        cells = [day_and_region(key) for key in context.partition_keys]
        made = [make_gold(database, lake.open(), day, region) for day, region in cells]
        pictures = [heatmap_preview(database, *cell) for cell in cells]
    for table in tables.GOLD:
        for cell, day, picture in zip(cells, made, pictures, strict=True):
            extra = picture if table is tables.heatmap_tiles else {}
            _describe(context, table.name, day_region_key(*cell), day.rows[table.name], **extra)
        yield dg.MaterializeResult(asset_key=table.name)
    yield from gold_results(made)


def _describe(
    context: dg.AssetExecutionContext, asset: str, partition: str, rows: int, **facts: Any
) -> None:
    """Put the row count and `facts` on one partition's materialization."""
    metadata = {"dagster/partition_row_count": rows, **facts}
    context.add_asset_metadata(metadata, asset_key=asset, partition_key=partition)
