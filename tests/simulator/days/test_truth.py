"""The truth adds up, and says the same as the day's plan and the metrics' definitions."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pytest

from simulator.days import Day, DayTruth, load_scenario, simulate_day, truth_of_day
from simulator.days.facts import queues_of
from simulator.days.marks import Marked
from simulator.days.outline import outline_of_day
from simulator.days.records import DayStay
from tests.simulator.days.conftest import EVENING


@pytest.fixture(scope="module")
def outline(day: Day) -> DayTruth:
    return outline_of_day(day, Marked(day.ground))


def test_entries_minus_exits_is_the_change_of_people_inside(truth: DayTruth, day: Day) -> None:
    first, last = truth.occupancy[0], truth.occupancy[-1]
    signs = [1 if c.direction == "in" else -1 for c in truth.crossings if not c.staff]
    assert last.customers - first.customers == sum(signs)
    assert min(step.customers for step in truth.occupancy) >= 0
    after = simulate_day(day.scenario, day.seed, start=EVENING.replace(minute=15), seconds=60)
    assert truth_of_day(after).occupancy[0].customers == pytest.approx(last.customers, abs=1)


def test_everyone_who_came_in_on_a_day_goes_out_again() -> None:
    scenario = load_scenario("faults")
    day = simulate_day(scenario, 4, start=datetime(2026, 3, 3), seconds=90_000)  # noqa: DTZ001
    whole = outline_of_day(day, Marked(day.ground))
    assert whole.occupancy[-1].customers == whole.occupancy[-1].staff == 0
    assert all(visit.entered_at and visit.exited_at for visit in whole.visits)
    staff = [crossing for crossing in whole.crossings if crossing.staff]
    assert {crossing.door for crossing in staff} == {scenario.staff_door}
    assert not any(crossing.watched for crossing in staff)


def test_the_plan_of_a_day_and_its_positions_tell_the_same(
    truth: DayTruth, outline: DayTruth
) -> None:
    assert len(truth.crossings) > 40
    told = {(c.person, c.door, c.direction, c.visit) for c in truth.crossings}
    planned = {(c.person, c.door, c.direction, c.visit) for c in outline.crossings}
    assert len(told ^ planned) <= 2  # someone in a door as the window begins or ends
    assert len(truth.queue_episodes) == pytest.approx(len(outline.queue_episodes), abs=2)
    for zone in ("season", "drinks", "till 1"):
        ours = sum(stay.dwell_s for stay in truth.zone_visits(zone))
        theirs = sum(stay.dwell_s for stay in outline.zone_visits(zone))
        assert ours == pytest.approx(theirs, rel=0.1, abs=15)
    assert truth.heatmap.sum() == pytest.approx(outline.heatmap.sum(), rel=0.05)
    cells = np.corrcoef(
        truth.heatmap.reshape(12, 4, 18, 4).sum((1, 3)).ravel(),
        outline.heatmap.reshape(12, 4, 18, 4).sum((1, 3)).ravel(),
    )
    assert cells[0, 1] > 0.8


def test_visits_of_one_person_less_than_three_hours_apart_are_one(day: Day) -> None:
    trips: dict[int, list[int]] = {}
    for trip in day.life.trips:
        if trip.purpose == "visit":
            trips.setdefault(trip.people[0], []).append(trip.index)
    again = [mine for mine in trips.values() if len(mine) > 1]
    assert again
    by_index = {trip.index: trip for trip in day.life.trips}
    for first, second, *_ in again:
        gap_h = (by_index[second].begins_at - by_index[first].ends_at) / 3600
        assert (day.visit_of[first] == day.visit_of[second]) == (gap_h < 3)


def test_what_nobody_can_see_is_no_part_of_the_heatmap(truth: DayTruth, day: Day) -> None:
    assert truth.heatmap[~truth.seen].sum() == 0
    behind = truth.seen[round(1.1 / 0.25), round(5.6 / 0.25)]
    in_front = truth.seen[round(7.0 / 0.25), round(8.0 / 0.25)]
    assert not behind  # between wall shelf and gondola, where only heads show
    assert in_front
    item = day.scenario.plan.fixtures[0].rect
    assert not truth.seen[round(item[1] / 0.25) + 1, round(item[0] / 0.25) + 1]


def test_sales_are_told_late_and_belong_to_visits(truth: DayTruth) -> None:
    assert len(truth.transactions) > 5
    visits = {visit.visit for visit in truth.visits}
    for sale in truth.transactions:
        assert sale.at > sale.paid_at
        assert sale.visit in visits


def stay(zone: str, entered_at: float, left_at: float, person: int = 0) -> DayStay:
    return DayStay(
        zone=zone, person=person, visit=0, entered_at=entered_at, left_at=left_at,
        staff=False, censored=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("stays", "expected"),
    [
        ([("queue 1", 0, 9)], []),
        ([("queue 1", 0, 30)], [("queue 1", 30, "abandoned", None)]),
        ([("queue 1", 0, 30), ("till 1", 31, 60)], [("queue 1", 31, "served", 29)]),
        ([("queue 1", 0, 30), ("till 1", 31, 34)], [("queue 1", 30, "abandoned", None)]),
        ([("queue 1", 0, 30), ("till 1", 40, 60)], [("queue 1", 30, "abandoned", None)]),
        ([("queue 1", 0, 20), ("queue 2", 23, 40), ("till 2", 40.5, 60)],
         [("queue 2", 40.5, "served", 19.5)]),
        ([("queue 1", 0, 6), ("queue 2", 9, 16)], [("queue 2", 16, "abandoned", None)]),
        ([("queue 1", 0, 4), ("queue 2", 8, 12)], []),
    ],
)  # fmt: skip
def test_a_wait_is_counted_by_its_definition(
    day: Day, stays: list[tuple[str, float, float]], expected: list[tuple[object, ...]]
) -> None:
    found = queues_of(day, [stay(*each) for each in stays])
    assert [(q.zone, q.left_at, q.outcome, q.service_s) for q in found] == expected
    assert all(q.joined_at == 0 for q in found)
