"""Small frames for tests, shaped like the answers of the queries."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

import polars as pl

from dashboards import queries
from dashboards.hours import Gold, Hour, State

MONDAY = date(2026, 11, 2)
LATER = datetime.fromisoformat("2027-01-01")
LONG_AGO = datetime.fromisoformat("2026-01-01")


def quarter(
    day: int, at: str, entries: int | None, *, door: str = "door", share: float = 1.0
) -> dict[str, Any]:
    """One row of footfall; `day` counts from Monday, `at` is local time."""
    when = MONDAY + timedelta(day)
    return {
        "business_date": when,
        "local_start": datetime.combine(when, time.fromisoformat(at)),
        "door": door,
        "entries": entries,
        "exits": entries,
        "coverage": share if entries is not None else 0.0,
    }


def watched(
    day: int, hour: int, observed: float, *, expected: float = 60.0, camera: str = "c"
) -> dict[str, Any]:
    """One row of coverage."""
    when = MONDAY + timedelta(day)
    return {
        "business_date": when,
        "local_start": datetime.combine(when, time(hour)),
        "camera": camera,
        "expected_minutes": expected,
        "observed_minutes": observed,
    }


def stays(
    day: int, hour: int, visits: int, *, zone: str = "z", mean_s: float | None = 10.0
) -> dict[str, Any]:
    """One row of zone dwell without censored visits."""
    when = MONDAY + timedelta(day)
    dwell = dict.fromkeys(("mean_s", "median_s", "p90_s"), mean_s)
    return {
        "business_date": when,
        "local_start": datetime.combine(when, time(hour)),
        "zone": zone,
        "visits": visits,
        "censored": 0,
        "total_s": visits * (mean_s or 0.0),
        **dwell,
    }


def gold(
    footfall: list[dict[str, Any]] = [],  # noqa: B006
    zones: list[dict[str, Any]] = [],  # noqa: B006
    coverage: list[dict[str, Any]] = [],  # noqa: B006
) -> Gold:
    """Frames of the given rows."""
    return Gold(
        pl.DataFrame(footfall, schema=queries.FOOTFALL.schema),
        pl.DataFrame([], schema=queries.OCCUPANCY.schema),
        pl.DataFrame(zones, schema=queries.ZONES.schema),
        pl.DataFrame(coverage, schema=queries.COVERAGE.schema),
    )


def hour(
    day: int, at: int, entries: int | None = None, *, state: State | None = None, share: float = 1.0
) -> Hour:
    """An hour with a count, or a missing one; cameras observed `share` of it."""
    return Hour(
        day=MONDAY + timedelta(day),
        hour=at,
        state=state or ("missing" if entries is None else "measured"),
        entries=entries,
        exits=entries,
        watched=0.0 if entries is None else share,
        visits=entries,
        expected_min=0.0 if state == "ahead" else 60.0,
        observed_min=0.0 if entries is None else 60.0 * share,
    )
