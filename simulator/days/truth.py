"""What really happened in a day, by the definitions of the metrics' registry.

Crossing: the feet pass both lines of a door's pair in order. Zone stay: the feet are in the
zone, absences up to a second bridged; it is a visit if it lasts `min_dwell_s`. Queue episode:
a stay of at least ten seconds in a queue zone, `served` if the zone that serves it came next.
Occupancy: customers beyond the doors. Heatmap: seconds on each cell
where a camera sees people's feet.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal

import msgspec
import numpy as np
import numpy.typing as npt

from simulator.days.day import Day
from simulator.days.passages import Passages
from simulator.days.paths import Array
from simulator.days.sight import Bodies
from simulator.days.sightings import Sighting, sightings_of
from simulator.days.stays import Stays
from simulator.days.watching import watches_of

TRUTH_FPS = 10.0
MIN_DWELL_S = 5.0
MIN_QUEUE_S = 10.0
NEXT_S = 4.0
CELL_M = 0.25
FEET_M = 0.3
CHUNK_S = 60.0
HEAT_BLOCK_S = 300.0
"""A multiple of the length of a day's pieces."""

Outcome = Literal["served", "abandoned"]


class DayCrossing(msgspec.Struct, frozen=True, kw_only=True):
    """A person passed a door; `at` (UNIX s) at the second line. `watched` if a camera sees it."""

    door: str
    direction: Literal["in", "out"]
    at: float
    person: int
    visit: int
    staff: bool
    watched: bool = True


class DayVisit(msgspec.Struct, frozen=True, kw_only=True):
    """One person's visit; None where the window cuts it. `group` joins people who came together.

    `doors` are those of the first entry and the last exit, "" where unknown.
    """

    visit: int
    person: int
    entered_at: float | None
    exited_at: float | None
    doors: tuple[str, str]
    staff: bool
    group: int


class DayStay(msgspec.Struct, frozen=True, kw_only=True):
    """One person's time in a zone; `censored` if the window's begin or end cuts it."""

    zone: str
    person: int
    visit: int
    entered_at: float
    left_at: float
    staff: bool
    censored: bool

    @property
    def dwell_s(self) -> float:
        """Seconds inside."""
        return self.left_at - self.entered_at


class DayQueue(msgspec.Struct, frozen=True, kw_only=True):
    """One person's wait; `service_s` is the time in the service zone, None if not served."""

    zone: str
    person: int
    visit: int
    joined_at: float
    left_at: float
    outcome: Outcome
    service_s: float | None
    censored: bool


class DaySale(msgspec.Struct, frozen=True, kw_only=True):
    """A transaction as the tills' feed tells it; `paid_at` is when it really was."""

    at: float
    till: str
    visit: int
    paid_at: float


class Inside(msgspec.Struct, frozen=True, kw_only=True):
    """From `at` on so many people are inside."""

    at: float
    customers: int
    staff: int


@dataclass(frozen=True)
class DayTruth:
    """Everything to measure against; `seen` is (cells down, cells across)."""

    scenario: str
    seed: int
    begins_at: float
    ends_at: float
    crossings: list[DayCrossing]
    visits: list[DayVisit]
    zone_stays: list[DayStay]
    queue_episodes: list[DayQueue]
    occupancy: list[Inside]
    transactions: list[DaySale]
    sightings: list[Sighting]
    heatmap_blocks: Array
    """(blocks, cells down, cells across): the heatmap by pieces of HEAT_BLOCK_S."""
    seen: npt.NDArray[np.bool_]
    cell_m: float = CELL_M
    min_dwell_s: float = MIN_DWELL_S
    restarts: list[tuple[float, float]] = field(default_factory=list)

    @property
    def heatmap(self) -> Array:
        """Seconds on each cell, (cells down, cells across)."""
        return np.asarray(self.heatmap_blocks.sum(axis=0))

    def zone_visits(self, zone: str) -> list[DayStay]:
        """Stays in `zone` that are long enough to be visits."""
        stays = [stay for stay in self.zone_stays if stay.zone == zone]
        return [stay for stay in stays if stay.dwell_s >= self.min_dwell_s]

    def entries(self, door: str | None = None) -> int:
        """Customers who came in through watched doors, or one door."""
        return sum(
            crossing.direction == "in" and not crossing.staff and crossing.watched
            for crossing in self.crossings
            if door in (None, crossing.door)
        )


