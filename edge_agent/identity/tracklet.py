"""A tracklet: an unbroken piece of one track that shows one person."""

from __future__ import annotations

from contracts.geometry import Point
from edge_agent.identity.appearance import Features
from edge_agent.identity.floor import Place, Trail
from edge_agent.messages import TrackedBox

Key = tuple[str, int]
"""Camera and track id."""


class Tracklet:
    """Begins with a track, or in its middle where the track took over another person."""

    def __init__(self, key: Key, start_s: float, *, is_rest: bool = False) -> None:
        self.key = key
        self.start_s = start_s
        self.last_s = start_s
        self.is_rest = is_rest
        self.ended = False
        self.trail = Trail()
        self.features = Features()
        self.first_box: TrackedBox | None = None
        self.last_box: TrackedBox | None = None
        self.identity: str | None = None
        self.told: str | None = None
        """The identity that was sent last; None before the first."""
        self.barred: set[str] = set()
        """Identities that it turned out not to be."""
        self.is_past = False
        """True if its track goes on as somebody else's: nothing is told of it any more."""
        self.weighed = 0
        """Crops when it was looked at last."""

    @property
    def camera(self) -> str:
        """Whose track it is."""
        return self.key[0]

    def see(self, box: TrackedBox, place: Place | None, at_s: float) -> None:
        """The track in one more frame."""
        self.last_s = max(self.last_s, at_s)
        self.first_box = self.first_box or box
        self.last_box = box
        if place is not None:
            self.trail.add(place)

    def cut(self, since_s: float) -> Tracklet:
        """The rest of the track from `since_s` on, with the newest crops, as another tracklet.

        This one ends with its last settled crop: nobody knows who was there in between.
        """
        rest = Tracklet(self.key, since_s, is_rest=True)
        rest.features = self.features.cut()
        rest.trail = self.trail.after(since_s)
        rest.first_box = rest.last_box = self.last_box
        rest.last_s, rest.ended = max(self.last_s, since_s), self.ended
        end_s = max(self.start_s, min(since_s, self.last_s, self.features.settled_s))
        self.last_s, self.ended, self.is_past = end_s, True, True
        self.trail = self.trail.until(end_s)
        return rest

    def overlap_s(self, other: Tracklet) -> float:
        """Seconds for which both are there; negative is the time between them."""
        return min(self.last_s, other.last_s) - max(self.start_s, other.start_s)


def picture_step(before: Tracklet, after: Tracklet) -> float | None:
    """From the end of one to the begin of another, in body heights; None without boxes."""
    old, new = before.last_box, after.first_box
    if old is None or new is None:
        return None
    height = max((old.y2 - old.y1 + new.y2 - new.y1) / 2, 1e-6)
    a, b = _middle(old), _middle(new)
    return max(abs(a[0] - b[0]), abs(a[1] - b[1])) / height


def _middle(box: TrackedBox) -> Point:
    return (box.x1 + box.x2) / 2, (box.y1 + box.y2) / 2
