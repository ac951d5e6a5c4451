"""A camera's frames in shared memory: one writer, any readers, newest wins, nothing torn.

Each slot has a stamp, a sequence lock: odd while the slot is written, even when it is whole,
and never the same twice. A reader copies a frame out and keeps it only if the stamp before
and after is the one that the frame's header carried.
"""

from __future__ import annotations

import mmap
import threading
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edge_agent.ring_file import RING_SLOTS, RingLayout, create_ring_file, read_layout

Frame = npt.NDArray[np.uint8]


class FrameRing:
    """Ring of BGR frames, uint8 (height, width, 3), in a file that is mapped by every user."""

    def __init__(self, path: Path, layout: RingLayout) -> None:
        self.slots, self.width, self.height = layout
        self._shape = (layout.height, layout.width, 3)
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), layout.total_bytes)
        self._stamps = np.frombuffer(self._map, np.uint64, layout.slots, 4096)
        self._frames = [
            np.frombuffer(
                self._map,
                np.uint8,
                layout.frame_bytes,
                layout.frames_at + slot * layout.slot_bytes,
            ).reshape(self._shape)
            for slot in range(layout.slots)
        ]
        # A writer that comes after a dead one goes on above every stamp that was ever given.
        self._written = (int(self._stamps.max()) + 1) // 2
        self._lock = threading.Lock()

    @classmethod
    def create(cls, path: Path, slots: int, width: int, height: int) -> FrameRing:
        """Make the file and attach; the agent's supervisor makes it with `create_ring_file`."""
        return cls(path, create_ring_file(path, slots or RING_SLOTS, width, height))

    @classmethod
    def attach(cls, path: Path) -> FrameRing:
        """Map an existing ring; `AgentError` if the file is missing or no ring."""
        return cls(path, read_layout(path))

    def put(self, frame: Frame) -> tuple[int, int]:
        """Copy `frame` over the oldest slot; its (slot, stamp). ValueError for another shape."""
        slot = self.open_slot(frame)
        self._frames[slot][...] = frame
        return slot, self.close_slot(slot)

    def open_slot(self, frame: Frame) -> int:
        """Mark the oldest slot as being written and return it."""
        if frame.shape != self._shape or frame.dtype != np.uint8:
            raise ValueError(f"ring holds uint8 {self._shape}, got {frame.dtype} {frame.shape}")
        slot = self._written % self.slots
        self._stamps[slot] = 2 * self._written + 1
        self._fence()
        return slot

    def close_slot(self, slot: int) -> int:
        """Mark the slot as whole and return its stamp."""
        self._fence()
        stamp = 2 * self._written + 2
        self._stamps[slot] = stamp
        self._written += 1
        return stamp

    def view(self, slot: int, stamp: int, out: Frame | None = None) -> Frame | None:
        """A copy of the frame (into `out` if given), None if it was overwritten meanwhile."""
        if not 0 <= slot < self.slots or int(self._stamps[slot]) != stamp:
            return None
        self._fence()
        if out is None:
            out = np.empty(self._shape, np.uint8)
        out[...] = self._frames[slot]
        self._fence()
        return out if int(self._stamps[slot]) == stamp else None

    def filled_since(self, stamp: int) -> float:
        """Share of the ring that was written after this frame; from 1 on it is overwritten."""
        return float((int(self._stamps.max()) - stamp) // 2 / self.slots)

    def close(self) -> None:
        """Let go of the mapping; frames that were copied out stay valid."""
        self._frames.clear()
        self._stamps = np.zeros(0, np.uint64)
        self._map.close()

    def _fence(self) -> None:
        # Keeps stores and loads in order on processors that reorder them (ARM); two locked
        # sections in a row cannot be crossed from either side.
        with self._lock:
            pass
        with self._lock:
            pass
