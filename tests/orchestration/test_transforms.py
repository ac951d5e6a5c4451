"""The pure transforms against plain Python, on random, repeated, late and retracted events."""

from __future__ import annotations

import datetime as dt
import zoneinfo

import polars as pl
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from contracts.batches import BatchName, pack
from contracts.events import (
    Event,
    LineCrossed,
    OccupancySampled,
    QueueEpisode,
    VisitClosed,
    encode_event,
)
from orchestration.defs.events.transforms.coverage import coverage_of
from orchestration.defs.events.transforms.envelope import Landed, bronze_of, read_batch
from orchestration.defs.events.transforms.footfall import doors_of_plans, footfall_of
from orchestration.defs.events.transforms.local_time import with_business_date, with_local_hour
from orchestration.defs.events.transforms.people import heatmap_of, occupancy_of, zone_dwell_of
from orchestration.defs.events.transforms.silver import silver_of
from tests.orchestration import oracle
from tests.orchestration.landing import MINUTE, Shop

# Berlin's 23- and 25-hour days, Lord Howe's half-hour change, and half-hour offsets.
DAYS = [
    ("Europe/Berlin", dt.date(2026, 3, 29)),
    ("Europe/Berlin", dt.date(2026, 10, 25)),
    ("Australia/Lord_Howe", dt.date(2026, 4, 5)),
    ("Asia/Kolkata", dt.date(2026, 7, 1)),
    ("America/Los_Angeles", dt.date(2026, 11, 1)),
    ("UTC", dt.date(2026, 2, 28)),
]
SINCE = dt.datetime(2024, 1, 3, tzinfo=dt.UTC)
DOORS = doors_of_plans([])
INSIDE = OccupancySampled(occupancy=1, entries=1, exits=0)


def bronze(received: list[oracle.Received], store: str = "shop") -> pl.DataFrame:
    """Bronze rows, each event in a batch of its own, received when it says."""
    rows = []
    for number, (at, event) in enumerate(received):
        batch = pack(BatchName(store, "boot", number), "critical", [encode_event(event)])
        landed = Landed(store, "boot", number, 1, batch.sha256, "key", at, "hour", fresh=True)
        good, dead = read_batch(landed, batch.body)
        assert not dead
        rows += good
    return bronze_of(rows)


def _event(draw: st.DrawFn, shop: Shop, at: dt.datetime) -> Event:
    kind = draw(st.integers(0, 4))
    if kind == 0:
        door = draw(st.sampled_from(["a", "b"]))
        return shop.crossing(at, draw(st.sampled_from(["in", "out"])), door)
    if kind == 1:
        return shop.covered(at, "entrance", draw(st.sampled_from([0.0, 30.0, 60.0])))
    if kind == 2:
        return shop.visit(at, round(draw(st.floats(0, 4000)), 3), draw(st.booleans()))
    if kind == 3:
        return shop.inside(at, draw(st.integers(0, 50)))
    cell = st.tuples(st.integers(0, 3), st.integers(0, 3), st.floats(0, 9))
    return shop.presence(at, draw(st.lists(cell)))


@st.composite
def arrivals(draw: st.DrawFn, zone: str, day: dt.date) -> list[oracle.Received]:
    """Events around the local day, some repeated, some late, some taken back."""
    shop = Shop("shop", zone)
    midnight = dt.datetime(day.year, day.month, day.day, tzinfo=zoneinfo.ZoneInfo(zone))
    start = midnight.astimezone(dt.UTC) - dt.timedelta(hours=2)
    offset = st.integers(0, 29 * 3600 * 4).map(lambda n: start + dt.timedelta(seconds=n / 4))
    times = draw(st.lists(offset, max_size=25))
    events = [_event(draw, shop, at) for at in times]
    for event in draw(st.lists(st.sampled_from(events), max_size=3)) if events else []:
        events.append(shop.retract(event, event.time + MINUTE))
    again = draw(st.lists(st.sampled_from(events), max_size=5)) if events else []
    end = start + dt.timedelta(hours=40)
    return [
        (end + dt.timedelta(seconds=number, hours=draw(st.integers(0, 72))), event)
        for number, event in enumerate([*events, *again])
    ]


