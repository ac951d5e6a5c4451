"""The code location: everything that Dagster runs, put together."""

from __future__ import annotations

import dagster as dg

from orchestration.defs import upkeep
from orchestration.defs.events import assets, automation, specs
from orchestration.defs.resources import (
    DATABASE_URL,
    LAKE_URL,
    LANDING_URL,
    LakeResource,
    LandingResource,
    WarehouseResource,
)


def definitions(warehouse: str, lake: str, landing: str) -> dg.Definitions:
    """All that Dagster runs on these three places, each a URL or a `dg.EnvVar`."""
    return dg.Definitions(
        assets=[specs.landing_batches, assets.bronze, assets.silver, assets.gold],
        jobs=[automation.bronze_job, automation.refine_job, upkeep.upkeep_job],
        schedules=[upkeep.nightly],
        sensors=[automation.arrived, automation.touched],
        resources={
            "warehouse": WarehouseResource(url=warehouse),
            "lake": LakeResource(url=lake),
            "landing": LandingResource(url=landing),
            "freshness": automation.Freshness(),
            "retention": upkeep.Retention(),
        },
        executor=dg.in_process_executor,
    )


defs = definitions(dg.EnvVar(DATABASE_URL), dg.EnvVar(LAKE_URL), dg.EnvVar(LANDING_URL))
