"""Sealed segments: where they wait, go and vanish. Used by the writer and by the uploader."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from contracts.batches import Batch, pack
from contracts.errors import SpoolError
from edge_agent.spool.disk import Disk
from edge_agent.spool.records import Scan, scan
from edge_agent.spool.segments import LANES, PLACES, Lane, Place, Segment, found_in, path_of


class Backlog(NamedTuple):
    """What waits for the gateway; `oldest_at` is UNIX seconds, None if nothing waits."""

    batches: int
    events: int
    oldest_at: float | None


class Counts(NamedTuple):
    """Totals since the start: damaged spans, torn tails, evicted and refused."""

    corrupt: int = 0
    torn: int = 0
    evicted_events: int = 0
    evicted_batches: int = 0
    refused_batches: int = 0


class Shelf:
    """All sealed segments of a spool. Files that vanish by other hands are tolerated."""

    def __init__(self, root: Path, disk: Disk, now: Callable[[], float]) -> None:
        self._root = root
        self._disk = disk
        self._now = now
        self._lock = threading.Lock()
        # Insertion order is the order of upload, sending and eviction: nothing is ever sorted.
        self._segments: dict[tuple[Place, Lane], dict[str, Segment]] = {
            (place, lane): {} for place in PLACES for lane in LANES
        }
        self._corrupt: dict[Path, int] = {}
        self._used_bytes = 0
        self._waiting_events = 0
        self.counts = Counts()

    def recover(self) -> None:
        """Make the folders; take over what earlier boots left, with torn tails cut off."""
        self._make_folders()
        for path in (self._root / "corrupt").iterdir():
            self._corrupt[path] = path.stat().st_size
            self._used_bytes += self._corrupt[path]
        for place in PLACES:
            for lane in LANES:
                for segment in found_in(self._root, place, lane):
                    self._take(place, segment)

    def add(self, segment: Segment) -> None:
        """A segment was sealed and waits for its upload."""
        self._put("waiting", segment)

    def head(self, lane: Lane) -> Segment | None:
        """The segment of `lane` that is to be uploaded next."""
        return self._first("waiting", lane)

    def postpone(self, segment: Segment) -> None:
        """Put a segment at the end of its lane: the gateway fails on it, others may pass."""
        if self._drop("waiting", segment):
            self._put("waiting", segment)

    def backlog(self) -> Backlog:
        """How much waits for the gateway."""
        heads = [head for head in map(self.head, LANES) if head is not None]
        oldest_at = min((head.sealed_at for head in heads), default=None)
        with self._lock:
            batches = sum(len(self._segments["waiting", lane]) for lane in LANES)
            return Backlog(batches, self._waiting_events, oldest_at)

    def batch(self, segment: Segment) -> Batch | None:
        """The segment ready to travel; None (and it is gone) if nothing readable is left."""
        try:
            blob = self._disk.read(path_of(self._root, "waiting", segment))
        except FileNotFoundError:
            self._drop("waiting", segment)
            return None
        except OSError:  # a bad sector must not stop the others
            self.refuse(segment)
            return None
        found = scan(blob)
        self._quarantine(segment, blob, found)
        if not found.lines:
            self._remove("waiting", segment)
            return None
        return pack(segment.name, segment.lane, found.lines)

    def ack(self, segment: Segment) -> None:
        """The gateway has it: the ack cursor moves on."""
        self._move(segment, "sent")

    def refuse(self, segment: Segment) -> None:
        """The gateway refuses the batch itself: keep it aside, for a person to look at."""
        self._count(refused_batches=1)
        self._move(segment, "refused")

    def reclaim(self) -> bool:
        """Delete one file that is not needed to keep the promise; False if there is none.

        In this order: sent, damaged bytes; then analytics, refused before waiting, counted.
        """
        if self._remove_oldest("sent", LANES) or self._remove_corrupt():
            return True
        evicted = self._remove_oldest("refused", ("analytics",))
        evicted = evicted or self._remove_oldest("waiting", ("analytics",))
        if evicted is None:
            return False
        self._count(evicted_events=evicted.records, evicted_batches=1)
        return True

    def evicted(self, events: int) -> None:
        """Events were dropped before they reached a segment, because the disk is full."""
        self._count(evicted_events=events)

    def trim(self, max_bytes: int, keep_sent_s: float) -> None:
        """Drop sent segments that are old, then whatever may go while all is too large."""
        for lane in LANES:
            while (segment := self._first("sent", lane)) is not None:
                if self._now() - segment.sealed_at <= keep_sent_s:
                    break
                self._remove("sent", segment)
        while self.used_bytes() > max_bytes and self.reclaim():
            pass

    def used_bytes(self) -> int:
        """Bytes of all files on the shelf."""
        with self._lock:
            return self._used_bytes

    def _make_folders(self) -> None:
        """A durable segment needs durable folders above it."""
        for place in PLACES:
            for lane in LANES:
                (self._root / place / lane).mkdir(parents=True, exist_ok=True)
            self._disk.sync_folder(self._root / place)
        (self._root / "corrupt").mkdir(exist_ok=True)
        for folder in (self._root, *self._root.parents[:2]):
            self._disk.sync_folder(folder)

    def _take(self, place: Place, segment: Segment) -> None:
        if place != "sent":
            path = path_of(self._root, place, segment)
            try:
                blob = self._disk.read(path)
                found = scan(blob)
                self._quarantine(segment, blob, found)
                if not found.lines:
                    self._disk.remove(path)
                    return
                if found.good_bytes < len(blob):
                    self._disk.cut(path, found.good_bytes)
                self._disk.settle(path)
            except OSError as error:
                raise SpoolError(f"spool cannot be recovered: {error.strerror}") from None
            segment = segment._replace(records=len(found.lines), size=found.good_bytes)
        self._put(place, segment)

    def _quarantine(self, segment: Segment, blob: bytes, found: Scan) -> None:
        """Keep a copy of bytes that are no record; each is counted once in its life."""
        spans = list(found.damaged)
        if found.good_bytes < len(blob):
            spans.append((found.good_bytes, len(blob)))
        for begin, end in spans:
            path = self._root / "corrupt" / f"{segment.lane}.{segment.file_name}.{begin}"
            with self._lock:
                if path in self._corrupt:
                    continue
                self._corrupt[path] = end - begin
                self._used_bytes += end - begin
            self._count(**{"torn" if begin == found.good_bytes else "corrupt": 1})
            with contextlib.suppress(OSError):  # a copy for curious people, not worth a crash
                self._disk.save(path, blob[begin:end])

    def _count(self, **more: int) -> None:
        with self._lock:
            old = self.counts._asdict()
            self.counts = Counts(**{name: old[name] + more.get(name, 0) for name in old})

    def _move(self, segment: Segment, place: Place) -> None:
        """Change the place of a segment; one that cannot be moved is not touched in this boot."""
        if not self._drop("waiting", segment):
            return
        source = path_of(self._root, "waiting", segment)
        try:
            self._disk.move(source, path_of(self._root, place, segment))
        except OSError:
            if place == "sent":
                with contextlib.suppress(OSError):  # if it stays, it is sent once more: harmless
                    self._disk.remove(source)
            return
        self._put(place, segment._replace(sealed_at=self._now()))

    def _remove(self, place: Place, segment: Segment) -> None:
        if self._drop(place, segment):
            self._disk.remove(path_of(self._root, place, segment))

    def _remove_oldest(self, place: Place, lanes: tuple[Lane, ...]) -> Segment | None:
        found = [head for head in (self._first(place, lane) for lane in lanes) if head is not None]
        if not found:
            return None
        oldest = min(found, key=lambda one: (one.sealed_at, one.name))
        self._remove(place, oldest)
        return oldest

    def _remove_corrupt(self) -> bool:
        with self._lock:
            path = next(iter(self._corrupt), None)
            if path is None:
                return False
            self._used_bytes -= self._corrupt.pop(path)
        self._disk.remove(path)
        return True

    def _first(self, place: Place, lane: Lane) -> Segment | None:
        with self._lock:
            return next(iter(self._segments[place, lane].values()), None)

    def _put(self, place: Place, segment: Segment) -> None:
        with self._lock:
            self._segments[place, segment.lane][segment.file_name] = segment
            self._used_bytes += segment.size
            self._waiting_events += segment.records if place == "waiting" else 0

    def _drop(self, place: Place, segment: Segment) -> bool:
        """Forget a segment; False if another thread was faster."""
        with self._lock:
            found = self._segments[place, segment.lane].pop(segment.file_name, None)
            if found is None:
                return False
            self._used_bytes -= found.size
            self._waiting_events -= found.records if place == "waiting" else 0
            return True
