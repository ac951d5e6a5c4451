"""A day as the events that an agent would have sent (L0): the truth with errors of measuring.

Crossings are missed or doubled, dwell times are off, identities get lost, and what a camera's
fault hid is not there. Ids, times and order follow from the seed.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

import msgspec
import numpy as np

from contracts.events import (
    TYPE_OF,
    UNKNOWN,
    Event,
    LineCrossed,
    OccupancySampled,
    Payload,
    QueueEpisode,
    VisitClosed,
    ZoneVisit,
)
from simulator.days.camera_events import Told, camera_events
from simulator.days.day import Day
from simulator.days.drawn_plan import geometry_of
from simulator.days.hours import at_local, utc
from simulator.days.records import DayTruth
from simulator.days.scenario import LogNormal
from simulator.days.watching import watches_of

SAMPLE_S = 300.0
RESET = "04:00"
DELAY_S: LogNormal = (0.4, 0.5)
TRACKS_PER_DAY = 1_000_000


class Reporter:
    """Tells one day's truth as an agent would have measured it."""

    def __init__(self, day: Day, truth: DayTruth) -> None:
        self._day, self._truth, self._rules = day, truth, day.scenario.measuring
        self._rng = random.Random(f"{day.scenario.plan.id}/events/{day.seed}/{day.date}")
        self._watches = {watch.camera: watch for watch in watches_of(day)}
        self._cameras = {zone.name: zone.camera for zone in day.scenario.plan.zones}
        self._doors = {door.name: door.camera for door in day.scenario.plan.doors}
        self._identities: dict[int, str] = {}
        self._tracks = (day.date.toordinal() % 1000) * TRACKS_PER_DAY

    def events(self, first_sequence: int = 0) -> Iterator[Event]:
        """All events of the day in the order in which they were told."""
        told = [*self._crossings()]
        told += self._occupancy([each for each in told if isinstance(each.payload, LineCrossed)])
        for part in (self._zones, self._queues, self._visits):
            told += part()
        told += camera_events(self._day, self._truth)
        told.append(Told(self._day.begins_at, self._day.begins_at, "store", geometry_of(self._day)))
        told.sort(key=lambda each: (each.known_s, each.subject, each.at_s))
        source = f"trinetra/{self._day.scenario.plan.id}/{boot_of(self._day)}"
        for number, each in enumerate(told):
            yield Event(
                id=_uuid7(each.known_s, self._rng),
                source=source,
                type=TYPE_OF[type(each.payload)],
                subject=each.subject,
                time=utc(each.at_s),
                recordedtime=utc(each.known_s),
                sequence=first_sequence + number,
                data=msgspec.Raw(msgspec.json.encode(each.payload)),
            )

    def _told(self, at_s: float, subject: str, payload: Payload, after_s: float = 0.0) -> Told:
        delay = self._rng.lognormvariate(0.0, DELAY_S[1]) * DELAY_S[0]
        return Told(at_s, at_s + after_s + delay, subject, payload)

    def _crossings(self) -> Iterator[Told]:
        rng, rules = self._rng, self._rules
        for crossing in self._truth.crossings:
            camera = self._doors[crossing.door]
            if not camera or self._blind(camera, crossing.at) or rng.random() < rules.missed:
                continue
            times = 2 if rng.random() < rules.doubled else 1
            for again in range(times):
                at_s = crossing.at + rng.gauss(0, 0.12) + again * rng.uniform(0.6, 2.5)
                payload = LineCrossed(
                    door=crossing.door,
                    camera=camera,
                    direction=crossing.direction,
                    track_id=self._track(),
                    identity=self._identity(crossing.person) if again == 0 else UNKNOWN,
                    staff=True if crossing.staff else None,
                )
                yield self._told(at_s, f"door/{crossing.door}", payload)

    def _zones(self) -> Iterator[Told]:
        rng, rules = self._rng, self._rules
        for stay in self._truth.zone_stays:
            camera = self._cameras[stay.zone]
            dwell_s = stay.dwell_s * rng.lognormvariate(0.0, rules.dwell_sigma)
            if dwell_s < self._truth.min_dwell_s or rng.random() < rules.zone_missed:
                continue
            if self._blind(camera, stay.entered_at) and self._blind(camera, stay.left_at):
                continue
            cut = self._blind(camera, stay.entered_at) or self._blind(camera, stay.left_at)
            payload = ZoneVisit(
                zone=stay.zone,
                camera=camera,
                track_id=self._track(),
                entered_at=utc(stay.entered_at),
                left_at=utc(stay.entered_at + dwell_s),
                dwell_s=round(dwell_s, 3),
                censored=stay.censored or cut,
                identity=self._identity(stay.person),
            )
            yield self._told(stay.entered_at + dwell_s, f"zone/{stay.zone}", payload, 1.0)

    def _queues(self) -> Iterator[Told]:
        rng, rules = self._rng, self._rules
        for wait in self._truth.queue_episodes:
            camera = self._cameras[wait.zone]
            if self._blind(camera, wait.joined_at) or rng.random() < rules.zone_missed:
                continue
            unseen = self._blind(camera, wait.left_at)
            wait_s = (wait.left_at - wait.joined_at) * rng.lognormvariate(0.0, rules.dwell_sigma)
            served = wait.service_s is not None and not unseen
            payload = QueueEpisode(
                zone=wait.zone,
                camera=camera,
                track_id=self._track(),
                joined_at=utc(wait.joined_at),
                left_at=utc(wait.joined_at + wait_s),
                wait_s=round(wait_s, 3),
                outcome="unknown" if unseen else wait.outcome,
                service_s=round(wait.service_s, 3) if served and wait.service_s else None,
                censored=wait.censored or unseen,
                identity=self._identity(wait.person),
            )
            after = (wait.service_s or 5.0) + 1.0
            yield self._told(wait.joined_at + wait_s, f"zone/{wait.zone}", payload, after)

    def _visits(self) -> Iterator[Told]:
        rng = self._rng
        zones: dict[int, list[str]] = {}
        for stay in self._truth.zone_stays:
            if stay.dwell_s >= self._truth.min_dwell_s:
                zones.setdefault(stay.person, []).append(stay.zone)
        for visit in self._truth.visits:
            if visit.exited_at is None or visit.entered_at is None:
                continue
            linked = rng.random() < self._rules.linked
            mine = zones.get(visit.person, [])
            cameras = {*(self._cameras[zone] for zone in mine), self._doors[visit.doors[0]]}
            payload = VisitClosed(
                identity=self._identity(visit.person, lost=False),
                entered_at=utc(visit.entered_at) if linked else None,
                exited_at=utc(visit.exited_at),
                entry_door=visit.doors[0] if linked else "",
                exit_door=visit.doors[1],
                first_seen_at=utc(visit.entered_at),
                last_seen_at=utc(visit.exited_at),
                zones=mine,
                cameras=sorted(cameras - {""}),
                sightings=len(mine) + 2,
                staff=True if visit.staff else None,
            )
            yield self._told(visit.exited_at, "store", payload, 30.0)

    def _occupancy(self, crossings: list[Told]) -> Iterator[Told]:
        """IN - OUT of what was measured, never below zero, begun anew at the reset time."""
        reset_s = at_local(self._day.date, RESET, self._day.zone)
        entries = exits = inside = 0
        changes = sorted(crossings, key=lambda each: each.at_s)
        index = 0
        for at_s in np.arange(self._day.begins_at, self._day.ends_at, SAMPLE_S).tolist():
            while index < len(changes) and changes[index].at_s <= at_s:
                crossed = changes[index].payload
                index += 1
                if changes[index - 1].at_s < reset_s or not isinstance(crossed, LineCrossed):
                    continue
                if crossed.staff:
                    continue
                entries += crossed.direction == "in"
                exits += crossed.direction == "out"
                inside = inside + 1 if crossed.direction == "in" else max(0, inside - 1)
            sample = OccupancySampled(occupancy=inside, entries=entries, exits=exits)
            yield Told(at_s, at_s, "store", sample)

    def _blind(self, camera: str, at_s: float) -> bool:
        watch = self._watches[camera]
        return any(begin <= at_s < end for begin, end in (*watch.dark, *watch.frozen))

    def _identity(self, person: int, *, lost: bool = True) -> str:
        """A token that says nothing about the person and is new every day."""
        if lost and self._rng.random() < self._rules.identity_lost:
            return UNKNOWN
        known = self._identities.get(person)
        if known is None:
            known = self._identities[person] = f"{self._rng.getrandbits(64):016x}"
        return known

    def _track(self) -> int:
        self._tracks += 1
        return self._tracks


def boot_of(day: Day) -> str:
    """The name under which a simulated agent's batches travel; one seed, one boot."""
    return f"sim-{day.scenario.name[:40]}-{day.seed}".lower().replace(" ", "-")


def _uuid7(at_s: float, rng: random.Random) -> str:
    """UUIDv7 (RFC 9562): 48 bits of milliseconds, the rest random, here from the seed."""
    value = (int(at_s * 1000) & (2**48 - 1)) << 80 | 7 << 76 | rng.getrandbits(12) << 64
    value |= 0b10 << 62 | rng.getrandbits(62)
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
