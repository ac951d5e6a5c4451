"""Who is who: what each track did, and the visits of the identities that tracks belong to.

A visit is all that the tracks of one identity did without a gap of three hours; it ends at
local midnight. Tracks wait for their identity for a while, as it may come after the crossing.
"""

from __future__ import annotations

import itertools
import math
from typing import NamedTuple

import msgspec

from contracts.events import UNKNOWN, Direction, VisitClosed
from edge_agent.rules.occupancy import utc

Who = tuple[str, int]
"""Camera and track id."""

MERGE_S = 3 * 3600.0
STAFF_STAY_S = 4 * 3600.0
"""Who is inside for this long is taken for staff."""
UNNAMED_S = 600.0
PRUNE_S = 10.0
MOST_TRACKS = 20_000
MOST_EARLY = 2_000


class Passage(msgspec.Struct, frozen=True):
    """One crossing of one track; `id` is its event's."""

    id: str
    door: str
    direction: Direction
    at_s: float
    staff: bool | None


class Doings(msgspec.Struct):
    """What one track did; `zones` are (entered at, zone)."""

    first_s: float
    last_s: float
    identity: str = UNKNOWN
    passages: list[Passage] = []
    zones: list[tuple[float, str]] = []


class PeopleState(msgspec.Struct):
    """What `People` knows, to go on with after a restart."""

    tracks: dict[Who, Doings] = {}
    members: dict[str, list[Who]] = {}
    early: dict[Who, str] = {}
    pruned_s: float = -math.inf


class Closed(NamedTuple):
    """A visit that is over, and what it is known by."""

    visit: VisitClosed
    last_s: float


class People:
    """Follows tracks and gathers them under identities."""

    def __init__(self) -> None:
        self.state = PeopleState()

    def seen(self, who: Who, at_s: float) -> Doings:
        """A confirmed track was seen; what is known of it."""
        doings = self.state.tracks.get(who)
        if doings is None:
            doings = self.state.tracks[who] = Doings(at_s, at_s)
            if len(self.state.tracks) > MOST_TRACKS:
                self._forget_oldest()
            if who in self.state.early:
                self.assign(who, self.state.early.pop(who))
        if at_s > doings.last_s:
            doings.last_s = at_s
        return doings

    def identity_of(self, who: Who) -> str:
        """The track's identity as far as it is known now."""
        doings = self.state.tracks.get(who)
        return doings.identity if doings else UNKNOWN

    def same(self, one: Who, other: Who) -> bool:
        """True if both tracks are known to be one person."""
        return one == other or self.identity_of(one) == self.identity_of(other) != UNKNOWN

    def assign(self, who: Who, identity: str) -> None:
        """The track is this identity's from its first sighting on, whatever it was before.

        The news may come before the first sighting does.
        """
        doings = self.state.tracks.get(who)
        if doings is None:
            self.state.early[who] = identity
            if len(self.state.early) > MOST_EARLY:
                del self.state.early[next(iter(self.state.early))]
            return
        if doings.identity == identity:
            return
        self._leave(who, doings)
        doings.identity = identity
        self.state.members.setdefault(identity, []).append(who)

    def unassign(self, who: Who) -> None:
        """What was said of the track's identity was wrong: nobody knows whose track it is."""
        self.state.early.pop(who, None)
        doings = self.state.tracks.get(who)
        if doings is not None:
            self._leave(who, doings)
            doings.identity = UNKNOWN

    def others(self, who: Who) -> list[tuple[Who, Doings]]:
        """Other tracks of the same camera and identity."""
        identity = self.identity_of(who)
        if identity == UNKNOWN:
            return []
        members = self.state.members.get(identity, [])
        return [(m, self.state.tracks[m]) for m in members if m != who and m[0] == who[0]]

    def due(self, now_s: float) -> list[Closed]:
        """Visits of those who were not seen for so long that the next one is another visit."""
        if 0 <= now_s - self.state.pruned_s < PRUNE_S:
            return []
        self.state.pruned_s = now_s
        over = [
            identity
            for identity, members in self.state.members.items()
            if now_s - max(self.state.tracks[who].last_s for who in members) >= MERGE_S
        ]
        closed = [self._close(identity) for identity in over]
        unnamed = [
            who
            for who, doings in self.state.tracks.items()
            if doings.identity == UNKNOWN and now_s - doings.last_s > UNNAMED_S
        ]
        for who in unnamed:
            del self.state.tracks[who]
        return closed

    def close_all(self) -> list[Closed]:
        """End all visits, at midnight or at a stop; identities are not carried on."""
        closed = [self._close(identity) for identity in list(self.state.members)]
        self.state.tracks.clear()
        return closed

    def _close(self, identity: str) -> Closed:
        members = self.state.members.pop(identity)
        tracks = [(who, self.state.tracks.pop(who)) for who in members]
        tracks.sort(key=lambda item: item[1].first_s)
        last_s = max(doings.last_s for _, doings in tracks)
        return Closed(_visit_of(identity, tracks, last_s), last_s)

    def _leave(self, who: Who, doings: Doings) -> None:
        if doings.identity == UNKNOWN:
            return
        members = self.state.members[doings.identity]
        members.remove(who)
        if not members:
            del self.state.members[doings.identity]

    def _forget_oldest(self) -> None:
        who = next(iter(self.state.tracks))
        self._leave(who, self.state.tracks[who])
        del self.state.tracks[who]


def _visit_of(identity: str, tracks: list[tuple[Who, Doings]], last_s: float) -> VisitClosed:
    passages = sorted((p for _, d in tracks for p in d.passages), key=lambda p: p.at_s)
    zones = [zone for _, zone in sorted(stop for _, d in tracks for stop in d.zones)]
    entry = passages[0] if passages and passages[0].direction == "in" else None
    leave = passages[-1] if passages and passages[-1].direction == "out" else None
    first_s = tracks[0][1].first_s
    return VisitClosed(
        identity=identity,
        entered_at=utc(entry.at_s) if entry else None,
        exited_at=utc(leave.at_s) if leave else None,
        entry_door=entry.door if entry else "",
        exit_door=leave.door if leave else "",
        first_seen_at=utc(first_s),
        last_seen_at=utc(last_s),
        zones=[zone for i, zone in enumerate(zones) if i == 0 or zone != zones[i - 1]],
        cameras=list(dict.fromkeys(camera for (camera, _), _ in tracks)),
        sightings=len(tracks),
        staff=_is_staff(passages, last_s - first_s, linked=bool(entry and leave)),
    )


def _is_staff(passages: list[Passage], span_s: float, *, linked: bool) -> bool | None:
    """Known by a staff door or a long stay; a customer only if the whole visit was seen."""
    if any(passage.staff for passage in passages):
        return True
    away_s = sum(
        later.at_s - earlier.at_s
        for earlier, later in itertools.pairwise(passages)
        if (earlier.direction, later.direction) == ("out", "in")
    )
    if span_s - away_s >= STAFF_STAY_S:
        return True
    return False if linked else None
