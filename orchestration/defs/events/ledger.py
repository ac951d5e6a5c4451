"""The ledger as the assets use it: which hours hold unclaimed batches, which days wait for gold."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from orchestration.storage.tables import batches, business_days


class WaitingHour(NamedTuple):
    """An hour of the ledger (UTC) with `unclaimed` batches, the newest received at `newest`."""

    hour: dt.datetime
    unclaimed: int
    newest: dt.datetime


class WaitingDay(NamedTuple):
    """A day × region whose gold is older than its bronze; `touched` names the version."""

    day: dt.date
    region: str
    touched: int


def waiting_hours(connection: sa.Connection) -> list[WaitingHour]:
    """Hours with batches that no run has claimed, oldest first."""
    rows = connection.execute(
        sa.select(batches.c.hour, sa.func.count(), sa.func.max(batches.c.received_at))
        .where(batches.c.claimed_by.is_(None))
        .group_by(batches.c.hour)
        .order_by(batches.c.hour)
    )
    return [WaitingHour(hour.astimezone(dt.UTC), count, newest) for hour, count, newest in rows]


def waiting_days(connection: sa.Connection) -> list[WaitingDay]:
    """Days × regions that silver and gold have not caught up with, oldest first."""
    table = business_days.c
    rows = connection.execute(
        sa.select(table.business_date, table.region, table.touched)
        .where(table.gold < table.touched)
        .order_by(table.business_date, table.region)
    )
    return [WaitingDay(*row) for row in rows]


def touch(connection: sa.Connection, days: Iterable[tuple[dt.date, str]]) -> None:
    """Say that bronze has news for these days × regions."""
    rows = [
        {"business_date": day, "region": region, "touched": 1, "silver": 0, "gold": 0}
        for day, region in sorted(set(days))
    ]
    if rows:
        statement = pg.insert(business_days).values(rows)
        touched = business_days.c.touched + 1
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=["business_date", "region"], set_={"touched": touched}
            )
        )


def version(connection: sa.Connection, day: dt.date, region: str, column: str) -> int:
    """The `touched` or `silver` version of a day × region, locked until the transaction ends."""
    found = connection.execute(
        sa.select(business_days.c[column])
        .where(business_days.c.business_date == day, business_days.c.region == region)
        .with_for_update()
    ).scalar()
    return int(found or 0)


def mark(connection: sa.Connection, day: dt.date, region: str, column: str, version: int) -> None:
    """Say which version `silver` or `gold` was made of."""
    connection.execute(
        sa.update(business_days)
        .where(business_days.c.business_date == day, business_days.c.region == region)
        .values({column: version})
    )


def batch_gaps(
    connection: sa.Connection, boots: Sequence[tuple[str, str]], settled_s: float
) -> int:
    """Batches that are missing between received ones of these (store, boot).

    A gap counts once the batch after it was received `settled_s` ago: until then the missing
    one may still be on its way.
    """
    if not boots:
        return 0
    own = sa.tuple_(batches.c.store_id, batches.c.boot_id)
    previous = sa.func.lag(batches.c.seq, 1, -1).over(
        partition_by=[batches.c.store_id, batches.c.boot_id], order_by=batches.c.seq
    )
    steps = (
        sa.select((batches.c.seq - previous - 1).label("missing"), batches.c.received_at)
        .where(own.in_(boots))
        .subquery()
    )
    settled = sa.func.now() - dt.timedelta(seconds=settled_s)
    total = sa.select(sa.func.coalesce(sa.func.sum(steps.c.missing), 0)).where(
        steps.c.received_at < settled
    )
    return int(connection.execute(total).scalar_one())
