"""Dagster's home and the command that materializes once."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import polars as pl
import pytest
import sqlalchemy as sa
from dagster._core.instance.config import dagster_instance_config

from contracts.errors import CloudError
from orchestration.definitions import definitions
from orchestration.instance import environment, open_instance, purge_runs, write_home
from orchestration.storage.lake import Lake
from orchestration.storage.postgres import engine, migrate, postgres
from tests.orchestration.landing import Shop, land

ROOT = Path(__file__).parents[2]
NOON = dt.datetime(2026, 3, 10, 12, 0, tzinfo=dt.UTC)


@pytest.fixture
def own_url(tmp_path: Path) -> Iterator[str]:
    """A server of its own: Dagster's tables go into it."""
    with postgres(tmp_path / "pg") as url:
        yield url


def test_dagster_yaml_is_quiet_bounded_and_holds_no_password(tmp_path: Path) -> None:
    secret = "postgresql+psycopg://someone:secret@db.example/x"
    text = write_home(tmp_path).read_text()
    assert "secret" not in text
    assert "secret" in environment(tmp_path, secret)["TRINETRA_DAGSTER_STORAGE_URL"]
    config, _ = dagster_instance_config(str(tmp_path))
    assert config["telemetry"] == {"enabled": False}
    assert config["nux"] == {"enabled": False}
    assert config["run_monitoring"]["free_slots_after_run_end_seconds"] == 60
    assert config["concurrency"]["runs"]["max_concurrent_runs"] == 2
    assert config["storage"]["postgres"]["postgres_url"] == {"env": "TRINETRA_DAGSTER_STORAGE_URL"}


def test_a_home_that_cannot_be_written_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CloudError, match=r"Dagster's home .* cannot be written"):
        write_home(tmp_path / "file" / "home")


def test_runs_lie_in_postgres_and_old_ones_can_be_purged(
    own_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAGSTER_HOME", "")
    monkeypatch.setenv("TRINETRA_DAGSTER_STORAGE_URL", "")
    with open_instance(tmp_path / "home", own_url) as instance:

        @dg.asset
        def thing() -> None: ...

        assert dg.materialize([thing], instance=instance).success
        with engine(own_url).connect() as connection:
            assert connection.execute(sa.text("SELECT count(*) FROM runs")).scalar_one() == 1
        assert purge_runs(instance, older_than_days=1) == 0
        assert purge_runs(instance, older_than_days=-1) == 1
        assert instance.get_runs_count() == 0


def test_the_command_waits_ready_and_materializes_at_each_line(
    own_url: str, tmp_path: Path
) -> None:
    migrate(own_url)
    pool = engine(own_url)
    command = [sys.executable, "-m", "trinetra.materialize", "--warehouse", own_url]
    command += ["--landing", str(tmp_path / "landing"), "--lake", str(tmp_path / "lake")]
    command += ["--dagster-home", str(tmp_path / "home"), "--wait", "--json"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        assert json.loads(child.stdout.readline()) == {"ready": True}
        shop = Shop()
        for number in (1, 2):
            land(pool, tmp_path / "landing", shop, [shop.crossing(NOON)])
            child.stdin.write("go\n")
            child.stdin.flush()
            summary = json.loads(child.stdout.readline())
            assert (summary["failed"], len(summary["runs"])) == ("", 2), number
        child.stdin.close()
        assert child.wait(30) == 0
    with pool.connect() as connection:
        total = sa.text("SELECT sum(entries) FROM gold.footfall_15m")
        assert connection.execute(total).scalar_one() == 2
    pool.dispose()


def test_the_command_says_in_one_line_why_it_cannot(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "trinetra.materialize", "--landing", "x", "--lake", "y"]
    command += ["--warehouse", "postgresql://127.0.0.1:1/none", "--dagster-home", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert "database" in done.stderr


def test_upkeep_removes_replaced_files_and_keeps_what_counts(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path / "lake"))
    for rows in (3, 2):
        content = pl.DataFrame({"hour": ["h"] * rows, "region": ["r00"] * rows, "n": range(rows)})
        lake.replace("bronze_events", content, {"hour": "h"}, by=("hour", "region"))
    files = list((tmp_path / "lake").rglob("*.parquet"))
    now = {"resources": {"retention": {"config": {"replaced_file_days": 0}}}}
    job = definitions("unused", str(tmp_path / "lake"), "unused").resolve_job_def("upkeep_job")
    with dg.DagsterInstance.ephemeral() as instance:
        assert job.execute_in_process(instance=instance, run_config=now).success
    assert len(list((tmp_path / "lake").rglob("*.parquet"))) == len(files) - 1
    assert lake.count("bronze_events", {"hour": "h"}) == 2
