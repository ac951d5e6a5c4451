"""All rules of one store: messages in, facts out. No IO and no clock of its own.

A replay of the same messages gives the same facts under the same ids.
"""

from __future__ import annotations

import math
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from contracts.events import UNKNOWN, CoverageMinute, HeatmapTile
from contracts.geometry import Polygon
from contracts.store import Camera, StoreConfig
from edge_agent.feet import Feet, Stature
from edge_agent.messages import (
    CameraReport,
    IdentityAssigned,
    TrackedBox,
    TracksJoined,
    TracksUpdated,
)
from edge_agent.rules.areas import Areas, AreasState
from edge_agent.rules.coverage import Coverage, Minute, Watch
from edge_agent.rules.doors import Doors, DoorsState
from edge_agent.rules.facts import NIL, Fact, Naming
from edge_agent.rules.heatmap import Presence, PresenceState, Tile, View, grid_of
from edge_agent.rules.occupancy import Occupancy, Tally, last_reset, utc
from edge_agent.rules.people import Closed, People, PeopleState
from edge_agent.rules.plan import geometry_of
from edge_agent.worker_metrics import sample

LATEST_S = 4e9
"""Times beyond the year 2096 are nonsense from a broken clock, not news."""
FARTHEST = 10.0
"""Boxes that reach beyond this many pictures are nonsense, too."""
BACK_S = 2.0
"""A camera's time that goes back by less stands still instead; by more, its clock was set."""
GAP_S = 10.0
"""Frames further apart leave a time of which nobody knows who was there: or a clock was set."""
DAY_CHECK_S = 20 * 3600.0


class EngineState(msgspec.Struct):
    """All that a `RuleEngine` knows, to go on with after a restart."""

    epoch: UUID
    tally: Tally
    doors: DoorsState
    areas: AreasState
    people: PeopleState
    presence: PresenceState
    coverage: dict[str, Watch]
    statures: dict[str, dict[int, Stature]]
    latest: dict[str, float]
    day_s: float
    sampled_s: float


