"""The identity desk of one store: tracks and looks in, whose track it is out.

Pure and deterministic for a given token source: no clock, no IO. Nothing that it holds leaves
it but the tokens.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np

from contracts.geometry import Polygon
from contracts.store import StoreConfig
from edge_agent.identity.appearance import Appearance, Feature, Likeness, Vector, unit
from edge_agent.identity.day import day_of, next_reset_s
from edge_agent.identity.floor import EVERY_S, Doors, View
from edge_agent.identity.gallery import Gallery, MemoryGallery
from edge_agent.identity.identities import Identities
from edge_agent.identity.joining import Judge
from edge_agent.identity.normalize import CameraMeans
from edge_agent.identity.resolver import PARTED_S, Answer, Resolver
from edge_agent.identity.settings import IdentityRules
from edge_agent.identity.study import Study
from edge_agent.identity.timeline import Timeline
from edge_agent.identity.tracklet import Key, Tracklet
from edge_agent.messages import TracksUpdated

__all__ = ["Appearance", "IdentityDesk"]

SILENT_S = 5.0
"""A track of which nothing is heard for so long has ended, whatever its camera says."""
LATE_S = 5.0
"""How long crops of a track that ended may still come."""
LATEST_S = 4e9
LEAST_WEIGHT = 0.05
CENTRED = 2
"""Which crop of a track goes into its camera's mean: one per track, and not the first."""
REFRESH_S = 60.0
SETTLED = 3
"""Crops of a track before a change of looks can be seen."""
AREA_M2 = 150.0
"""Of a store without a plan."""