def truth_of_day(day: Day) -> DayTruth:
    """Measure a day exactly, at 10 positions a second."""
    passages, stays = Passages(day), Stays(day)
    seen = _seen(day)
    blocks = np.zeros((max(1, math.ceil(day.seconds / HEAT_BLOCK_S - 1e-9)), *seen.shape))
    for t in day.chunks(TRUTH_FPS, CHUNK_S):
        moment = day.motion.at(t)
        passages.add(moment)
        stays.add(moment)
        _heat(blocks[int((t[0] - day.begins_at + 1e-6) // HEAT_BLOCK_S)], moment.x, moment.y)
    crossings = passages.crossings()
    zone_stays = stays.found()
    return DayTruth(
        scenario=day.scenario.name,
        seed=day.seed,
        begins_at=day.begins_at,
        ends_at=day.ends_at,
        crossings=crossings,
        visits=_visits(day, crossings),
        zone_stays=zone_stays,
        queue_episodes=_queues(day, zone_stays),
        occupancy=_occupancy(day, crossings, passages.inside_at_first()),
        transactions=_sales(day),
        sightings=sightings_of(day),
        heatmap_blocks=blocks * seen,
        seen=seen,
        restarts=day.restarts,
    )


def _seen(day: Day) -> npt.NDArray[np.bool_]:
    """Cells in whose middle some camera sees people's feet, lower than FEET_M."""
    plan = day.scenario.plan
    cells = np.zeros((round(plan.depth_m / CELL_M), round(plan.width_m / CELL_M)), bool)
    rows, columns = np.indices(cells.shape, dtype=np.float64).reshape(2, -1)
    x, y = (columns + 0.5) * CELL_M, (rows + 0.5) * CELL_M
    still = np.zeros_like(x)
    bodies = Bodies(x, y, still, still + FEET_M, still)
    for watch in watches_of(day):
        boxes = watch.views[0][1].boxes(bodies)
        feet = np.column_stack([(boxes.shown[:, 0] + boxes.shown[:, 2]) / 2, boxes.shown[:, 3]])
        inside = (feet > 0).all(1) & (feet < np.array(watch.size)).all(1)
        cells |= (inside & (boxes.share > 0)).reshape(cells.shape)
    for item in plan.fixtures:
        x0, y0, x1, y1 = item.rect
        within = (x > x0) & (x < x1) & (y > y0) & (y < y1)
        cells &= ~within.reshape(cells.shape)
    return cells


def _heat(heatmap: Array, x: Array, y: Array) -> None:
    rows, columns = heatmap.shape
    here = ~np.isnan(x)
    i, j = np.floor(y[here] / CELL_M).astype(int), np.floor(x[here] / CELL_M).astype(int)
    good = (i >= 0) & (i < rows) & (j >= 0) & (j < columns)
    counts = np.bincount(i[good] * columns + j[good], minlength=rows * columns)
    heatmap += counts.reshape(rows, columns) / TRUTH_FPS


def _visits(day: Day, crossings: list[DayCrossing]) -> list[DayVisit]:
    by_person: dict[tuple[int, int], list[DayCrossing]] = {}
    for crossing in crossings:
        by_person.setdefault((crossing.visit, crossing.person), []).append(crossing)
    found = []
    for visit, person in _who_came(day, by_person):
        mine = by_person.get((visit, person), [])
        entry = next((each for each in mine if each.direction == "in"), None)
        leave = next((each for each in reversed(mine) if each.direction == "out"), None)
        if leave is not None and mine[-1].direction == "in":
            leave = None  # still inside at the window's end
        if mine and mine[0].direction == "out":
            entry = None  # inside since before the window's begin
        who = day.life.people[person]
        found.append(
            DayVisit(
                visit=visit,
                person=person,
                entered_at=entry.at if entry else None,
                exited_at=leave.at if leave else None,
                doors=(entry.door if entry else "", leave.door if leave else ""),
                staff=who.staff,
                group=who.party,
            )
        )
    return found


def _who_came(
    day: Day, by_person: dict[tuple[int, int], list[DayCrossing]]
) -> list[tuple[int, int]]:
    """(visit, person) of everyone who was beyond a door within the window, in order of trips."""
    found: dict[tuple[int, int], None] = {}
    for trip in day.life.trips:
        if not trip.steps or trip.index not in day.visit_of:
            continue
        whole = trip.begins_at <= day.begins_at and trip.ends_at >= day.ends_at
        for person in trip.people:
            key = (day.visit_of[trip.index], person)
            if key in by_person or (whole and trip.purpose in ("visit", "staff")):
                found[key] = None
    return list(found)


def _queues(day: Day, stays: list[DayStay]) -> list[DayQueue]:
    """Stays of at least MIN_QUEUE_S in queue zones, with what came next."""
    zones = {zone.name: zone for zone in day.scenario.plan.zones}
    serving = {zone.serves: zone.name for zone in zones.values() if zone.kind == "service"}
    by_person: dict[int, list[DayStay]] = {}
    for stay in stays:
        by_person.setdefault(stay.person, []).append(stay)
    found = []
    for stay in stays:
        if zones[stay.zone].kind != "queue" or stay.staff or stay.dwell_s < MIN_QUEUE_S:
            continue
        service = next(
            (
                other
                for other in by_person[stay.person]
                if other.zone == serving.get(stay.zone)
                and stay.entered_at <= other.entered_at <= stay.left_at + NEXT_S
            ),
            None,
        )
        found.append(
            DayQueue(
                zone=stay.zone,
                person=stay.person,
                visit=stay.visit,
                joined_at=stay.entered_at,
                left_at=stay.left_at,
                outcome="served" if service else "abandoned",
                service_s=service.dwell_s if service else None,
                censored=stay.censored,
            )
        )
    return found


def _occupancy(day: Day, crossings: list[DayCrossing], inside: list[int]) -> list[Inside]:
    """Steps of how many are inside, from the window's begin."""
    staff = sum(day.life.people[person].staff for person in inside)
    customers = len(inside) - staff
    steps = [Inside(at=day.begins_at, customers=customers, staff=staff)]
    for crossing in crossings:
        change = 1 if crossing.direction == "in" else -1
        if crossing.staff:
            staff += change
        else:
            customers += change
        steps.append(Inside(at=crossing.at, customers=customers, staff=staff))
    return steps


def _sales(day: Day) -> list[DaySale]:
    return [
        DaySale(at=sale.at, till=sale.till, visit=day.visit_of[sale.trip], paid_at=sale.paid_at)
        for sale in sorted(day.life.sales, key=lambda sale: sale.at)
        if day.begins_at <= sale.paid_at < day.ends_at
    ]
