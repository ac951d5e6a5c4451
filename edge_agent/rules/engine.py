"""All rules of one store: messages in, facts out. No IO and no clock of its own.

A replay of the same messages gives the same facts.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from contracts.events import (
    UNKNOWN,
    CoverageMinute,
    Direction,
    HeatmapTile,
    LineCrossed,
    Payload,
    ZoneVisit,
)
from contracts.geometry import Point
from contracts.store import StoreConfig, Zone
from edge_agent.messages import CameraReport, IdentityAssigned, TrackedBox, TracksUpdated
from edge_agent.rules.coverage import Coverage, Minute
from edge_agent.rules.heatmap import FEET_CUT, Presence, Tile, View, grid_of
from edge_agent.rules.lines import LineCounter
from edge_agent.rules.occupancy import Occupancy, Tally, utc
from edge_agent.rules.plan import geometry_of
from edge_agent.rules.zones import Visit, ZoneWatch
from edge_agent.worker_metrics import sample

FLOOR_REACH_M = 1.0
REMEMBERED = 10_000
LATEST_S = 4e9
"""Times beyond the year 2096 are nonsense from a broken clock, not news."""


class Fact(NamedTuple):
    """Something that happened, `at_s` in UNIX seconds, about `subject` (`door/main`)."""

    payload: Payload
    subject: str
    at_s: float


class RuleEngine:
    """Keeps the state machines of every door, zone, cell and camera of a store."""

    def __init__(self, config: StoreConfig, tally: Tally, now_s: float, steady_s: float) -> None:
        """`now_s` is wall clock (UNIX seconds), `steady_s` monotonic, as everywhere below."""
        self._config = config
        store, plan = config.store, config.floor_plan
        self.occupancy = Occupancy(store.time_zone, store.resets, tally)
        self.refused = 0
        """Messages of unknown cameras or with times out of range."""
        self._cameras = [camera.id for camera in config.cameras]
        self._views = {c.id: View(c) for c in config.cameras if c.image_points}
        self._grid = grid_of(plan, list(self._views.values())) if plan else None
        self._presence = Presence(self._grid, config.agent.tile_s) if self._grid else None
        files = {camera.id for camera in config.cameras if camera.is_file}
        self._coverage = Coverage(self._cameras, now_s, steady_s, files)
        self._doors = [(door, LineCounter(door.pair)) for door in config.doors]
        self._zones = [(zone, _watch(zone)) for zone in config.zones]
        self._identities: dict[tuple[str, int], str] = {}
        self._sampled_s = float("-inf")

    def begin(self, now_s: float) -> list[Fact]:
        """What is told at the start: the plan."""
        return [Fact(geometry_of(self._config, self._grid, self._views), "store", now_s)]

    def tracks(self, update: TracksUpdated) -> list[Fact]:
        """One frame's tracks: crossings and visits that it ends, tiles that are over."""
        if not self._believable(update.camera, update.taken_at):
            return []
        facts: list[Fact] = []
        for box in update.boxes:
            facts += self._box(update.camera, box, update.taken_at)
        for track_id in update.ended:
            facts += self._ended(update.camera, track_id, update.taken_at)
        for zone, watch in self._zones_of(update.camera):
            facts += [self._visit(zone, v) for v in watch.expire(update.taken_at)]
        return facts

    def camera(self, report: CameraReport, now_s: float, steady_s: float) -> list[Fact]:
        """One second of a camera: its state if it changed."""
        if not self._believable(report.camera, report.at):
            return []
        status = self._coverage.report(report, now_s, steady_s)
        return [Fact(status, f"camera/{status.camera}", report.at)] if status else []

    def identity(self, assigned: IdentityAssigned) -> None:
        """Remember whose track it is; the oldest are forgotten first."""
        if assigned.camera not in self._cameras or assigned.identity == UNKNOWN:
            return
        self._identities[assigned.camera, assigned.track_id] = assigned.identity
        if len(self._identities) > REMEMBERED:
            del self._identities[next(iter(self._identities))]

    def tick(self, now_s: float, steady_s: float) -> list[Fact]:
        """What time alone brings: minutes, tiles, silent cameras, occupancy samples."""
        facts = [Fact(s, f"camera/{s.camera}", now_s) for s in self._coverage.silent(steady_s)]
        facts += [_minute(minute) for minute in self._coverage.due(now_s)]
        if self._presence:
            facts += [self._tile(tile) for tile in self._presence.due(now_s)]
        if now_s - self._sampled_s >= self._config.agent.occupancy_s:
            facts += self._sample(now_s)
        return facts

    def finish(self, now_s: float, steady_s: float) -> list[Fact]:
        """What is still open at a stop; nothing may be fed afterwards."""
        facts: list[Fact] = []
        for door, counter in self._doors:
            for track_id, direction in counter.flush():
                facts.append(self._crossing(door.name, door.camera, track_id, direction, now_s))
        for zone, watch in self._zones:
            facts += [self._visit(zone, visit) for visit in watch.flush(now_s)]
        if self._presence:
            facts += [self._tile(tile) for tile in self._presence.flush(now_s)]
        facts += [_minute(minute) for minute in self._coverage.finish(now_s, steady_s)]
        return facts + self._sample(now_s)

    @property
    def gauges(self) -> dict[str, float]:
        """Occupancy now, and people inside each zone."""
        inside = {
            sample("zone_people", zone=zone.name): float(watch.inside)
            for zone, watch in self._zones
        }
        return {"occupancy": float(self.occupancy.tally.occupancy), **inside}

    def _box(self, camera: str, box: TrackedBox, at_s: float) -> list[Fact]:
        facts: list[Fact] = []
        for door, counter in self._doors:
            if door.camera == camera:
                direction = counter.update(box.track_id, box.anchor, at_s, box.confirmed)
                if direction:
                    facts.append(self._crossing(door.name, camera, box.track_id, direction, at_s))
        if not box.confirmed:
            return facts
        view = self._views.get(camera)
        place = view.floor_of(box.anchor) if view else None
        for zone, watch in self._zones_of(camera):
            spot: Point | None = place if zone.on_floor else box.anchor
            visit = watch.update(box.track_id, spot, at_s) if spot else None
            facts += [self._visit(zone, visit)] if visit else []
        if self._presence and place and box.y2 <= FEET_CUT:
            self._presence.add(camera, box.track_id, place, at_s)
        return facts

    def _ended(self, camera: str, track_id: int, at_s: float) -> list[Fact]:
        facts = []
        for door, counter in self._doors:
            direction = counter.forget(track_id) if door.camera == camera else None
            if direction:
                facts.append(self._crossing(door.name, camera, track_id, direction, at_s))
        for _, watch in self._zones_of(camera):
            watch.ended(track_id, at_s)
        if self._presence:
            self._presence.forget(camera, track_id)
        return facts

    def _zones_of(self, camera: str) -> Iterable[tuple[Zone, ZoneWatch]]:
        return ((zone, watch) for zone, watch in self._zones if zone.camera == camera)

    def _crossing(
        self, door: str, camera: str, track_id: int, direction: Direction, at_s: float
    ) -> Fact:
        self.occupancy.count(direction, at_s)
        identity = self._identities.get((camera, track_id), UNKNOWN)
        crossed = LineCrossed(
            door=door, camera=camera, direction=direction, track_id=track_id, identity=identity
        )
        return Fact(crossed, f"door/{door}", at_s)

    def _visit(self, zone: Zone, visit: Visit) -> Fact:
        payload = ZoneVisit(
            zone=zone.name,
            camera=zone.camera,
            track_id=visit.track_id,
            entered_at=utc(visit.entered_at_s),
            left_at=utc(visit.left_at_s),
            dwell_s=round(visit.dwell_s, 3),
            censored=visit.censored,
            identity=self._identities.get((zone.camera, visit.track_id), UNKNOWN),
        )
        return Fact(payload, f"zone/{zone.name}", visit.left_at_s)

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
        return Fact(payload, f"camera/{tile.camera}", tile.start_s)

    def _sample(self, now_s: float) -> list[Fact]:
        if not self._doors:
            return []  # without a door nothing is measured, and null is not zero
        self._sampled_s = now_s
        return [Fact(self.occupancy.sample(now_s), "store", now_s)]

    def _believable(self, camera: str, at_s: float) -> bool:
        good = camera in self._cameras and 0 < at_s < LATEST_S
        self.refused += not good
        return good


def _watch(zone: Zone) -> ZoneWatch:
    reach = FLOOR_REACH_M if zone.on_floor else None
    return ZoneWatch(zone.area, zone.min_dwell_s, reach=reach)


def _minute(minute: Minute) -> Fact:
    payload = CoverageMinute(
        camera=minute.camera,
        minute=utc(minute.start_s),
        expected_s=round(minute.expected_s, 3),
        observed_s=round(minute.observed_s, 3),
        frames=minute.frames,
    )
    return Fact(payload, f"camera/{minute.camera}", minute.start_s)
