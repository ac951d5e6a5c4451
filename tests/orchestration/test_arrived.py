"""From landed batches to gold, on a real PostgreSQL and a real lake."""

from __future__ import annotations

import datetime as dt
import json

import msgspec
import sqlalchemy as sa

from contracts.events import encode_event
from orchestration.defs.events import ledger
from orchestration.storage.tables import batches
from tests.orchestration.conftest import Cloud
from tests.orchestration.landing import MINUTE, Shop

NOON = dt.datetime(2026, 3, 10, 12, 0, tzinfo=dt.UTC)
DAY = dt.date(2026, 3, 10)
HOUR = dt.timedelta(hours=1)


def test_crossings_and_coverage_become_footfall(cloud: Cloud) -> None:
    shop = Shop()
    events = [shop.plan(NOON), shop.crossing(NOON, "in"), shop.crossing(NOON + MINUTE, "out")]
    cloud.land(shop, [*events, *(shop.covered(NOON + n * MINUTE) for n in range(30))])
    summary = cloud.materialize()
    assert (summary.failed, len(summary.runs)) == ("", 2)
    buckets = cloud.gold("footfall_15m")["footfall_15m"]
    assert [row[3:] for row in buckets] == [
        (NOON, "front", 1, 1, 1.0),
        (NOON + 15 * MINUTE, "front", 0, 0, 1.0),
    ]
    assert cloud.gold("stores")["stores"][0][:4] == ("shop", buckets[0][0], "Shop", "UTC")


def test_nothing_arrived_means_no_run(cloud: Cloud) -> None:
    assert cloud.materialize().runs == []


def test_a_day_without_people_is_zero_where_watched_and_null_where_not(cloud: Cloud) -> None:
    shop = Shop()
    seen = [shop.covered(NOON + n * MINUTE, seconds=60.0 if n < 15 else 0.0) for n in range(30)]
    cloud.land(shop, [shop.plan(NOON), *seen])
    assert cloud.materialize().failed == ""
    rows = cloud.gold("footfall_15m")["footfall_15m"]
    assert [row[-3:] for row in rows] == [(0, 0, 1.0), (None, None, 0.0)]


def test_making_an_hour_again_leaves_gold_as_it_was(cloud: Cloud) -> None:
    shop = Shop(time_zone="Europe/Berlin")
    people = [shop.crossing(NOON + n * MINUTE, "in" if n % 3 else "out") for n in range(50)]
    stays = [shop.visit(NOON + n * MINUTE, 6.1 * n, censored=n % 7 == 0) for n in range(40)]
    tiles = [shop.presence(NOON + n * MINUTE, [(n, 2, 0.1), (3, n, 0.7)]) for n in range(20)]
    cloud.land(shop, [shop.plan(NOON), *people, *stays, *tiles], received_at=NOON + 2 * HOUR)
    cloud.materialize()
    before = cloud.gold()
    with cloud.database.begin() as connection:
        connection.execute(sa.update(batches).values(claimed_by=None))
    assert len(cloud.materialize().runs) == 2
    assert json.dumps(cloud.gold(), default=str) == json.dumps(before, default=str)


def test_the_same_events_in_two_batches_count_once(cloud: Cloud) -> None:
    shop = Shop()
    events = [shop.crossing(NOON + n * MINUTE) for n in range(10)]
    cloud.land(shop, events, received_at=NOON + HOUR)
    cloud.land(shop, events[5:], received_at=NOON + 3 * HOUR)
    assert cloud.materialize().failed == ""
    assert cloud.footfall() == {("shop", DAY): (10, 0)}


def test_lines_that_are_no_events_are_kept_as_dead_letters(cloud: Cloud) -> None:
    shop = Shop()
    zero = encode_event(shop.crossing(NOON, door="front\x00"))
    far = msgspec.structs.replace(shop.inside(NOON, 1), data=msgspec.Raw(b'{"occupancy":1e400}'))
    huge = msgspec.structs.replace(
        shop.inside(NOON, 1), data=msgspec.Raw(b'{"occupancy":99999999999,"entries":1,"exits":1}')
    )
    bad = [
        b"not json",
        b"\xff\xfe",
        b"{}",
        b"[" * 5000,
        zero,
        encode_event(far),
        encode_event(huge),
    ]
    cloud.land(shop, [shop.crossing(NOON), *bad, shop.crossing(NOON)])
    assert cloud.materialize().failed == ""
    assert cloud.footfall() == {("shop", DAY): (2, 0)}
    dead = cloud.rows("SELECT line, body FROM ledger.dead_letter_events ORDER BY line")
    assert [line for line, _ in dead] == list(range(1, 8))
    assert [body for _, body in dead] == bad
    claimed = "SELECT records, bronze_rows, dead_rows FROM ledger.batches"
    assert cloud.rows(claimed) == [(9, 2, 7)]


def test_a_type_of_the_future_is_kept_aside(cloud: Cloud) -> None:
    shop = Shop()
    later = msgspec.structs.replace(shop.crossing(NOON), type="io.trinetra.dog.walked.v1")
    cloud.land(shop, [later, shop.crossing(NOON)])
    assert cloud.materialize().failed == ""
    assert cloud.footfall() == {("shop", DAY): (1, 0)}
    states = cloud.lake.scan("silver_events")
    assert states is not None
    assert sorted(states.collect()["state"]) == ["counted", "unknown"]