@pytest.mark.parametrize(("zone", "day"), DAYS, ids=lambda value: str(value))
def test_gold_is_what_plain_python_says(zone: str, day: dt.date) -> None:
    @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(received=arrivals(zone, day))
    @example(received=[])
    def check(received: list[oracle.Received]) -> None:
        zones = {"shop": zone}
        silver = silver_of(bronze(received), zones, day)
        truth = oracle.day_of(received, zone, day)
        assert silver.select("store_id", "event_id").is_unique().all()
        assert set(silver["business_date"]) <= {day}
        rows = footfall_of(silver, DOORS).drop("store_id").iter_rows()
        assert {(r[0], r[1]): list(r[2:]) for r in rows} == oracle.footfall(truth)
        rows = occupancy_of(silver).drop("store_id").iter_rows()
        assert {r[0]: r[1:] for r in rows} == oracle.occupancy(truth)
        rows = zone_dwell_of(silver, zones).drop("store_id", "p90_s").iter_rows()
        found = {r[:2]: r[2:] for r in rows}
        expected = oracle.zone_dwell(truth, zone)
        assert found.keys() == expected.keys()
        assert all(found[key] == pytest.approx(expected[key], abs=1e-5) for key in found)
        rows = heatmap_of(silver, zones).drop("store_id", "kind").iter_rows()
        assert {r[:3]: r[3] for r in rows} == pytest.approx(oracle.heatmap(truth, zone), abs=1e-5)

    check()


@given(
    at=st.integers(0, 6 * 365 * 86400).map(lambda s: SINCE + dt.timedelta(seconds=s)),
    zone=st.sampled_from(
        sorted({zone for zone, _ in DAYS} | {"Pacific/Kiritimati", "Asia/Tehran"})
    ),
)
@settings(deadline=None)
def test_local_days_and_hours_are_those_of_zoneinfo(at: dt.datetime, zone: str) -> None:
    rows = pl.DataFrame(
        {"store_id": ["shop"], "at": [at]}, schema_overrides={"at": pl.Datetime("us", "UTC")}
    )
    local = at.astimezone(zoneinfo.ZoneInfo(zone))
    assert with_business_date(rows, {"shop": zone})["business_date"].item() == local.date()
    hour = with_local_hour(rows, {"shop": zone})["hour_start"].item()
    assert hour == oracle.local_hour(at, zone)


def test_an_agents_clock_that_runs_ahead_is_put_right() -> None:
    now = dt.datetime(2026, 5, 1, 12, tzinfo=dt.UTC)
    event = Shop().crossing(now + dt.timedelta(days=400))
    row = bronze([(now, event)]).row(0, named=True)
    assert row["at"] == now
    assert row["shift_s"] == -400 * 86400.0
    silver = silver_of(bronze([(now, event)]), {}, now.date())
    assert silver["time"].item() == now


def test_an_agents_clock_that_was_never_set_is_put_right() -> None:
    now = dt.datetime(2026, 5, 1, 12, tzinfo=dt.UTC)
    written = dt.datetime(1970, 1, 1, 0, 10, tzinfo=dt.UTC)
    shop = Shop()
    event = shop.event(INSIDE, written - MINUTE, now=written)
    assert bronze([(now, event)])["at"].item() == now - MINUTE


def test_a_cameras_impossible_time_gives_way_to_the_agents() -> None:
    now = dt.datetime(2026, 5, 1, 12, tzinfo=dt.UTC)
    shop = Shop()
    event = shop.event(INSIDE, now + dt.timedelta(days=9), now=now - MINUTE)
    row = bronze([(now, event)]).row(0, named=True)
    assert (row["at"], row["shift_s"]) == (now - MINUTE, 0.0)


