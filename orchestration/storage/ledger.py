"""The ledger of batches: which were received; written before the edge gets its ack."""

from __future__ import annotations

import contextlib
import datetime as dt
import zlib
from collections.abc import Iterator

import sqlalchemy as sa

from contracts.batches import SCHEMA_VERSION, Batch, BatchName
from orchestration.storage.tables import batches

_LOCK_SPACE = 0x7472  # keeps our advisory locks apart from those of others
_PARTITION_SPACE = 0x7470


def lock(connection: sa.Connection, name: BatchName) -> None:
    """Let nobody else work on this batch until the transaction ends."""
    key = zlib.crc32(name.path.encode()) - 2**31
    statement = sa.text("SELECT pg_advisory_xact_lock(:space, :key)")
    connection.execute(statement, {"space": _LOCK_SPACE, "key": key})


@contextlib.contextmanager
def alone(database: sa.Engine, partition: str) -> Iterator[None]:
    """Nobody else, in any process, writes this partition meanwhile."""
    place = {"space": _PARTITION_SPACE, "key": zlib.crc32(partition.encode()) - 2**31}
    with database.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("SELECT pg_advisory_lock(:space, :key)"), place)
        try:
            yield
        finally:
            connection.execute(sa.text("SELECT pg_advisory_unlock(:space, :key)"), place)


def sha256_of(connection: sa.Connection, name: BatchName) -> str | None:
    """Content hash of the batch received under `name`, None if there was none."""
    query = sa.select(batches.c.sha256).where(
        batches.c.store_id == name.store, batches.c.boot_id == name.boot, batches.c.seq == name.seq
    )
    return connection.execute(query).scalar()


def receive(connection: sa.Connection, batch: Batch, object_key: str, at: dt.datetime) -> None:
    """Write down that `batch` lies in landing under `object_key` since `at` (UTC)."""
    row = {
        "store_id": batch.name.store,
        "boot_id": batch.name.boot,
        "seq": batch.name.seq,
        "lane": batch.lane,
        "sha256": batch.sha256,
        "records": batch.records,
        "bytes": len(batch.body),
        "object_key": object_key,
        "schema_version": SCHEMA_VERSION,
        "received_at": at,
        "hour": at.replace(minute=0, second=0, microsecond=0),
    }
    connection.execute(batches.insert(), row)
