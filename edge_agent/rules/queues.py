"""Queues: who waited for service, for how long, and how it ended.

Someone queues from the first sighting in a queue zone, if they stay `JOIN_S`; passing through
is not queueing. The wait ends with the entry into a service zone, also of another queue
(jockeying keeps one wait), or when the person leaves without one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal, NamedTuple

import msgspec

from contracts.store import Zone
from edge_agent.rules.handover import Handover, Seen
from edge_agent.rules.zones import Stay, Visit, ZoneWatch

JOIN_S = 10.0
TRANSFER_S = 5.0
"""From the queue to the till, or to another queue, people take at most this long."""
HANDOVER_S = 3.0
KEPT_S = 600.0
"""A service that belongs to no wait is forgotten after this long."""

Outcome = Literal["served", "abandoned", "unknown"]
Who = tuple[str, int]
"""Camera and track id."""


class Episode(NamedTuple):
    """A wait that is over, UNIX seconds; `service_s` is None unless its whole was seen."""

    zone: str
    camera: str
    track_id: int
    joined_s: float
    left_s: float
    outcome: Outcome
    service_s: float | None
    censored: bool


class Wait(msgspec.Struct):
    """Someone left the queue zone a moment ago; `lost` is where the track broke off in it.

    `stood_s` is the time inside, without that between two queues.
    """

    zone: str
    camera: str
    track_id: int
    last_id: int
    joined_s: float
    left_s: float
    stood_s: float
    begin_seen: bool
    lost: Seen | None


class Service(msgspec.Struct):
    """A stay in a service zone that is over."""

    camera: str
    visit: Visit


class QueueState(msgspec.Struct):
    """What `Queues` knows, to go on with after a restart."""

    waits: list[Wait] = []
    services: list[Service] = []


class Queues:
    """Puts the visits of queue and service zones together; the zones' watches are shared."""

    def __init__(
        self,
        watches: Iterable[tuple[Zone, ZoneWatch]],
        same: Callable[[Who, Who], bool],
        blind: Callable[[str], bool],
        *,
        reach_m: float = 1.5,
    ) -> None:
        """`same` knows whether two tracks are one person, `blind` whether a camera sees nothing."""
        zones = list(watches)
        self._queues = [(zone, watch) for zone, watch in zones if zone.kind == "queue"]
        self._services = [(zone, watch) for zone, watch in zones if zone.kind == "service"]
        self._same = same
        self._blind = blind
        self._handover = Handover(reach_m, HANDOVER_S)
        self._floor = {zone.camera for zone, _ in zones if zone.on_floor}
        self.state = QueueState()

    def lengths(self, at_s: float) -> dict[str, int]:
        """People in each queue zone who have been there for `JOIN_S`."""
        return {
            zone.name: sum(at_s - since_s >= JOIN_S for since_s in watch.stays.values())
            for zone, watch in self._queues
        }

    def closed(self, zone: Zone, visit: Visit) -> None:
        """A visit of a queue or service zone ended; a service must have lasted its minimum."""
        if zone.kind == "queue":
            self._leave(zone, visit)
        elif zone.kind == "service" and visit.dwell_s >= zone.min_dwell_s:
            self.state.services.append(Service(zone.camera, visit))

    def expire(self, at_s: float) -> list[Episode]:
        """Waits whose end is known at `at_s`; call it once per frame."""
        state = self.state
        if state.services:
            state.services = [s for s in state.services if at_s - s.visit.left_at_s <= KEPT_S]
        return [episode for wait in list(state.waits) for episode in self._ended(wait, at_s)]

    def flush(self) -> list[Episode]:
        """End all waits at a stop or at midnight, after the zones' own visits were closed."""
        episodes = []
        for wait in list(self.state.waits):
            served = self._served(wait)
            episodes += self._close(wait, "unknown") if served is None else served
        self.state.services.clear()
        return episodes

    def _leave(self, zone: Zone, visit: Visit) -> None:
        before = [
            wait
            for wait in self.state.waits
            if wait.joined_s <= visit.entered_at_s <= wait.left_s + TRANSFER_S
            and self._one(wait, zone.camera, visit.track_id, visit.last_id, visit.born)
        ]
        if before:
            wait = before[-1]
            wait.zone, wait.camera, wait.last_id = zone.name, zone.camera, visit.last_id
            wait.left_s, wait.lost = max(wait.left_s, visit.left_at_s), visit.lost
            wait.stood_s += visit.dwell_s
            return
        wait = Wait(
            zone=zone.name,
            camera=zone.camera,
            track_id=visit.track_id,
            last_id=visit.last_id,
            joined_s=visit.entered_at_s,
            left_s=visit.left_at_s,
            stood_s=visit.dwell_s,
            begin_seen=visit.born is None,
            lost=visit.lost,
        )
        self.state.waits.append(wait)

    def _ended(self, wait: Wait, at_s: float) -> list[Episode]:
        served = self._served(wait)
        if served is not None:
            return served
        if at_s <= wait.left_s + TRANSFER_S or self._goes_on(wait):
            return []
        unseen = wait.lost is not None or any(
            self._blind(zone.camera) for zone, _ in self._services if zone.serves == wait.zone
        )
        return self._close(wait, "unknown" if unseen else "abandoned")

    def _served(self, wait: Wait) -> list[Episode] | None:
        """End the wait if it led to a service that is over; None if it did not."""
        fitting = [s for s in self.state.services if self._leads_to(wait, s.camera, s.visit)]
        if not fitting:
            return None
        service = min(fitting, key=lambda each: each.visit.entered_at_s)
        self.state.services.remove(service)
        visit = service.visit
        wait.left_s = visit.entered_at_s
        return self._close(wait, "served", None if visit.lost else visit.dwell_s)

    def _goes_on(self, wait: Wait) -> bool:
        """True while the person is being served, or stands in a queue again."""
        return any(
            self._leads_to(wait, zone.camera, stay)
            for zone, watch in (*self._services, *self._queues)
            for stay in (*watch.state.stays.values(), *watch.state.orphans)
        )

    def _leads_to(self, wait: Wait, camera: str, there: Stay | Visit) -> bool:
        in_time = wait.joined_s <= there.entered_at_s <= wait.left_s + TRANSFER_S
        first = there.first_id if isinstance(there, Stay) else there.track_id
        return in_time and self._one(wait, camera, first, there.last_id, there.born)

    def _one(self, wait: Wait, camera: str, first: int, last: int, born: Seen | None) -> bool:
        """True if the wait is that of a track which was `first`, then `last`."""
        if camera == wait.camera and {first, last} & {wait.track_id, wait.last_id}:
            return True
        if self._same((wait.camera, wait.last_id), (camera, first)):
            return True
        if not (wait.lost and born and camera == wait.camera and camera in self._floor):
            return False
        return self._handover.distance(wait.lost, born) is not None

    def _close(self, wait: Wait, outcome: Outcome, service_s: float | None = None) -> list[Episode]:
        """Forget the wait; its episode, if it was long enough for one."""
        self.state.waits.remove(wait)
        if min(wait.stood_s, wait.left_s - wait.joined_s) < JOIN_S:
            return []
        unseen = outcome == "unknown" or not wait.begin_seen
        return [
            Episode(
                zone=wait.zone,
                camera=wait.camera,
                track_id=wait.track_id,
                joined_s=wait.joined_s,
                left_s=wait.left_s,
                outcome=outcome,
                service_s=service_s,
                censored=unseen,
            )
        ]