def test_stores_in_two_time_zones_have_their_own_days(cloud: Cloud) -> None:
    late = dt.datetime(2026, 3, 10, 22, 30, tzinfo=dt.UTC)
    for store, zone in (("tokyo", "Asia/Tokyo"), ("lima", "America/Lima")):
        shop = Shop(store, zone)
        cloud.land(shop, [shop.plan(late), shop.crossing(late)])
    assert cloud.materialize().failed == ""
    assert cloud.footfall() == {
        ("tokyo", dt.date(2026, 3, 11)): (1, 0),
        ("lima", dt.date(2026, 3, 10)): (1, 0),
    }


def test_a_time_zone_that_comes_later_moves_the_events_to_their_day(cloud: Cloud) -> None:
    late = dt.datetime(2026, 3, 10, 22, 30, tzinfo=dt.UTC)
    shop = Shop("tokyo", "Asia/Tokyo")
    cloud.land(shop, [shop.crossing(late)], received_at=late)
    cloud.materialize()
    assert list(cloud.footfall()) == [("tokyo", dt.date(2026, 3, 10))]
    cloud.land(shop, [shop.plan(late)], received_at=late + 2 * HOUR)
    assert cloud.materialize().failed == ""
    assert list(cloud.footfall()) == [("tokyo", dt.date(2026, 3, 11))]


def test_a_late_batch_makes_again_only_the_day_it_touches(cloud: Cloud) -> None:
    shop = Shop()
    days = [NOON + n * dt.timedelta(days=1) for n in range(4)]
    cloud.land(shop, [shop.crossing(day) for day in days], received_at=days[3] + HOUR)
    assert cloud.materialize().gold_partitions == 4
    cloud.land(shop, [shop.crossing(days[1], "out")], received_at=days[3] + 2 * HOUR)
    summary = cloud.materialize()
    assert summary.gold_partitions == 1
    assert cloud.footfall()["shop", days[1].date()] == (1, 1)
    versions = cloud.rows("SELECT touched, gold FROM ledger.business_days ORDER BY business_date")
    assert versions == [(1, 1), (2, 2), (1, 1), (1, 1)]


def test_a_retraction_counts_on_the_day_of_what_it_takes_back(cloud: Cloud) -> None:
    shop = Shop()
    first, second = shop.crossing(NOON), shop.crossing(NOON)
    cloud.land(shop, [first, second], received_at=NOON + HOUR)
    cloud.materialize()
    after = NOON + dt.timedelta(days=1)
    cloud.land(shop, [shop.retract(second, after)], received_at=after)
    assert cloud.materialize().failed == ""
    assert cloud.footfall() == {("shop", DAY): (1, 0)}


def test_a_retraction_that_arrives_first_still_counts(cloud: Cloud) -> None:
    shop = Shop()
    wrong = shop.crossing(NOON)
    cloud.land(shop, [shop.retract(wrong, NOON + MINUTE)], received_at=NOON + HOUR)
    cloud.materialize()
    cloud.land(shop, [wrong, shop.crossing(NOON)], received_at=NOON + 3 * HOUR)
    assert cloud.materialize().failed == ""
    assert cloud.footfall() == {("shop", DAY): (1, 0)}


def test_one_stores_retraction_cannot_take_back_anothers_event(cloud: Cloud) -> None:
    honest, other = Shop("honest"), Shop("other")
    event = honest.crossing(NOON)
    cloud.land(honest, [event])
    cloud.land(other, [other.retract(event, NOON)])
    assert cloud.materialize().failed == ""
    assert cloud.footfall() == {("honest", DAY): (1, 0)}


def test_a_plan_change_leaves_the_doors_of_earlier_days(cloud: Cloud) -> None:
    shop = Shop()
    cloud.land(shop, [shop.plan(NOON, ("front",))], received_at=NOON)
    cloud.materialize()
    next_day = NOON + dt.timedelta(days=1)
    cloud.land(shop, [shop.plan(next_day + 24 * HOUR, ("side",))], received_at=next_day + 24 * HOUR)
    cloud.materialize()
    cloud.land(shop, [shop.covered(next_day)], received_at=next_day + 25 * HOUR)
    assert cloud.materialize().failed == ""
    rows = cloud.gold("footfall_15m")["footfall_15m"]
    assert [(row[2], row[4]) for row in rows] == [(next_day.date(), "front")]


def test_a_batch_missing_between_others_is_a_gap_once_it_is_late(cloud: Cloud) -> None:
    shop = Shop()
    now = dt.datetime.now(dt.UTC)
    for number, received_at in ((1, now - HOUR), (4, now - HOUR), (6, now)):
        shop.batch = number
        cloud.land(shop, [shop.crossing(NOON)], received_at=received_at)
    with cloud.database.connect() as connection:
        gaps = [
            ledger.batch_gaps(connection, [("shop", "boot")], settled_s=300.0),
            ledger.batch_gaps(connection, [("shop", "another")], settled_s=300.0),
        ]
    assert gaps == [1 + 2, 0]  # 0, then 2 and 3; that 5 is missing is too new to say
