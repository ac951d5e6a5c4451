"""All zones of a store: visits and queue episodes as facts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import msgspec

from contracts.events import UNKNOWN, QueueEpisode, ZoneVisit
from contracts.geometry import Point
from contracts.store import Zone
from edge_agent.rules.facts import Fact, Naming
from edge_agent.rules.occupancy import utc
from edge_agent.rules.people import People, Who
from edge_agent.rules.queues import Episode, Queues, QueueState
from edge_agent.rules.zones import Visit, WatchState, ZoneWatch

FLOOR_REACH_M = 1.0
KEPT_S = 600.0
MOST_KEPT = 2_000
TOUCH_S = 1.0
TWICE = "two tracks were one person"


class Told(msgspec.Struct, frozen=True):
    """A visit or episode that was told, and may have to be taken back."""

    id: str
    subject: str
    camera: str
    track_id: int
    begin_s: float
    end_s: float


class AreasState(msgspec.Struct):
    """What `Areas` knows."""

    watches: dict[str, WatchState] = {}
    queues: QueueState = msgspec.field(default_factory=QueueState)
    recent: list[Told] = []


class Areas:
    """Watches every zone of a store."""

    def __init__(
        self,
        zones: Sequence[Zone],
        people: People,
        naming: Naming,
        blind: Callable[[str], bool],
    ) -> None:
        """`blind` knows whether a camera sees nothing now."""
        self._watches = [(zone, _watch(zone)) for zone in zones]
        self._of_camera: dict[str, list[tuple[Zone, ZoneWatch]]] = {}
        for zone, watch in self._watches:
            self._of_camera.setdefault(zone.camera, []).append((zone, watch))
        self._people, self._naming = people, naming
        self._queues = Queues(self._watches, people.same, blind)
        self._recent: list[Told] = []

    @property
    def state(self) -> AreasState:
        """What is known now."""
        watches = {zone.name: watch.state for zone, watch in self._watches}
        return AreasState(watches, self._queues.state, self._recent)

    @state.setter
    def state(self, state: AreasState) -> None:
        for zone, watch in self._watches:
            watch.state = state.watches.get(zone.name, WatchState())
        self._queues.state, self._recent = state.queues, state.recent

    def inside(self) -> dict[str, int]:
        """People in each zone now."""
        return {zone.name: watch.inside for zone, watch in self._watches}

    def lengths(self, at_s: float) -> dict[str, int]:
        """People who queue in each queue zone now."""
        return self._queues.lengths(at_s)

    def seen(self, who: Who, anchor: Point, place: Point | None, at_s: float) -> list[Fact]:
        """A confirmed track in one frame: `anchor` in the picture, `place` on the floor."""
        facts: list[Fact] = []
        for zone, watch in self._of_camera.get(who[0], ()):
            spot = place if zone.on_floor else anchor
            visit = watch.update(who[1], spot, at_s) if spot else None
            facts += self._closed(zone, visit) if visit else []
        return facts

    def ended(self, who: Who, at_s: float) -> None:
        """A track ended."""
        for _, watch in self._of_camera.get(who[0], ()):
            watch.ended(who[1], at_s)

    def expire(self, camera: str, at_s: float) -> list[Fact]:
        """Visits and waits that ended without a sighting; call it once per frame."""
        zones = self._of_camera.get(camera, ())
        facts = [
            f for zone, watch in zones for v in watch.expire(at_s) for f in self._closed(zone, v)
        ]
        return facts + self._episodes(self._queues.expire(at_s))

    def flush(self, camera: str, at_s: float) -> list[Fact]:
        """Close the visits of one camera: it stopped, or its clock went back."""
        return [
            fact
            for zone, _ in self._of_camera.get(camera, ())
            for fact in self.flush_zone(zone.name, at_s)
        ]

    def flush_zone(self, name: str, at_s: float) -> list[Fact]:
        """Close the visits of one zone: it will be another one."""
        return [
            fact
            for zone, watch in self._watches
            if zone.name == name
            for visit in watch.flush(at_s)
            for fact in self._closed(zone, visit)
        ]

    def finish(self) -> list[Fact]:
        """End all waits, after every camera was flushed."""
        return self._episodes(self._queues.flush())

    def cut(self, at_s: float) -> list[Fact]:
        """Close everything at local midnight; who is still inside begins anew."""
        facts = [
            fact
            for zone, watch in self._watches
            for visit in watch.cut(at_s)
            for fact in self._closed(zone, visit)
        ]
        return facts + self.finish()

    def retract(self, who: Who, at_s: float) -> list[Fact]:
        """Take back what this track told while another track of the same person told it, too."""
        others = {other for other, _ in self._people.others(who)}
        mine = [told for told in self._recent if (told.camera, told.track_id) == who]
        repeats = [told for told in mine if others and self._is_within(told, others)]
        for told in repeats:
            self._recent.remove(told)
        return [
            self._naming.retraction(t.id, TWICE, t.subject, max(at_s, t.end_s)) for t in repeats
        ]

    def _is_within(self, mine: Told, others: set[Who]) -> bool:
        """True if another track's visit of the same place covers this one."""
        spans = [
            (told.begin_s, told.end_s)
            for told in self._recent
            if told.subject == mine.subject and (told.camera, told.track_id) in others
        ]
        for zone, watch in self._of_camera.get(mine.camera, ()):
            if mine.subject == f"zone/{zone.name}":
                stays = watch.state.stays.items()
                spans += [
                    (s.entered_at_s, s.last_in_s) for i, s in stays if (zone.camera, i) in others
                ]
        return any(
            begin_s - TOUCH_S <= mine.begin_s and mine.end_s <= end_s + TOUCH_S
            for begin_s, end_s in spans
        )

    def _closed(self, zone: Zone, visit: Visit) -> list[Fact]:
        if zone.kind != "zone":
            self._queues.closed(zone, visit)
        if visit.dwell_s < zone.min_dwell_s:
            return []
        first, last = (zone.camera, visit.track_id), (zone.camera, visit.last_id)
        who = last if self._people.identity_of(first) == UNKNOWN else first
        payload = ZoneVisit(
            zone=zone.name,
            camera=zone.camera,
            track_id=visit.track_id,
            entered_at=utc(visit.entered_at_s),
            left_at=utc(visit.left_at_s),
            dwell_s=round(visit.dwell_s, 3),
            censored=visit.censored,
            identity=self._people.identity_of(who),
        )
        self._people.seen(who, visit.left_at_s).zones.append((visit.entered_at_s, zone.name))
        fact = self._naming.fact(
            payload, f"zone/{zone.name}", visit.left_at_s, visit.track_id, visit.entered_at_s
        )
        self._remember(fact, first, visit.entered_at_s)
        return [fact]

    def _episodes(self, episodes: Iterable[Episode]) -> list[Fact]:
        facts = []
        for episode in episodes:
            who = (episode.camera, episode.track_id)
            payload = QueueEpisode(
                zone=episode.zone,
                camera=episode.camera,
                track_id=episode.track_id,
                joined_at=utc(episode.joined_s),
                left_at=utc(episode.left_s),
                wait_s=round(episode.left_s - episode.joined_s, 3),
                outcome=episode.outcome,
                service_s=None if episode.service_s is None else round(episode.service_s, 3),
                censored=episode.censored,
                identity=self._people.identity_of(who),
            )
            key = (episode.track_id, episode.joined_s)
            fact = self._naming.fact(payload, f"queue/{episode.zone}", episode.left_s, *key)
            self._remember(fact, who, episode.joined_s)
            facts.append(fact)
        return facts

    def _remember(self, fact: Fact, who: Who, begin_s: float) -> None:
        kept = self._recent[-MOST_KEPT:]
        self._recent = [told for told in kept if fact.at_s - told.end_s <= KEPT_S]
        self._recent.append(Told(fact.id, fact.subject, *who, begin_s, fact.at_s))


def _watch(zone: Zone) -> ZoneWatch:
    """Queues want to know of short stays, too."""
    reach = FLOOR_REACH_M if zone.on_floor else None
    return ZoneWatch(zone.area, zone.min_dwell_s if zone.kind == "zone" else 0.0, reach=reach)
