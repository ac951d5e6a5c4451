"""A simulated day, or a window of one: the same people whatever part of the day is asked for."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

import numpy as np

from contracts.errors import ConfigError
from simulator.days.ground import Ground
from simulator.days.hours import at_local, day_span, local_date
from simulator.days.life import Life, live
from simulator.days.motion import Motion
from simulator.days.paths import Array, paths_of
from simulator.days.scenario import DayScenario
from simulator.looks import look_of

BEFORE_S = 1800.0
AFTER_S = 1800.0
CHILD_M = (1.05, 1.45)
LATE_S = 5.0
MERGED_S = 3 * 3600.0


@dataclass(frozen=True)
class Day:
    """People, trips and sales of the local day `date`, seen from `begins_at` to `ends_at`.

    `visit_of` maps a trip of purpose visit, loiter, u_turn or staff to
    its visit: trips of one person less than three hours apart are one visit.
    """

    scenario: DayScenario
    seed: int
    date: date
    begins_at: float
    ends_at: float
    ground: Ground
    life: Life
    visit_of: dict[int, int]
    heights: dict[int, float] = field(default_factory=dict)

    @property
    def zone(self) -> ZoneInfo:
        """The store's time zone."""
        return ZoneInfo(self.scenario.plan.time_zone)

    @functools.cached_property
    def motion(self) -> Motion:
        """Where everyone in the window is; made when first asked for."""
        seen = [
            trip
            for trip in self.life.trips
            if trip.steps
            and trip.begins_at < self.ends_at + LATE_S
            and trip.ends_at > self.begins_at - LATE_S
        ]
        paths = paths_of(seen, self.ground, self.seed)
        return Motion(self.scenario.plan, paths, paths.trip)

    @property
    def seconds(self) -> float:
        """Length of the window."""
        return self.ends_at - self.begins_at

    @property
    def midnight(self) -> float:
        """When the local day begins."""
        return day_span(self.date, self.zone)[0]

    @property
    def restarts(self) -> list[tuple[float, float]]:
        """(begin, end) of the agent's restarts within the window, UNIX s."""
        return [
            (begin, begin + fault.for_s)
            for fault in self.scenario.faults
            if fault.kind == "restart"
            and self.begins_at <= (begin := self.local(fault.at)) < self.ends_at
        ]

    def local(self, text: str) -> float:
        """UNIX time of a local time of this day."""
        return at_local(self.date, text, self.zone)

    def height_of(self, person: int) -> float:
        """Body height, m; that of the figure which the renderer draws."""
        known = self.heights.get(person)
        if known is None:
            known = self.heights[person] = _height(self, person)
        return known

    def chunks(self, fps: float, chunk_s: float = 20.0) -> Iterator[Array]:
        """Times of frames (UNIX s) in pieces; frame n is at begins_at + n / fps."""
        frames = int(np.floor(self.seconds * fps + 1e-6))
        step = max(1, round(chunk_s * fps))
        for first in range(0, frames, step):
            yield self.begins_at + np.arange(first, min(first + step, frames)) / fps


def simulate_day(
    scenario: DayScenario,
    seed: int,
    *,
    start: datetime | None = None,
    seconds: float | None = None,
) -> Day:
    """One day from half an hour before opening to half an hour after closing, or a window of it.

    `start` picks day and begin (naive = the store's local time); `seconds` ends the window.
    The window is cut at local midnight. `ConfigError` for a window without a second in it.
    """
    zone = ZoneInfo(scenario.plan.time_zone)
    day = date.fromisoformat(scenario.calendar.date)
    if start is not None:
        begins_at = (start if start.tzinfo else start.replace(tzinfo=zone)).timestamp()
        day = local_date(begins_at, zone)
    first, last = day_span(day, zone)
    opens, closes = (
        at_local(day, text, zone) for text in (scenario.calendar.opens, scenario.calendar.closes)
    )
    if start is None:
        begins_at = max(first, opens - BEFORE_S)
    ends_at = min(last, closes + AFTER_S)
    if seconds is not None:
        ends_at = min(last, begins_at + seconds)
    if ends_at - begins_at < 1:
        raise ConfigError("the window to simulate is shorter than a second")
    ground = ground_of(scenario)
    life = live(scenario, ground, seed, day, zone)
    return Day(scenario, seed, day, begins_at, ends_at, ground, life, _visits(life))


@functools.lru_cache(4)
def ground_of(scenario: DayScenario) -> Ground:
    """The ground of a scenario, with the legs that were needed so far."""
    return Ground(scenario)


def _visits(life: Life) -> dict[int, int]:
    """Trip → visit, the index of its first trip (KPIS: merged when the gap is under 3 h)."""
    last: dict[int, tuple[float, int]] = {}
    visit_of: dict[int, int] = {}
    trips = [trip for trip in life.trips if trip.steps and trip.purpose != "pass"]
    for trip in sorted(trips, key=lambda trip: trip.begins_at):
        leader = trip.people[0]
        ended_at, visit = last.get(leader, (float("-inf"), trip.index))
        if trip.begins_at - ended_at >= MERGED_S:
            visit = trip.index
        visit_of[trip.index] = visit
        last[leader] = (trip.ends_at, visit)
    return visit_of


def _height(day: Day, person: int) -> float:
    who = day.life.people[person]
    if not who.child:
        return look_of(who.look).height_m
    low, high = CHILD_M
    return low + (high - low) * ((who.look * 2_654_435_761) % 1000) / 1000
