"""Takes events from the bus in groups, and acknowledges each once it is on disk."""

from __future__ import annotations

import time

import msgspec

from contracts.events import encode_event, is_analytics
from edge_agent.bus import Desk
from edge_agent.messages import EventOffered, EventsKept
from edge_agent.spool.segments import Lane
from edge_agent.spool.spool import Spool

GROUP_S = 0.03  # together with the sync itself below the promised 50 ms
IDLE_S = 0.1
GROUP_EVENTS = 10_000
_REMEMBERED_IDS = 50_000
_IDS_PER_ACK = 5_000
_FULL_PAUSE_S = 0.5


class Intake:
    """Where events are handed in: appended in groups, acknowledged once they are on disk."""

    def __init__(self, spool: Spool, desk: Desk) -> None:
        self.spool = spool
        self.appended: dict[Lane, int] = {"critical": 0, "analytics": 0}
        self._desk = desk
        self._owners: dict[str, bytes] = {}
        self._kept: dict[str, None] = {}

    def serve(self) -> int:
        """Take the offers of one group, write them, acknowledge them; how many offers came.

        While the disk is full no offers are read: their couriers keep them and wait.
        """
        offers = self._gather()
        known: dict[bytes, list[str]] = {}
        for client, offer in offers:
            if offer.event.id in self._kept:
                known.setdefault(client, []).append(offer.event.id)
            elif offer.event.id in self._owners:
                self._owners[offer.event.id] = client
            else:
                self._append(client, offer)
        for event_id in self.spool.sync():
            client = self._owners.pop(event_id)
            known.setdefault(client, []).append(event_id)
            self._remember(event_id)
        self._acknowledge(known)
        return len(offers)

    def _gather(self) -> list[tuple[bytes, EventOffered]]:
        if self.spool.full:
            time.sleep(_FULL_PAUSE_S)
            return []
        offers = self._desk.read(IDLE_S)
        until = time.monotonic() + GROUP_S
        while offers and len(offers) < GROUP_EVENTS and (left_s := until - time.monotonic()) > 0:
            offers += self._desk.read(left_s)
        return offers

    def _append(self, client: bytes, offer: EventOffered) -> None:
        event = offer.event
        line = encode_event(event)
        if b"\n" in line:
            line = msgspec.json.format(line, indent=-1)
        lane: Lane = "analytics" if is_analytics(event) else "critical"
        if self.spool.append(lane, event.id, line):
            self._owners[event.id] = client
            self.appended[lane] += 1

    def _remember(self, event_id: str) -> None:
        """An offer may be repeated after its acknowledgement was lost."""
        self._kept[event_id] = None
        if len(self._kept) > _REMEMBERED_IDS:
            del self._kept[next(iter(self._kept))]

    def _acknowledge(self, by_client: dict[bytes, list[str]]) -> None:
        for client, ids in by_client.items():
            for begin in range(0, len(ids), _IDS_PER_ACK):
                self._desk.ack(client, EventsKept(ids[begin : begin + _IDS_PER_ACK]))
