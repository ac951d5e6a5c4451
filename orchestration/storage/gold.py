"""Writes gold: a partition of a table is deleted and inserted in the caller's transaction."""

from __future__ import annotations

import datetime as dt

import polars as pl
import sqlalchemy as sa
from psycopg import sql


def replace_day(
    connection: sa.Connection, table: sa.Table, day: dt.date, region: str, rows: pl.DataFrame
) -> int:
    """Make `rows` the whole of (`day`, `region`) in `table`; returns how many rows there are.

    `rows` has the table's columns but `region` and `business_date`; they go in by COPY, sorted
    by the table's primary key, so that the same rows are written the same way.
    """
    connection.execute(
        sa.delete(table).where(table.c.business_date == day, table.c.region == region)
    )
    names = [column.name for column in table.columns]
    keys = [column.name for column in table.primary_key]
    full = rows.with_columns(region=pl.lit(region), business_date=pl.lit(day))
    copy = sql.SQL("COPY {}.{} ({}) FROM STDIN").format(
        sql.Identifier(table.schema or "public"),
        sql.Identifier(table.name),
        sql.SQL(", ").join(map(sql.Identifier, names)),
    )
    driver = connection.connection.driver_connection
    if driver is None:
        raise RuntimeError("the connection is closed")
    with driver.cursor() as cursor, cursor.copy(copy) as stream:
        for row in full.sort(keys).select(names).iter_rows():
            stream.write_row(row)
    return full.height
