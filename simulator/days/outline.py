"""The truth of a day from its plan alone, without anybody's position (L0).

The same people do the same as in `truth.truth_of_day`; times differ by the lane in which
somebody walks, well under a second. There are no sightings, and a stay is spread on one cell.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from simulator.days.day import Day
from simulator.days.facts import occupancy_of, queues_of, sales_of, seen_of, trips_of, visits_of
from simulator.days.ground import reached_s
from simulator.days.marks import Direction, Marked
from simulator.days.paths import BEHIND_S, Array
from simulator.days.records import HEAT_BLOCK_S, DayCrossing, DayStay, DayTruth
from simulator.days.stays import bridged
from simulator.days.trips import Step, Trip

EDGE_S = 0.05


def outline_of_day(day: Day, marked: Marked) -> DayTruth:
    """Crossings, stays, queues, visits, occupancy, sales and heatmap of the day's window."""
    crossings = sorted(_crossings(day, marked), key=lambda each: each.at)
    stays = sorted(_stays(day, marked), key=lambda stay: (stay.entered_at, stay.person))
    seen = seen_of(day)
    inside = _inside_at_first(day, marked)
    return DayTruth(
        scenario=day.scenario.name,
        seed=day.seed,
        begins_at=day.begins_at,
        ends_at=day.ends_at,
        crossings=crossings,
        visits=visits_of(day, crossings),
        zone_stays=stays,
        queue_episodes=queues_of(day, stays),
        occupancy=occupancy_of(day, crossings, inside),
        transactions=sales_of(day),
        sightings=[],
        heatmap_blocks=_heat(day, marked) * seen,
        seen=seen,
        restarts=day.restarts,
        trips=trips_of(day),
    )


def _trips(day: Day) -> Iterator[Trip]:
    return (
        trip
        for trip in day.life.trips
        if trip.steps and trip.begins_at < day.ends_at and trip.ends_at > day.begins_at
    )


def _late(trip: Trip) -> list[tuple[int, float]]:
    """(person, seconds behind the leader) of a party."""
    return [(person, member // 2 * BEHIND_S) for member, person in enumerate(trip.people)]


def _crossings(day: Day, marked: Marked) -> Iterator[DayCrossing]:
    plan, people = day.scenario.plan, day.life.people
    for trip in _trips(day):
        if trip.purpose == "pass":
            continue
        for door, direction, at in _passed(trip, marked):
            for person, late in _late(trip):
                if day.begins_at <= at + late < day.ends_at:
                    yield DayCrossing(
                        door=door,
                        direction=direction,
                        at=at + late,
                        person=person,
                        visit=day.visit_of[trip.index],
                        staff=people[person].staff,
                        watched=bool(plan.door(door).camera),
                    )


def _passed(trip: Trip, marked: Marked) -> Iterator[tuple[str, Direction, float]]:
    for step in trip.steps:
        if step.start != step.goal:
            marks = marked.leg(step.start, step.goal)
            for metres, door, direction in marks.crossings:
                yield door, direction, step.begins_at + _after(step, metres, marks.length_m)


def _after(step: Step, metres: float, length_m: float) -> float:
    return reached_s(metres, length_m, step.ends_at - step.begins_at)


def _stays(day: Day, marked: Marked) -> Iterator[DayStay]:
    zones, people = day.scenario.plan.zones, day.life.people
    for trip in _trips(day):
        runs = sorted((n, trip.index, t0, t1) for n, t0, t1 in _within(trip, marked))
        for number, _, first, last in bridged(runs):
            for person, late in _late(trip):
                begin, end = max(first + late, day.begins_at), min(last + late, day.ends_at)
                if end > begin:
                    yield DayStay(
                        zone=zones[number].name,
                        person=person,
                        visit=day.visit_of.get(trip.index, -1),
                        entered_at=begin,
                        left_at=end,
                        staff=people[person].staff,
                        censored=begin <= day.begins_at + EDGE_S or end >= day.ends_at - EDGE_S,
                    )


def _within(trip: Trip, marked: Marked) -> Iterator[tuple[int, float, float]]:
    """(zone, from, to) of every step that lies in a zone."""
    for step in trip.steps:
        if step.hidden:
            continue
        if step.start == step.goal:
            for zone in marked.zones_at(step.goal):
                yield zone, step.begins_at, step.ends_at
            continue
        marks = marked.leg(step.start, step.goal)
        for zone, start_m, end_m in marks.zones:
            begin = step.begins_at + _after(step, start_m, marks.length_m)
            yield zone, begin, step.begins_at + _after(step, end_m, marks.length_m)


def _inside_at_first(day: Day, marked: Marked) -> list[int]:
    """Who had come in and not gone out again when the window began."""
    inside = []
    for trip in _trips(day):
        ways = [direction for _, direction, at in _passed(trip, marked) if at < day.begins_at]
        if ways and ways[-1] == "in":
            inside += list(trip.people)
    return sorted(inside)


def _heat(day: Day, marked: Marked) -> Array:
    """Seconds per cell in blocks of time, (blocks, rows, columns)."""
    count = max(1, math.ceil(day.seconds / HEAT_BLOCK_S - 1e-9))
    places: list[list[int]] = [[] for _ in range(count)]
    weights: list[list[float]] = [[] for _ in range(count)]
    for trip in _trips(day):
        for step in trip.steps:
            if step.hidden:
                continue
            cells = marked.cells(step.start, step.goal)
            for block, seconds in _by_block(step, day):
                places[block] += cells
                weights[block] += [seconds * len(trip.people) / len(cells)] * len(cells)
    rows, columns = marked.shape
    blocks = np.zeros((count, rows, columns))
    for block, where in enumerate(places):
        heat = np.bincount(where, weights[block], rows * columns + 1) if where else np.zeros(1)
        blocks[block].flat = heat[:-1] if where else 0.0
    return blocks


def _by_block(step: Step, day: Day) -> Iterator[tuple[int, float]]:
    """(block, seconds of the step in it)."""
    begin, end = max(step.begins_at, day.begins_at), min(step.ends_at, day.ends_at)
    while begin < end:
        block = int((begin - day.begins_at) // HEAT_BLOCK_S)
        stop = min(end, day.begins_at + (block + 1) * HEAT_BLOCK_S)
        if stop <= begin:
            return
        yield block, stop - begin
        begin = stop
