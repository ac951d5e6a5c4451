"""How the tables present themselves in Dagster: description, owner, kinds, columns, runbook."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dagster as dg
import sqlalchemy as sa

from orchestration.storage import tables

OWNERS = ["team:data-platform"]
RUNBOOK = "docs/runbooks/events.md"

LANDING_BATCHES = "landing_batches"
BRONZE_EVENTS = "bronze_events"
DEAD_LETTERS = "dead_letter_events"
STORES = "stores"
SILVER_EVENTS = "silver_events"

_EVENT_COLUMNS = {
    "region": ("string", "shard of the store, r00 to r15"),
    "store_id": ("string", "the store, as the gateway authenticated it"),
    "boot_id": ("string", "start of the edge's spool that sealed the batch"),
    "seq": ("bigint", "the batch's number in that boot"),
    "line": ("bigint", "the event's line in the batch"),
    "event_id": ("string", "UUIDv7 given at the edge"),
    "type": ("string", "CloudEvents type, e.g. io.trinetra.line.crossed.v1"),
    "subject": ("string", "CloudEvents subject"),
    "at": ("timestamp", "instant from which the event counts, clock corrected"),
    "time": ("timestamp", "when it happened, as the edge says"),
    "recordedtime": ("timestamp", "when the edge wrote it down"),
    "received_at": ("timestamp", "when the gateway received the batch"),
    "shift_s": ("double", "clock correction in seconds, 0 for a sane clock"),
    "sequence": ("bigint", "the producer's own count"),
    "data": ("string", "payload as JSON, as received"),
}
_COMMON = {
    "region": "shard of the store, r00 to r15",
    "store_id": "the store, as the gateway authenticated it",
    "business_date": "local calendar day of the store",
    "bucket_start": "instant (UTC) at which the quarter of an hour begins",
    "hour_start": "instant (UTC) at which the local hour begins",
    "door": "name of the door in the store's plan",
    "zone": "name of the zone in the store's plan",
    "camera": "id of the camera in the store",
    "x": "cell of the floor plan: [x·cell_m, (x+1)·cell_m) metres from the left",
    "y": "cell of the floor plan, from the top",
    "seconds": "presence of people, summed",
    "kind": "which heatmap: presence",
    "mean": "mean of the samples in the bucket",
    "maximum": "largest sample in the bucket",
    "last": "last sample in the bucket",
    "received_at": "when the gateway received the batch",
    "boot_id": "start of the edge's spool that sealed the batch",
    "seq": "the batch's number in that boot, from 0",
    "line": "the line in the batch; -1 stands for the whole batch",
    "reason": "why it is no event",
    "body": "the bytes as received",
    "time_zone": "IANA name; all local days and hours come from it",
    "changed_at": "when the plan was sent",
    "name": "what people call the store",
    "opens": "local time of day",
    "closes": "local time of day",
    "visits": "all visits, censored ones too",
    "censored": "visits whose end was not seen",
    "expected_minutes": "minutes that the camera should have watched",
    "observed_minutes": "minutes that it did watch",
}
_SILVER_COLUMNS = {
    **_EVENT_COLUMNS,
    "business_date": ("date", "local calendar day of the store"),
    "state": ("string", "counted, retracted or unknown (type)"),
}
_BRONZE_COLUMNS = {"hour": ("string", "hour (UTC) of arrival"), **_EVENT_COLUMNS}


def _about(column: sa.Column[Any]) -> str | None:
    return column.comment or _COMMON.get(column.name)


landing_batches = dg.AssetSpec(
    LANDING_BATCHES,
    group_name="events",
    kinds={"file", "postgres"},
    owners=OWNERS,
    description="Batches that stores sent: immutable objects and their rows in `ledger.batches`. "
    "The gateway writes both before it acknowledges.",
    metadata={
        "dagster/column_schema": dg.TableSchema(
            [
                dg.TableColumn(column.name, str(column.type).lower(), _about(column))
                for column in tables.batches.columns
            ]
        ),
        "runbook": dg.MetadataValue.path(f"{RUNBOOK}#{LANDING_BATCHES}"),
    },
)


def delta_spec(name: str, description: str, deps: Sequence[str]) -> dg.AssetSpec:
    """A table of the lake."""
    columns = _BRONZE_COLUMNS if name == BRONZE_EVENTS else _SILVER_COLUMNS
    schema = [dg.TableColumn(key, kind, text) for key, (kind, text) in columns.items()]
    return _spec(name, description, deps, {"deltalake", "polars"}, dg.TableSchema(schema))


def table_spec(table: sa.Table, description: str, deps: Sequence[str]) -> dg.AssetSpec:
    """A table of the warehouse, with the columns and comments of its definition."""
    schema = [
        dg.TableColumn(
            column.name,
            str(column.type).lower(),
            _about(column),
            constraints=dg.TableColumnConstraints(nullable=bool(column.nullable)),
        )
        for column in table.columns
    ]
    return _spec(table.name, description, deps, {"postgres", "polars"}, dg.TableSchema(schema))


def _spec(
    name: str, description: str, deps: Sequence[str], kinds: set[str], schema: dg.TableSchema
) -> dg.AssetSpec:
    metadata: dict[str, Any] = {
        "dagster/column_schema": schema,
        "runbook": dg.MetadataValue.path(f"{RUNBOOK}#{name}"),
    }
    return dg.AssetSpec(
        name,
        deps=list(deps),
        group_name="events",
        kinds=kinds,
        owners=OWNERS,
        description=description,
        metadata=metadata,
    )
