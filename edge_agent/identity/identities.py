"""The identities of a store's day: their tracklets, their templates, their end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator

import numpy as np

from edge_agent.identity.appearance import Vector
from edge_agent.identity.gallery import Gallery
from edge_agent.identity.tracklet import Tracklet

View = Callable[[str, Vector], Vector]
"""Of a camera and a vector as it came: the vector to be compared."""
MOST_TRACKLETS = 16
"""Newest tracklets of an identity whose places and times are kept."""
FIRST = 3
"""The first vector of a template is a track's mean: worth so many crops."""
LEAST_LENGTH = 1e-6


class Identity:
    """One person of one visit, by a random name that means nothing."""

    def __init__(self, token: str, born_s: float) -> None:
        self.token = token
        self.born_s = born_s
        self.seen_s = born_s
        self.tracklets: list[Tracklet] = []
        self.templates: dict[str, Vector] = {}
        self.views: dict[str, Vector] = {}
        """The templates by camera: as they came, and to be compared (see `CameraMeans`)."""
        self.learned: Counter[str] = Counter()
        """How often each template was moved."""

    @property
    def live(self) -> list[Tracklet]:
        """Tracklets that go on."""
        return [tracklet for tracklet in self.tracklets if not tracklet.ended]

    def likeness(self, view: Vector) -> float | None:
        """Cosine of a view to the mean of all cameras' templates; None without templates.

        A mean of several looks is nearer to the person than any of them, and the best of several
        strangers' cosines would be a high one.
        """
        if not self.views:
            return None
        mean = sum(self.views.values(), np.zeros_like(view))
        length = float(np.linalg.norm(mean))
        return float(mean @ view) / length if length > LEAST_LENGTH else None


class Identities:
    """All that are known, by token; keeps the gallery in step with them."""

    def __init__(self, gallery: Gallery, view: View, token: Callable[[], str], ema: float) -> None:
        self._gallery = gallery
        self._view = view
        self._token = token
        self._ema = ema
        self._known: dict[str, Identity] = {}

    def __len__(self) -> int:
        return len(self._known)

    def __contains__(self, token: str) -> bool:
        return token in self._known

    def __iter__(self) -> Iterator[Identity]:
        return iter(self._known.values())

    def __getitem__(self, token: str) -> Identity:
        return self._known[token]

    @property
    def templates(self) -> int:
        """Size of the gallery."""
        return len(self._gallery)

    def begin(self, at_s: float) -> Identity:
        """A new identity with a token that nobody else has."""
        token = self._token()
        while token in self._known:
            token = self._token()
        identity = Identity(token, at_s)
        self._known[token] = identity
        return identity

    def give(self, identity: Identity, tracklet: Tracklet, *, learns: bool) -> None:
        """The tracklet is this identity's; its looks are learned only if they were convincing."""
        tracklet.identity = identity.token
        identity.tracklets.append(tracklet)
        identity.tracklets.sort(key=lambda one: (one.start_s, one.key))
        ended = [one for one in identity.tracklets if one.ended]
        for old in ended[: max(0, len(identity.tracklets) - MOST_TRACKLETS)]:
            identity.tracklets.remove(old)
        identity.seen_s = max(identity.seen_s, tracklet.last_s)
        if learns:
            self.learn(identity, tracklet.camera, tracklet.features.mean())

    def take_back(self, tracklet: Tracklet) -> None:
        """The tracklet is not its identity's after all, and never will be."""
        if tracklet.identity is not None:
            self._known[tracklet.identity].tracklets.remove(tracklet)
            tracklet.barred.add(tracklet.identity)
            tracklet.identity = None

    def learn(self, identity: Identity, camera: str, vector: Vector | None) -> None:
        """Move the template of a camera: the mean of what it learned, later its EMA."""
        if vector is None:
            return
        before = identity.templates.get(camera)
        identity.learned[camera] += 1
        share = np.float32(max(self._ema, 1 / (identity.learned[camera] + FIRST)))
        new = vector if before is None else before + share * (vector - before)
        identity.templates[camera] = new
        self._show(identity, camera)

    def refresh(self) -> None:
        """Cameras' means have changed: look at all templates anew."""
        for identity in self:
            for camera in identity.templates:
                self._show(identity, camera)

    def _show(self, identity: Identity, camera: str) -> None:
        view = self._view(camera, identity.templates[camera])
        identity.views[camera] = view
        self._gallery.put(identity.token, camera, view)

    def near(self, view: Vector, count: int) -> list[Identity]:
        """Identities of the templates nearest to a view."""
        hits = self._gallery.search(view, count)
        tokens = dict.fromkeys(hit.identity for hit in hits)
        return [self._known[token] for token in tokens if token in self._known]

    def merge(self, kept: Identity, gone: Identity) -> None:
        """Give all tracklets of `gone` to `kept` and forget its token."""
        for tracklet in gone.tracklets:
            tracklet.identity = kept.token
        kept.tracklets = sorted(
            kept.tracklets + gone.tracklets, key=lambda one: (one.start_s, one.key)
        )
        kept.born_s = min(kept.born_s, gone.born_s)
        kept.seen_s = max(kept.seen_s, gone.seen_s)
        templates = gone.templates
        self.forget([gone])
        for camera, template in templates.items():
            self.learn(kept, camera, template)

    def forget(self, gone: Iterable[Identity]) -> None:
        """Their tokens mean nothing from now on."""
        for identity in list(gone):
            self._gallery.drop(identity.token)
            del self._known[identity.token]

    def begin_day(self, day: str) -> None:
        """All tokens of before mean nothing from now on."""
        self._gallery.begin_day(day)
        self._known.clear()
