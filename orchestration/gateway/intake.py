"""Receives one batch: what is new, what is a repetition, what is refused."""

from __future__ import annotations

import datetime as dt
from typing import Literal, NamedTuple

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from contracts.batches import Batch
from contracts.errors import CloudError
from orchestration.storage import ledger
from orchestration.storage.objects import Landing

Verdict = Literal["new", "same", "other"]


class Received(NamedTuple):
    """`other` means that the name is taken by content with hash `sha256`."""

    verdict: Verdict
    sha256: str


class Intake:
    """Landing and ledger together; safe for many threads and several gateways at once."""

    def __init__(self, database: sa.Engine, landing: Landing) -> None:
        self._database = database
        self._landing = landing

    def receive(self, batch: Batch) -> Received:
        """Keep a checked batch; `CloudError` (nothing acknowledged) if that is not possible."""
        try:
            with self._database.begin() as connection:
                return self._receive(connection, batch)
        except SQLAlchemyError as error:
            raise CloudError(f"ledger does not answer: {type(error).__name__}") from None

    def check(self) -> None:
        """`CloudError` if the ledger does not answer."""
        try:
            with self._database.connect() as connection:
                connection.execute(sa.text("SELECT 1"))
        except SQLAlchemyError as error:
            raise CloudError(f"ledger does not answer: {type(error).__name__}") from None

    def _receive(self, connection: sa.Connection, batch: Batch) -> Received:
        ledger.lock(connection, batch.name)
        known = ledger.sha256_of(connection, batch.name)
        if known is not None:
            return Received("same" if known == batch.sha256 else "other", known)
        key = f"{batch.name.path}.ndjson.zst"
        self._landing.write(key, batch.body)
        ledger.receive(connection, batch, key, dt.datetime.now(dt.UTC))
        return Received("new", batch.sha256)
