"""Dagster's own home: a `dagster.yaml` on PostgreSQL, quiet, and with bounds on what it keeps."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

import dagster as dg
import sqlalchemy as sa

from contracts.errors import CloudError
from orchestration.storage.postgres import dagster_url

STORAGE_URL = "TRINETRA_DAGSTER_STORAGE_URL"
"""Variable that `dagster.yaml` takes the database from: the file itself holds no password."""

_STATEMENT_TIMEOUT_MS = 60_000
_NO_WAIT = "-c synchronous_commit=off"
"""Dagster's log need not survive a power cut to the last row: the ledger and gold do."""

_YAML = """\
# Written by `trinetra dagster` at each start; edit orchestration/instance.py instead.
storage:
  postgres:
    postgres_url:
      env: {storage}
telemetry:
  enabled: false
nux:
  enabled: false
concurrency:
  runs:
    max_concurrent_runs: {runs}
  pools:
    default_limit: 1
    granularity: op
run_retries:
  enabled: true
  max_retries: 2
run_monitoring:
  enabled: true
  start_timeout_seconds: 180
  max_runtime_seconds: 3600
  free_slots_after_run_end_seconds: 60
retention:
  sensor:
    purge_after_days: {{skipped: 1, success: 7, failure: 30, started: 7}}
  schedule:
    purge_after_days: {{skipped: 1, success: 7, failure: 30, started: 7}}
local_artifact_storage:
  module: dagster._core.storage.root
  class: LocalArtifactStorage
  config:
    base_dir: {home}
"""


def write_home(home: Path, *, max_runs: int = 2) -> Path:
    """Write `dagster.yaml` into `home` (made if needed), in one rename; returns the file."""
    text = _YAML.format(storage=STORAGE_URL, runs=max_runs, home=_quoted(home.resolve()))
    target = home / "dagster.yaml"
    try:
        home.mkdir(parents=True, exist_ok=True)
        fresh = target.with_suffix(f".{os.getpid()}")
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(target)
    except OSError as error:
        raise CloudError(f"Dagster's home {home} cannot be written: {error.strerror}") from None
    return target


def environment(home: Path, warehouse: str) -> dict[str, str]:
    """Variables that every Dagster process of this home needs."""
    storage = sa.make_url(dagster_url(warehouse))
    if "options" not in storage.query:
        storage = storage.update_query_dict({"options": _NO_WAIT})
    return {
        "DAGSTER_HOME": str(home.resolve()),
        STORAGE_URL: storage.render_as_string(hide_password=False),
    }


def open_instance(home: Path, warehouse: str) -> dg.DagsterInstance:
    """The instance of `home` for this process; its tables are made on first use.

    Sets DAGSTER_HOME and the storage variable of this process, which Dagster reads again when
    it looks its instance up by reference.
    """
    write_home(home)
    os.environ.update(environment(home, warehouse))
    instance = dg.DagsterInstance.from_config(str(home.resolve()))
    # Keep connections: without this Dagster opens one per statement, a fork of the server each.
    instance.optimize_for_webserver(
        statement_timeout=_STATEMENT_TIMEOUT_MS, pool_recycle=3600, max_overflow=4
    )
    return instance


def purge_runs(instance: dg.DagsterInstance, *, older_than_days: float, limit: int = 1000) -> int:
    """Delete ended runs and their log, oldest last; Dagster itself keeps both for ever."""
    before = dt.datetime.now(dt.UTC) - dt.timedelta(days=older_than_days)
    ended = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]
    runs = instance.get_run_ids(dg.RunsFilter(statuses=ended, created_before=before), limit=limit)
    for run_id in runs:
        instance.delete_run(run_id)
    return len(runs)


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
