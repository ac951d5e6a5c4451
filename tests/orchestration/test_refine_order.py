"""Silver that is replaced while gold reads the old one: gold must be asked for again."""

from __future__ import annotations

import datetime as dt
import threading

import polars as pl
import pytest
import sqlalchemy as sa

from orchestration.defs.events import ledger, refine
from orchestration.defs.events.regions import region_of
from orchestration.storage.lake import Lake
from orchestration.storage.tables import business_days
from tests.orchestration.conftest import Cloud
from tests.orchestration.landing import Shop

NOON = dt.datetime(2026, 3, 10, 12, 0, tzinfo=dt.UTC)
DAY = NOON.date()


def test_gold_of_old_silver_is_never_marked_as_new(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop, region = Shop(), region_of("shop")
    cloud.land(shop, [shop.plan(NOON), shop.crossing(NOON)])
    assert cloud.materialize().failed == ""
    newer = _versions(cloud, region)[0] + 1

    def silver_moves_on() -> None:
        with cloud.database.begin() as connection:
            ledger.mark(connection, DAY, region, "silver", newer)

    mover = threading.Thread(target=silver_moves_on)
    read = refine.read_silver

    def read_then_outrun(lake: Lake, day: dt.date, of: str) -> pl.DataFrame:
        rows = read(lake, day, of)
        mover.start()
        mover.join(2.0)
        return rows

    monkeypatch.setattr(refine, "read_silver", read_then_outrun)
    assert refine.make_gold(cloud.database, cloud.lake, DAY, region).conserved
    mover.join(10)
    silver, gold = _versions(cloud, region)
    assert silver == newer
    assert gold < silver


def _versions(cloud: Cloud, region: str) -> tuple[int, int]:
    query = sa.select(business_days.c.silver, business_days.c.gold).where(
        business_days.c.business_date == DAY, business_days.c.region == region
    )
    with cloud.database.connect() as connection:
        row = connection.execute(query).one()
    return int(row[0]), int(row[1])
