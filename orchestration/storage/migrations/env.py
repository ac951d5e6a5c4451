"""Alembic's entry: runs on the connection given by `orchestration.storage.postgres.migrate`."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import context

from orchestration.storage.tables import metadata

_LOCK = 0x7452696E  # any number that only our migrations use
_SCHEMAS = ("ledger", "gold")


def include_name(name: str | None, kind: str, parents: Any) -> bool:  # noqa: ARG001
    """Compare our schemas only: Dagster keeps its tables in the same database."""
    return name in _SCHEMAS if kind == "schema" else True


def run(connection: sa.Connection) -> None:
    """Upgrade inside the caller's transaction, one process at a time."""
    connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    for schema in _SCHEMAS:
        connection.execute(sa.schema.CreateSchema(schema, if_not_exists=True))
    context.configure(
        connection=connection,
        target_metadata=metadata,
        version_table_schema="ledger",
        include_schemas=True,
        include_name=include_name,
    )
    context.run_migrations()


run(context.config.attributes["connection"])
