"""What gold must hold, worked out event by event in plain Python."""

from __future__ import annotations

import datetime as dt
import statistics
import zoneinfo
from collections import defaultdict
from typing import Any

from contracts.events import (
    CoverageMinute,
    Event,
    HeatmapTile,
    LineCrossed,
    OccupancySampled,
    Retraction,
    ZoneVisit,
    payload_of,
)

Received = tuple[dt.datetime, Event]
QUARTER = dt.timedelta(minutes=15)
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def begin(payload: Any, time: dt.datetime) -> dt.datetime:
    """When a payload counts from."""
    if isinstance(payload, CoverageMinute):
        return payload.minute
    if isinstance(payload, HeatmapTile):
        return payload.window_start
    return payload.entered_at if isinstance(payload, ZoneVisit) else time


def day_of(received: list[Received], zone: str, day: dt.date) -> list[tuple[dt.datetime, Any]]:
    """(instant, payload) of what counts on the local `day`: first received wins."""
    seen: dict[str, Event] = {}
    for _, event in sorted(received, key=lambda pair: pair[0]):
        seen.setdefault(event.id, event)
    payloads = {key: payload_of(event) for key, event in seen.items()}
    gone = {p.event_id for p in payloads.values() if isinstance(p, Retraction)}
    kept = [
        (begin(payload, seen[key].time), payload)
        for key, payload in payloads.items()
        if key not in gone
    ]
    local = zoneinfo.ZoneInfo(zone)
    return [(at, payload) for at, payload in kept if at.astimezone(local).date() == day]


def quarter(at: dt.datetime) -> dt.datetime:
    return EPOCH + (at - EPOCH) // QUARTER * QUARTER


def local_hour(at: dt.datetime, zone: str) -> dt.datetime:
    """The instant at which the local hour began: as long ago as its clock shows minutes."""
    local = at.astimezone(zoneinfo.ZoneInfo(zone))
    into = dt.timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
    return at - into


def footfall(day: list[tuple[dt.datetime, Any]]) -> dict[tuple[dt.datetime, str], list[Any]]:
    """{(bucket, door): [entries, exits, coverage]} where all doors are seen by `entrance`."""
    doors = {p.door for _, p in day if isinstance(p, LineCrossed)}
    minutes: dict[dt.datetime, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for at, payload in day:
        if isinstance(payload, CoverageMinute) and payload.camera == "entrance":
            minutes[at][0] += payload.expected_s
            minutes[at][1] += payload.observed_s
    watched: dict[dt.datetime, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for at, (expected, observed) in minutes.items():
        watched[quarter(at)][0] += min(60.0, expected)
        watched[quarter(at)][1] += min(60.0, expected, observed)
    table: dict[tuple[dt.datetime, str], list[Any]] = {}
    for bucket, (expected, observed) in watched.items():
        for door in doors if expected else ():
            zero = 0 if observed else None
            table[bucket, door] = [zero, zero, round(observed / expected, 6)]
    for at, payload in day:
        if isinstance(payload, LineCrossed):
            row = table.setdefault((quarter(at), payload.door), [0, 0, None])
            row[:2] = [row[0] or 0, row[1] or 0]
            row[payload.direction == "out"] += 1
    return table


def occupancy(day: list[tuple[dt.datetime, Any]]) -> dict[dt.datetime, tuple[float, int, int]]:
    """{bucket: (mean, maximum, last)}."""
    samples: dict[dt.datetime, list[tuple[dt.datetime, int]]] = defaultdict(list)
    for at, payload in day:
        if isinstance(payload, OccupancySampled):
            samples[quarter(at)].append((at, payload.occupancy))
    found = {}
    for bucket, pairs in samples.items():
        values = [value for _, value in sorted(pairs)]
        found[bucket] = (round(statistics.fmean(values), 6), max(values), values[-1])
    return found


def zone_dwell(
    day: list[tuple[dt.datetime, Any]], zone: str
) -> dict[tuple[dt.datetime, str], tuple[Any, ...]]:
    """{(hour, zone): (visits, censored, total, mean, median)}."""
    visits: dict[tuple[dt.datetime, str], list[ZoneVisit]] = defaultdict(list)
    for at, payload in day:
        if isinstance(payload, ZoneVisit):
            visits[local_hour(at, zone), payload.zone].append(payload)
    found = {}
    for key, group in visits.items():
        whole = [visit.dwell_s for visit in group if not visit.censored]
        found[key] = (
            len(group),
            len(group) - len(whole),
            round(sum(visit.dwell_s for visit in group), 6),
            round(statistics.fmean(whole), 6) if whole else None,
            round(statistics.median(whole), 6) if whole else None,
        )
    return found


def heatmap(
    day: list[tuple[dt.datetime, Any]], zone: str
) -> dict[tuple[dt.datetime, int, int], float]:
    """{(hour, x, y): seconds}."""
    cells: dict[tuple[dt.datetime, int, int], float] = defaultdict(float)
    for at, payload in day:
        if isinstance(payload, HeatmapTile):
            for x, y, seconds in zip(payload.x, payload.y, payload.seconds, strict=True):
                cells[local_hour(at, zone), x, y] += seconds
    return {key: round(seconds, 6) for key, seconds in cells.items()}
