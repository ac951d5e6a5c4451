"""What the assets work with: the warehouse, the lake and the landing, each by URL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import dagster as dg
import sqlalchemy as sa

if TYPE_CHECKING:
    from orchestration.storage.lake import Lake
    from orchestration.storage.landing_reader import LandingReader

DATABASE_URL = "TRINETRA_DATABASE_URL"
LAKE_URL = "TRINETRA_LAKE_URL"
LANDING_URL = "TRINETRA_LANDING_URL"


class WarehouseResource(dg.ConfigurableResource[None]):
    """PostgreSQL with the ledger and gold."""

    url: str

    @contextmanager
    def connected(self) -> Iterator[sa.Engine]:
        """A pool of connections that is closed at the end."""
        from orchestration.storage import postgres

        database = postgres.engine(self.url)
        try:
            yield database
        finally:
            database.dispose()


class LakeResource(dg.ConfigurableResource[None]):
    """Delta tables in a folder or at an object-store URL."""

    url: str

    def open(self) -> Lake:
        """The lake; polars and deltalake are imported only now."""
        from orchestration.storage.lake import Lake

        return Lake(self.url)


class LandingResource(dg.ConfigurableResource[None]):
    """Batches as the gateway received them."""

    url: str

    def open(self) -> LandingReader:
        """A reader of landed objects."""
        from orchestration.storage.landing_reader import LandingReader

        return LandingReader(self.url)
