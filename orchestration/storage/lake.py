"""The lake: Delta tables below one folder or object-store URL, replaced by whole partitions.

An object store's credentials come from its usual variables (`AWS_ACCESS_KEY_ID`, …), which
deltalake reads by itself.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import polars as pl
from deltalake import DeltaTable, write_deltalake
from deltalake.exceptions import DeltaError, TableNotFoundError

from contracts.errors import CloudError

Partition = dict[str, str | dt.date]


class Lake:
    """Tables by name below `url`; every table is partitioned by the columns it is replaced by."""

    def __init__(self, url: str) -> None:
        self._root = url.rstrip("/")
        if "://" not in url:
            Path(url).mkdir(parents=True, exist_ok=True)

    def url(self, table: str) -> str:
        """Where `table` lies."""
        return f"{self._root}/{table}"

    def replace(
        self, table: str, rows: pl.DataFrame, where: Partition, by: Sequence[str] = ()
    ) -> None:
        """Make `rows` the whole content of the partition `where`, in one commit.

        `by` are the table's partition columns if there are more than those of `where`. Rows must
        carry the values of `where` in their columns. `CloudError` if the lake refuses.
        """
        try:
            if rows.is_empty() and not self.exists(table):
                write_deltalake(self.url(table), rows, partition_by=list(by or where))
                return
            write_deltalake(
                self.url(table),
                rows,
                mode="overwrite",
                predicate=" AND ".join(f"{name} = '{value}'" for name, value in where.items()),
                partition_by=list(by or where),
            )
        except (DeltaError, OSError) as error:
            raise CloudError(f"lake table {table} cannot be written: {_line(error)}") from None

    def exists(self, table: str) -> bool:
        """True once something was written to `table`."""
        return bool(DeltaTable.is_deltatable(self.url(table)))

    def scan(self, table: str) -> pl.LazyFrame | None:
        """The table, read only as far as its user filters it; None before its first write."""
        try:
            return pl.scan_delta(self.url(table))
        except TableNotFoundError:
            return None
        except (DeltaError, OSError) as error:
            raise CloudError(f"lake table {table} cannot be read: {_line(error)}") from None

    def count(self, table: str, where: Partition) -> int:
        """Rows that lie in the partition `where` now."""
        scan = self.scan(table)
        if scan is None:
            return 0
        matches = [pl.col(name) == pl.lit(value) for name, value in where.items()]
        return int(scan.filter(*matches).select(pl.len()).collect().item())

    def vacuum(self, table: str, older_than_days: int) -> int:
        """Delete files that were replaced so long ago; returns how many."""
        if not self.exists(table):
            return 0
        hours = older_than_days * 24
        try:
            return len(
                DeltaTable(self.url(table)).vacuum(
                    retention_hours=hours, dry_run=False, enforce_retention_duration=False
                )
            )
        except (DeltaError, OSError) as error:
            raise CloudError(f"lake table {table} cannot be vacuumed: {_line(error)}") from None


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__
