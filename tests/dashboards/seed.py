"""Gold rows of two stores over three weeks, always the same: outages, a missing day, a year ago.

`alder` (Berlin, two doors, four cameras, a plan) and `birch` (New York, one door, no plan).
In alder's newest week camera `aisle` is dark on Tuesday 13 to 18, the main entrance on Wednesday
10 to 12, nothing at all arrives on Thursday, and Friday is much weaker than before.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from orchestration.storage.tables import (
    GOLD,
    coverage,
    footfall_15m,
    heatmap_tiles,
    metadata,
    occupancy_15m,
    stores,
    zone_dwell,
)

LATEST = date(2026, 11, 2)
WEEKS = (LATEST - timedelta(364), LATEST - timedelta(14), LATEST - timedelta(7), LATEST)
SILENT_DAY = LATEST + timedelta(3)
Row = dict[str, Any]
Rows = dict[sa.Table, list[Row]]


class Shop:
    """One store of the seed."""

    def __init__(
        self, store: str, name: str, zone: str, hours: tuple[int, int], doors: dict[str, str]
    ) -> None:
        self.store, self.name, self.zone, self.hours = store, name, zone, hours
        self.doors = doors
        self.cameras = [*doors.values(), "aisle", "till"]

    def at(self, day: date, hour: int, minute: int = 0) -> datetime:
        """UTC instant of a local time."""
        local = datetime.combine(day, time(hour, minute), tzinfo=ZoneInfo(self.zone))
        return local.astimezone(UTC)

    def key(self, day: date) -> Row:
        """Columns that every gold row begins with."""
        return {"region": "eu", "store_id": self.store, "business_date": day}


ALDER = Shop(
    "alder",
    "Alder Market",
    "Europe/Berlin",
    (8, 20),
    {"Main entrance": "entrance", "Car park": "parking"},
)
BIRCH = Shop("birch", "Birch Corner", "America/New_York", (10, 18), {"Front": "front"})
ZONES = {"Fresh produce": (9.0, 26), "Bakery": (1.0, 18), "Checkout": (5.0, 41)}


def dark(shop: Shop, camera: str, day: date, hour: int) -> bool:
    """True where the seed has no picture."""
    if shop is not ALDER:
        return False
    if day == SILENT_DAY:
        return True
    offset = (day - LATEST).days
    return (camera == "aisle" and offset == 1 and 13 <= hour < 18) or (
        camera == "entrance" and offset == 2 and 10 <= hour < 12
    )


def rows() -> Rows:
    """All rows by table."""
    found: Rows = {table: [] for table in (stores, *GOLD)}
    for shop in (ALDER, BIRCH):
        draw = random.Random(shop.store)
        found[stores].append(_store(shop))
        for day in (monday + timedelta(n) for monday in WEEKS for n in range(7)):
            if shop is ALDER and day == SILENT_DAY:
                continue
            _day(found, shop, day, draw)
    return found


def write(engine: sa.Engine, found: Rows) -> None:
    """Create what is missing and insert the rows."""
    with engine.begin() as connection:
        for schema in ("ledger", "gold"):
            connection.execute(sa.text(f"CREATE SCHEMA IF NOT EXISTS {schema}"))
        metadata.create_all(connection)
        for table, values in found.items():
            if values:
                connection.execute(sa.insert(table), values)


def demo_rows(now: datetime, *, minutes: int = 3) -> Rows:
    """What `trinetra demo` leaves: one always-open store, some minutes of one day."""
    shop = Shop(
        "demo", "Demo store", "UTC", (0, 24), {"North door": "north", "South door": "south"}
    )
    quarter = now.replace(minute=now.minute // 15 * 15, second=0, microsecond=0)
    hour = now.replace(minute=0, second=0, microsecond=0)
    day = shop.key(now.date())
    found: Rows = {table: [] for table in (stores, *GOLD)}
    found[stores].append({**_store(shop), "opens": "00:00", "closes": "24:00"})
    for door, entries in (("North door", 6), ("South door", 3)):
        found[footfall_15m].append(
            {**day, "bucket_start": quarter, "door": door, "entries": entries, "exits": 2}
            | {"coverage": 1.0}
        )
    found[occupancy_15m].append(
        {**day, "bucket_start": quarter, "mean": 3.2, "maximum": 6, "last": 5}
    )
    found[zone_dwell].append(
        {**day, "hour_start": hour, "zone": "Checkout", "visits": 4, "censored": 1}
        | {"total_s": 61.0, "mean_s": 14.5, "median_s": 13.0, "p90_s": 20.0}
    )
    for camera in shop.cameras:
        found[coverage].append(
            {**day, "hour_start": hour, "camera": camera}
            | {"expected_minutes": float(minutes), "observed_minutes": minutes - 0.02}
        )
    found[heatmap_tiles] += list(_tiles(day, hour, random.Random(5), 40.0))
    return found


def plan(shop: Shop) -> Row:
    """A `geometry.changed` payload of a 12 × 8 m market with an unseen corner."""

    def box(name: str, kind: str, x0: float, y0: float, x1: float, y1: float) -> Row:
        points = [[x0, y0], [x1, y0], [x1, y1], [x0, y1]]
        return {"name": name, "kind": kind, "points_m": points}

    return {
        "store_name": shop.name,
        "time_zone": shop.zone,
        "opens": f"{shop.hours[0]:02d}:00",
        "closes": f"{shop.hours[1]:02d}:00",
        "width_m": 12.0,
        "depth_m": 8.0,
        "cell_m": 0.25,
        "fixtures": [
            box("Shelf A", "shelf", 3.0, 1.6, 3.8, 5.0),
            box("Shelf B", "shelf", 5.4, 1.6, 6.2, 5.0),
            box("Fridge", "fridge", 11.2, 1.0, 12.0, 4.5),
            box("Bread", "shelf", 0.0, 0.6, 0.7, 3.6),
            box("Till 1", "till", 4.6, 6.0, 6.2, 6.6),
        ],
        "zones": [
            box("Fresh produce", "zone", 8.6, 0.8, 11.1, 4.6),
            box("Bakery", "zone", 0.8, 0.5, 2.4, 3.7),
            box("Checkout", "zone", 4.2, 6.7, 6.8, 7.7),
        ],
        "doors": [
            {"name": "Main entrance", "kind": "door", "points_m": [[8.0, 8.0], [10.0, 8.0]]},
            {"name": "Car park", "kind": "door", "points_m": [[1.0, 0.0], [2.4, 0.0]]},
        ],
        "seen_cells": ["".join(str(int(_seen(x, y))) for x in range(48)) for y in range(32)],
    }


def _seen(x: int, y: int) -> bool:
    return (
        not (x < 10 and y >= 22) and not (x >= 42 and 20 <= y < 26) and not (21 <= x < 25 > y > 6)
    )


def _store(shop: Shop) -> Row:
    return {
        "store_id": shop.store,
        "region": "eu",
        "name": shop.name,
        "time_zone": shop.zone,
        "opens": f"{shop.hours[0]:02d}:00",
        "closes": f"{shop.hours[1]:02d}:00",
        "plan": {} if shop is BIRCH else plan(shop),
        "changed_at": datetime(2026, 10, 1, tzinfo=UTC),
    }


def _day(found: Rows, shop: Shop, day: date, draw: random.Random) -> None:
    strength = (0.8, 0.85, 0.9, 1.0, 1.25, 1.6, 0.6)[day.weekday()] * (1 if shop is ALDER else 0.5)
    if shop is ALDER and day == LATEST + timedelta(4):
        strength *= 0.6
    inside = 0
    for hour in range(*shop.hours):
        wave = 0.5 + math.exp(-((hour - 12) ** 2) / 6) + 1.2 * math.exp(-((hour - 17) ** 2) / 5)
        for minute in (0, 15, 30, 45):
            inside = _quarter(found, shop, day, (hour, minute), strength * wave, inside, draw)
        _hour(found, shop, day, hour, strength * wave, draw)


def _quarter(
    found: Rows,
    shop: Shop,
    day: date,
    at: tuple[int, int],
    rate: float,
    inside: int,
    draw: random.Random,
) -> int:
    key = {**shop.key(day), "bucket_start": shop.at(day, *at)}
    before = inside
    for index, (door, camera) in enumerate(shop.doors.items()):
        hidden = dark(shop, camera, day, at[0])
        entries = round(draw.gauss(7, 2) * rate * (1, 0.45)[index]) if not hidden else 0
        entries = max(0, entries)
        leaving = round((inside + entries) * draw.uniform(0.35, 0.55))
        inside += entries - leaving
        found[footfall_15m].append(
            {**key, "door": door, "entries": None if hidden else entries}
            | {"exits": None if hidden else leaving, "coverage": 0.0 if hidden else 1.0}
        )
    found[occupancy_15m].append(
        {**key, "mean": (before + inside) / 2, "maximum": max(before, inside), "last": inside}
    )
    return inside


def _hour(found: Rows, shop: Shop, day: date, hour: int, rate: float, draw: random.Random) -> None:
    key = {**shop.key(day), "hour_start": shop.at(day, hour)}
    for camera in shop.cameras:
        gone = dark(shop, camera, day, hour)
        found[coverage].append(
            {
                **key,
                "camera": camera,
                "expected_minutes": 60.0,
                "observed_minutes": 0.0 if gone else 59.5,
            }
        )
    for zone, (weight, dwell) in ZONES.items():
        if zone == "Fresh produce" and dark(shop, "aisle", day, hour):
            continue
        visits = max(0, round(draw.gauss(weight, 1) * rate * 3))
        if not visits:
            continue
        mean = dwell * draw.uniform(0.8, 1.2)
        found[zone_dwell].append(
            {
                **key,
                "zone": zone,
                "visits": visits,
                "censored": visits // 20,
                "total_s": visits * mean,
            }
            | {"mean_s": mean, "median_s": mean * 0.8, "p90_s": mean * 2.1}
        )
    if shop is ALDER and day >= LATEST:
        found[heatmap_tiles] += list(_tiles(shop.key(day), key["hour_start"], draw, 12.0 * rate))


def _tiles(day: Row, hour: datetime, draw: random.Random, height: float) -> Iterator[Row]:
    spots = (
        (5.5, 7.2, 1.0, 1.0),
        (9.8, 3.0, 0.9, 0.8),
        (1.6, 2.0, 0.7, 0.5),
        (9.0, 7.0, 1.4, 0.35),
        (4.6, 3.2, 1.6, 0.3),
        (7.4, 4.6, 2.0, 0.28),
    )
    for y in range(32):
        for x in range(48):
            at = (x * 0.25 + 0.125, y * 0.25 + 0.125)
            if not _seen(x, y) or _blocked(*at):
                continue
            heat = sum(
                weight * math.exp(-((at[0] - sx) ** 2 + (at[1] - sy) ** 2) / (2 * spread**2))
                for sx, sy, spread, weight in spots
            )
            seconds = height * heat * draw.uniform(0.5, 1.5) - 0.6
            if seconds > 0:
                yield {**day, "hour_start": hour, "kind": "presence", "x": x, "y": y} | {
                    "seconds": round(seconds, 2)
                }


def _blocked(x: float, y: float) -> bool:
    boxes = (
        (3.0, 1.6, 3.8, 5.0),
        (5.4, 1.6, 6.2, 5.0),
        (11.2, 1, 12, 4.5),
        (0, 0.6, 0.7, 3.6),
        (4.6, 6, 6.2, 6.6),
    )
    return any(x0 <= x < x1 and y0 <= y < y1 for x0, y0, x1, y1 in boxes)
