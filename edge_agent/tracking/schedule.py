"""Which frames are detected next: the newest of each camera, least recently served first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from contracts.store import Camera
from edge_agent.messages import FrameReady

PRIORITY = ("billing", "entrance", "tracking", "behavioural", "secondary")


class Waiting:
    """At most one frame header per camera; every header that is passed over is counted."""

    def __init__(self, cameras: Sequence[Camera]) -> None:
        self.dropped: Counter[tuple[str, str]] = Counter()
        """(camera, reason) → headers that were never detected on."""
        self._newest: dict[str, FrameReady] = {}
        self._served: dict[str, int] = {}
        self._turn = 0
        self.serve(cameras)

    def serve(self, cameras: Sequence[Camera]) -> None:
        """Serve these cameras from now on; one that is new has waited longest."""
        self._rank = {camera.id: PRIORITY.index(camera.role) for camera in cameras}
        self._newest = {name: self._newest[name] for name in self._newest if name in self._rank}
        self._served = {name: self._served.get(name, 0) for name in self._rank}

    def __len__(self) -> int:
        return len(self._newest)

    def add(self, header: FrameReady) -> None:
        """Keep the header; one that still waits from the same camera is stale."""
        if header.camera not in self._rank:
            self.dropped["unknown", "unknown"] += 1
            return
        if header.camera in self._newest:
            self.dropped[header.camera, "stale"] += 1
        self._newest[header.camera] = header

    def take(self, most: int) -> list[FrameReady]:
        """Up to `most` headers; cameras that waited longest first, then by role."""
        order = sorted(self._newest, key=lambda name: (self._served[name], self._rank[name], name))
        self._turn += 1
        chosen = order[:most]
        self._served.update(dict.fromkeys(chosen, self._turn))
        return [self._newest.pop(name) for name in chosen]
