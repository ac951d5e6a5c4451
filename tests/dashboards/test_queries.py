from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from contracts.errors import CloudError
from dashboards import queries
from orchestration.storage.tables import coverage, footfall_15m, heatmap_tiles, zone_dwell
from tests.dashboards import seed

BERLIN = ZoneInfo("Europe/Berlin")
FIRST, LAST = seed.LATEST - timedelta(14), seed.LATEST + timedelta(6)
SPAN = {"store": "alder", "zone": "Europe/Berlin", "first": FIRST, "last": LAST}


@pytest.fixture(scope="module")
def engine(gold_url: str) -> sa.Engine:
    return queries.connect(gold_url)


def mine(rows: seed.Rows, table: sa.Table) -> list[seed.Row]:
    return [
        row
        for row in rows[table]
        if row["store_id"] == "alder" and FIRST <= row["business_date"] <= LAST
    ]


def test_footfall_is_what_was_written_in_the_stores_own_time(
    engine: sa.Engine, seed_rows: seed.Rows
) -> None:
    found = queries.ask(engine, queries.FOOTFALL, **SPAN)
    expected = {
        (row["bucket_start"].astimezone(BERLIN).replace(tzinfo=None), row["door"]): row["entries"]
        for row in mine(seed_rows, footfall_15m)
    }
    assert (
        dict(zip(found.select("local_start", "door").iter_rows(), found["entries"], strict=True))
        == expected
    )
    assert None in expected.values()


def test_a_day_before_and_after_the_change_of_clocks_begins_at_eight(engine: sa.Engine) -> None:
    found = queries.ask(engine, queries.FOOTFALL, **SPAN)
    starts = dict(found.group_by("business_date").agg(first=found["local_start"].min()).iter_rows())
    saturday, monday = date(2026, 10, 24), date(2026, 10, 26)
    assert {starts[saturday].hour, starts[monday].hour} == {8}


def test_zone_and_coverage_sums(engine: sa.Engine, seed_rows: seed.Rows) -> None:
    zones = queries.ask(engine, queries.ZONES, **SPAN)
    minutes = queries.ask(engine, queries.COVERAGE, **SPAN)
    assert zones["visits"].sum() == sum(row["visits"] for row in mine(seed_rows, zone_dwell))
    assert zones["total_s"].sum() == pytest.approx(
        sum(row["total_s"] for row in mine(seed_rows, zone_dwell))
    )
    assert minutes["observed_minutes"].sum() == pytest.approx(
        sum(row["observed_minutes"] for row in mine(seed_rows, coverage))
    )


@pytest.mark.parametrize("hours", [[8], [8, 9, 17], list(range(24))])
def test_cells_are_summed_over_local_hours(
    engine: sa.Engine, seed_rows: seed.Rows, hours: list[int]
) -> None:
    expected: dict[tuple[int, int], float] = defaultdict(float)
    for row in mine(seed_rows, heatmap_tiles):
        if row["hour_start"].astimezone(BERLIN).hour in hours:
            expected[row["x"], row["y"]] += row["seconds"]
    found = queries.ask(engine, queries.CELLS, **SPAN, hours=hours)
    cells = {(x, y): seconds for x, y, seconds in found.iter_rows()}
    assert cells == pytest.approx(expected)
    assert cells


def test_days_and_stores(engine: sa.Engine, seed_rows: seed.Rows) -> None:
    days = queries.ask(engine, queries.DAYS, store="alder")["business_date"].to_list()
    assert days == sorted(
        {row["business_date"] for row in seed_rows[coverage] if row["store_id"] == "alder"}
    )
    assert seed.SILENT_DAY not in days
    assert queries.ask(engine, queries.STORES)["store_id"].to_list() == ["alder", "birch"]
    assert queries.plan_of(engine, "alder") == seed.plan(seed.ALDER)
    assert queries.plan_of(engine, "birch") == queries.plan_of(engine, "nobody") == {}


def test_another_store_sees_nothing_of_it(engine: sa.Engine) -> None:
    other = {**SPAN, "store": "alder' OR '1'='1"}
    for question in (queries.FOOTFALL, queries.ZONES, queries.COVERAGE, queries.OCCUPANCY):
        assert queries.ask(engine, question, **other).is_empty()
    assert queries.ask(engine, queries.CELLS, **other, hours=list(range(24))).is_empty()


def test_a_database_without_gold_is_empty_not_broken(blank_url: str) -> None:
    blank = queries.connect(blank_url)
    assert queries.ask(blank, queries.STORES).is_empty()
    assert queries.ask(blank, queries.FOOTFALL, **SPAN).columns == list(queries.FOOTFALL.schema)


def test_the_reports_cannot_write(engine: sa.Engine) -> None:
    with engine.connect() as connection, pytest.raises(sa.exc.InternalError, match="read-only"):
        connection.execute(sa.text("DELETE FROM gold.stores"))


@pytest.mark.parametrize("url", ["", "nonsense", "sqlite://", "mysql://root:secret@localhost/x"])
def test_a_url_that_is_none_is_one_line(url: str) -> None:
    with pytest.raises(CloudError) as caught:
        queries.connect(url)
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_unreachable_database_is_one_line_without_its_password() -> None:
    gone = queries.connect("postgresql://someone:secret@127.0.0.1:1/gold")
    with pytest.raises(CloudError, match="cannot be reached") as caught:
        queries.ask(gone, queries.STORES)
    assert "secret" not in str(caught.value)
