"""Trips hang together, lines keep their order, and everything follows from the seed."""

from __future__ import annotations

from collections import Counter
from datetime import date
from itertools import pairwise
from statistics import mean
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.days import DayScenario, load_scenario
from simulator.days.day import ground_of
from simulator.days.life import Life, live
from simulator.days.trips import Trip

BERLIN = ZoneInfo("Europe/Berlin")
TUESDAY, SUNDAY = date(2026, 3, 3), date(2026, 3, 8)
SCENARIOS = st.sampled_from(["quiet", "busy", "groups", "queue", "faults"])


def lived(name: str, seed: int, day: date = TUESDAY) -> tuple[DayScenario, Life]:
    scenario = load_scenario(name)
    return scenario, live(scenario, ground_of(scenario), seed, day, BERLIN)


def waiting(scenario: DayScenario, trip: Trip) -> list[tuple[str, float, float]]:
    """(till, time of joining its line, time at its counter) of one trip."""
    found = []
    for till, line in zip(scenario.tills, ground_of(scenario).lines, strict=True):
        joined = [s.ends_at for s in trip.steps if s.goal == line.entry and s.start != s.goal]
        served = [s.ends_at for s in trip.steps if s.goal == line.counter and s.start != s.goal]
        if joined and served:
            found.append((till.service, max(j for j in joined if j <= served[-1]), served[-1]))
    return found


@settings(max_examples=6)
@given(name=SCENARIOS, seed=st.integers(0, 10**6))
def test_steps_follow_one_another_in_time_and_place(name: str, seed: int) -> None:
    for trip in lived(name, seed)[1].trips:
        for step in trip.steps:
            assert step.ends_at > step.begins_at
        for before, after in pairwise(trip.steps):
            assert after.begins_at == pytest.approx(before.ends_at)
            assert after.start == before.goal


@settings(max_examples=6)
@given(seed=st.integers(0, 10**6))
def test_who_joins_a_line_first_is_served_first(seed: int) -> None:
    scenario, life = lived("queue", seed)
    by_till: dict[str, list[tuple[float, float]]] = {}
    for trip in life.trips:
        for till, joined, served in waiting(scenario, trip):
            by_till.setdefault(till, []).append((joined, served))
    assert by_till
    for waits in by_till.values():
        served = [when for _, when in sorted(waits)]
        assert served == sorted(served)


@settings(max_examples=6)
@given(seed=st.integers(0, 10**6))
def test_a_till_serves_one_party_at_a_time(seed: int) -> None:
    scenario, life = lived("queue", seed)
    for line in ground_of(scenario).lines:
        served = sorted(
            (step.begins_at, step.ends_at)
            for trip in life.trips
            for step in trip.steps
            if step.start == step.goal == line.counter
        )
        assert served
        assert all(after[0] > before[1] for before, after in pairwise(served))


def test_some_turn_away_give_up_and_change_lines() -> None:
    scenario, life = lived("queue", 1)
    lines = ground_of(scenario).lines
    visits = [trip for trip in life.trips if trip.purpose == "visit"]
    joined = [
        [n for n, line in enumerate(lines) if any(s.goal == line.entry for s in trip.steps)]
        for trip in visits
    ]
    paid = {sale.trip for sale in life.sales}
    gave_up = [t for t, mine in zip(visits, joined, strict=True) if mine and t.index not in paid]
    changed = [mine for mine in joined if len(mine) == 2]
    assert len(gave_up) >= 5
    assert len(changed) >= 3
    assert 0.4 < len(paid) / len(visits) < 0.95


def test_equal_seeds_give_equal_days_whatever_was_simulated_before() -> None:
    scenario = load_scenario("groups")
    one = live(scenario, ground_of(scenario), 7, TUESDAY, BERLIN)
    live(scenario, ground_of(scenario), 8, TUESDAY, BERLIN)
    ground_of.cache_clear()
    same = live(scenario, ground_of(scenario), 7, TUESDAY, BERLIN)
    other = live(scenario, ground_of(scenario), 8, TUESDAY, BERLIN)
    assert one == same
    assert one.people != other.people


def test_as_many_people_come_as_the_calendar_says() -> None:
    scenario = load_scenario("groups")
    ground = ground_of(scenario)
    expected = scenario.visits.per_day * scenario.calendar.by_weekday[TUESDAY.weekday()]
    came = []
    for seed in range(6):
        life = live(scenario, ground, seed, TUESDAY, BERLIN)
        came.append(sum(len(trip.people) for trip in life.trips if trip.purpose == "visit"))
    assert mean(came) == pytest.approx(expected, rel=0.12)


def test_nobody_comes_on_a_closed_day() -> None:
    assert not lived("busy", 1, SUNDAY)[1].trips
    scenario = load_scenario("busy")
    closed = msgspec.structs.replace(scenario.calendar, holidays=(TUESDAY.isoformat(),))
    scenario = msgspec.structs.replace(scenario, calendar=closed)
    assert not live(scenario, ground_of(scenario), 1, TUESDAY, BERLIN).trips


def test_all_kinds_of_people_are_there() -> None:
    _, life = lived("busy", 1)
    purposes = Counter(trip.purpose for trip in life.trips)
    assert set(purposes) == {"visit", "u_turn", "loiter", "pass", "staff"}
    sizes = Counter(len(trip.people) for trip in life.trips if trip.purpose == "visit")
    assert sizes[1] > sizes[2] > sizes[3] > 0
    assert any(person.child for person in life.people)
    assert sum(person.staff for person in life.people) == 5


def test_the_same_person_comes_back_after_1_20_and_200_minutes() -> None:
    gaps: list[float] = []
    for seed in range(4):
        trips: dict[int, list[Trip]] = {}
        for trip in lived("busy", seed)[1].trips:
            if trip.purpose == "visit":
                trips.setdefault(trip.people[0], []).append(trip)
        for mine in trips.values():
            gaps += [(b.begins_at - a.ends_at) / 60 for a, b in pairwise(mine)]
    for minutes in (1, 20, 200):
        assert any(0.89 * minutes <= gap <= 1.11 * minutes for gap in gaps)


def test_no_two_parties_look_at_the_same_shelf_spot_at_once() -> None:
    scenario, life = lived("busy", 2)
    ground = ground_of(scenario)
    spots = {*ground.browse, *(node for nodes in ground.zone_spots.values() for node in nodes)}
    stays: dict[int, list[tuple[float, float]]] = {}
    for trip in life.trips:
        for step in trip.steps:
            if step.start == step.goal and step.goal in spots:
                stays.setdefault(step.goal, []).append((step.begins_at, step.ends_at))
    assert len(stays) > 20
    for mine in stays.values():
        assert all(after[0] >= before[1] - 1e-6 for before, after in pairwise(sorted(mine)))
