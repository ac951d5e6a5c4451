"""Bronze: the lines of landed batches as typed rows, and the lines that are no events."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator
from typing import Any

import msgspec
import polars as pl

from contracts.batches import unpack
from contracts.errors import BatchError
from contracts.events import (
    CoverageMinute,
    Event,
    GeometryChanged,
    HeatmapTile,
    Payload,
    QueueEpisode,
    VisitClosed,
    ZoneVisit,
    decode_event,
    payload_of,
)
from orchestration.defs.events.regions import region_of
from orchestration.defs.events.transforms.clock import corrected
from orchestration.defs.events.transforms.local_time import zone

_AT = pl.Datetime("us", "UTC")
WHOLE_BATCH = -1
"""`line` of a dead letter that stands for all records of a batch that cannot be unpacked."""
BRONZE: dict[str, pl.DataType | type[pl.DataType]] = {
    "hour": pl.String,
    "region": pl.String,
    "store_id": pl.String,
    "boot_id": pl.String,
    "seq": pl.Int64,
    "line": pl.Int64,
    "event_id": pl.String,
    "type": pl.String,
    "subject": pl.String,
    "at": _AT,
    "time": _AT,
    "recordedtime": _AT,
    "received_at": _AT,
    "shift_s": pl.Float64,
    "sequence": pl.Int64,
    "data": pl.String,
}
_BEGINS = {
    CoverageMinute: "minute",
    HeatmapTile: "window_start",
    QueueEpisode: "joined_at",
    VisitClosed: "first_seen_at",
    ZoneVisit: "entered_at",
}
"""Payloads that count from an instant of their own, rather than from the event's `time`."""
_RAW = [name for name in BRONZE if name != "shift_s"]


class Landed(msgspec.Struct, frozen=True):
    """One row of `ledger.batches` as bronze needs it; `fresh` if no run has claimed it yet."""

    store_id: str
    boot_id: str
    seq: int
    records: int
    sha256: str
    object_key: str
    received_at: dt.datetime
    hour: str
    fresh: bool


class DeadLetter(msgspec.Struct, frozen=True):
    """A line that is no event, kept with the reason; `stands_for` records of the ledger."""

    batch: Landed
    line: int
    reason: str
    body: bytes
    stands_for: int = 1


def read_batch(batch: Landed, body: bytes) -> tuple[list[tuple[Any, ...]], list[DeadLetter]]:
    """Rows (in the order of BRONZE without `shift_s`) and dead letters of one landed object."""
    try:
        lines = unpack(body, sha256=batch.sha256, records=batch.records)
    except BatchError as error:
        return [], [DeadLetter(batch, WHOLE_BATCH, str(error), body, batch.records)]
    rows: list[tuple[Any, ...]] = []
    dead: list[DeadLetter] = []
    for number, line in enumerate(lines):
        try:
            rows.append(_row(batch, number, line))
        except BatchError as error:
            dead.append(DeadLetter(batch, number, str(error), line))
    return rows, dead


def bronze_of(rows: list[tuple[Any, ...]]) -> pl.DataFrame:
    """Rows of `read_batch` as a table with the columns of BRONZE."""
    raw = pl.DataFrame(rows, schema={name: BRONZE[name] for name in _RAW}, orient="row")
    return corrected(raw).select(list(BRONZE))


def _row(batch: Landed, number: int, line: bytes) -> tuple[Any, ...]:
    event = decode_event(line)
    payload = payload_of(event)
    _refuse_what_no_table_holds(event, payload, line)
    begins = _BEGINS.get(type(payload)) if payload else None
    at: dt.datetime = getattr(payload, begins) if begins else event.time
    return (
        batch.hour,
        region_of(batch.store_id),
        batch.store_id,
        batch.boot_id,
        batch.seq,
        number,
        event.id,
        event.type,
        event.subject,
        at.astimezone(dt.UTC),
        event.time.astimezone(dt.UTC),
        event.recordedtime.astimezone(dt.UTC),
        batch.received_at,
        event.sequence,
        bytes(event.data).decode(),
    )


def _refuse_what_no_table_holds(event: Event, payload: Payload | None, line: bytes) -> None:
    """`BatchError` for what decodes but would end a later step for everybody."""
    if event.recordedtime.tzinfo is None:
        raise BatchError("not an event: recordedtime has no time zone")
    if not event.sequence < 2**63:
        raise BatchError("not an event: sequence out of range")
    if b"\\u0000" in line:
        raise BatchError("not an event: a text holds a zero byte")
    for instant in (event.time, event.recordedtime):
        _refuse_year(instant)
    if payload is None:
        return
    for value in _flat(msgspec.structs.asdict(payload).values()):
        if isinstance(value, int) and not -(2**31) <= value < 2**31:
            raise BatchError(f"bad payload of {event.type}: a number needs more than 32 bits")
        if isinstance(value, dt.datetime):
            _refuse_year(value)
    if isinstance(payload, GeometryChanged):
        _refuse_plan(payload)


def _refuse_plan(plan: GeometryChanged) -> None:
    if zone(plan.time_zone) is None:
        raise BatchError("bad payload of a plan: unknown time zone")
    for shape in (*plan.fixtures, *plan.zones, *plan.doors):
        if not all(math.isfinite(side) for point in shape.points_m for side in point):
            raise BatchError("bad payload of a plan: a point is not finite")


def _refuse_year(instant: dt.datetime) -> None:
    if not 1900 < instant.year < 9000:
        raise BatchError("not an event: a time is out of range")


def _flat(values: Any) -> Iterator[Any]:
    for value in values:
        if isinstance(value, list):
            yield from value
        else:
            yield value
