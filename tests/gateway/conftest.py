"""A gateway with a real database, a real landing folder and a real socket."""

from __future__ import annotations

import hashlib
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import sqlalchemy as sa
import uvicorn

from orchestration.gateway.app import create_app
from orchestration.gateway.server import listen
from orchestration.storage import postgres
from orchestration.storage.objects import Landing

TOKENS = {
    "shop": hashlib.sha256(b"shop-token").hexdigest(),
    "other": hashlib.sha256(b"other-token").hexdigest(),
}


class Gateway(NamedTuple):
    """A running gateway."""

    url: str
    database: sa.Engine
    landing: Path

    def rows(self) -> list[tuple[str, str, int, str, int]]:
        """The ledger: store, boot, seq, sha256, records."""
        query = (
            "SELECT store_id, boot_id, seq, sha256, records FROM ledger.batches ORDER BY 1, 2, 3"
        )
        with self.database.connect() as connection:
            return [tuple(row) for row in connection.execute(sa.text(query))]

    def objects(self) -> list[str]:
        """Every file below the landing folder."""
        files = (path for path in self.landing.rglob("*") if path.is_file())
        return sorted(str(path.relative_to(self.landing)) for path in files)


@pytest.fixture(scope="session")
def database_url() -> Iterator[str]:
    with (
        tempfile.TemporaryDirectory(prefix="pg") as folder,
        postgres.postgres(Path(folder) / "pg") as url,
    ):
        postgres.migrate(url)
        yield url


@pytest.fixture
def database(database_url: str) -> Iterator[sa.Engine]:
    database = postgres.engine(database_url)
    with database.begin() as connection:
        connection.execute(sa.text("TRUNCATE ledger.batches"))
    yield database
    database.dispose()


@pytest.fixture
def gateway(database: sa.Engine, tmp_path: Path) -> Iterator[Gateway]:
    landing = tmp_path / "landing"
    landing.mkdir()
    listener = listen("127.0.0.1", 0)
    app = create_app(database, Landing(landing), TOKENS)
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    yield Gateway(f"http://127.0.0.1:{listener.getsockname()[1]}", database, landing)
    server.should_exit = True
    thread.join(15)
    listener.close()
    assert not thread.is_alive(), "the gateway does not stop"