class RuleEngine:
    """Keeps the state machines of every door, zone, cell, camera and visit of a store."""

    def __init__(
        self,
        config: StoreConfig,
        tally: Tally,
        now_s: float,
        steady_s: float,
        *,
        epoch: UUID = NIL,
    ) -> None:
        """`now_s` is wall clock (UNIX seconds), `steady_s` monotonic, as everywhere below.

        `epoch` is the space that facts' ids are unique in: a new one for each new beginning.
        """
        self._config = config
        store, plan = config.store, config.floor_plan
        self.occupancy = Occupancy(store.time_zone, store.resets, tally)
        self.refused = 0
        """Messages of unknown cameras or with times out of range, and boxes that are none."""
        self.backward = 0
        """Frames that were older than the one before."""
        self._zone = ZoneInfo(store.time_zone)
        self._naming = Naming(epoch)
        self._cameras = [camera.id for camera in config.cameras]
        self._views = {c.id: View(c) for c in config.cameras if c.image_points}
        fixtures = [Polygon(fixture.polygon_m) for fixture in (plan.fixtures if plan else ())]
        self._feet = {camera.id: Feet(camera, fixtures) for camera in config.cameras}
        self._grid = grid_of(plan, list(self._views.values())) if plan else None
        self._presence = Presence(self._grid, config.agent.tile_s) if self._grid else None
        files = {camera.id for camera in config.cameras if camera.is_file}
        self._coverage = Coverage(self._cameras, now_s, steady_s, files)
        self._people = People()
        self._doors = Doors(config.doors, self.occupancy, self._people, self._naming)
        self._areas = Areas(config.zones, self._people, self._naming, self._coverage.is_blind)
        self._latest: dict[str, float] = {}
        self._day_s = last_reset(now_s, self._zone, "00:00")
        self._sampled_s = -math.inf

    def begin(self, now_s: float) -> list[Fact]:
        """What is told at the start: the plan."""
        plan = geometry_of(self._config, self._grid, self._views)
        return [self._naming.fact(plan, "store", now_s)]

    def tracks(self, update: TracksUpdated) -> list[Fact]:
        """One frame's tracks: crossings and visits that it ends, tiles that are over."""
        camera, at_s = update.camera, update.taken_at
        if not self._believable(camera, at_s):
            return []
        latest_s = self._latest.get(camera, at_s)
        self.backward += at_s < latest_s
        facts: list[Fact] = []
        if not -BACK_S <= at_s - latest_s <= GAP_S:
            facts = self._interrupt(camera, latest_s)
        else:
            at_s = max(at_s, latest_s)
        self._latest[camera] = at_s
        boxes = [box for box in update.boxes if _is_box(box)]
        self.refused += len(update.boxes) - len(boxes)
        for box in boxes:
            facts += self._box(camera, box, at_s, boxes)
        for track_id in update.ended:
            facts += self._ended(camera, track_id, at_s)
        return facts + self._areas.expire(camera, at_s)

    def camera(self, report: CameraReport, now_s: float, steady_s: float) -> list[Fact]:
        """One second of a camera: its state if it changed."""
        if not (self._believable(report.camera, report.at) and math.isfinite(report.observed_s)):
            return []
        status = self._coverage.report(report, now_s, steady_s)
        if status is None:
            return []
        return [self._naming.fact(status, f"camera/{status.camera}", report.at)]

    def identity(self, news: IdentityAssigned | TracksJoined) -> list[Fact]:
        """Whose track it is; takes back what two tracks of one person counted twice."""
        if isinstance(news, IdentityAssigned):
            if news.camera not in self._cameras:
                return []
            who = (news.camera, news.track_id)
            if news.identity == UNKNOWN:
                self._people.unassign(who)
                return []
            self._people.assign(who, news.identity)
            return self._doors.retract(who, self._latest.get(news.camera, 0.0), joined=False)
        if not (self._believable(news.camera, news.at) and news.other_camera in self._cameras):
            return []
        kept, gone = (news.camera, news.kept), (news.other_camera, news.gone)
        if news.identity != UNKNOWN:
            self._people.assign(kept, news.identity)
            self._people.assign(gone, news.identity)
        facts = self._doors.retract(gone, news.at, joined=True)
        return facts + self._areas.retract(gone, news.at)

    def tick(self, now_s: float, steady_s: float) -> list[Fact]:
        """What time alone brings: minutes, tiles, silent cameras, samples, visits, midnight."""
        silent = self._coverage.silent(steady_s)
        facts = [self._naming.fact(s, f"camera/{s.camera}", now_s) for s in silent]
        facts += [self._minute(minute) for minute in self._coverage.due(now_s)]
        if self._presence:
            facts += [self._tile(tile) for tile in self._presence.due(now_s)]
        facts += [self._visit(closed) for closed in self._people.due(now_s)]
        facts += self._turn_of_day(now_s)
        if not 0 <= now_s - self._sampled_s < self._config.agent.occupancy_s:
            facts += self._sample(now_s)
        return facts

    def finish(self, now_s: float, steady_s: float) -> list[Fact]:
        """What is still open at a stop; nothing may be fed afterwards."""
        facts: list[Fact] = []
        for camera in self._cameras:
            facts += self._interrupt(camera, self._latest.get(camera, now_s))
        facts += self._areas.finish()
        facts += [self._visit(closed) for closed in self._people.close_all()]
        if self._presence:
            facts += [self._tile(tile) for tile in self._presence.flush(now_s)]
        facts += [self._minute(minute) for minute in self._coverage.finish(now_s, steady_s)]
        return facts + self._sample(now_s)

    def leave(self, config: StoreConfig, now_s: float, steady_s: float) -> list[Fact]:
        """Close what another configuration does not have in the same way; all else stays open.

        What goes on is in `state`, which an engine of that configuration can `restore`.
        """
        old, stays = self._config, {camera.id: camera for camera in config.cameras}
        gone = {name for name in self._cameras if name not in stays}
        moved = {c.id for c in old.cameras if c.id in stays and _looks_elsewhere(c, stays[c.id])}
        facts: list[Fact] = []
        for camera in sorted(gone | moved):
            facts += self._interrupt(camera, self._latest.get(camera, now_s))
        zones = [zone for zone in old.zones if zone not in config.zones]
        for zone in zones:
            at_s = self._latest.get(zone.camera, now_s)
            facts += self._areas.flush_zone(zone.name, at_s)
        if any(zone.kind != "zone" for zone in zones):
            facts += self._areas.finish()
        for door in old.doors:
            if door not in config.doors:
                at_s = self._latest.get(door.camera, now_s)
                facts += self._doors.flush_door(door.name, at_s)
        minutes = self._coverage.finish(now_s, steady_s, gone)
        if self._presence and old.floor_plan != config.floor_plan:
            facts += [self._tile(tile) for tile in self._presence.flush(now_s)]
        return facts + [self._minute(minute) for minute in minutes]

    def state(self) -> EngineState:
        """A snapshot that later messages do not change."""
        state = EngineState(
            epoch=self._naming.epoch,
            tally=self.occupancy.tally,
            doors=self._doors.state,
            areas=self._areas.state,
            people=self._people.state,
            presence=self._presence.state if self._presence else PresenceState(),
            coverage=self._coverage.state,
            statures={camera: feet.statures for camera, feet in self._feet.items()},
            latest=self._latest,
            day_s=self._day_s,
            sampled_s=self._sampled_s,
        )
        return msgspec.msgpack.decode(msgspec.msgpack.encode(state), type=EngineState)

    def restore(self, state: EngineState) -> None:
        """Go on from a snapshot, which is taken over.

        It is of an engine with the same configuration, or of one that left what is not in this.
        """
        self._naming.epoch = state.epoch
        self.occupancy.tally = state.tally
        self._doors.state = state.doors
        self._areas.state = state.areas
        self._people.state = state.people
        if self._presence:
            self._presence.state = state.presence
        watches = self._coverage.state
        self._coverage.state = {name: state.coverage.get(name, watches[name]) for name in watches}
        for camera, feet in self._feet.items():
            feet.statures = state.statures.get(camera, {})
        self._latest = state.latest
        self._day_s, self._sampled_s = state.day_s, state.sampled_s

    @property
    def gauges(self) -> dict[str, float]:
        """Occupancy now, people inside each zone, and those who queue."""
        at_s = max(self._latest.values(), default=0.0)
        inside = self._areas.inside().items()
        lengths = self._areas.lengths(at_s).items()
        return {
            "occupancy": float(self.occupancy.tally.occupancy),
            **{sample("zone_people", zone=name): float(count) for name, count in inside},
            **{sample("queue_length", zone=name): float(count) for name, count in lengths},
        }

    def _box(
        self, camera: str, box: TrackedBox, at_s: float, frame: list[TrackedBox]
    ) -> list[Fact]:
        who = (camera, box.track_id)
        if box.confirmed:
            self._people.seen(who, at_s)
        facts = self._doors.seen(camera, box, box.anchor, at_s, frame)
        if not box.confirmed:
            return facts
        spot = self._feet[camera].of(box, frame)
        facts += self._areas.seen(who, spot.anchor, spot.place, at_s)
        if self._presence and spot.place and not spot.cut:
            self._presence.add(camera, box.track_id, spot.place, at_s)
        return facts

    def _ended(self, camera: str, track_id: int, at_s: float) -> list[Fact]:
        self._feet[camera].forget(track_id)
        facts = self._doors.ended(camera, track_id, at_s)
        self._areas.ended((camera, track_id), at_s)
        if self._presence:
            self._presence.forget(camera, track_id)
        return facts

    def _interrupt(self, camera: str, at_s: float) -> list[Fact]:
        """Nobody knows what happens next at this camera: close what is open there."""
        if self._presence:
            self._presence.forget_camera(camera)
        return self._doors.flush(camera, at_s) + self._areas.flush(camera, at_s)

    def _turn_of_day(self, now_s: float) -> list[Fact]:
        """At local midnight visits end, and identities with them."""
        if 0 <= now_s - self._day_s < DAY_CHECK_S:
            return []
        day_s = last_reset(now_s, self._zone, "00:00")
        if day_s == self._day_s:
            return []
        self._day_s, went_on = day_s, day_s > self._day_s
        if not went_on:
            return []
        facts = self._areas.cut(day_s)
        return facts + [self._visit(closed) for closed in self._people.close_all()]

    def _visit(self, closed: Closed) -> Fact:
        visit = closed.visit
        key = (visit.identity, visit.first_seen_at.timestamp())
        return self._naming.fact(visit, "store", closed.last_s, *key)

    def _tile(self, tile: Tile) -> Fact:
        cells = sorted(tile.seconds)
        assert self._grid is not None
        payload = HeatmapTile(
            camera=tile.camera,
            kind="presence",
            cell_m=self._grid.cell_m,
            window_start=utc(tile.start_s),
            window_end=utc(tile.end_s),
            x=[x for x, _ in cells],
            y=[y for _, y in cells],
            seconds=[round(tile.seconds[cell], 3) for cell in cells],
        )
        return self._naming.fact(payload, f"camera/{tile.camera}", tile.start_s)

    def _minute(self, minute: Minute) -> Fact:
        payload = CoverageMinute(
            camera=minute.camera,
            minute=utc(minute.start_s),
            expected_s=round(minute.expected_s, 3),
            observed_s=round(minute.observed_s, 3),
            frames=minute.frames,
        )
        return self._naming.fact(payload, f"camera/{minute.camera}", minute.start_s)

    def _sample(self, now_s: float) -> list[Fact]:
        if not self._config.doors:
            return []  # without a door nothing is measured, and null is not zero
        self._sampled_s = now_s
        return [self._naming.fact(self.occupancy.sample(now_s), "store", now_s)]

    def _believable(self, camera: str, at_s: float) -> bool:
        good = camera in self._cameras and 0 < at_s < LATEST_S
        self.refused += not good
        return good


def _is_box(box: TrackedBox) -> bool:
    """False for what no camera can have seen: NaN, infinite, turned inside out, far away."""
    corners = (box.x1, box.y1, box.x2, box.y2)
    return box.x1 <= box.x2 and box.y1 <= box.y2 and all(-FARTHEST < c < FARTHEST for c in corners)


def _looks_elsewhere(old: Camera, new: Camera) -> bool:
    """True if a place in one picture is not the same place in the other."""
    return (old.url, old.image_points, old.floor_points) != (
        new.url,
        new.image_points,
        new.floor_points,
    )
