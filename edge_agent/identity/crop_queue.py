"""Crops that wait for the embedder: few, fresh, and those first that say most."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Iterable, Mapping

from edge_agent.identity.tracklet import Key
from edge_agent.messages import CropReady

ROOM = 64
STALE_S = 3.0
REMEMBERED = 10_000


class CropQueue:
    """One crop per track; `dropped` counts the others by reason."""

    def __init__(self) -> None:
        self.dropped: Counter[str] = Counter()
        self._waiting: dict[Key, CropReady] = {}
        self._taken: OrderedDict[Key, int] = OrderedDict()

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, crops: Iterable[CropReady]) -> None:
        """Let crops wait; a better or newer one of the same track takes the place of the old."""
        for crop in crops:
            key = (crop.camera, crop.track_id)
            old = self._waiting.get(key)
            self.dropped["replaced"] += old is not None
            if old is None or crop.quality >= old.quality or _is_older(old, crop):
                self._waiting[key] = crop
        for key in sorted(self._waiting, key=self._worth)[: max(0, len(self._waiting) - ROOM)]:
            del self._waiting[key]
            self.dropped["full"] += 1

    def take(self, count: int, newest_s: Mapping[str, float]) -> list[CropReady]:
        """The `count` crops that say most; those 3 s behind their camera's newest are dropped."""
        stale = [
            key
            for key, crop in self._waiting.items()
            if newest_s.get(crop.camera, crop.taken_at) - crop.taken_at > STALE_S
        ]
        for key in stale:
            del self._waiting[key]
        self.dropped["stale"] += len(stale)
        chosen = sorted(self._waiting, key=self._worth, reverse=True)[:count]
        for key in chosen:
            self._taken[key] = self._taken.pop(key, 0) + 1
        while len(self._taken) > REMEMBERED:
            self._taken.popitem(last=False)
        return [self._waiting.pop(key) for key in chosen]

    def _worth(self, key: Key) -> tuple[float, float]:
        """A track's first crops say most, then the good ones."""
        crop = self._waiting[key]
        return crop.quality / (1 + self._taken.get(key, 0)), crop.taken_at


def _is_older(old: CropReady, new: CropReady) -> bool:
    return new.taken_at - old.taken_at > STALE_S / 2
