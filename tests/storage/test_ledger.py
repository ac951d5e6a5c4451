"""One writer for each partition, whichever process or Dagster it belongs to."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from orchestration.storage.ledger import alone
from orchestration.storage.postgres import engine, postgres


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sa.Engine]:
    with postgres(Path(tmp_path_factory.mktemp("ledger")) / "pg") as url:
        opened = engine(url)
        yield opened
        opened.dispose()


def test_a_second_writer_of_a_partition_waits_for_the_first(database: sa.Engine) -> None:
    began, entered = threading.Event(), threading.Event()

    def second() -> None:
        began.set()
        with alone(database, "bronze 08"):
            entered.set()

    with alone(database, "bronze 08"):
        thread = threading.Thread(target=second)
        thread.start()
        assert began.wait(10)
        assert not entered.wait(1.0)
    assert entered.wait(10)
    thread.join(10)


def test_other_partitions_do_not_wait(database: sa.Engine) -> None:
    entered = threading.Event()

    def other() -> None:
        with alone(database, "bronze 09"):
            entered.set()

    with alone(database, "bronze 08"):
        thread = threading.Thread(target=other)
        thread.start()
        assert entered.wait(10)
        thread.join(10)


def test_a_writer_that_fails_lets_the_next_one_in(database: sa.Engine) -> None:
    with pytest.raises(RuntimeError, match="full"), alone(database, "bronze 10"):
        raise RuntimeError("disk full")
    with database.connect() as connection:
        held = connection.execute(
            sa.text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")
        ).scalar()
    assert held == 0
