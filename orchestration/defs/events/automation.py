"""What starts runs: two sensors that read the ledger, so that nothing depends on Dagster's log.

`arrived` asks for bronze where batches wait; `touched` asks for silver and gold where bronze is
newer. A request is named by what it is for and the hour in which it is asked (`run_key`), so that
the same news asks once, what failed asks again at most hourly, and nothing is forgotten. One run
takes many partitions: a full hour of any number of stores is one bronze run.

Why not `AutomationCondition.eager()`: which local days an hour of arrivals touches is known only
from its events (late uploads reach back days), and no partition mapping can say it.
"""

import datetime as dt
import hashlib
import json
from collections.abc import Iterable

import dagster as dg

from orchestration.defs.events import ledger, specs
from orchestration.defs.events.assets import bronze, gold, silver
from orchestration.defs.events.partitions import (
    DAY_REGION,
    HOURS,
    day_rectangles,
    day_region_key,
    hour_ranges,
    range_tags,
)
from orchestration.defs.resources import WarehouseResource

bronze_job = dg.define_asset_job(
    "bronze_job",
    dg.AssetSelection.assets(*bronze.keys),
    partitions_def=HOURS,
    description="Landed batches of some hours into bronze.",
)
refine_job = dg.define_asset_job(
    "refine_job",
    dg.AssetSelection.assets(*silver.keys, *gold.keys),
    partitions_def=DAY_REGION,
    description="Some days × regions from bronze through silver to gold.",
)
_ACTIVE = (
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
)
_REMEMBERED = 5000


class Freshness(dg.ConfigurableResource[None]):
    """How often the running hour goes through: every round rewrites that hour's partition."""

    open_hour_s: float = 60.0


@dg.sensor(
    job=bronze_job,
    minimum_interval_seconds=10,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Asks for bronze where the ledger holds unclaimed batches.",
)
def arrived(
    context: dg.SensorEvaluationContext, warehouse: WarehouseResource, freshness: Freshness
) -> dg.SensorResult | dg.SkipReason:
    """One request per unbroken range of hours; the running hour at most every `open_hour_s`."""
    if _busy(context.instance, bronze_job.name):
        return dg.SkipReason("bronze is being made")
    with warehouse.connected() as database, database.connect() as connection:
        waiting = ledger.waiting_hours(connection)
    now = dt.datetime.now(dt.UTC)
    asked_at = float(context.cursor or 0)
    closed = [hour for hour in waiting if hour.hour + dt.timedelta(hours=1) <= now]
    opened = [hour for hour in waiting if hour not in closed]
    if opened and now.timestamp() - asked_at >= freshness.open_hour_s:
        closed, asked_at = waiting, now.timestamp()
    if not closed:
        return dg.SkipReason("nothing has arrived")
    requests = bronze_requests(closed, asked_in=_hour(now))
    backlog = dg.AssetObservation(
        specs.LANDING_BATCHES,
        metadata={
            "unclaimed_batches": sum(hour.unclaimed for hour in waiting),
            "oldest_hour": waiting[0].hour.isoformat(),
        },
    )
    return dg.SensorResult(requests, cursor=str(asked_at), asset_events=[backlog])


@dg.sensor(
    job=refine_job,
    minimum_interval_seconds=10,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Asks for silver and gold where bronze has news.",
)
def touched(
    context: dg.SensorEvaluationContext, warehouse: WarehouseResource
) -> dg.SensorResult | dg.SkipReason:
    """One request per rectangle of days × regions; what failed in company is tried alone."""
    if _busy(context.instance, refine_job.name):
        return dg.SkipReason("gold is being made")
    with warehouse.connected() as database, database.connect() as connection:
        waiting = ledger.waiting_days(connection)
    asked: list[str] = json.loads(context.cursor or "[]")
    requests = refine_requests(waiting, asked, asked_in=_hour(dt.datetime.now(dt.UTC)))
    if not requests:
        return dg.SkipReason("gold is up to date")
    names = [_version_name(cell) for cell in waiting]
    keep = [*(name for name in asked if name not in names), *names][-_REMEMBERED:]
    return dg.SensorResult(requests, cursor=json.dumps(keep))


def bronze_requests(waiting: Iterable[ledger.WaitingHour], *, asked_in: str) -> list[dg.RunRequest]:
    """One request per unbroken range of hours, named by what is new in them."""
    hours = {hour.hour: hour for hour in waiting}
    news = ";".join(f"{h.hour}:{h.unclaimed}:{h.newest}" for h in hours.values())
    return [
        _request(first, last, f"{first}..{last}:{_digest(news)} {asked_in}")
        for first, last in hour_ranges(hours)
    ]


def refine_requests(
    waiting: Iterable[ledger.WaitingDay], asked: Iterable[str] = (), *, asked_in: str
) -> list[dg.RunRequest]:
    """Requests for `waiting`, together where they were never `asked` for, else one by one."""
    before = set(asked)
    fresh = [cell for cell in waiting if _version_name(cell) not in before]
    again = [cell for cell in waiting if _version_name(cell) in before]
    news = ";".join(_version_name(cell) for cell in fresh)
    together = [
        _request(first, last, f"{first}..{last}:{_digest(news)} {asked_in}")
        for first, last in day_rectangles((cell.day, cell.region) for cell in fresh)
    ]
    alone = [
        _request(key, key, f"alone {_version_name(cell)} {asked_in}")
        for cell in again
        for key in [day_region_key(cell.day, cell.region)]
    ]
    return together + alone


def _request(first: str, last: str, run_key: str) -> dg.RunRequest:
    if first == last:
        return dg.RunRequest(run_key=run_key, partition_key=first)
    return dg.RunRequest(run_key=run_key, tags=range_tags(first, last))


def _version_name(cell: ledger.WaitingDay) -> str:
    return f"{cell.day}|{cell.region}:{cell.touched}"


def _hour(now: dt.datetime) -> str:
    return now.strftime("%Y-%m-%dT%H")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _busy(instance: dg.DagsterInstance, job: str) -> bool:
    """True while a run of `job` is queued or going: its work is not in the ledger yet."""
    active = dg.RunsFilter(job_name=job, statuses=list(_ACTIVE))
    return bool(instance.get_run_ids(active, limit=1))
