"""The whole platform as a user starts it: batches land, and gold follows by itself."""

from __future__ import annotations

import datetime as dt
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from orchestration.storage.postgres import engine, postgres
from tests.orchestration.landing import Shop, land

ROOT = Path(__file__).parents[2]
DEADLINE_S = 300.0


def until(happened: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not happened():
        assert time.monotonic() < deadline, f"not within {DEADLINE_S:.0f} s: {what}"
        time.sleep(0.5)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start(folder: Path, port: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "trinetra", "dagster", "--data-dir", str(folder)]
    env = {key: value for key, value in os.environ.items() if not key.startswith("TRINETRA_")}
    return subprocess.Popen(
        [*command, "--port", str(port)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=env,
        start_new_session=True,
    )


@pytest.fixture
def database(tmp_path: Path) -> Iterator[sa.Engine]:
    with postgres(tmp_path / "postgres") as url:
        pool = engine(url)
        yield pool
        pool.dispose()


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_what_lands_reaches_gold_by_itself(tmp_path: Path, database: sa.Engine) -> None:
    port = free_port()
    platform = start(tmp_path, port)
    try:
        assert platform.stdout is not None
        assert platform.stdout.readline() == f"Dagster: http://127.0.0.1:{port} (Ctrl-C stops it)\n"
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/server_info") as answer:
            assert answer.status == 200
        shop = Shop("shop", "Asia/Tokyo")
        now = dt.datetime.now(dt.UTC)
        events = [shop.plan(now), *(shop.crossing(now) for _ in range(20)), shop.covered(now)]
        land(database, tmp_path / "landing", shop, events)
        yesterday = now - dt.timedelta(days=1)
        late = [shop.crossing(yesterday, "out") for _ in range(3)]
        land(database, tmp_path / "landing", shop, late, received_at=now - dt.timedelta(hours=3))
        until(lambda: counted(database) == (20, 3), "all crossings in gold")
        assert waiting(database) == 0
        second = start(tmp_path, port)
        _, errors = second.communicate(timeout=60)
        assert second.returncode == 1
        assert errors.strip().endswith("try --port")
        assert len(errors.strip().splitlines()) == 1
    finally:
        platform.send_signal(signal.SIGTERM)
        _, errors = platform.communicate(timeout=60)
    assert platform.returncode == 0, errors
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def counted(database: sa.Engine) -> tuple[int, int]:
    query = "SELECT coalesce(sum(entries), 0), coalesce(sum(exits), 0) FROM gold.footfall_15m"
    with database.connect() as connection:
        entries, exits = connection.execute(sa.text(query)).one()
        return int(entries), int(exits)


def waiting(database: sa.Engine) -> int:
    query = "SELECT count(*) FROM ledger.business_days WHERE gold < touched"
    with database.connect() as connection:
        return int(connection.execute(sa.text(query)).scalar_one())
