"""The spool as its worker uses it: append, sync, seal; one process per folder."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import NamedTuple

import uuid_utils

from contracts.batches import BatchName
from contracts.errors import SpoolError
from edge_agent.clock import Clock, SystemClock
from edge_agent.spool.disk import Disk, is_full
from edge_agent.spool.lane import LaneWriter
from edge_agent.spool.records import record
from edge_agent.spool.segments import LANES, Lane
from edge_agent.spool.shelf import Shelf

TRIM_EVERY_S = 1.0


class Limits(NamedTuple):
    """When a segment is sealed and how much of the disk the spool may take."""

    seal_s: float = 5.0
    seal_events: int = 5000
    max_bytes: int = 2048 * 1024 * 1024
    keep_sent_s: float = 86_400.0
    reserve_bytes: int = 4 * 1024 * 1024


class Spool:
    """Append-only segments per lane; all methods belong to one thread, `shelf` to any.

    An event is safe when `sync` gave its id back. After a `SpoolError` the object is of no use
    any more: only a new one, which rescans the folder, knows what is on the disk.
    """

    def __init__(
        self,
        root: Path,
        store: str,
        limits: Limits | None = None,
        *,
        clock: Clock | None = None,
        disk: Disk | None = None,
    ) -> None:
        self.full = False
        self.boot = uuid_utils.uuid7().hex
        self._root = root
        self._store = store
        self._limits = limits or Limits()
        self._clock = clock or SystemClock()
        self._disk = disk or Disk()
        self._seq = 0
        self._trimmed_at = self._clock.monotonic()
        self._kept: list[str] = []
        self.shelf = Shelf(root, self._disk, self._clock.now)
        self._lock = _hold(root)
        try:
            self.shelf.recover()
            self._replenish_reserve()
        except OSError as error:
            os.close(self._lock)
            raise SpoolError(f"spool {root} cannot be opened: {error.strerror}") from None
        except SpoolError:
            os.close(self._lock)
            raise
        self._writers: dict[Lane, LaneWriter] = {
            lane: LaneWriter(lane, root, self._disk, self._limits.seal_events, self._next_name)
            for lane in LANES
        }

    @property
    def unsynced(self) -> int:
        """Events that were appended and are not safe yet."""
        return sum(writer.waiting for writer in self._writers.values())

    @property
    def open_events(self) -> int:
        """Events in segments that are not sealed yet."""
        return sum(writer.open_records for writer in self._writers.values())

    def append(self, lane: Lane, event_id: str, line: bytes) -> bool:
        """Take an event over; False if the disk is full and nothing may be evicted for it."""
        writer, packed = self._writers[lane], record(line)
        if not writer.has_room(len(packed)):
            if not self._flush(writer):
                return False
            self._seal(writer)
        writer.add(event_id, packed)
        return True

    def sync(self) -> list[str]:
        """Write and fdatasync what was appended; the ids that are safe from now on.

        On a full disk critical events stay unsafe (`full` is True) and are tried again by the
        next call. Analytics events are then evicted: their ids are given back and counted.
        """
        written = [self._flush(writer) for writer in self._writers.values()]
        self.full = not all(written)
        kept, self._kept = self._kept, []
        return kept

    def seal_due(self) -> None:
        """Seal segments that are old or long enough, and keep to the byte cap."""
        for writer in self._writers.values():
            age_s = self._clock.monotonic() - writer.opened_at
            if writer.open_records >= self._limits.seal_events or age_s >= self._limits.seal_s:
                self._seal(writer)
        if self._clock.monotonic() - self._trimmed_at >= TRIM_EVERY_S:
            self._trimmed_at = self._clock.monotonic()
            self.shelf.trim(self._limits.max_bytes, self._limits.keep_sent_s)
            if not self.full:
                self._replenish_reserve()

    def seal_all(self) -> None:
        """Seal what is open, so that it can be uploaded at once."""
        for writer in self._writers.values():
            self._seal(writer)

    def close(self) -> None:
        """Seal, and let another process have the folder; what was not synced is not safe."""
        self.seal_all()
        os.close(self._lock)

    def _flush(self, writer: LaneWriter) -> bool:
        while True:
            try:
                self._kept += writer.flush(self._clock.monotonic())
            except OSError as error:
                if not is_full(error):
                    raise SpoolError(f"spool: write failed: {error.strerror}") from None
            else:
                return True
            if self._make_room(writer.lane):
                continue
            if writer.lane == "critical":
                return False
            dropped = writer.drop_group()
            self.shelf.evicted(len(dropped))
            self._kept += dropped
            return True

    def _make_room(self, lane: Lane) -> bool:
        if self.shelf.reclaim():
            return True
        if lane == "analytics":
            return False
        if self._seal(self._writers["analytics"]):
            return self.shelf.reclaim()
        if not self._reserve.exists():
            return False
        self._disk.remove(self._reserve)
        return True

    def _seal(self, writer: LaneWriter) -> bool:
        segment = writer.seal(self._clock.now())
        if segment is not None:
            self.shelf.add(segment)
        return segment is not None

    def _next_name(self) -> BatchName:
        name = BatchName(self._store, self.boot, self._seq)
        self._seq += 1
        return name

    @property
    def _reserve(self) -> Path:
        return self._root / "reserve"

    def _replenish_reserve(self) -> None:
        if self._limits.reserve_bytes == 0 or self._reserve.exists():
            return
        try:
            self._disk.reserve(self._reserve, self._limits.reserve_bytes)
        except OSError as error:
            self._disk.remove(self._reserve)
            if not is_full(error):
                raise


def _hold(root: Path) -> int:
    """Lock the spool for this process; `SpoolError` if another one has it."""
    try:
        root.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(root / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise SpoolError(f"spool {root} cannot be opened: {error.strerror}") from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise SpoolError(f"spool {root} is in use by another agent") from None
    return descriptor
