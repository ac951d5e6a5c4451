"""The only SQL of the reports: one statement per question, all of them on gold.

Every statement takes the store's id. Times come back as local times of the store without a
zone (`local_start`), which is what a reader means by "at nine o'clock".
"""

from __future__ import annotations

from typing import Any

import msgspec
import polars as pl
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError, ProgrammingError, SQLAlchemyError

from contracts.errors import CloudError

Schema = dict[str, pl.DataType | type[pl.DataType]]


class Question(msgspec.Struct, frozen=True):
    """One statement and the columns of its answer."""

    sql: str
    schema: Schema


STORES = Question(
    "SELECT store_id, name, time_zone, opens, closes FROM gold.stores ORDER BY name, store_id",
    dict.fromkeys(("store_id", "name", "time_zone", "opens", "closes"), pl.String),
)
DAYS = Question(
    """
    SELECT business_date FROM gold.footfall_15m WHERE store_id = :store
    UNION SELECT business_date FROM gold.occupancy_15m WHERE store_id = :store
    UNION SELECT business_date FROM gold.zone_dwell WHERE store_id = :store
    UNION SELECT business_date FROM gold.coverage WHERE store_id = :store
    UNION SELECT business_date FROM gold.heatmap_tiles WHERE store_id = :store
    ORDER BY business_date
    """,
    {"business_date": pl.Date},
)
FOOTFALL = Question(
    """
    SELECT business_date, bucket_start AT TIME ZONE :zone AS local_start, door,
           entries, exits, coverage
    FROM gold.footfall_15m
    WHERE store_id = :store AND business_date BETWEEN :first AND :last
    ORDER BY bucket_start, door
    """,
    {
        "business_date": pl.Date,
        "local_start": pl.Datetime("us"),
        "door": pl.String,
        "entries": pl.Int64,
        "exits": pl.Int64,
        "coverage": pl.Float64,
    },
)
OCCUPANCY = Question(
    """
    SELECT business_date, bucket_start AT TIME ZONE :zone AS local_start, mean, maximum, last
    FROM gold.occupancy_15m
    WHERE store_id = :store AND business_date BETWEEN :first AND :last
    ORDER BY bucket_start
    """,
    {
        "business_date": pl.Date,
        "local_start": pl.Datetime("us"),
        "mean": pl.Float64,
        "maximum": pl.Int64,
        "last": pl.Int64,
    },
)
ZONES = Question(
    """
    SELECT business_date, hour_start AT TIME ZONE :zone AS local_start, zone,
           visits, censored, total_s, mean_s, median_s, p90_s
    FROM gold.zone_dwell
    WHERE store_id = :store AND business_date BETWEEN :first AND :last
    ORDER BY hour_start, zone
    """,
    {
        "business_date": pl.Date,
        "local_start": pl.Datetime("us"),
        "zone": pl.String,
        "visits": pl.Int64,
        "censored": pl.Int64,
        "total_s": pl.Float64,
        "mean_s": pl.Float64,
        "median_s": pl.Float64,
        "p90_s": pl.Float64,
    },
)
COVERAGE = Question(
    """
    SELECT business_date, hour_start AT TIME ZONE :zone AS local_start, camera,
           expected_minutes, observed_minutes
    FROM gold.coverage
    WHERE store_id = :store AND business_date BETWEEN :first AND :last
    ORDER BY hour_start, camera
    """,
    {
        "business_date": pl.Date,
        "local_start": pl.Datetime("us"),
        "camera": pl.String,
        "expected_minutes": pl.Float64,
        "observed_minutes": pl.Float64,
    },
)
CELLS = Question(
    """
    SELECT x, y, sum(seconds) AS seconds
    FROM gold.heatmap_tiles
    WHERE store_id = :store AND business_date BETWEEN :first AND :last AND kind = 'presence'
      AND extract(hour FROM hour_start AT TIME ZONE :zone) = ANY(:hours)
    GROUP BY x, y ORDER BY y, x
    """,
    {"x": pl.Int64, "y": pl.Int64, "seconds": pl.Float64},
)
QUESTIONS = {
    "stores": STORES,
    "days": DAYS,
    "footfall": FOOTFALL,
    "occupancy": OCCUPANCY,
    "zones": ZONES,
    "coverage": COVERAGE,
    "cells": CELLS,
}
_PLAN = "SELECT plan FROM gold.stores WHERE store_id = :store"


def connect(url: str) -> sa.Engine:
    """A read-only pool for the reports; `CloudError` when `url` is none of PostgreSQL."""
    if not url:
        raise CloudError("No database is set: start the reports with `trinetra dashboards`.")
    try:
        parsed = sa.make_url(url)
        if parsed.get_backend_name() not in ("postgresql", "postgres"):
            raise CloudError("TRINETRA_DATABASE_URL must begin with postgresql://")
        driver = parsed.set(drivername="postgresql+psycopg")
        return sa.create_engine(
            driver,
            pool_pre_ping=True,
            connect_args={"connect_timeout": 5, "options": "-c default_transaction_read_only=on"},
        )
    except SQLAlchemyError:
        raise CloudError("TRINETRA_DATABASE_URL is not a database URL") from None


def ask(engine: sa.Engine, question: Question, **values: Any) -> pl.DataFrame:
    """Answer as a frame of the question's columns; empty where gold does not exist yet.

    `CloudError` when the database cannot be reached.
    """
    rows = _rows(engine, question.sql, values)
    return pl.DataFrame(rows, schema=question.schema, orient="row")


def plan_of(engine: sa.Engine, store: str) -> dict[str, Any]:
    """The newest `geometry.changed` payload of a store, empty when there is none."""
    rows = _rows(engine, _PLAN, {"store": store})
    return dict(rows[0][0]) if rows and isinstance(rows[0][0], dict) else {}


def _rows(engine: sa.Engine, sql: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    try:
        with engine.connect() as connection:
            return [tuple(row) for row in connection.execute(sa.text(sql), values)]
    except ProgrammingError as error:
        if getattr(error.orig, "sqlstate", None) in ("42P01", "3F000"):
            return []  # no table or schema yet: nobody migrated this database so far
        raise CloudError(
            "The warehouse refuses a question of the reports: is it migrated to this version?"
        ) from None
    except (OperationalError, SQLAlchemyError):
        raise CloudError(
            "The warehouse cannot be reached: check TRINETRA_DATABASE_URL and that PostgreSQL runs."
        ) from None
