"""Materialize everything that has arrived, here and now, as real Dagster runs in this process."""

from __future__ import annotations

import time
from typing import Any

import dagster as dg
import msgspec

from orchestration.definitions import definitions
from orchestration.defs.events import automation, ledger
from orchestration.storage import postgres

_ROUNDS = 3
"""Batches may arrive while runs go on: look again at most so often."""


class MaterializedSummary(msgspec.Struct, frozen=True):
    """What was done; `failed` names the check or step that stopped it, "" if nothing did."""

    runs: list[str]
    bronze_partitions: int
    gold_partitions: int
    failed: str
    seconds: float


class Arrivals:
    """Built once, used often: the jobs and the database of one set of places."""

    def __init__(
        self, instance: dg.DagsterInstance, *, warehouse: str, lake: str, landing: str
    ) -> None:
        """Resolve the jobs and import what they import, so that a later call begins at once."""
        from orchestration.defs.events import intake, preview, refine  # noqa: F401

        catalog = definitions(warehouse, lake, landing)
        names = (automation.bronze_job.name, automation.refine_job.name)
        self._jobs = {name: catalog.resolve_job_def(name) for name in names}
        self._instance = instance
        self._warehouse = warehouse

    def materialize(self) -> MaterializedSummary:
        """Bronze for every unclaimed hour, then silver and gold for every touched day × region.

        Stops at the first run that fails, which leaves everything downstream as it was.
        """
        began = time.monotonic()
        runs: list[str] = []
        parts = dict.fromkeys(self._jobs, 0)
        failed = ""
        database = postgres.engine(self._warehouse)
        try:
            for _ in range(_ROUNDS):
                for job, request in _requests(database):
                    result = self._run(job, request)
                    runs.append(result.run_id)
                    failed = _failure(result)
                    if failed:
                        break
                    parts[job] += _partitions(result)
                if failed:
                    break
        finally:
            database.dispose()
        return MaterializedSummary(
            runs=runs,
            bronze_partitions=parts[automation.bronze_job.name],
            gold_partitions=parts[automation.refine_job.name],
            failed=failed,
            seconds=round(time.monotonic() - began, 3),
        )

    def _run(self, job: str, request: dg.RunRequest) -> dg.ExecuteInProcessResult:
        return self._jobs[job].execute_in_process(
            instance=self._instance,
            partition_key=request.partition_key,
            tags=dict(request.tags),
            run_config={"loggers": {"console": {"config": {"log_level": "ERROR"}}}},
            raise_on_error=False,
        )


def _partitions(result: dg.ExecuteInProcessResult) -> int:
    """Distinct partitions that the run materialized."""
    found = {
        event.partition
        for event in result.all_events
        if event.event_type == dg.DagsterEventType.ASSET_MATERIALIZATION
    }
    return len(found)


def _failure(result: dg.ExecuteInProcessResult) -> str:
    """The blocking checks that failed, or else the step and its error; "" for a good run."""
    if result.success:
        return ""
    checks = [
        f"{check.asset_key.to_user_string()}:{check.check_name}: {check.description or 'failed'}"
        for check in result.get_asset_check_evaluations()
        if not check.passed and check.blocking
    ]
    steps = [
        f"{event.step_key}: {_deepest(event.step_failure_data.error)}"
        for event in result.all_events
        if event.is_step_failure
    ]
    return "; ".join(checks or steps) or "the run failed"


def _deepest(error: Any) -> str:
    """The first cause of a step's error, as one line."""
    while error is not None and error.cause is not None:
        error = error.cause
    return " ".join(str(error.message).split())[:300] if error is not None else "failed"


def _requests(database: Any) -> list[tuple[str, dg.RunRequest]]:
    """What waits now: bronze first; days only once no hour waits."""
    with database.connect() as connection:
        hours = ledger.waiting_hours(connection)
        if hours:
            return [
                (automation.bronze_job.name, request)
                for request in automation.bronze_requests(hours, asked_in="")
            ]
        days = ledger.waiting_days(connection)
    return [
        (automation.refine_job.name, request)
        for request in automation.refine_requests(days, asked_in="")
    ]
