"""What the database learns once an hour is in bronze, all in one transaction.

Dead letters, plans of stores, the days that silver and gold must make again, and the marks on
the ledger's rows: either all of it is there or none.
"""

from __future__ import annotations

import datetime as dt

import polars as pl
import sqlalchemy as sa

from orchestration.defs.events import ledger
from orchestration.defs.events.regions import region_of
from orchestration.defs.events.stores import save_plans, sent_plans, zones_of
from orchestration.defs.events.transforms.envelope import (
    BRONZE,
    DeadLetter,
    Landed,
    bronze_of,
)
from orchestration.defs.events.transforms.local_time import with_business_date
from orchestration.defs.events.transforms.silver import retracted_ids
from orchestration.storage.lake import Lake
from orchestration.storage.tables import batches, dead_letter_events

TABLE = "bronze_events"
_NAMES_AT_ONCE = 1000


def commit(
    connection: sa.Connection,
    lake: Lake,
    landed: list[Landed],
    frame: pl.DataFrame,
    dead: list[DeadLetter],
    *,
    run_id: str,
) -> int:
    """Save all of it in the caller's transaction; returns how many day × region were touched."""
    _save_dead(connection, landed, dead)
    before = zones_of(connection)
    save_plans(connection, sent_plans(frame))
    zones = zones_of(connection)
    news = _news(frame, landed)
    touched = _days(news, zones) | _days(_targets(lake, news), zones)
    moved = [store for store in zones if zones[store] != before.get(store, "UTC")]
    if moved:  # their earlier events may now belong to other days
        events = _events_of(lake, moved)
        touched |= _days(events, before) | _days(events, zones)
    ledger.touch(connection, touched)
    _claim(connection, landed, frame, dead, run_id)
    return len(touched)


def _news(frame: pl.DataFrame, landed: list[Landed]) -> pl.DataFrame:
    """Rows of batches that no run has claimed; all rows when an hour is made again by hand."""
    fresh = [(b.store_id, b.boot_id, b.seq) for b in landed if b.fresh]
    if not fresh:
        return frame
    names = {name: BRONZE[name] for name in ("store_id", "boot_id", "seq")}
    return frame.join(pl.DataFrame(fresh, schema=names, orient="row"), on=list(names), how="semi")


def _days(events: pl.DataFrame, zones: dict[str, str]) -> set[tuple[dt.date, str]]:
    dated = with_business_date(events.select("store_id", "at"), zones)
    pairs = dated.select("business_date", "store_id").unique().iter_rows()
    return {(day, region_of(store)) for day, store in pairs}


def _targets(lake: Lake, news: pl.DataFrame) -> pl.DataFrame:
    """The events that the retractions in `news` take back, wherever in bronze they lie."""
    ids = retracted_ids(news)
    bronze = lake.scan(TABLE)
    if ids.is_empty() or bronze is None:
        return news.clear()
    regions = [region_of(store) for store in ids["store_id"].unique()]
    return (
        bronze.filter(pl.col("region").is_in(regions))
        .filter(pl.col("event_id").is_in(ids["event_id"].to_list()))
        .collect()
        .join(ids, on=["store_id", "event_id"], how="semi")
    )


def _events_of(lake: Lake, stores: list[str]) -> pl.DataFrame:
    bronze = lake.scan(TABLE)
    if bronze is None:
        return bronze_of([])
    regions = [region_of(store) for store in stores]
    own = pl.col("region").is_in(regions) & pl.col("store_id").is_in(stores)
    return bronze.filter(own).select("store_id", "at").collect()


def _save_dead(connection: sa.Connection, landed: list[Landed], dead: list[DeadLetter]) -> None:
    table = dead_letter_events
    names = [(b.store_id, b.boot_id, b.seq) for b in landed]
    own = sa.tuple_(table.c.store_id, table.c.boot_id, table.c.seq)
    for start in range(0, len(names), _NAMES_AT_ONCE):
        connection.execute(sa.delete(table).where(own.in_(names[start : start + _NAMES_AT_ONCE])))
    rows = [
        {
            "store_id": letter.batch.store_id,
            "boot_id": letter.batch.boot_id,
            "seq": letter.batch.seq,
            "line": letter.line,
            "reason": letter.reason[:500].replace("\x00", ""),
            "body": letter.body,
            "received_at": letter.batch.received_at,
        }
        for letter in dead
    ]
    if rows:
        connection.execute(sa.insert(table), rows)


def _claim(
    connection: sa.Connection,
    landed: list[Landed],
    frame: pl.DataFrame,
    dead: list[DeadLetter],
    run_id: str,
) -> None:
    counts = frame.group_by("store_id", "boot_id", "seq").len().iter_rows()
    rows = {(store, boot, seq): count for store, boot, seq, count in counts}
    lost: dict[tuple[str, str, int], int] = {}
    for letter in dead:
        name = (letter.batch.store_id, letter.batch.boot_id, letter.batch.seq)
        lost[name] = lost.get(name, 0) + letter.stands_for
    table = batches.c
    statement = (
        sa.update(batches)
        .where(
            table.store_id == sa.bindparam("store"),
            table.boot_id == sa.bindparam("boot"),
            table.seq == sa.bindparam("number"),
        )
        .values(claimed_by=run_id, bronze_rows=sa.bindparam("rows"), dead_rows=sa.bindparam("lost"))
    )
    names = [(b.store_id, b.boot_id, b.seq) for b in landed]
    values = [
        {
            "store": n[0],
            "boot": n[1],
            "number": n[2],
            "rows": rows.get(n, 0),
            "lost": lost.get(n, 0),
        }
        for n in names
    ]
    if values:
        connection.execute(statement, values)
