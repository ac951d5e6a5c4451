"""A real PostgreSQL with three databases: the seed, a demo's three minutes, and nothing at all."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from orchestration.storage.postgres import engine, postgres
from tests.dashboards import seed


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with postgres(tmp_path_factory.mktemp("reports") / "postgres") as url:
        yield url


def _database(server: str, name: str) -> str:
    connected = engine(server)
    with connected.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text(f'CREATE DATABASE "{name}"'))
    connected.dispose()
    return sa.make_url(server).set(database=name).render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def seed_rows() -> seed.Rows:
    return seed.rows()


@pytest.fixture(scope="session")
def gold_url(server: str, seed_rows: seed.Rows) -> str:
    url = _database(server, "seeded")
    seed.write(engine(url), seed_rows)
    return url


@pytest.fixture(scope="session")
def demo_url(server: str) -> str:
    url = _database(server, "demo")
    seed.write(engine(url), seed.demo_rows(datetime.now(UTC)))
    return url


@pytest.fixture(scope="session")
def blank_url(server: str) -> str:
    return _database(server, "blank")
