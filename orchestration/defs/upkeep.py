"""Once a night: what Dagster and the lake would otherwise keep for ever."""

import dagster as dg

from orchestration.defs.resources import LakeResource
from orchestration.instance import purge_runs

LAKE_TABLES = ("bronze_events", "silver_events")


class Retention(dg.ConfigurableResource[None]):
    """How long superseded things are kept."""

    run_days: int = 30
    replaced_file_days: int = 7


@dg.op(description="Deletes ended runs with their log.")
def purge_log(context: dg.OpExecutionContext, retention: Retention) -> None:
    """Dagster's event log has no end of its own."""
    purged = purge_runs(context.instance, older_than_days=retention.run_days)
    context.log.info("purged %d runs", purged)


@dg.op(description="Deletes files of the lake that newer ones have replaced.")
def vacuum_lake(context: dg.OpExecutionContext, lake: LakeResource, retention: Retention) -> None:
    """Replacing a partition leaves its old files behind for readers that began before."""
    place = lake.open()
    removed = sum(place.vacuum(table, retention.replaced_file_days) for table in LAKE_TABLES)
    context.log.info("removed %d files", removed)


@dg.job(description="Purges old runs and replaced files of the lake.")
def upkeep_job() -> None:
    """Both, in either order."""
    purge_log()
    vacuum_lake()


nightly = dg.ScheduleDefinition(
    name="nightly",
    job=upkeep_job,
    cron_schedule="30 3 * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)
