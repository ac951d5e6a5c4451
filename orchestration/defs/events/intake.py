"""One hour of the ledger into bronze: read, decode, write, check, and only then mark.

Crash-safe by order: the lake's partition is replaced first, then one transaction writes dead
letters, stores and touched days and marks the batches. A crash in between leaves them unclaimed,
and the next run writes the same rows again.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

import msgspec
import polars as pl
import sqlalchemy as sa

from orchestration.defs.events import ledger
from orchestration.defs.events.claims import TABLE, commit
from orchestration.defs.events.partitions import hour_key
from orchestration.defs.events.transforms.envelope import (
    DeadLetter,
    Landed,
    bronze_of,
    read_batch,
)
from orchestration.storage.lake import Lake
from orchestration.storage.landing_reader import LandingReader
from orchestration.storage.ledger import alone
from orchestration.storage.tables import batches

_READERS = 8
_AT_ONCE = 256
_ROWS_A_FRAME = 200_000
_BY = ("hour", "region")


class HourTaken(msgspec.Struct, frozen=True):
    """What one run did to one hour; `marked` is False when the counts do not add up."""

    hour: str
    batches: int
    records: int
    rows: int
    dead: int
    unmatched: int
    gaps: int
    days: int
    marked: bool


def take_hour(
    database: sa.Engine, lake: Lake, landing: LandingReader, hour: dt.datetime, *, run_id: str
) -> HourTaken:
    """Write the hour's batches to bronze and mark them; nothing is marked unless counts agree."""
    with alone(database, f"bronze {hour_key(hour)}"):
        return _take_hour(database, lake, landing, hour, run_id)


def _take_hour(
    database: sa.Engine, lake: Lake, landing: LandingReader, hour: dt.datetime, run_id: str
) -> HourTaken:
    with database.begin() as connection:
        landed = _landed(connection, hour)
    frame, dead = _decoded(landing, landed)
    where = {"hour": hour_key(hour)}
    lake.replace(TABLE, frame, dict(where), by=_BY)
    rows = lake.count(TABLE, dict(where))
    lost = sum(letter.stands_for for letter in dead)
    records = sum(batch.records for batch in landed)
    unmatched = records - rows - lost
    days, gaps = 0, 0
    if unmatched == 0:
        with database.begin() as connection:
            days = commit(connection, lake, landed, frame, dead, run_id=run_id)
            boots = sorted({(batch.store_id, batch.boot_id) for batch in landed})
            gaps = ledger.batch_gaps(connection, boots, settled_s=300.0)
    return HourTaken(
        hour=where["hour"],
        batches=len(landed),
        records=records,
        rows=rows,
        dead=lost,
        unmatched=unmatched,
        gaps=gaps,
        days=days,
        marked=unmatched == 0,
    )


def _landed(connection: sa.Connection, hour: dt.datetime) -> list[Landed]:
    """The hour's batches in the order of their names."""
    table = batches.c
    rows = connection.execute(
        sa.select(
            table.store_id,
            table.boot_id,
            table.seq,
            table.records,
            table.sha256,
            table.object_key,
            table.received_at,
            table.claimed_by.is_(None).label("fresh"),
        )
        .where(table.hour == hour)
        .order_by(table.store_id, table.boot_id, table.seq)
    ).mappings()
    key = hour_key(hour)
    return [
        Landed(**{**row, "received_at": row["received_at"].astimezone(dt.UTC)}, hour=key)
        for row in rows
    ]


def _decoded(landing: LandingReader, landed: list[Landed]) -> tuple[pl.DataFrame, list[DeadLetter]]:
    frames = [bronze_of([])]
    rows: list[tuple[object, ...]] = []
    dead: list[DeadLetter] = []
    for batch, body in _bodies(landing, landed):
        good, bad = read_batch(batch, body)
        rows += good
        dead += bad
        if len(rows) >= _ROWS_A_FRAME:
            frames.append(bronze_of(rows))
            rows = []
    frames.append(bronze_of(rows))
    return pl.concat(frames).sort("region", "at", "store_id", "boot_id", "seq", "line"), dead


def _bodies(landing: LandingReader, landed: list[Landed]) -> Iterator[tuple[Landed, bytes]]:
    """Objects are fetched some at a time: an object store answers late but many at once."""
    waiting = iter(landed)
    with ThreadPoolExecutor(_READERS) as pool:
        while some := list(islice(waiting, _AT_ONCE)):
            yield from zip(some, pool.map(landing.read, [b.object_key for b in some]), strict=True)
