"""A disk that fills up, fails to sync and loses power, with all its state in the constructor."""

from __future__ import annotations

import contextlib
import errno
import os
import random
from pathlib import Path

from edge_agent.spool.disk import Disk


class PowerCutError(BaseException):
    """The machine is off; nothing of the program runs any more."""


class FaultyDisk(Disk):
    """A real folder whose unsynced bytes may vanish, with `capacity` bytes for segments.

    `operations_left` counts down over writes and syncs; at zero the power goes, in the middle
    of the operation.
    """

    def __init__(
        self,
        root: Path,
        *,
        capacity: int | None = None,
        operations_left: int | None = None,
        sync_fails: bool = False,
    ) -> None:
        self.root = root
        self.capacity = capacity
        self.operations_left = operations_left
        self.sync_fails = sync_fails
        self.synced_bytes: dict[Path, int] = {}
        self.open_files: dict[int, Path] = {}

    def create(self, path: Path) -> int:
        self._tick()
        if self._free_bytes() <= 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        descriptor = super().create(path)
        self.open_files[descriptor] = path
        self.synced_bytes[path] = 0
        return descriptor

    def append(self, descriptor: int, blob: bytes) -> None:
        fits = min(len(blob), max(0, self._free_bytes()))
        if self._dies_now():
            super().append(descriptor, blob[: random.randint(0, fits)])
            raise PowerCutError
        super().append(descriptor, blob[:fits])
        if fits < len(blob):
            raise OSError(errno.ENOSPC, "No space left on device")

    def sync(self, descriptor: int) -> None:
        self._tick()
        if self.sync_fails:
            raise OSError(errno.EIO, "Input/output error")
        super().sync(descriptor)
        if descriptor in self.open_files:
            self.synced_bytes[self.open_files[descriptor]] = os.fstat(descriptor).st_size

    def close(self, descriptor: int) -> None:
        self.open_files.pop(descriptor, None)
        super().close(descriptor)

    def reserve(self, path: Path, size: int) -> None:
        if self._free_bytes() < size:
            raise OSError(errno.ENOSPC, "No space left on device")
        super().reserve(path, size)

    def cut_power(self, draw: random.Random) -> None:
        """Every file keeps what was synced and any part of the rest; zeros may stand there too."""
        for descriptor in self.open_files:
            with contextlib.suppress(OSError):
                os.close(descriptor)
        for path, synced in self.synced_bytes.items():
            with contextlib.suppress(FileNotFoundError):
                size = path.stat().st_size
                keep = draw.randint(min(synced, size), size)
                os.truncate(path, keep)
                if keep < size and draw.random() < 0.3:
                    os.truncate(path, size)

    def _tick(self) -> None:
        if self._dies_now():
            raise PowerCutError

    def _dies_now(self) -> bool:
        if self.operations_left is None:
            return False
        self.operations_left -= 1
        return self.operations_left < 0

    def _free_bytes(self) -> int:
        if self.capacity is None:
            return 1 << 40
        used = sum(path.stat().st_size for path in self.root.rglob("*") if path.is_file())
        return self.capacity - used


class FakeClock:
    """Time that moves only when told to."""

    def __init__(self, at: float = 1_800_000_000.0) -> None:
        self.at = at

    def now(self) -> float:
        return self.at

    def monotonic(self) -> float:
        return self.at - 1_700_000_000.0