class IdentityDesk:
    """Feed it with `tracks` and `appearances` as they come, and `tick` now and then."""

    def __init__(
        self,
        config: StoreConfig,
        rules: IdentityRules | None = None,
        *,
        token: Callable[[], str] | None = None,
        gallery: Gallery | None = None,
    ) -> None:
        self._rules = rules or IdentityRules()
        self._store = config.store
        self._views = _views(config)
        self.counts: Counter[str] = Counter()
        """What happened so far, by name; see docs/accuracy.md."""
        self._likeness = Likeness()
        self._identities = Identities(
            gallery if gallery is not None else MemoryGallery(),
            self._view,
            token or (lambda: secrets.token_hex(8)),
            self._rules.ema,
        )
        self._resolver = Resolver(
            self._rules,
            self._identities,
            self._view,
            self._likeness,
            _judge(self._rules, config),
            Doors(config.doors, self._views, config.floor_plan),
            self.counts,
        )
        self._study = Study(self._likeness, self._view, self._rules.align_s)
        self._timeline = Timeline(self._rules.step_s, self._rules.align_s)
        self._tracklets: dict[Key, Tracklet] = {}
        self._looked_s: dict[str, float] = {}
        self._means: CameraMeans | None = None
        self._shifts: dict[str, Vector] = {}
        self._refreshed_s = float("-inf")
        self._size: int | None = None
        self._reset_s = 0.0

    def adopt(self, config: StoreConfig) -> None:
        """Take over cameras, plan and doors of another configuration; everybody stays known."""
        self._views = _views(config)
        doors = Doors(config.doors, self._views, config.floor_plan)
        self._resolver.adopt(_judge(self._rules, config), doors)

    def tracks(self, update: TracksUpdated) -> list[Answer]:
        """One frame's tracks of one camera."""
        times = (update.taken_at, update.arrived_at)
        if update.camera not in self._views or not all(0 < at_s < LATEST_S for at_s in times):
            self.counts["refused"] += 1
            return []
        if self._timeline.add(update):
            self._clock_went_back()
        return self._run()

    def appearances(self, looks: Sequence[Appearance]) -> list[Answer]:
        """Embeddings of crops, at the times of their frames."""
        for look in looks:
            vector = self._checked(look)
            if vector is None:
                self.counts["refused"] += 1
            else:
                self._timeline.add(look._replace(embedding=vector))
        return self._run()

    def tick(self, at_s: float) -> list[Answer]:
        """It is now `at_s` (UNIX seconds)."""
        if not 0 < at_s < LATEST_S:
            self.counts["refused"] += 1
            return []
        if self._timeline.advance(at_s):
            self._clock_went_back()
        return self._run()

    @property
    def gauges(self) -> dict[str, float]:
        """What is known now: identities, templates, tracks that wait for an answer."""
        return {
            "identities": float(len(self._identities)),
            "gallery_size": float(self._identities.templates),
            "identity_waiting": float(self._resolver.waiting),
        }

    def _checked(self, look: Appearance) -> Vector | None:
        vector = unit(look.embedding)
        good = look.camera in self._views and 0 < look.at_s < LATEST_S and 0 <= look.quality <= 1
        if vector is None or not good or self._size not in (None, len(vector)):
            return None
        self._size = len(vector)
        return vector

    def _run(self) -> list[Answer]:
        answers: list[Answer] = []
        for end_s, items in self._timeline.steps():
            self._begin_day(end_s)
            for item in items:
                if isinstance(item.message, TracksUpdated):
                    self._see(item.message, item.at_s)
                else:
                    answers += self._look(item.message, item.at_s)
            self._end_silent(end_s)
            self._study.look([one for one in self._tracklets.values() if not one.ended])
            for stray in self._resolver.strays():
                self.counts["place_splits"] += 1
                answers += self._cut(stray, end_s - PARTED_S)
            answers += self._resolver.resolve(end_s)
        return answers

    def _see(self, update: TracksUpdated, at_s: float) -> None:
        if update.camera not in self._views:
            return  # it was taken away while this waited
        if update.ended or at_s - self._looked_s.get(update.camera, 0.0) >= EVERY_S - 0.01:
            self._looked_s[update.camera] = at_s
            view = self._views[update.camera]
            for box in update.boxes:
                if box.confirmed:
                    tracklet = self._going_on((update.camera, box.track_id), at_s)
                    tracklet.see(box, view.place_of(box, update.boxes, at_s), at_s)
        for track_id in update.ended:
            self._views[update.camera].forget(track_id)
            tracklet_or_none = self._tracklets.get((update.camera, track_id))
            if tracklet_or_none is not None:
                tracklet_or_none.ended = True

    def _look(self, look: Appearance, at_s: float) -> list[Answer]:
        key = (look.camera, look.track_id)
        tracklet = self._tracklets.get(key) or self._begin(key, at_s)
        feature = Feature(at_s, look.embedding, max(look.quality, LEAST_WEIGHT))
        settled = tracklet.features.add(feature)
        if tracklet.features.count == CENTRED:
            self._centre(look.camera, look.embedding, at_s)
        self.counts["features"] += 1
        if self._is_swapped(tracklet):
            self.counts["purity_splits"] += 1
            return self._cut(tracklet, tracklet.features.newest[0].at_s)
        if settled is not None:
            self._resolver.learn(tracklet, settled)
        return []

    def _view(self, camera: str, vector: Vector) -> Vector:
        """At unit length, without what all people of the camera have in common."""
        if self._means is None:
            return vector
        shift = self._shifts.get(camera)
        if shift is None:
            shift = self._shifts[camera] = self._means.shift(camera).astype(np.float32)
        centred = unit(vector - shift)
        return vector if centred is None else centred

    def _centre(self, camera: str, vector: Vector, at_s: float) -> None:
        """One more person of a camera; all templates are looked at anew now and then."""
        if self._means is None:
            self._means = CameraMeans(len(vector))
        before = self._means.ready
        self._means.add(camera, vector)
        self._shifts.clear()
        if self._means.ready != before:
            self._likeness.forget()
        if self._means.ready != before or at_s - self._refreshed_s > REFRESH_S:
            self._refreshed_s = at_s
            self._identities.refresh()

    def _is_swapped(self, tracklet: Tracklet) -> bool:
        """True if the newest crops look like someone else than those before."""
        features = tracklet.features
        old, new = features.old(), features.new()
        if old is None or new is None or features.settled < SETTLED:
            return False
        camera = tracklet.camera
        change = float(self._view(camera, old) @ self._view(camera, new))
        return self._likeness.evidence(change) < self._rules.swap

    def _cut(self, tracklet: Tracklet, since_s: float) -> list[Answer]:
        """The track shows someone else since then."""
        rest = tracklet.cut(since_s)
        self._tracklets[rest.key] = rest
        return self._resolver.replace(tracklet, rest)

    def _going_on(self, key: Key, at_s: float) -> Tracklet:
        """The tracklet of a track that is seen now; a new one after a silence."""
        found = self._tracklets.get(key)
        return self._begin(key, at_s) if found is None or found.ended else found

    def _begin(self, key: Key, at_s: float) -> Tracklet:
        tracklet = self._tracklets[key] = Tracklet(key, at_s)
        self._resolver.add(tracklet)
        return tracklet

    def _end_silent(self, at_s: float) -> None:
        for key, tracklet in list(self._tracklets.items()):
            silent_s = at_s - tracklet.last_s
            tracklet.ended = tracklet.ended or silent_s > SILENT_S
            if tracklet.ended and silent_s > SILENT_S + LATE_S:
                del self._tracklets[key]

    def _clock_went_back(self) -> None:
        """Nothing of before has a place in time any more."""
        self.counts["clock_jumps"] += 1
        self._reset_s = 0.0

    def _begin_day(self, at_s: float) -> None:
        """Forget everybody at the store's reset time, and before the first news."""
        if at_s < self._reset_s:
            return
        zone, resets = self._store.time_zone, self._store.resets
        self._reset_s = next_reset_s(at_s, zone, resets)
        self._tracklets.clear()
        self._looked_s.clear()
        self._resolver.begin_day(day_of(at_s, zone, resets))


def _views(config: StoreConfig) -> dict[str, View]:
    plan = config.floor_plan
    fixtures = [Polygon(fixture.polygon_m) for fixture in (plan.fixtures if plan else ())]
    return {camera.id: View(camera, fixtures) for camera in config.cameras}


def _judge(rules: IdentityRules, config: StoreConfig) -> Judge:
    plan = config.floor_plan
    return Judge(rules, plan.width_m * plan.depth_m if plan else AREA_M2)
