"""Events that leave the edge: a CloudEvents 1.0 envelope around one typed payload.

Payloads grow by new optional fields only; `tests/contracts/golden` keeps one message of
every version that was ever sent. All times are UTC instants. No payload holds pixels,
embeddings or names of people.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Literal

import msgspec
import uuid_utils

from contracts.errors import BatchError

Direction = Literal["in", "out"]
CameraState = Literal["live", "stalled", "frozen", "disconnected", "corrupt", "ended"]
UNKNOWN = "UNKNOWN"
MAX_NUMBER = 2**53


class Payload(msgspec.Struct, frozen=True, kw_only=True):
    """What one event says; `TYPE` is its CloudEvents type, `LANE` its lane in the spool."""


class LineCrossed(Payload, frozen=True, kw_only=True):
    """A confirmed track's anchor point passed both lines of a door's line pair, in order."""

    door: str
    camera: str
    direction: Direction
    track_id: int
    identity: str = UNKNOWN
    staff: bool | None = None


class ZoneVisit(Payload, frozen=True, kw_only=True):
    """Someone was inside a zone; `censored` when the true end (or begin) was not seen."""

    zone: str
    camera: str
    track_id: int
    entered_at: datetime
    left_at: datetime
    dwell_s: float
    censored: bool = False
    identity: str = UNKNOWN


class QueueEpisode(Payload, frozen=True, kw_only=True):
    """Someone stood in a queue zone: from `joined_at` to `left_at`, `wait_s` seconds.

    `outcome` is `served` when the service zone was entered next (`service_s` is the time spent
    there, None until it is known), `abandoned` when the person left without it, `unknown` when
    nobody could see which. `censored` when the true end (or begin) was not seen.
    """

    zone: str
    camera: str
    track_id: int
    joined_at: datetime
    left_at: datetime
    wait_s: float
    outcome: Literal["served", "abandoned", "unknown"] = "unknown"
    service_s: float | None = None
    censored: bool = False
    identity: str = UNKNOWN


class VisitClosed(Payload, frozen=True, kw_only=True):
    """One identity's whole visit to the store.

    `entered_at` and `exited_at` are None where no door crossing was linked. `zones` are the zones
    visited in order, `cameras` those that saw the person; `sightings` counts the tracks joined.
    """

    identity: str
    entered_at: datetime | None
    exited_at: datetime | None
    entry_door: str
    exit_door: str
    first_seen_at: datetime
    last_seen_at: datetime
    zones: list[str]
    cameras: list[str]
    sightings: int
    staff: bool | None = None


class OccupancySampled(Payload, frozen=True, kw_only=True):
    """People inside by IN − OUT since the store's reset time, never below zero."""

    occupancy: int
    entries: int
    exits: int


class HeatmapTile(Payload, frozen=True, kw_only=True):
    """Seconds of presence per floor-plan cell in one window; columns of equal length.

    Cell (x, y) covers [x·cell_m, (x+1)·cell_m) × [y·cell_m, (y+1)·cell_m) metres.
    """

    camera: str
    kind: Literal["presence"]
    cell_m: float
    window_start: datetime
    window_end: datetime
    x: list[int]
    y: list[int]
    seconds: list[float]


class CoverageMinute(Payload, frozen=True, kw_only=True):
    """How much of one UTC minute a camera was watched: observed ÷ expected seconds."""

    camera: str
    minute: datetime
    expected_s: float
    observed_s: float
    frames: int


class CameraStatus(Payload, frozen=True, kw_only=True):
    """A camera changed its state; `reason` is a short fixed phrase, never a URL."""

    camera: str
    state: CameraState
    reason: str = ""


class GeometryChanged(Payload, frozen=True, kw_only=True):
    """The store's plan as the agent uses it: sent at start and whenever it changes."""

    store_name: str
    time_zone: str
    opens: str
    closes: str
    width_m: float
    depth_m: float
    cell_m: float
    fixtures: list[PlanShape]
    zones: list[PlanShape]
    doors: list[PlanShape]
    seen_cells: list[str]


class PlanShape(msgspec.Struct, frozen=True, kw_only=True):
    """A named polygon or line on the floor plan, metres; `camera` watches it (doors, zones)."""

    name: str
    kind: str
    points_m: list[tuple[float, float]]
    camera: str = ""


class Retraction(Payload, frozen=True, kw_only=True):
    """An earlier event was wrong (two tracks were one person) and must not count."""

    event_id: str
    reason: str


