"""`trinetra gateway` as it is started by hand, stopped and killed."""

from __future__ import annotations

import hashlib
import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa

from contracts import batches
from contracts.batches import Batch, BatchName, pack, unpack
from orchestration.storage.landing_reader import LandingReader

BATCHES = 150


@pytest.fixture
def tokens(tmp_path: Path) -> Path:
    path = tmp_path / "tokens.toml"
    path.write_text(f'shop = "{hashlib.sha256(b"shop-token").hexdigest()}"\n')
    return path


class Command:
    """A running `trinetra gateway`."""

    def __init__(self, tokens: Path, folder: Path, url: str, port: int = 0) -> None:
        options = {"tokens": tokens, "data-dir": folder, "database-url": url, "port": port}
        flags = [f"--{name}={value}" for name, value in options.items()]
        self.popen = subprocess.Popen(
            [sys.executable, "-m", "trinetra", "gateway", *flags],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def ready(self) -> str:
        """Its URL, once it listens."""
        assert self.popen.stdout
        return str(json.loads(self.popen.stdout.readline())["gateway"])

    def end(self, number: int) -> tuple[int, str]:
        """Exit code and stderr after a signal."""
        self.popen.send_signal(number)
        _, errors = self.popen.communicate(timeout=30)
        return self.popen.returncode, errors


def put(client: httpx.Client, url: str, batch: Batch) -> int:
    headers = {
        "authorization": "Bearer shop-token",
        batches.HEADER_SHA256: batch.sha256,
        batches.HEADER_RECORDS: str(batch.records),
        batches.HEADER_LANE: batch.lane,
        batches.HEADER_SCHEMA: "1",
    }
    path = f"{url}/v1/batches/{batch.name.path}"
    return client.put(path, content=batch.body, headers=headers).status_code


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False, timeout=20) as client:
        yield client


def test_it_serves_says_where_and_ends_cleanly(
    tokens: Path, tmp_path: Path, database: sa.Engine, database_url: str, client: httpx.Client
) -> None:
    command = Command(tokens, tmp_path / "var", database_url)
    url = command.ready()
    assert client.get(f"{url}/health").json() == {"ok": True}
    assert put(client, url, pack(BatchName("shop", "b", 0), "critical", [b"{}"])) == 201
    assert (tmp_path / "var/landing/shop/b/000000000000.ndjson.zst").exists()
    assert command.end(signal.SIGTERM) == (0, "")


def test_a_port_in_use_gives_one_line(tokens: Path, tmp_path: Path, database_url: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        command = Command(tokens, tmp_path / "var", database_url, port)
        _, errors = command.popen.communicate(timeout=60)
    assert command.popen.returncode == 1
    assert (
        errors == f"trinetra: gateway cannot listen on 127.0.0.1:{port}: Address already in use\n"
    )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (None, "cannot be read"),
        ("shop = ", "Invalid value"),
        ('shop = "plain-token"', "shop: expected the token's SHA-256"),
        ("", "names no store"),
    ],
)
def test_bad_tokens_give_one_line(tmp_path: Path, text: str | None, reason: str) -> None:
    path = tmp_path / "tokens.toml"
    if text is not None:
        path.write_text(text)
    command = Command(path, tmp_path / "var", "")
    _, errors = command.popen.communicate(timeout=60)
    assert command.popen.returncode == 1
    assert reason in errors
    assert errors.count("\n") == 1
    assert "plain-token" not in errors


@pytest.mark.crash
def test_kill_9_under_load_loses_nothing_that_was_acknowledged(
    tokens: Path, tmp_path: Path, database: sa.Engine, database_url: str
) -> None:
    every = [
        pack(BatchName("shop", "b", n), "critical", [b'{"n":%d}' % n] * 50) for n in range(300)
    ]
    acknowledged: set[int] = set()
    for _ in range(2):
        command = Command(tokens, tmp_path / "var", database_url)
        url = command.ready()
        killer = threading.Timer(0.4, command.popen.kill)
        killer.start()
        with httpx.Client(trust_env=False, timeout=5) as client:
            try:
                for batch in every:
                    if batch.name.seq not in acknowledged and put(client, url, batch) in (200, 201):
                        acknowledged.add(batch.name.seq)
            except httpx.HTTPError:
                pass
        killer.join()
        command.popen.communicate(timeout=30)
        _ledger_and_landing_agree(database, tmp_path / "var" / "landing", acknowledged)
    command = Command(tokens, tmp_path / "var", database_url)
    url = command.ready()
    with httpx.Client(trust_env=False, timeout=20) as client:
        began = time.monotonic()
        assert {put(client, url, batch) for batch in every} <= {200, 201}
        assert time.monotonic() - began < 60
    command.end(signal.SIGTERM)
    _ledger_and_landing_agree(database, tmp_path / "var" / "landing", set(range(BATCHES)))


def _ledger_and_landing_agree(database: sa.Engine, folder: Path, acknowledged: set[int]) -> None:
    landing = LandingReader(str(folder))
    query = sa.text("SELECT seq, object_key, sha256, records FROM ledger.batches")
    with database.connect() as connection:
        rows = connection.execute(query).all()
    assert acknowledged <= {row.seq for row in rows}
    for row in rows:
        unpack(landing.read(row.object_key), sha256=row.sha256, records=row.records)
