"""All doors of a store: crossings as facts, their tally, and what must be taken back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from contracts.events import Direction, LineCrossed
from contracts.geometry import Point
from contracts.store import Door
from edge_agent.messages import TrackedBox
from edge_agent.rules.facts import Fact, Naming
from edge_agent.rules.followers import Followers, FollowersState
from edge_agent.rules.lines import CounterState, LineCounter
from edge_agent.rules.occupancy import Occupancy
from edge_agent.rules.people import Passage, People, Who
from edge_agent.rules.repeats import Crossing, apart_from, repeat_among

KEPT_S = 600.0
MOST_KEPT = 2_000
MOST_TOLD = 20_000
TWICE = "two tracks were one person"


class DoorsState(msgspec.Struct):
    """What `Doors` knows; `told` is how often a track has crossed a door so far."""

    counters: dict[str, CounterState] = {}
    recent: list[Crossing] = []
    told: dict[tuple[str, int], int] = {}
    followers: dict[str, FollowersState] = {}


class Doors:
    """Counts every door, and takes back what was counted twice."""

    def __init__(
        self, doors: Sequence[Door], occupancy: Occupancy, people: People, naming: Naming
    ) -> None:
        """The tally leaves staff doors out, as footfall does."""
        self._doors = {door.name: door for door in doors}
        self._counters = {door.name: LineCounter(door.pair) for door in doors}
        self._followers = {door.name: Followers(door.pair) for door in doors}
        self._of_camera: dict[str, list[str]] = {}
        for door in doors:
            self._of_camera.setdefault(door.camera, []).append(door.name)
        self._occupancy, self._people, self._naming = occupancy, people, naming
        self._recent: list[Crossing] = []
        self._told: dict[tuple[str, int], int] = {}

    @property
    def state(self) -> DoorsState:
        """What is known now."""
        counters = {name: counter.state for name, counter in self._counters.items()}
        followers = {name: each.state for name, each in self._followers.items()}
        return DoorsState(counters, self._recent, self._told, followers)

    @state.setter
    def state(self, state: DoorsState) -> None:
        for name, counter in self._counters.items():
            counter.state = state.counters.get(name, CounterState())
            self._followers[name].state = state.followers.get(name, FollowersState())
        self._recent = [crossing for crossing in state.recent if crossing.door in self._doors]
        self._told = state.told

    def seen(
        self, camera: str, box: TrackedBox, anchor: Point, at_s: float, frame: Iterable[TrackedBox]
    ) -> list[Fact]:
        """One track in one frame; `frame` holds all boxes of it."""
        facts: list[Fact] = []
        for name in self._of_camera.get(camera, ()):
            way = self._counters[name].update(box.track_id, anchor, at_s, box.confirmed)
            came_s = self._followers[name].seen(box, at_s)
            if way or came_s is not None:
                apart, who = apart_from(box, frame), (camera, box.track_id)
                then_s = at_s if way or came_s is None else came_s
                facts += self._crossed(name, who, way or "in", then_s, apart)
        return facts

    def ended(self, camera: str, track_id: int, at_s: float) -> list[Fact]:
        """A track ended; a crossing that waited for its proof is told."""
        facts: list[Fact] = []
        for name in self._of_camera.get(camera, ()):
            way = self._counters[name].forget(track_id)
            facts += self._crossed(name, (camera, track_id), way, at_s, []) if way else []
        return facts

    def flush(self, camera: str, at_s: float) -> list[Fact]:
        """End all walks of one camera."""
        names = self._of_camera.get(camera, ())
        return [fact for name in names for fact in self.flush_door(name, at_s)]

    def flush_door(self, name: str, at_s: float) -> list[Fact]:
        """End all walks through one door: it will be another one."""
        facts: list[Fact] = []
        camera = self._doors[name].camera
        for track_id, way in self._counters[name].flush():
            facts += self._crossed(name, (camera, track_id), way, at_s, [])
        return facts

    def retract(self, who: Who, at_s: float, *, joined: bool) -> list[Fact]:
        """Take back what this track counted again, now that its identity is known."""
        others = self._people.others(who)
        if not others:
            return []
        mine = [c for c in self._recent if (c.camera, c.track_id) == who]
        facts: list[Fact] = []
        for other, doings in others if mine else ():
            kept = [c for c in self._recent if (c.camera, c.track_id) == other]
            overlap = any(doings.first_s <= c.at_s <= doings.last_s for c in mine)
            for crossing in repeat_among(kept, mine, joined=joined, overlap=overlap):
                mine.remove(crossing)
                facts.append(self._take_back(crossing, at_s))
        return facts

    def _crossed(
        self, name: str, who: Who, way: Direction, at_s: float, apart: list[int]
    ) -> list[Fact]:
        door = self._doors[name]
        camera, track_id = who
        self._followers[name].crossed(track_id, at_s, inward=way == "in")
        told = self._told.pop((name, track_id), 0)
        self._told[name, track_id] = told + 1
        if len(self._told) > MOST_TOLD:
            del self._told[next(iter(self._told))]
        staff = True if door.staff_only else None
        payload = LineCrossed(
            door=name,
            camera=camera,
            direction=way,
            track_id=track_id,
            identity=self._people.identity_of(who),
            staff=staff,
        )
        fact = self._naming.fact(payload, f"door/{name}", at_s, track_id, told, way)
        missed = not staff and self._occupancy.count(way, at_s)
        self._recent = [c for c in self._recent[-MOST_KEPT:] if at_s - c.at_s <= KEPT_S]
        self._recent.append(Crossing(fact.id, name, camera, track_id, way, at_s, missed, apart))
        doings = self._people.seen(who, at_s)
        doings.passages.append(Passage(fact.id, name, way, at_s, staff))
        return [fact, *self.retract(who, at_s, joined=False)]

    def _take_back(self, crossing: Crossing, at_s: float) -> Fact:
        self._recent.remove(crossing)
        if not self._doors[crossing.door].staff_only:
            self._occupancy.uncount(crossing.direction, crossing.at_s, missed=crossing.missed)
        doings = self._people.seen((crossing.camera, crossing.track_id), crossing.at_s)
        doings.passages = [p for p in doings.passages if p.id != crossing.id]
        return self._naming.retraction(
            crossing.id, TWICE, f"door/{crossing.door}", max(at_s, crossing.at_s)
        )
