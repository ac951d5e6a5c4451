"""From tracklets to identities: what waits, what is answered, what is taken back."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable

import numpy as np

from contracts.events import UNKNOWN
from edge_agent.identity.appearance import Feature, Likeness, Vector
from edge_agent.identity.floor import Doors, together
from edge_agent.identity.identities import Identities, Identity, View
from edge_agent.identity.joining import Judge
from edge_agent.identity.matching import choices
from edge_agent.identity.reconcile import continued
from edge_agent.identity.scoring import Scores, apart
from edge_agent.identity.settings import IdentityRules
from edge_agent.identity.tracklet import Tracklet
from edge_agent.messages import IdentityAssigned, TracksJoined

Answer = IdentityAssigned | TracksJoined

AGAIN_S = 2.0
SETTLE_S = 1.0
RECENT_S = 120.0
PARTED_S = 2.0
"""How long two tracks of one identity must be apart before they are two people's."""
SEVERAL = 3
CONFIDENT_WEIGHT = 0.3


class Resolver:
    """Holds the tracklets that wait and those that go on; decides at each step."""

    def __init__(
        self,
        rules: IdentityRules,
        identities: Identities,
        view: View,
        likeness: Likeness,
        judge: Judge,
        doors: Doors,
        counts: Counter[str],
    ) -> None:
        self._rules = rules
        self._identities = identities
        self._view = view
        self._likeness = likeness
        self._scores = Scores(rules, likeness, judge, doors)
        self._counts = counts
        self._waiting: list[Tracklet] = []
        self._known: list[Tracklet] = []
        """Answered ones that go on or ended a moment ago."""

    def adopt(self, judge: Judge, doors: Doors) -> None:
        """Go on with everybody who is known, in a store whose cameras or doors changed."""
        self._scores.adopt(judge, doors)

    @property
    def waiting(self) -> int:
        """Tracklets without an answer."""
        return len(self._waiting)

    def add(self, tracklet: Tracklet) -> None:
        """A tracklet began."""
        self._waiting.append(tracklet)
        self._counts["tracklets"] += 1

    def replace(self, old: Tracklet, new: Tracklet) -> list[Answer]:
        """`new` goes on with the track of `old`, but shows someone else."""
        self.add(new)
        new.told = old.told
        return self._tell(new, UNKNOWN, 0.0) if old.told else []

    def learn(self, tracklet: Tracklet, feature: Feature) -> None:
        """A crop is surely the tracklet's: the template of its identity may follow it."""
        if tracklet.identity is None or feature.weight < CONFIDENT_WEIGHT:
            return
        identity = self._identities[tracklet.identity]
        likeness = identity.likeness(self._view(tracklet.camera, feature.vector))
        if likeness is not None and self._likeness.evidence(likeness) > 0:
            self._identities.learn(identity, tracklet.camera, feature.vector)

    def resolve(self, at_s: float) -> list[Answer]:
        """Answer what can be answered at this step."""
        answers = self._take_back()
        answers += self._reconcile(at_s)
        answers += self._match(at_s)
        answers += self._merge(at_s)
        self._retire(at_s)
        return answers

    def strays(self) -> list[Tracklet]:
        """Tracks that are far from where another camera sees the identity: the younger ones."""
        live: dict[str, list[Tracklet]] = defaultdict(list)
        for one in self._known:
            if not one.ended and one.identity is not None:
                live[one.identity].append(one)
        found = []
        for here in live.values():
            young = max(here, key=lambda one: (one.start_s, one.key))
            if any(one is not young and self._scores.parted(one, young) for one in here):
                found.append(young)
        return found

    def begin_day(self, day: str) -> None:
        """All tokens lose their meaning."""
        self._waiting.clear()
        self._known.clear()
        self._identities.begin_day(day)

    def _reconcile(self, at_s: float) -> list[Answer]:
        fresh = [one for one in self._waiting if one.features.count and not one.weighed]
        if not fresh:
            return []
        busy = {(one.identity, one.camera) for one in self._known if not one.ended}
        lost = [one for one in self._known if one.ended and (one.identity, one.camera) not in busy]
        answers: list[Answer] = []
        for before, after in continued(lost, fresh, self._rules, self._view):
            assert before.identity is not None
            identity = self._identities[before.identity]
            self._counts["reconciled"] += 1
            answers += self._give(after, identity, 3.0, at_s)
        return answers

    def _match(self, at_s: float) -> list[Answer]:
        """Assign, accept what is sure, begin the earliest of the new ones, and look again."""
        ready = [one for one in self._waiting if self._is_ready(one, at_s)]
        answers: list[Answer] = []
        while ready:
            views = [(one, self._look_of(one)) for one in ready]
            columns = self._candidates([view for _, view in views], at_s)
            rows = [[self._gain(one, view, i) for i in columns] for one, view in views]
            gain = np.array(rows).reshape(len(ready), len(columns))
            found = choices(gain, np.array(apart(ready), dtype=np.bool_))
            sure = [
                (one, choice)
                for one, choice in zip(ready, found, strict=True)
                if choice.margin >= self._needed(one, at_s)
            ]
            matched = [
                (one, columns[c.column], c.margin) for one, c in sure if c.column is not None
            ]
            fresh = [(one, c.margin) for one, c in sure if c.column is None and one.features.count]
            if matched:
                for one, identity, margin in matched:
                    answers += self._give(one, identity, margin, at_s)
            elif fresh:
                one, margin = min(fresh, key=lambda row: (row[0].start_s, row[0].key))
                self._counts["begun"] += 1
                answers += self._give(one, self._identities.begin(one.start_s), margin, at_s)
            else:
                break
            ready = [one for one in ready if one.identity is None]
        return answers + self._abstain(ready, at_s)

    def _look_of(self, tracklet: Tracklet) -> Vector | None:
        mean = tracklet.features.mean()
        return None if mean is None else self._view(tracklet.camera, mean)

    def _merge(self, at_s: float) -> list[Answer]:
        """Young identities that turn out to be known ones."""
        answers: list[Answer] = []
        for young in [i for i in self._identities if self._is_young(i, at_s)]:
            if young.token not in self._identities:
                continue  # merged a moment ago
            candidates = self._candidates(list(young.views.values()), at_s)
            others = [o for o in candidates if o is not young and o.tracklets]
            gains = sorted(
                ((self._scores.pair_gain(young, other), other.token) for other in others),
                reverse=True,
            )
            margin = gains[0][0] - max([0.0, *(gain for gain, _ in gains[1:])]) if gains else 0.0
            if margin >= self._rules.merge:
                answers += self._join(young, self._identities[gains[0][1]], at_s)
        return answers

    def _is_young(self, identity: Identity, at_s: float) -> bool:
        age_s = at_s - identity.born_s
        due = age_s <= self._rules.young_s and age_s % AGAIN_S < self._rules.step_s
        return due and bool(identity.tracklets)  # what was cut from it may have been all of it

    def _join(self, one: Identity, other: Identity, at_s: float) -> list[Answer]:
        """Two identities are one person: the older keeps its name."""
        kept, gone = sorted((one, other), key=lambda each: (each.born_s, each.token))
        near = max(
            (
                (a, b)
                for a in kept.tracklets
                for b in gone.tracklets
                if not (a.is_past or b.is_past)
            ),
            key=lambda p: p[0].overlap_s(p[1]),
            default=None,
        )
        tracklets = list(gone.tracklets)
        self._identities.merge(kept, gone)
        self._counts["merged"] += 1
        told = [self._tell(each, kept.token, 1.0) for each in tracklets]
        joined = [TracksJoined(*near[0].key, *near[1].key, kept.token, at_s)] if near else []
        return [*(answer for each in told for answer in each), *joined]

    def _gain(self, tracklet: Tracklet, view: Vector | None, identity: Identity) -> float:
        gain = self._scores.gain(tracklet, identity, view)
        if view is not None or tracklet.ended or self._walks_along(tracklet, identity):
            return gain
        return min(gain, 0.0)

    def _walks_along(self, tracklet: Tracklet, identity: Identity) -> bool:
        """A track without a usable crop may join only whom it is seen with for a while."""
        both = (
            together(tracklet.trail, one.trail, self._rules.align_s, tracklet.start_s)
            for one in identity.tracklets
            if one.camera != tracklet.camera and one.overlap_s(tracklet) > AGAIN_S
        )
        return any(found is not None and found.seconds >= AGAIN_S for found in both)

    def _is_ready(self, one: Tracklet, at_s: float) -> bool:
        age_s = at_s - one.start_s
        enough = one.features.weight >= self._rules.features
        if not (enough or age_s >= self._rules.patience_s or self._is_final(one, at_s)):
            return False
        news = one.features.count > one.weighed or self._is_final(one, at_s)
        again = age_s % AGAIN_S < self._rules.step_s
        if news or again:
            one.weighed = one.features.count
        return news or again

    def _is_final(self, one: Tracklet, at_s: float) -> bool:
        return one.ended and at_s - one.last_s >= SETTLE_S

    def _needed(self, one: Tracklet, at_s: float) -> float:
        return self._rules.unsure if self._is_final(one, at_s) else self._rules.sure

    def _candidates(self, views: Iterable[Vector | None], at_s: float) -> list[Identity]:
        found: dict[str, Identity] = {}
        for view in views:
            near = [] if view is None else self._identities.near(view, self._rules.candidates)
            found.update((identity.token, identity) for identity in near)
        for identity in self._identities:
            if at_s - identity.seen_s <= RECENT_S:
                found.setdefault(identity.token, identity)
        return list(found.values())

    def _give(
        self, tracklet: Tracklet, identity: Identity, margin: float, at_s: float
    ) -> list[Answer]:
        answers = self._joined(tracklet, identity, at_s)
        self._counts["matched"] += bool(identity.tracklets)
        self._identities.give(identity, tracklet, learns=self._convinces(tracklet, identity))
        self._waiting.remove(tracklet)
        self._known.append(tracklet)
        return [*self._tell(tracklet, identity.token, _share(margin)), *answers]

    def _convinces(self, tracklet: Tracklet, identity: Identity) -> bool:
        """True if the identity is new, or looks like the tracklet."""
        view = self._look_of(tracklet)
        likeness = None if view is None else identity.likeness(view)
        return likeness is None or self._likeness.evidence(likeness) > 0

    def _take_back(self) -> list[Answer]:
        """Tracks whose crops, by now, do not look like the identity they were given to."""
        answers: list[Answer] = []
        for one in [one for one in self._known if not one.ended and one.features.count >= SEVERAL]:
            assert one.identity is not None
            view, identity = self._look_of(one), self._identities[one.identity]
            likeness = None if view is None else identity.likeness(view)
            if likeness is None or self._likeness.evidence(likeness) > self._rules.swap:
                continue
            self._counts["taken_back"] += 1
            self._identities.take_back(one)
            self._known.remove(one)
            self._waiting.append(one)
            one.weighed = 0
            answers += self._tell(one, UNKNOWN, 0.0)
        return answers

    def _joined(self, tracklet: Tracklet, identity: Identity, at_s: float) -> list[Answer]:
        """Say so if this track goes on with another one or runs beside it."""
        present = [one for one in identity.tracklets if not one.is_past]
        near = max(present, key=tracklet.overlap_s, default=None)
        if near is None or near.key == tracklet.key:
            return []
        if tracklet.overlap_s(near) < -self._rules.reconcile_s:
            return []
        self._counts["joined"] += 1
        kept, gone = sorted((near, tracklet), key=lambda one: (one.start_s, one.key))
        return [TracksJoined(*kept.key, *gone.key, identity.token, at_s)]

    def _abstain(self, ready: Iterable[Tracklet], at_s: float) -> list[Answer]:
        answers: list[Answer] = []
        for one in ready:
            if one.told is None and at_s - one.start_s >= self._rules.patience_s:
                self._counts["abstained"] += 1
                answers += self._tell(one, UNKNOWN, 0.0)
        return answers

    def _tell(self, tracklet: Tracklet, token: str, score: float) -> list[Answer]:
        if tracklet.told == token or tracklet.is_past:
            return []
        tracklet.told = token
        since_s = tracklet.start_s if tracklet.is_rest else None
        return [IdentityAssigned(*tracklet.key, identity=token, score=score, since=since_s)]

    def _retire(self, at_s: float) -> None:
        """Let go of what is over."""
        for one in self._known:
            if one.identity is not None:
                identity = self._identities[one.identity]
                identity.seen_s = max(identity.seen_s, one.last_s)
        keep_s = self._rules.reconcile_s + self._rules.patience_s
        self._known = [o for o in self._known if not o.ended or at_s - o.last_s <= keep_s]
        self._waiting = [
            o for o in self._waiting if not o.ended or at_s - o.last_s <= self._rules.patience_s
        ]
        old = [i for i in self._identities if at_s - i.seen_s > self._rules.ttl_s]
        self._counts["forgotten"] += len(old)
        self._identities.forget(old)


def _share(margin: float) -> float:
    """A margin in nats as a probability."""
    return round(1 / (1 + math.exp(-min(margin, 30.0))), 4)
