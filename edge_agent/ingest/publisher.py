"""Hands good frames to tracking: checks, ring, header; every frame that is not, is counted."""

from __future__ import annotations

import threading
from typing import Any

from contracts.store import Camera
from edge_agent.bus import Writer
from edge_agent.clock import Clock
from edge_agent.ingest.camera_state import CameraWatch
from edge_agent.ingest.picture import Converter, fingerprint, luma_sample, shows_nothing
from edge_agent.messages import FrameReady
from edge_agent.ring import FrameRing
from edge_agent.worker_metrics import sample

COUNTED = (
    "frames_total",
    "corrupt_frames_total",
    "camera_reconnects_total",
    "camera_time_jumps_total",
)


class Tally:
    """Counts by sample text, added to in one thread and read in another."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[str, float] = {}

    def add(self, name: str, count: float = 1.0, **labels: str) -> None:
        """Add to one counter."""
        key = sample(name, **labels)
        with self._lock:
            self._counts[key] = self._counts.get(key, 0.0) + count

    def totals(self) -> dict[str, float]:
        """A copy of all counters."""
        with self._lock:
            return dict(self._counts)


class Publisher:
    """Puts frames of one camera into its ring and tells tracking; used by the reader's thread."""

    def __init__(
        self,
        camera: Camera,
        ring: FrameRing,
        writer: Writer,
        watch: CameraWatch,
        tally: Tally,
        clock: Clock,
    ) -> None:
        self._camera = camera
        self._ring = ring
        self._writer = writer
        self._watch = watch
        self._tally = tally
        self._clock = clock
        self._converter = Converter(*camera.size)
        self._index = 0
        for name in COUNTED:  # a counter that begins with its first event hides that event
            tally.add(name, 0.0, camera=camera.id)

    def drop(self, reason: str) -> None:
        """Count a frame that goes no further."""
        self._tally.add("dropped_frames_total", camera=self._camera.id, reason=reason)

    def damaged(self) -> None:
        """A frame could not be decoded as it was meant."""
        self.drop("corrupt")
        self._tally.add("corrupt_frames_total", camera=self._camera.id)
        self._watch.bad_frame(self._clock.monotonic(), "damaged frames")

    def publish(self, frame: Any, taken_at: float, arrived_at: float) -> bool:
        """Convert, check and hand over one decoded frame; False if it was dropped (counted)."""
        bgr = self._converter.bgr(frame)
        pixels = luma_sample(bgr)
        now = self._clock.monotonic()
        if shows_nothing(pixels):
            self.drop("no_picture")
            self._watch.bad_frame(now, "the picture shows nothing")
            return False
        same = None if self._camera.is_file else fingerprint(pixels)
        if not self._watch.good_frame(now, same):
            self.drop("frozen")
            return False
        slot, stamp = self._ring.put(bgr)
        ready = FrameReady(
            camera=self._camera.id,
            slot=slot,
            stamp=stamp,
            index=self._index,
            width=self._ring.width,
            height=self._ring.height,
            taken_at=taken_at,
            arrived_at=arrived_at,
        )
        self._index += 1
        self._tally.add("frames_total", camera=self._camera.id)
        return self._writer.write(ready)

    def close(self) -> None:
        """Give the last headers time to leave."""
        self._writer.close(1.0)
