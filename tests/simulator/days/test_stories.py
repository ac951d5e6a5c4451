"""What happens in stores, each found in the truth: groups, children, shifts, queues, returns."""

from __future__ import annotations

import functools
from collections import Counter
from datetime import date, datetime
from itertools import pairwise
from statistics import median

import msgspec
import numpy as np
import pytest

from simulator.days import Day, DayScenario, DayTruth, load_scenario, simulate_day
from simulator.days.event_files import days_of
from simulator.days.records import DayTrip

TUESDAY = date(2026, 3, 3)


@functools.cache
def whole(name: str, seed: int = 1) -> tuple[Day, DayTruth]:
    return next(days_of(load_scenario(name), seed, TUESDAY, 1))


def of(scenario: DayScenario, seed: int = 1) -> DayTruth:
    return next(days_of(scenario, seed, TUESDAY, 1))[1]


def with_queueing(**rules: object) -> DayScenario:
    scenario = load_scenario("queue")
    changed = msgspec.structs.replace(scenario.queueing, **rules)
    return msgspec.structs.replace(scenario, queueing=changed)


def test_groups_come_together_and_leave_together() -> None:
    _, truth = whole("groups")
    groups: dict[int, list[DayTrip]] = {}
    for trip in truth.trips:
        if trip.group >= 0 and trip.purpose == "visit":
            groups.setdefault(trip.group, []).append(trip)
    assert len(groups) > 150
    assert {len({t.person for t in mine}) for mine in groups.values()} == {2, 3, 4}
    entered = {(c.visit, c.person): c.at for c in truth.crossings if c.direction == "in"}
    for mine in groups.values():
        times = [entered[t.visit, t.person] for t in mine if t.began_at == mine[0].began_at]
        assert max(times) - min(times) < 3
    shares = Counter(t.group >= 0 for t in truth.trips if t.purpose == "visit")
    assert 0.6 < shares[True] / shares.total() < 0.85


def test_children_are_small_and_never_alone() -> None:
    day, truth = whole("groups")
    children = {trip.person for trip in truth.trips if trip.child}
    assert len(children) > 50
    assert all(1.05 <= day.height_of(child) <= 1.45 for child in children)
    adults = {trip.group for trip in truth.trips if not trip.child}
    assert all(trip.group in adults for trip in truth.trips if trip.child)


def test_staff_keep_their_shifts_and_breaks() -> None:
    day, truth = whole("busy")
    at_work = sorted(
        (trip.began_at, trip.ended_at) for trip in truth.trips if trip.purpose == "staff"
    )
    assert len(at_work) == 8  # two cashiers whole, three others with one break each
    opens, late = day.local("08:20"), day.local("20:25")
    assert all(opens < begin < end < late for begin, end in at_work)
    inside = {step.at: step.staff for step in truth.occupancy}
    assert max(inside.values()) == 5
    noon = [count for at, count in inside.items() if at < day.local("12:45")][-1]
    assert noon == 3  # two of the floor are at lunch
    assert {visit.staff for visit in truth.visits} == {True, False}
    staff = {trip.person for trip in truth.trips if trip.staff}
    assert not staff & {wait.person for wait in truth.queue_episodes}  # they only walk through


def test_who_balks_saw_a_long_line_and_did_not_join() -> None:
    never = of(with_queueing(balk_share=0.0))
    always = of(with_queueing(balk_share=1.0, balk_at=1))
    assert not any(trip.balked for trip in never.trips)
    balked = {(trip.visit, trip.person) for trip in always.trips if trip.balked}
    assert len(balked) > 50
    assert not any(trip.paid for trip in always.trips if trip.balked)
    waited = [
        sum(wait.left_at - wait.joined_at for wait in truth.queue_episodes)
        for truth in (never, always)
    ]
    assert waited[1] < 0.6 * waited[0]


def test_patience_decides_who_gives_up() -> None:
    patient = of(with_queueing(patience_s=(20_000.0, 0.1), jockey_gain=100))
    hasty = of(with_queueing(patience_s=(40.0, 0.1), jockey_gain=100))
    gone = [
        Counter(wait.outcome for wait in truth.queue_episodes)["abandoned"]
        for truth in (patient, hasty)
    ]
    assert gone[0] <= 2
    assert gone[1] > 20
    waits = [w.left_at - w.joined_at for w in hasty.queue_episodes if w.outcome == "abandoned"]
    assert 25 < median(waits) < 90
    given_up = {w.visit for w in hasty.queue_episodes if w.outcome == "abandoned"}
    assert len({sale.visit for sale in hasty.transactions} & given_up) < 5  # came back later


