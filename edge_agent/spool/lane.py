"""Appends to one lane: events gather in memory, then go to the open segment in one write."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

from contracts.batches import BatchName
from contracts.errors import SpoolError
from edge_agent.spool.disk import Disk
from edge_agent.spool.segments import Lane, Segment, path_of

SEGMENT_BYTES = 4 * 1024 * 1024  # well below a batch's limit, so that a retry is cheap


class LaneWriter:
    """The group in memory and at most one open segment of a lane."""

    def __init__(
        self, lane: Lane, root: Path, disk: Disk, max_records: int, name: Callable[[], BatchName]
    ) -> None:
        self.lane = lane
        self.opened_at = 0.0
        self._root = root
        self._disk = disk
        self._max_records = max_records
        self._name = name
        self._group = bytearray()
        self._group_ids: list[str] = []
        self._descriptor: int | None = None
        self._segment = Segment(BatchName("none", "none", 0), lane, 0, 0, 0.0)

    @property
    def waiting(self) -> int:
        """Events in memory, not yet written."""
        return len(self._group_ids)

    @property
    def open_records(self) -> int:
        """Events in the open segment."""
        return self._segment.records if self._descriptor is not None else 0

    def has_room(self, size: int) -> bool:
        """True if `size` more bytes fit the open segment together with the group."""
        records = self.open_records + self.waiting
        if records == 0:
            return True
        bytes_then = (self._segment.size if self.open_records else 0) + len(self._group) + size
        return records < self._max_records and bytes_then <= SEGMENT_BYTES

    def add(self, event_id: str, record: bytes) -> None:
        """Put a record into the group; it is not safe before `flush`."""
        self._group += record
        self._group_ids.append(event_id)

    def flush(self, now: float) -> list[str]:
        """Write and sync the group, give its ids back.

        `OSError` if the disk is full: the group stays, nothing is half-written. `SpoolError` if
        the sync failed: nobody knows what is on the disk, so only a rescan may follow.
        """
        if not self._group_ids:
            return []
        descriptor = self._descriptor if self._descriptor is not None else self._open(now)
        try:
            self._disk.append(descriptor, bytes(self._group))
        except OSError:
            self._undo(descriptor)
            raise
        try:
            self._disk.sync(descriptor)
        except OSError as error:
            raise SpoolError(f"spool: fdatasync failed: {error.strerror}") from None
        self._segment = self._segment._replace(
            records=self._segment.records + self.waiting,
            size=self._segment.size + len(self._group),
        )
        return self.drop_group()

    def drop_group(self) -> list[str]:
        """Forget what is in memory, give its ids back."""
        ids, self._group_ids = self._group_ids, []
        self._group.clear()
        return ids

    def seal(self, now: float) -> Segment | None:
        """Close the open segment for ever; None if there was none with a record in it."""
        if self._descriptor is None:
            return None
        self._disk.close(self._descriptor)
        self._descriptor = None
        if self._segment.records == 0:
            with contextlib.suppress(OSError):
                self._disk.remove(path_of(self._root, "waiting", self._segment))
            return None
        return self._segment._replace(sealed_at=now)

    def _open(self, now: float) -> int:
        segment = Segment(self._name(), self.lane, 0, 0, now)
        path = path_of(self._root, "waiting", segment)
        descriptor = self._disk.create(path)
        try:
            self._disk.sync_folder(path.parent)
        except OSError as error:
            self._disk.close(descriptor)
            raise SpoolError(f"spool: fsync of a folder failed: {error.strerror}") from None
        self._segment, self._descriptor, self.opened_at = segment, descriptor, now
        return descriptor

    def _undo(self, descriptor: int) -> None:
        """Take a half-written group back; a reader would skip it, but the next would follow it."""
        try:
            self._disk.cut(descriptor, self._segment.size)
        except OSError as error:
            raise SpoolError(f"spool: a failed write cannot be undone: {error.strerror}") from None
