"""A cloud for tests: one embedded PostgreSQL per session, an empty lake and landing per test."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import dagster as dg
import msgspec
import pytest
import sqlalchemy as sa

from contracts.events import Event
from orchestration.arrived import Arrivals, MaterializedSummary
from orchestration.storage import tables
from orchestration.storage.lake import Lake
from orchestration.storage.postgres import engine, migrate, postgres
from tests.orchestration.landing import Shop, land


class Cloud(msgspec.Struct, frozen=True):
    """Everything between a landed batch and gold, with a Dagster instance in memory."""

    url: str
    database: sa.Engine
    lake_dir: Path
    landing_dir: Path
    instance: dg.DagsterInstance

    def land(self, shop: Shop, events: Sequence[Event | bytes], **options: Any) -> None:
        land(self.database, self.landing_dir, shop, events, **options)

    def materialize(self) -> MaterializedSummary:
        return Arrivals(
            self.instance,
            warehouse=self.url,
            lake=str(self.lake_dir),
            landing=str(self.landing_dir),
        ).materialize()

    @property
    def lake(self) -> Lake:
        return Lake(str(self.lake_dir))

    def gold(self, *names: str) -> dict[str, list[tuple[Any, ...]]]:
        """Rows of gold tables (all without `names`) in the order of their keys."""
        wanted = [t for t in (*tables.GOLD, tables.stores) if t.name in names or not names]
        with self.database.connect() as connection:
            return {
                table.name: [
                    tuple(row)
                    for row in connection.execute(
                        sa.select(table).order_by(*table.primary_key.columns)
                    )
                ]
                for table in wanted
            }

    def footfall(self) -> dict[tuple[str, dt.date], tuple[int, int]]:
        """(entries, exits) by store and business day."""
        table = tables.footfall_15m.c
        query = sa.select(
            table.store_id,
            table.business_date,
            sa.func.sum(table.entries),
            sa.func.sum(table.exits),
        ).group_by(table.store_id, table.business_date)
        with self.database.connect() as connection:
            return {(row[0], row[1]): (row[2], row[3]) for row in connection.execute(query)}

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with self.database.connect() as connection:
            return [tuple(row) for row in connection.execute(sa.text(query))]


@pytest.fixture(scope="session")
def warehouse_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with postgres(tmp_path_factory.mktemp("warehouse") / "pg") as url:
        migrate(url)
        yield url


@pytest.fixture
def cloud(warehouse_url: str, tmp_path: Path) -> Iterator[Cloud]:
    database = engine(warehouse_url)
    names = ", ".join(f"{t.schema}.{t.name}" for t in tables.metadata.sorted_tables)
    with database.begin() as connection:
        connection.execute(sa.text(f"TRUNCATE {names}"))
    with dg.DagsterInstance.ephemeral() as instance:
        yield Cloud(
            url=warehouse_url,
            database=database,
            lake_dir=tmp_path / "lake",
            landing_dir=tmp_path / "landing",
            instance=instance,
        )
    database.dispose()