def test_the_feed_of_the_tills_lags_and_its_clock_is_wrong() -> None:
    scenario = load_scenario("quiet")
    slow = msgspec.structs.replace(scenario.pos, lag_s=(20.0, 0.5), clock_offset_s=-300.0)
    lags = [
        [sale.at - sale.paid_at for sale in of(each).transactions]
        for each in (scenario, msgspec.structs.replace(scenario, pos=slow))
    ]
    assert min(lags[0]) > 0
    assert median(lags[0]) == pytest.approx(3, abs=0.5)
    assert median(lags[1]) == pytest.approx(20 - 300, abs=4)
    assert max(lags[1]) < 0


def test_a_purchase_is_paid_by_someone_who_was_at_the_till() -> None:
    _, truth = whole("busy")
    served: dict[tuple[str, int], list[tuple[float, float]]] = {}
    for stay in truth.zone_stays:
        served.setdefault((stay.zone, stay.visit), []).append((stay.entered_at, stay.left_at))
    assert len(truth.transactions) > 300
    for sale in truth.transactions:
        spans = served[sale.till, sale.visit]
        assert any(begin <= sale.paid_at <= end + 1 for begin, end in spans)


@pytest.mark.parametrize(("minutes", "visits"), [(1.0, 1), (20.0, 1), (200.0, 2)])
def test_who_returns_within_three_hours_makes_one_visit(minutes: float, visits: int) -> None:
    scenario = load_scenario("quiet")
    often = msgspec.structs.replace(scenario.visits, re_entry=((minutes, 0.3),))
    truth = of(msgspec.structs.replace(scenario, visits=often))
    trips: dict[int, list[DayTrip]] = {}
    for trip in truth.trips:
        if trip.purpose == "visit":
            trips.setdefault(trip.person, []).append(trip)
    pairs = [pair for mine in trips.values() for pair in pairwise(mine)]
    gaps = [(b.began_at - a.ended_at) / 60 for a, b in pairs]
    assert len(gaps) > 30
    assert all(0.89 * minutes < gap < 1.11 * minutes for gap in gaps)
    apart = [(a.visit != b.visit) + 1 for a, b in pairs]
    assert Counter(apart).most_common(1)[0][0] == visits
    assert all((a.visit == b.visit) == (gap < 180) for (a, b), gap in zip(pairs, gaps, strict=True))


def test_who_turns_round_or_loiters_or_passes_is_no_customer() -> None:
    _, truth = whole("busy")
    crossed = Counter((c.visit, c.person) for c in truth.crossings)
    by_purpose: dict[str, list[int]] = {}
    for trip in truth.trips:
        by_purpose.setdefault(trip.purpose, []).append(crossed[trip.visit, trip.person])
    assert set(by_purpose) == {"visit", "u_turn", "loiter", "pass", "staff"}
    assert len(by_purpose["pass"]) > 500
    assert set(by_purpose["pass"]) == {0}
    turned = Counter(by_purpose["u_turn"])
    assert set(turned) == {0, 2}  # between the lines, or beyond both and out again
    assert turned[0] > turned[2] > 5
    lingered = Counter(by_purpose["loiter"])
    assert lingered[0] > 3
    assert lingered[2] > 3


def test_who_is_in_a_cabin_is_nowhere_to_be_seen() -> None:
    day, _ = whole("groups")
    hidden = [
        (step.begins_at, step.ends_at, trip.people[0])
        for trip in day.life.trips
        for step in trip.steps
        if step.hidden and step.ends_at - step.begins_at > 20
    ]
    assert len(hidden) > 10
    begin, end, person = hidden[len(hidden) // 2]
    start = datetime.fromtimestamp(begin - 6, day.zone)
    window = simulate_day(day.scenario, day.seed, start=start, seconds=end - begin + 12)
    moment = window.motion.at(np.array([begin - 1, begin + 2, end - 2, end + 1]))
    whose = window.motion.paths.person[moment.path].tolist()
    there = moment.present[:, whose.index(person)]
    assert there.tolist() == [True, False, False, True]


def test_a_shop_with_two_doors_is_entered_by_both_and_crossed() -> None:
    _, truth = whole("corner")
    ways = Counter((v.doors[0], v.doors[1]) for v in truth.visits if not v.staff)
    assert set(ways) == {(a, b) for a in ("street door", "station door")
                         for b in ("street door", "station door")}  # fmt: skip
    assert min(ways.values()) > 40
    street = truth.entries("street door")
    assert street / truth.entries() == pytest.approx(0.6, abs=0.07)
    assert street + truth.entries("station door") == truth.entries()
