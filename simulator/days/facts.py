"""What follows from crossings and stays: visits, queue episodes, occupancy, sales, seen floor."""

from __future__ import annotations

import functools

import numpy as np
import numpy.typing as npt

from simulator.days.day import Day
from simulator.days.records import (
    CELL_M,
    MIN_DWELL_S,
    DayCrossing,
    DayQueue,
    DaySale,
    DayStay,
    DayTrip,
    DayVisit,
    Inside,
)
from simulator.days.scenario import DayScenario
from simulator.days.sight import Bodies
from simulator.days.watching import views_of

MIN_QUEUE_S = 10.0
NEXT_S = 5.0
FEET_M = 0.3


def visits_of(day: Day, crossings: list[DayCrossing]) -> list[DayVisit]:
    """Everyone's visits; what the window cuts is None."""
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


def queues_of(day: Day, stays: list[DayStay]) -> list[DayQueue]:
    """Customers' waits: who changes to another line goes on waiting, until service or departure.

    A wait counts from MIN_QUEUE_S on, standing and in all; it belongs to the last line.
    """
    kinds = {zone.name: zone.kind for zone in day.scenario.plan.zones}
    by_person: dict[int, list[DayStay]] = {}
    for stay in stays:
        if kinds[stay.zone] != "zone" and not stay.staff:
            by_person.setdefault(stay.person, []).append(stay)
    found = []
    for mine in by_person.values():
        services = [s for s in mine if kinds[s.zone] == "service" and s.dwell_s >= MIN_DWELL_S]
        for wait in _waits([stay for stay in mine if kinds[stay.zone] == "queue"], services):
            found += _episode(wait, services)
    return sorted(found, key=lambda each: (each.joined_at, each.person))


def _waits(queued: list[DayStay], services: list[DayStay]) -> list[list[DayStay]]:
    """Stays in lines that belong together: at most NEXT_S apart and no service in between."""
    waits: list[list[DayStay]] = []
    for stay in queued:
        last = waits[-1][-1] if waits else None
        served = last is not None and any(
            last.entered_at <= service.entered_at <= stay.entered_at for service in services
        )
        if last is not None and not served and stay.entered_at - last.left_at <= NEXT_S:
            waits[-1].append(stay)
        else:
            waits.append([stay])
    return waits


def _episode(wait: list[DayStay], services: list[DayStay]) -> list[DayQueue]:
    first, last = wait[0], wait[-1]
    limit = last.left_at + NEXT_S
    service = next((s for s in services if last.entered_at <= s.entered_at <= limit), None)
    left_at = service.entered_at if service else last.left_at
    if min(left_at - first.entered_at, sum(stay.dwell_s for stay in wait)) < MIN_QUEUE_S:
        return []
    return [
        DayQueue(
            zone=last.zone,
            person=last.person,
            visit=last.visit,
            joined_at=first.entered_at,
            left_at=left_at,
            outcome="served" if service else "abandoned",
            service_s=service.dwell_s if service else None,
            censored=any(stay.censored for stay in wait),
        )
    ]


def occupancy_of(day: Day, crossings: list[DayCrossing], inside: list[int]) -> list[Inside]:
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


def sales_of(day: Day) -> list[DaySale]:
    """Transactions paid within the window, in order of the feed's times."""
    return [
        DaySale(at=sale.at, till=sale.till, visit=day.visit_of[sale.trip], paid_at=sale.paid_at)
        for sale in sorted(day.life.sales, key=lambda sale: sale.at)
        if day.begins_at <= sale.paid_at < day.ends_at
    ]


def trips_of(day: Day) -> list[DayTrip]:
    """Everyone's trips that touch the window, in order of time."""
    paid = {sale.trip for sale in day.life.sales}
    return [
        DayTrip(
            person=person,
            visit=day.visit_of.get(trip.index, -1),
            purpose=trip.purpose,
            group=day.life.people[person].party,
            child=day.life.people[person].child,
            staff=day.life.people[person].staff,
            began_at=trip.begins_at,
            ended_at=trip.ends_at,
            paid=trip.index in paid,
            balked=trip.balked,
        )
        for trip in sorted(
            (trip for trip in day.life.trips if trip.steps), key=lambda trip: trip.begins_at
        )
        if trip.begins_at < day.ends_at and trip.ends_at > day.begins_at
        for person in trip.people
    ]


def seen_of(day: Day) -> npt.NDArray[np.bool_]:
    """Cells in whose middle some camera sees people's feet, lower than FEET_M."""
    return np.asarray(owners_of(day.scenario) >= 0)


@functools.lru_cache(8)
def owners_of(scenario: DayScenario) -> npt.NDArray[np.int64]:
    """The number of the nearest camera that sees feet in a cell, -1 for none; (down, across)."""
    plan = scenario.plan
    rows, columns = round(plan.depth_m / CELL_M), round(plan.width_m / CELL_M)
    row, column = np.indices((rows, columns), dtype=np.float64).reshape(2, -1)
    x, y = (column + 0.5) * CELL_M, (row + 0.5) * CELL_M
    still = np.zeros_like(x)
    owners, nearest = np.full(len(x), -1), np.full(len(x), np.inf)
    for number, view in enumerate(views_of(scenario)):
        boxes = view.boxes(Bodies(x, y, still, still + FEET_M, still))
        middle = (boxes.shown[:, 0] + boxes.shown[:, 2]) / 2
        feet = np.column_stack([middle, boxes.shown[:, 3]])
        sees = (
            (feet > 0).all(1)
            & (feet < np.array([view.camera.width, view.camera.height])).all(1)
            & (boxes.share > 0)
        )
        nearer = sees & (boxes.away_m < nearest)
        owners[nearer], nearest[nearer] = number, boxes.away_m[nearer]
    for item in plan.fixtures:
        x0, y0, x1, y1 = item.rect
        owners[(x > x0) & (x < x1) & (y > y0) & (y < y1)] = -1
    return owners.reshape(rows, columns)
