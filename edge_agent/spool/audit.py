"""Reads a spool without touching it: what it holds, whether it is whole, which ids it knows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from contracts.errors import SpoolError
from edge_agent.spool.records import scan
from edge_agent.spool.segments import LANES, PLACES, Lane, Place, found_in, path_of


class Contents(NamedTuple):
    """One segment file as found; `damaged` and `torn_bytes` are 0 in a healthy one."""

    place: Place
    lane: Lane
    file_name: str
    lines: list[bytes]
    damaged: int
    torn_bytes: int
    size: int


class _OnlyId(msgspec.Struct):
    id: str


_DECODE_ID = msgspec.json.Decoder(_OnlyId)


def segments_in(root: Path) -> Iterator[Contents]:
    """Every segment, read and checked one by one; `SpoolError` if `root` is no spool."""
    if not (root / "waiting").is_dir():
        raise SpoolError(f"{root} is no spool: it has no folder called waiting")
    for place in PLACES:
        for lane in LANES:
            for segment in found_in(root, place, lane):
                path = path_of(root, place, segment)
                try:
                    blob = path.read_bytes()
                except FileNotFoundError:
                    continue  # a running agent moved it
                lines, damaged, good_bytes = scan(blob)
                torn = len(blob) - good_bytes
                yield Contents(place, lane, path.name, lines, len(damaged), torn, len(blob))


def inspect(root: Path) -> dict[str, object]:
    """Counts of segments and records per folder: `pending` waits, `acked` was received."""
    segments = records = size = 0
    by_place = dict.fromkeys(PLACES, 0)
    by_lane = {f"pending_{lane}": 0 for lane in LANES}
    for found in segments_in(root):
        segments, records, size = segments + 1, records + len(found.lines), size + found.size
        by_place[found.place] += len(found.lines)
        if found.place == "waiting":
            by_lane[f"pending_{found.lane}"] += len(found.lines)
    return {
        "segments": segments,
        "records": records,
        "pending": by_place["waiting"],
        "acked": by_place["sent"],
        "refused": by_place["refused"],
        "bytes": size,
        **by_lane,
    }


def verify(root: Path) -> dict[str, object]:
    """What is damaged: spans and torn tails in segments, lines that are no events."""
    damaged = torn = bad_events = 0
    files: list[str] = []
    for found in segments_in(root):
        bad = sum(_id_of(line) is None for line in found.lines)
        damaged, bad_events = damaged + found.damaged, bad_events + bad
        torn += found.torn_bytes > 0
        if found.damaged or found.torn_bytes or bad:
            files.append(f"{found.place}/{found.lane}/{found.file_name}")
    return {
        **inspect(root),
        "damaged": damaged,
        "torn": torn,
        "bad_events": bad_events,
        "damaged_files": files,
    }


def spooled_ids(root: Path) -> set[str]:
    """Ids of all events that the spool still holds: waiting, sent and refused."""
    found = (_id_of(line) for segment in segments_in(root) for line in segment.lines)
    return {event_id for event_id in found if event_id is not None}


def _id_of(line: bytes) -> str | None:
    try:
        return _DECODE_ID.decode(line).id
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
