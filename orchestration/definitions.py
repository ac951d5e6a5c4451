"""The code location: everything that Dagster runs, put together."""

from __future__ import annotations

import dagster as dg

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
    """All assets, checks, jobs and sensors on these three places (URLs or `dg.EnvVar`)."""
    return dg.Definitions(
        assets=[specs.landing_batches, assets.bronze, assets.silver, assets.gold],
        jobs=[automation.bronze_job, automation.refine_job],
        sensors=[automation.arrived, automation.touched],
        resources={
            "warehouse": WarehouseResource(url=warehouse),
            "lake": LakeResource(url=lake),
            "landing": LandingResource(url=landing),
            "freshness": automation.Freshness(),
        },
        executor=dg.in_process_executor,
    )


defs = definitions(dg.EnvVar(DATABASE_URL), dg.EnvVar(LAKE_URL), dg.EnvVar(LANDING_URL))
