"""Builders: a shop that makes events, and the gateway's part of landing them."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import sqlalchemy as sa

from contracts.batches import SCHEMA_VERSION, BatchName, pack
from contracts.events import (
    TYPE_OF,
    CoverageMinute,
    Event,
    GeometryChanged,
    HeatmapTile,
    LineCrossed,
    OccupancySampled,
    Payload,
    PlanShape,
    Retraction,
    ZoneVisit,
    encode_event,
)
from orchestration.storage.tables import batches

MINUTE = dt.timedelta(minutes=1)


class Shop:
    """Makes events with ids that depend on nothing but their order."""

    def __init__(self, store: str = "shop", time_zone: str = "UTC", boot: str = "boot") -> None:
        self.store = store
        self.boot = boot
        self.time_zone = time_zone
        self.sequence = 0
        self.batch = 0

    def event(self, payload: Payload, time: dt.datetime, now: dt.datetime | None = None) -> Event:
        number, self.sequence = self.sequence, self.sequence + 1
        return Event(
            id=str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self.store}/{self.boot}/{number}")),
            source=f"trinetra/{self.store}/run",
            type=TYPE_OF[type(payload)],
            subject=self.store,
            time=time,
            recordedtime=now or time,
            sequence=number,
            data=msgspec.Raw(msgspec.json.encode(payload)),
        )

    def crossing(self, time: dt.datetime, direction: Any = "in", door: str = "front") -> Event:
        payload = LineCrossed(door=door, camera="entrance", direction=direction, track_id=1)
        return self.event(payload, time)

    def covered(
        self, minute: dt.datetime, camera: str = "entrance", seconds: float = 60.0
    ) -> Event:
        payload = CoverageMinute(
            camera=camera,
            minute=minute.replace(second=0, microsecond=0),
            expected_s=60.0,
            observed_s=seconds,
            frames=int(seconds) * 10,
        )
        return self.event(payload, minute)

    def visit(self, entered: dt.datetime, dwell_s: float, censored: bool = False) -> Event:
        left = entered + dt.timedelta(seconds=dwell_s)
        payload = ZoneVisit(
            zone="shelf",
            camera="floor",
            track_id=2,
            entered_at=entered,
            left_at=left,
            dwell_s=dwell_s,
            censored=censored,
        )
        return self.event(payload, left)

    def inside(self, time: dt.datetime, people: int) -> Event:
        return self.event(OccupancySampled(occupancy=people, entries=people, exits=0), time)

    def presence(self, begin: dt.datetime, cells: list[tuple[int, int, float]]) -> Event:
        payload = HeatmapTile(
            camera="floor",
            kind="presence",
            cell_m=0.25,
            window_start=begin,
            window_end=begin + MINUTE,
            x=[x for x, _, _ in cells],
            y=[y for _, y, _ in cells],
            seconds=[seconds for _, _, seconds in cells],
        )
        return self.event(payload, begin + MINUTE)

    def retract(self, event: Event, time: dt.datetime) -> Event:
        return self.event(Retraction(event_id=event.id, reason="two tracks, one person"), time)

    def plan(self, time: dt.datetime, doors: tuple[str, ...] = ("front",)) -> Event:
        payload = GeometryChanged(
            store_name=self.store.title(),
            time_zone=self.time_zone,
            opens="09:00",
            closes="18:00",
            width_m=12.0,
            depth_m=8.0,
            cell_m=0.25,
            fixtures=[],
            zones=[],
            doors=[
                PlanShape(name=door, kind="door", points_m=[(0.0, 1.0)], camera="entrance")
                for door in doors
            ],
            seen_cells=[],
        )
        return self.event(payload, time)


def land(
    database: sa.Engine,
    landing: Path,
    shop: Shop,
    events: Sequence[Event | bytes],
    received_at: dt.datetime | None = None,
    records: int | None = None,
) -> BatchName:
    """What the gateway does with a batch: the object first, then the ledger's row."""
    name = BatchName(shop.store, shop.boot, shop.batch)
    shop.batch += 1
    lines = [event if isinstance(event, bytes) else encode_event(event) for event in events]
    batch = pack(name, "critical", lines)
    key = f"landing/{name.path}.ndjson.zst"
    target = landing / key
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(batch.body)
    at = received_at or dt.datetime.now(dt.UTC)
    with database.begin() as connection:
        connection.execute(
            sa.insert(batches).values(
                store_id=name.store,
                boot_id=name.boot,
                seq=name.seq,
                lane=batch.lane,
                sha256=batch.sha256,
                records=batch.records if records is None else records,
                bytes=len(batch.body),
                object_key=key,
                schema_version=SCHEMA_VERSION,
                received_at=at,
                hour=at.replace(minute=0, second=0, microsecond=0),
            )
        )
    return name