def test_a_late_upload_keeps_its_time() -> None:
    now = dt.datetime(2026, 5, 1, 12, tzinfo=dt.UTC)
    event = Shop().crossing(now - dt.timedelta(days=3))
    row = bronze([(now, event)]).row(0, named=True)
    assert (row["at"], row["shift_s"]) == (event.time, 0.0)


def test_a_planned_door_without_crossings_is_judged_by_its_own_camera() -> None:
    noon = dt.datetime(2026, 5, 1, 12, tzinfo=dt.UTC)
    shop = Shop()
    events = [shop.covered(noon, "back", 60.0), shop.covered(noon, "entrance", 0.0)]
    silver = silver_of(bronze([(noon + MINUTE, e) for e in events]), {}, noon.date())
    doors = doors_of_plans([("shop", [("front", "entrance"), ("rear", "back"), ("any", "")])])
    rows = {row[2]: row[3:] for row in footfall_of(silver, doors).iter_rows()}
    assert rows == {"front": (None, None, 0.0), "rear": (0, 0, 1.0), "any": (0, 0, 0.5)}


def test_staff_are_no_footfall() -> None:
    noon = dt.datetime(2026, 5, 1, 12, tzinfo=dt.UTC)
    shop = Shop()
    known = [
        LineCrossed(door="a", camera="entrance", direction="in", track_id=i, staff=staff)
        for i, staff in enumerate((True, True, False, None))
    ]
    events = [shop.covered(noon), *(shop.event(payload, noon) for payload in known)]
    silver = silver_of(bronze([(noon + MINUTE, event) for event in events]), {}, noon.date())
    (row,) = footfall_of(silver, DOORS).iter_rows()
    assert row[3:5] == (2, 0)


def test_queues_and_visits_pass_to_silver_at_their_begin() -> None:
    noon = dt.datetime(2026, 5, 1, 12, tzinfo=dt.UTC)
    later = noon + 30 * MINUTE
    shop = Shop()
    episode = QueueEpisode(
        zone="q", camera="c", track_id=1, joined_at=noon, left_at=later, wait_s=1800.0
    )
    visit = VisitClosed(
        identity="a", entered_at=None, exited_at=None, entry_door="", exit_door="",
        first_seen_at=noon, last_seen_at=later, zones=[], cameras=["c"], sightings=1,
    )  # fmt: skip
    events = [shop.event(payload, later) for payload in (episode, visit)]
    silver = silver_of(bronze([(later + MINUTE, event) for event in events]), {}, noon.date())
    assert silver["state"].to_list() == ["counted", "counted"]
    assert silver["at"].to_list() == [noon, noon]


def test_a_minute_told_in_two_parts_is_one_minute() -> None:
    noon = dt.datetime(2026, 5, 1, 12, tzinfo=dt.UTC)
    shop = Shop()
    events = [shop.covered(noon), shop.covered(noon), shop.covered(noon + MINUTE, seconds=30.0)]
    silver = silver_of(bronze([(noon + MINUTE, event) for event in events]), {}, noon.date())
    assert coverage_of(silver, {}).row(0)[2:] == ("entrance", 2.0, 1.5)


def test_quantiles_leave_censored_visits_out() -> None:
    noon = dt.datetime(2026, 5, 1, 12, tzinfo=dt.UTC)
    shop = Shop()
    events = [shop.visit(noon, float(s)) for s in range(1, 12)] + [shop.visit(noon, 9e3, True)]
    silver = silver_of(bronze([(noon + 300 * MINUTE, e) for e in events]), {}, noon.date())
    row = zone_dwell_of(silver, {}).row(0, named=True)
    assert (row["visits"], row["censored"], row["total_s"]) == (12, 1, 9066.0)
    assert (row["mean_s"], row["median_s"], row["p90_s"]) == (6.0, 6.0, 10.0)
