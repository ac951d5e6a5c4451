"""L0: batches of whole days that the cloud can take, whose totals are those of the truth."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest

from contracts.batches import Batch, unpack
from contracts.events import (
    TYPE_OF,
    CameraStatus,
    CoverageMinute,
    Event,
    GeometryChanged,
    HeatmapTile,
    LineCrossed,
    OccupancySampled,
    Payload,
    QueueEpisode,
    VisitClosed,
    ZoneVisit,
    decode_event,
    payload_of,
)
from simulator.days import Day, DayScenario, DayTruth, load_scenario
from simulator.days.event_files import Sealed, batches_of, days_of, write_batch
from simulator.days.scenario import Measuring

TUESDAY = date(2026, 3, 3)
EXACT = Measuring(
    missed=0, doubled=0, dwell_sigma=0, zone_missed=0, identity_lost=0, linked=1
)  # fmt: skip


class Told(NamedTuple):
    """Some days: all batches, events by payload type, each day with its truth."""

    batches: list[Batch]
    events: list[Event]
    payloads: dict[type[Payload], list[Payload]]
    days: list[tuple[Day, DayTruth]]


def told(scenario: DayScenario, count: int = 1, *, seed: int = 5, first: date = TUESDAY) -> Told:
    batches, days = [], []
    for batch, day, truth in batches_of(days_of(scenario, seed, first, count)):
        batches.append(batch)
        if truth is not None:
            days.append((day, truth))
    events = [
        decode_event(line)
        for batch in batches
        for line in unpack(batch.body, sha256=batch.sha256, records=batch.records)
    ]
    payloads: dict[type[Payload], list[Payload]] = {}
    for event in events:
        payload = payload_of(event)
        assert payload is not None
        payloads.setdefault(type(payload), []).append(payload)
    return Told(batches, events, payloads, days)


@pytest.fixture(scope="module")
def exact() -> Told:
    """Two days with long lines of an agent that makes no mistake."""
    return told(msgspec.structs.replace(load_scenario("queue"), measuring=EXACT), 2)


def test_equal_seeds_give_equal_bytes_and_others_do_not() -> None:
    scenario = load_scenario("quiet")
    one, same, other = (told(scenario, 2, seed=seed).batches for seed in (5, 5, 6))
    assert one == same
    assert not {batch.sha256 for batch in one} & {batch.sha256 for batch in other}
    assert not {batch.name for batch in one} & {batch.name for batch in other}


def test_a_day_is_the_same_whatever_days_are_simulated_before_it() -> None:
    scenario = load_scenario("quiet")
    after = told(scenario, 2).days[1][1]
    alone = told(scenario, first=date(2026, 3, 4)).days[0][1]
    assert after.crossings == alone.crossings
    assert after.transactions == alone.transactions


def test_every_event_is_valid_and_none_is_lost_or_doubled(exact: Told) -> None:
    """`decode_event` and `payload_of` have refused whatever the contracts refuse."""
    events = exact.events
    assert sorted(event.sequence for event in events) == list(range(len(events)))
    assert len({event.id for event in events}) == len(events)
    assert all(event.id[14] == "7" for event in events)
    assert all(event.recordedtime >= event.time for event in events)
    assert {event.type for event in events} >= {
        TYPE_OF[kind]
        for kind in (LineCrossed, ZoneVisit, QueueEpisode, VisitClosed, OccupancySampled,
                     HeatmapTile, CoverageMinute, CameraStatus, GeometryChanged)
    }  # fmt: skip
    in_order = sorted(events, key=lambda event: event.sequence)
    seams = [
        (before.recordedtime - after.recordedtime).total_seconds()
        for before, after in itertools.pairwise(in_order)
        if before.recordedtime > after.recordedtime
    ]
    assert len(seams) < len(exact.days)  # a day is told to its end before the next begins
    assert all(seconds < 60 for seconds in seams)
    assert {batch.name.seq for batch in exact.batches} == set(range(len(exact.batches)))


def _truths(told: Told) -> Iterator[DayTruth]:
    return (truth for _, truth in told.days)


def test_totals_of_an_exact_agent_are_those_of_the_truth(exact: Told) -> None:
    crossed = Counter(
        (each.door, each.direction, bool(each.staff)) for each in exact.payloads[LineCrossed]
    )
    true = Counter(
        (each.door, each.direction, each.staff)
        for truth in _truths(exact)
        for each in truth.crossings
        if each.watched
    )
    assert crossed == true
    assert sum(true.values()) > 3000
    stays = Counter(each.zone for each in exact.payloads[ZoneVisit])
    assert stays == Counter(
        stay.zone for truth in _truths(exact) for stay in truth.zone_stays if stay.dwell_s >= 5
    )
    waits = Counter((each.zone, each.outcome) for each in exact.payloads[QueueEpisode])
    assert waits == Counter(
        (each.zone, each.outcome) for truth in _truths(exact) for each in truth.queue_episodes
    )
    assert {outcome for _, outcome in waits} == {"served", "abandoned"}
    whole = [visit for truth in _truths(exact) for visit in truth.visits if visit.entered_at]
    assert len(exact.payloads[VisitClosed]) == len(whole)


def test_staff_who_use_the_customers_door_are_told_as_staff() -> None:
    seen = told(msgspec.structs.replace(load_scenario("corner"), measuring=EXACT))
    truth = seen.days[0][1]
    came = [each for each in seen.payloads[LineCrossed] if each.direction == "in"]
    staff = sum(bool(each.staff) for each in came)
    assert staff == sum(c.staff and c.direction == "in" for c in truth.crossings) == 4
    assert len(came) - staff == truth.entries()


def test_an_exact_agent_measures_dwell_and_presence_as_they_were(exact: Told) -> None:
    measured = sum(each.dwell_s for each in exact.payloads[ZoneVisit])
    true = sum(s.dwell_s for t in _truths(exact) for s in t.zone_stays if s.dwell_s >= 5)
    assert measured == pytest.approx(true, rel=1e-5)
    seconds = sum(sum(each.seconds) for each in exact.payloads[HeatmapTile])
    assert seconds == pytest.approx(sum(t.heatmap.sum() for t in _truths(exact)), rel=0.01)
    inside = [step.customers for truth in _truths(exact) for step in truth.occupancy]
    sampled = [each.occupancy for each in exact.payloads[OccupancySampled]]
    assert max(inside) - 4 <= max(sampled) <= max(inside)
    assert sampled[-1] == 0


def test_a_real_agent_makes_the_mistakes_of_the_scenario() -> None:
    scenario = load_scenario("busy")
    wrong = Measuring(missed=0.1, doubled=0.05, zone_missed=0.2, identity_lost=0.3, linked=0.5)
    seen = told(msgspec.structs.replace(scenario, measuring=wrong))
    truth = seen.days[0][1]
    watched = sum(each.watched for each in truth.crossings)
    assert len(seen.payloads[LineCrossed]) / watched == pytest.approx(0.9 * 1.05, abs=0.03)
    long = sum(stay.dwell_s >= 5 for stay in truth.zone_stays)
    assert len(seen.payloads[ZoneVisit]) / long == pytest.approx(0.8, abs=0.04)
    lost = Counter(each.identity == "UNKNOWN" for each in seen.payloads[ZoneVisit])
    assert lost[True] / lost.total() == pytest.approx(0.3, abs=0.05)
    linked = Counter(each.entered_at is not None for each in seen.payloads[VisitClosed])
    assert linked[True] / linked.total() == pytest.approx(0.5, abs=0.05)


def test_identities_are_new_every_day() -> None:
    seen = told(load_scenario("corner"), 2)
    by_day: dict[date, set[str]] = {}
    for event in seen.events:
        payload = payload_of(event)
        if isinstance(payload, VisitClosed):
            by_day.setdefault(event.time.date(), set()).add(payload.identity)
    first, second = by_day.values()
    assert len(first) > 100
    assert not first & second


@pytest.mark.parametrize(("first", "hours"), [("2026-03-29", 23), ("2026-10-25", 25)])
def test_a_day_of_23_or_25_hours_has_every_minute_once(first: str, hours: int) -> None:
    """A shop that is open round the clock, on the days on which the clocks change."""
    seen = told(load_scenario("night"), first=date.fromisoformat(first))
    minutes = Counter((each.camera, each.minute) for each in seen.payloads[CoverageMinute])
    assert set(minutes.values()) == {1}
    assert len(minutes) == hours * 60 * 3
    assert sum(each.observed_s for each in seen.payloads[CoverageMinute]) == hours * 3600 * 3
    begin, end = (f([each.minute for each in seen.payloads[CoverageMinute]]) for f in (min, max))
    assert (end - begin).total_seconds() == (hours * 60 - 1) * 60
    local = Counter(
        event.time.astimezone(seen.days[0][0].zone).hour
        for event in seen.events
        if event.type == TYPE_OF[LineCrossed]
    )
    assert (2 in local) == (hours == 25)


def test_faults_are_told_by_states_and_by_coverage() -> None:
    seen = told(msgspec.structs.replace(load_scenario("faults"), measuring=EXACT))
    lost = Counter[str]()
    for minute in seen.payloads[CoverageMinute]:
        lost[minute.camera] += minute.expected_s - minute.observed_s
    restart_s = 12
    assert lost["tills"] == pytest.approx(150 + restart_s)
    assert lost["entrance"] == pytest.approx(20 + restart_s)
    assert lost["floor"] == pytest.approx(120 + restart_s)
    states = [(each.camera, each.state) for each in seen.payloads[CameraStatus]]
    assert states.count(("floor", "frozen")) == 1
    assert states.count(("tills", "disconnected")) == 2
    truth = seen.days[0][1]
    watched = sum(each.watched for each in truth.crossings)
    assert len(seen.payloads[LineCrossed]) < watched  # what nobody saw, nobody told


def test_overlapping_faults_are_not_counted_twice() -> None:
    scenario = load_scenario("faults")
    outage = scenario.faults[1]
    again = msgspec.structs.replace(outage, at="12:09", for_s=90.0)
    both = msgspec.structs.replace(scenario, faults=(outage, again))
    minutes = told(both).payloads[CoverageMinute]
    assert min(each.observed_s for each in minutes) == 0
    assert sum(each.expected_s - each.observed_s for each in minutes) == pytest.approx(150)


def test_batches_lie_where_the_index_says(tmp_path: Path) -> None:
    batches = told(load_scenario("quiet")).batches
    for batch in batches:
        write_batch(tmp_path, batch)
    lines = (tmp_path / "batches" / "index.jsonl").read_bytes().splitlines()
    index = [msgspec.json.decode(line, type=Sealed) for line in lines]
    assert [each.path for each in index] == [batch.name.path for batch in batches]
    assert {each.lane for each in index} == {"critical", "analytics"}
    for sealed in index:
        body = (tmp_path / "batches" / f"{sealed.path}.zst").read_bytes()
        assert len(unpack(body, sha256=sealed.sha256, records=sealed.records)) == sealed.records
    files = {path for path in (tmp_path / "batches").rglob("*") if path.is_file()}
    assert len(files) == len(index) + 1
