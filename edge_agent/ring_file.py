"""Layout of a frame ring's file, in plain Python: the supervisor makes it without numpy.

One page of header (magic, slots, width, height), one page or more of 64-bit stamps (one per
slot, 0 = never written), then the slots, each `height × width × 3` bytes rounded up to pages.
"""

from __future__ import annotations

import os
import struct
from pathlib import Path
from typing import NamedTuple

from contracts.errors import AgentError

PAGE_BYTES = 4096
RING_SLOTS = 16  # 1.6 s at 10 frames a second, far beyond tracking's staleness budget
_MAGIC = b"TRNRING1"
_HEADER = struct.Struct("<8sIII")


class RingLayout(NamedTuple):
    """Sizes and offsets of a ring file, bytes unless said otherwise."""

    slots: int
    width: int
    height: int

    @property
    def frame_bytes(self) -> int:
        """One BGR picture."""
        return self.width * self.height * 3

    @property
    def slot_bytes(self) -> int:
        """Distance between slots."""
        return _paged(self.frame_bytes)

    @property
    def frames_at(self) -> int:
        """Offset of slot 0."""
        return PAGE_BYTES + _paged(8 * self.slots)

    @property
    def total_bytes(self) -> int:
        """Size of the file."""
        return self.frames_at + self.slots * self.slot_bytes


def create_ring_file(path: Path, slots: int, width: int, height: int) -> RingLayout:
    """Make an empty ring with its space reserved; `AgentError` if that is not to be had."""
    layout = RingLayout(slots, width, height)
    if min(layout) <= 0:
        raise ValueError("a ring needs slots, width and height above 0")
    try:
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            # Reserved now: a full tmpfs would otherwise end the writer with SIGBUS later.
            os.posix_fallocate(file, 0, layout.total_bytes)
            os.pwrite(file, _HEADER.pack(_MAGIC, *layout), 0)
        finally:
            os.close(file)
    except OSError as error:
        raise AgentError(f"frame ring {path.name}: {error.strerror}") from None
    return layout


def read_layout(path: Path) -> RingLayout:
    """Layout of an existing ring; `AgentError` if the file is none."""
    try:
        with path.open("rb") as file:
            head = file.read(_HEADER.size)
        size = path.stat().st_size
    except OSError as error:
        raise AgentError(f"frame ring {path.name}: {error.strerror}") from None
    if len(head) < _HEADER.size or head[: len(_MAGIC)] != _MAGIC:
        raise AgentError(f"frame ring {path.name}: not a ring")
    _, slots, width, height = _HEADER.unpack(head)
    layout = RingLayout(slots, width, height)
    if min(layout) <= 0 or size < layout.total_bytes:
        raise AgentError(f"frame ring {path.name}: not a ring")
    return layout


def _paged(size: int) -> int:
    return -(-size // PAGE_BYTES) * PAGE_BYTES