TYPES: dict[str, type[Payload]] = {
    "io.trinetra.line.crossed.v1": LineCrossed,
    "io.trinetra.zone.visit.v1": ZoneVisit,
    "io.trinetra.queue.episode.v1": QueueEpisode,
    "io.trinetra.visit.closed.v1": VisitClosed,
    "io.trinetra.occupancy.sampled.v1": OccupancySampled,
    "io.trinetra.heatmap.tile.v1": HeatmapTile,
    "io.trinetra.coverage.minute.v1": CoverageMinute,
    "io.trinetra.camera.status.v1": CameraStatus,
    "io.trinetra.geometry.changed.v1": GeometryChanged,
    "io.trinetra.retraction.v1": Retraction,
}
TYPE_OF = {payload: name for name, payload in TYPES.items()}
ANALYTICS = frozenset({HeatmapTile})
"""Payloads that a full disk may evict; all others are critical and stay."""


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """CloudEvents 1.0 envelope; `sequence` counts one producer's events from 0."""

    id: str
    source: str
    type: str
    subject: str
    time: datetime
    recordedtime: datetime
    sequence: int
    data: msgspec.Raw
    specversion: Literal["1.0"] = "1.0"


def event_of(
    payload: Payload,
    *,
    source: str,
    subject: str,
    time: datetime,
    now: datetime,
    sequence: int,
    event_id: str = "",
) -> Event:
    """Wrap `payload`; `time` is when it happened, `now` when the agent wrote it down.

    Without an `event_id` of the producer's own it gets a new UUIDv7.
    """
    return Event(
        id=event_id or str(uuid_utils.uuid7()),
        source=source,
        type=TYPE_OF[type(payload)],
        subject=subject,
        time=time.astimezone(UTC),
        recordedtime=now.astimezone(UTC),
        sequence=sequence,
        data=msgspec.Raw(msgspec.json.encode(payload)),
    )


def encode_event(event: Event) -> bytes:
    """One line of JSON without a line end."""
    return msgspec.json.encode(event)


def decode_event(line: bytes) -> Event:
    """Read one envelope; `BatchError` for anything that is not one."""
    try:
        event = msgspec.json.decode(line, type=Event)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BatchError(f"not an event: {_without_values(error)}") from None
    texts = (event.id, event.source, event.type, event.subject)
    if not all(texts[:3]) or any(map(_problem, (*texts, event.sequence, event.time))):
        raise BatchError("not an event: id, sequence or time out of range")
    if _problem(event.recordedtime):
        raise BatchError("not an event: recordedtime out of range")
    return event


def payload_of(event: Event) -> Payload | None:
    """Typed payload, None for a type that this version does not know; `BatchError` if bad."""
    kind = TYPES.get(event.type)
    if kind is None:
        return None
    try:
        payload = msgspec.json.decode(event.data, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BatchError(f"bad payload of {event.type}: {_without_values(error)}") from None
    _refuse_out_of_range(event.type, payload)
    return payload


def is_analytics(event: Event) -> bool:
    """True if the event travels in the lane that may be evicted on a full disk."""
    return TYPES.get(event.type) in ANALYTICS


def _without_values(error: Exception) -> str:
    """The decoder's words without what a stranger sent: it may be personal and ends in a log."""
    pattern = r"^(Invalid enum value) .*?( - at `[^`]*`)?$"
    return re.sub(pattern, r"\1\2", str(error), flags=re.DOTALL)


def _refuse_out_of_range(kind: str, payload: Payload) -> None:
    """`BatchError` for what types let through and no table can hold."""
    for name, value in msgspec.structs.asdict(payload).items():
        items = value if isinstance(value, list) else [value]
        if items and isinstance(items[0], (int, float)):
            items = [min(items), max(items)]
        problem = next(filter(None, map(_problem, items)), "")
        if problem:
            raise BatchError(f"bad payload of {kind}: {name} {problem}")
    if isinstance(payload, HeatmapTile):
        if not len(payload.x) == len(payload.y) == len(payload.seconds):
            raise BatchError(f"bad payload of {kind}: columns differ in length")
        if payload.window_end < payload.window_start:
            raise BatchError(f"bad payload of {kind}: window ends before it starts")
    if isinstance(payload, ZoneVisit) and payload.left_at < payload.entered_at:
        raise BatchError(f"bad payload of {kind}: left before it entered")
    if isinstance(payload, QueueEpisode) and payload.left_at < payload.joined_at:
        raise BatchError(f"bad payload of {kind}: left before it joined")
    if isinstance(payload, VisitClosed) and payload.last_seen_at < payload.first_seen_at:
        raise BatchError(f"bad payload of {kind}: last seen before it was first seen")


def _problem(item: object) -> str:
    """What is wrong with one value, or ""; NUL and lone surrogates are no text for a database."""
    if isinstance(item, (int, float)):
        return "" if 0 <= item < MAX_NUMBER else "is out of range"
    if isinstance(item, datetime):
        if item.tzinfo is None:
            return "has no time zone"
        return "" if 1970 <= item.year < 2200 else "is out of range"
    if isinstance(item, str):
        return "" if _is_text(item) else "is no text"
    if isinstance(item, PlanShape):
        numbers = [part for point in item.points_m for part in point]
        bounded = all(-MAX_NUMBER < number < MAX_NUMBER for number in numbers)
        return _problem(item.name) or _problem(item.kind) or ("" if bounded else "is out of range")
    return ""


def _is_text(text: str) -> bool:
    try:
        return b"\0" not in text.encode()
    except UnicodeEncodeError:
        return False
