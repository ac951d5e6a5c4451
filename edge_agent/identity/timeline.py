"""One order for what cameras say: sorted by time, once nothing older is to be expected.

Messages wait `align_s` and come out in steps, so the same messages in another order give the
same steps. A camera whose clock is off is put right by when its frames arrived.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from statistics import median
from typing import NamedTuple

from edge_agent.identity.appearance import Appearance
from edge_agent.messages import TracksUpdated

JUMP_S = 60.0
"""A step back of the node's clock by more than this begins the order anew."""
IDLE_S = 5.0
DELAYS = 100
LEAST_DELAYS = 10
MOST_DELAY_S = 0.5


class Item(NamedTuple):
    """A message at its time on the node's clock."""

    at_s: float
    camera: str
    rank: int
    number: int
    message: TracksUpdated | Appearance


class Clocks:
    """How far each camera's clock is from the node's, as far as it matters."""

    def __init__(self, align_s: float) -> None:
        self._align_s = align_s
        self._delays: dict[str, deque[float]] = {}
        self._offsets: dict[str, float] = {}

    def offset_s(self, camera: str) -> float:
        """What to add to this camera's times; 0 for a clock that is right."""
        return self._offsets.get(camera, 0.0)

    def learn(self, updates: Iterator[TracksUpdated]) -> None:
        """See how long after their time frames arrived."""
        for update in updates:
            delays = self._delays.setdefault(update.camera, deque(maxlen=DELAYS))
            delays.append(update.arrived_at - update.taken_at)
        known = {name: median(d) for name, d in self._delays.items() if len(d) >= LEAST_DELAYS}
        if known:
            usual_s = min(max(median(known.values()), 0.0), MOST_DELAY_S)
            off = {name: delay_s - usual_s for name, delay_s in known.items()}
            self._offsets = {n: s if abs(s) > self._align_s else 0.0 for n, s in off.items()}


class Timeline:
    """What waits, and the steps that are due."""

    def __init__(self, step_s: float, align_s: float) -> None:
        self._step_s = step_s
        self._align_s = align_s
        self._clocks = Clocks(align_s)
        self._waiting: list[tuple[TracksUpdated | Appearance, int]] = []
        self._now_s: float | None = None
        self._done = 0
        """Steps are counted from the epoch; this is the last one that came out."""
        self.jumps = 0

    def add(self, message: TracksUpdated | Appearance) -> bool:
        """Let a message wait; True if the node's clock jumped back with it."""
        jumped = False
        rank = 1
        if isinstance(message, TracksUpdated):
            jumped, rank = self._advance(message.arrived_at), 0
        elif self._now_s is None:
            self._advance(message.at_s)
        self._waiting.append((message, rank))
        return jumped

    def advance(self, at_s: float) -> bool:
        """It is now `at_s`; True if that is a jump back."""
        return self._advance(at_s)

    def steps(self) -> Iterator[tuple[float, list[Item]]]:
        """(time, messages up to it, oldest first) for every step that is over."""
        if self._now_s is None:
            return
        last = int((self._now_s - self._align_s) // self._step_s)
        while self._done < last:
            items = self._items()
            if not items or items[0].at_s > self._done * self._step_s + IDLE_S:
                soonest = int(items[0].at_s // self._step_s) if items else last
                self._done = max(self._done, min(soonest, last) - 1)
            self._done += 1
            end_s = self._done * self._step_s
            due = [item for item in items if item.at_s <= end_s]
            self._waiting = [(item.message, item.rank) for item in items[len(due) :]]
            self._clocks.learn(i.message for i in due if isinstance(i.message, TracksUpdated))
            yield end_s, due

    def _items(self) -> list[Item]:
        return sorted((self._item(*waiting) for waiting in self._waiting), key=lambda i: i[:4])

    def _item(self, message: TracksUpdated | Appearance, rank: int) -> Item:
        offset_s = self._clocks.offset_s(message.camera)
        if isinstance(message, TracksUpdated):
            return Item(message.taken_at + offset_s, message.camera, rank, message.index, message)
        return Item(message.at_s + offset_s, message.camera, rank, message.track_id, message)

    def _advance(self, at_s: float) -> bool:
        if self._now_s is not None and self._now_s - JUMP_S <= at_s <= self._now_s:
            return False
        jumped = self._now_s is not None and at_s < self._now_s
        if self._now_s is None or jumped:
            self._done = int((at_s - self._align_s) // self._step_s) - 1
        self._now_s = at_s
        self.jumps += jumped
        return jumped
