"""Events of many days (L0) as sealed batches, day by day, for the cloud to ingest.

`batches/STORE/BOOT/SEQ.zst` holds a batch's body, `batches/index.jsonl` what its headers say.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from contracts.batches import Batch, BatchName, pack
from contracts.events import Event, encode_event, is_analytics
from simulator.days.day import Day, simulate_day
from simulator.days.events import Reporter, boot_of
from simulator.days.marks import Marked
from simulator.days.outline import outline_of_day
from simulator.days.records import DayTruth
from simulator.days.scenario import DayScenario

BATCH_EVENTS = 5000
WHOLE_DAY_S = 25 * 3600.0


class Sealed(msgspec.Struct, frozen=True):
    """What a batch's headers say."""

    path: str
    lane: str
    records: int
    sha256: str


def days_of(
    scenario: DayScenario, seed: int, first: date, count: int
) -> Iterator[tuple[Day, DayTruth]]:
    """Local days one after the other, each with the truth of its plan; one in memory at a time."""
    marked: Marked | None = None
    zone = ZoneInfo(scenario.plan.time_zone)
    for number in range(count):
        day_date = first + timedelta(days=number)
        begin = datetime(day_date.year, day_date.month, day_date.day, tzinfo=zone)
        day = simulate_day(scenario, seed, start=begin, seconds=WHOLE_DAY_S)
        marked = marked or Marked(day.ground)
        yield day, outline_of_day(day, marked)


def batches_of(
    days: Iterator[tuple[Day, DayTruth]],
) -> Iterator[tuple[Batch, Day, DayTruth | None]]:
    """Batches in order with their day; with the last of each day comes that day's truth."""
    sequence = itertools.count()
    told = 0
    for day, truth in days:
        store, boot = day.scenario.plan.id, boot_of(day)
        events = list(Reporter(day, truth).events(told))
        told += len(events)
        held = [
            pack(BatchName(store, boot, next(sequence)), lane, [encode_event(e) for e in part])
            for lane, mine in _lanes(events).items()
            for part in _batched(mine)
        ]
        for batch in held:
            yield batch, day, truth if batch is held[-1] else None


def write_batch(folder: Path, batch: Batch) -> Sealed:
    """Write one batch's body and add its headers to the index."""
    path = folder / "batches" / f"{batch.name.path}.zst"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(batch.body)
    sealed = Sealed(batch.name.path, batch.lane, batch.records, batch.sha256)
    with (folder / "batches" / "index.jsonl").open("ab") as index:
        index.write(msgspec.json.encode(sealed) + b"\n")
    return sealed


def _batched(events: list[Event]) -> Iterator[list[Event]]:
    for first in range(0, len(events), BATCH_EVENTS):
        yield events[first : first + BATCH_EVENTS]


def _lanes(events: list[Event]) -> dict[str, list[Event]]:
    lanes: dict[str, list[Event]] = {"critical": [], "analytics": []}
    for event in events:
        lanes["analytics" if is_analytics(event) else "critical"].append(event)
    return {lane: mine for lane, mine in lanes.items() if mine}
