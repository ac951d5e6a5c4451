"""The sensors: few runs for many batches, each piece of news asked for once, nothing forgotten."""

from __future__ import annotations

import datetime as dt

import dagster as dg
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from orchestration.defs.events import automation, ledger
from orchestration.defs.events.partitions import (
    DAY_REGION,
    HOURS,
    day_and_region,
    day_rectangles,
    hour_key,
    hour_ranges,
)
from orchestration.defs.events.regions import REGIONS, region_of
from orchestration.defs.resources import WarehouseResource
from orchestration.storage.tables import batches, business_days
from tests.orchestration.conftest import Cloud

NOON = dt.datetime(2026, 3, 10, 12, 0, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
cells = st.sets(
    st.tuples(
        st.integers(0, 12).map(lambda n: dt.date(2026, 3, 1) + dt.timedelta(days=n)),
        st.sampled_from(REGIONS),
    )
)


def waiting(cloud: Cloud, stores: int, boots: int, hours: list[dt.datetime]) -> None:
    """Put `stores` × `boots` × `hours` unclaimed batches into the ledger."""
    rows = [
        {
            "store_id": f"store-{store}",
            "boot_id": f"boot-{boot}",
            "seq": number,
            "lane": "critical",
            "sha256": "",
            "records": 1,
            "bytes": 1,
            "object_key": "k",
            "schema_version": 1,
            "received_at": hour,
            "hour": hour,
        }
        for store in range(stores)
        for boot in range(boots)
        for number, hour in enumerate(hours)
    ]
    with cloud.database.begin() as connection:
        connection.execute(sa.insert(batches), rows)


def look(
    cloud: Cloud, sensor: dg.SensorDefinition, cursor: str | None = None
) -> dg.SensorResult | dg.SkipReason:
    resources = {"warehouse": WarehouseResource(url=cloud.url)}
    if sensor is automation.arrived:
        resources["freshness"] = automation.Freshness()  # type: ignore[assignment]
    context = dg.build_sensor_context(cloud.instance, cursor=cursor, resources=resources)
    result = sensor(context)
    assert isinstance(result, dg.SensorResult | dg.SkipReason)
    return result


def requests(result: dg.SensorResult | dg.SkipReason) -> list[dg.RunRequest]:
    return list(result.run_requests or []) if isinstance(result, dg.SensorResult) else []


def test_ten_thousand_batches_of_a_hundred_stores_ask_for_one_run(cloud: Cloud) -> None:
    waiting(cloud, stores=100, boots=20, hours=[NOON + n * HOUR for n in range(5)])
    result = look(cloud, automation.arrived)
    (request,) = requests(result)
    assert request.tags["dagster/asset_partition_range_start"] == "2026-03-10T12"
    assert request.tags["dagster/asset_partition_range_end"] == "2026-03-10T16"
    assert isinstance(result, dg.SensorResult)
    assert len(result.asset_events) == 1


def test_a_request_is_named_by_its_news_and_the_hour_of_asking() -> None:
    def name(unclaimed: int, newest: dt.datetime, asked_in: str) -> str | None:
        hour = ledger.WaitingHour(NOON, unclaimed, newest)
        (request,) = automation.bronze_requests([hour], asked_in=asked_in)
        return request.run_key

    first = name(5, NOON, "a")
    assert first == name(5, NOON, "a")
    assert len({first, name(6, NOON, "a"), name(5, NOON + HOUR, "a"), name(5, NOON, "b")}) == 4


def test_the_running_hour_goes_through_once_a_minute(cloud: Cloud) -> None:
    now = dt.datetime.now(dt.UTC)
    waiting(cloud, stores=1, boots=1, hours=[now.replace(minute=0, second=0, microsecond=0)])
    first = look(cloud, automation.arrived)
    assert isinstance(first, dg.SensorResult)
    assert len(requests(first)) == 1
    assert requests(look(cloud, automation.arrived, first.cursor)) == []
    a_minute_ago = str(now.timestamp() - 61)
    assert len(requests(look(cloud, automation.arrived, a_minute_ago))) == 1


def test_nothing_is_asked_while_a_run_is_on_its_way(cloud: Cloud) -> None:
    waiting(cloud, stores=1, boots=1, hours=[NOON])
    with cloud.database.begin() as connection:
        ledger.touch(connection, [(NOON.date(), "r03")])
    for sensor, job in (
        (automation.arrived, automation.bronze_job),
        (automation.touched, automation.refine_job),
    ):
        assert len(requests(look(cloud, sensor))) == 1
        run = cloud.instance.create_run_for_job(_job(job.name), status=dg.DagsterRunStatus.STARTED)
        assert isinstance(look(cloud, sensor), dg.SkipReason)
        cloud.instance.delete_run(run.run_id)


def test_a_full_hour_of_a_large_fleet_is_one_rectangle() -> None:
    days = [dt.date(2026, 3, 9), dt.date(2026, 3, 10), dt.date(2026, 3, 11)]
    assert len(day_rectangles((day, region) for day in days for region in REGIONS)) == 1


@given(cells)
def test_rectangles_hold_exactly_what_was_touched(touched: set[tuple[dt.date, str]]) -> None:
    covered: list[tuple[dt.date, str]] = []
    for first, last in day_rectangles(touched):
        keys = DAY_REGION.get_partition_keys_in_range(dg.PartitionKeyRange(first, last))
        covered += [day_and_region(key) for key in keys]
    assert sorted(covered) == sorted(touched)


@given(st.sets(st.integers(0, 40).map(lambda n: NOON + n * HOUR)))
def test_hour_ranges_hold_exactly_the_hours(hours: set[dt.datetime]) -> None:
    covered: list[str] = []
    for first, last in hour_ranges(hours):
        covered += HOURS.get_partition_keys_in_range(dg.PartitionKeyRange(first, last))
    assert sorted(covered) == sorted(hour_key(hour) for hour in hours)


def test_what_failed_in_company_is_tried_alone(cloud: Cloud) -> None:
    day = NOON.date()
    with cloud.database.begin() as connection:
        ledger.touch(connection, [(day, "r03"), (day, "r04")])
    together = look(cloud, automation.touched)
    assert isinstance(together, dg.SensorResult)
    assert len(requests(together)) == 1
    alone = look(cloud, automation.touched, together.cursor)
    assert isinstance(alone, dg.SensorResult)
    assert [r.partition_key for r in requests(alone)] == ["2026-03-10|r03", "2026-03-10|r04"]


def test_gold_that_is_up_to_date_asks_for_nothing(cloud: Cloud) -> None:
    with cloud.database.begin() as connection:
        ledger.touch(connection, [(NOON.date(), "r03")])
        connection.execute(sa.update(business_days).values(gold=1))
    assert isinstance(look(cloud, automation.touched), dg.SkipReason)


@pytest.mark.parametrize(
    ("store", "region"), [("demo", "r00"), ("shop", "r02"), ("kreuzberg", "r08")]
)
def test_a_store_never_changes_its_region(store: str, region: str) -> None:
    assert region_of(store) == region


@dg.op
def _nothing_op() -> None: ...


def _job(name: str) -> dg.JobDefinition:
    @dg.job(name=name)
    def job() -> None:
        _nothing_op()

    return job
