"""The embedded PostgreSQL: starts on demand, is shared, and is never left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from contracts.errors import CloudError
from orchestration.storage import postgres as db
from orchestration.storage.postgres_guard import running_pid
from orchestration.storage.tables import metadata

USER = """
import sys
from pathlib import Path
from orchestration.storage import postgres as db
with db.postgres(Path(sys.argv[1])) as url:
    db.migrate(url)
    print(url, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="pg") as name:
        yield Path(name) / "pg"


def scalar(url: str, query: str) -> object:
    """First value of a query, over a connection that is closed again."""
    database = sa.create_engine(url, poolclass=sa.NullPool)
    with database.begin() as connection:
        return connection.execute(sa.text(query)).scalar()


def execute(url: str, statement: str) -> None:
    with sa.create_engine(url, poolclass=sa.NullPool).begin() as connection:
        connection.execute(sa.text(statement))


def start_user(folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", USER, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def wait_until_stopped(folder: Path, limit_s: float = 30) -> bool:
    deadline = time.monotonic() + limit_s
    while running_pid(folder) is not None and time.monotonic() < deadline:
        time.sleep(0.05)
    return running_pid(folder) is None


def test_rows_survive_a_stop_and_a_start(folder: Path) -> None:
    with db.postgres(folder) as url:
        db.migrate(url)
        execute(url, "CREATE TABLE kept AS SELECT 42 AS answer")
    assert running_pid(folder) is None
    with db.postgres(folder) as url:
        assert scalar(url, "SELECT answer FROM kept") == 42


def test_migrations_make_exactly_the_tables(folder: Path) -> None:
    with db.postgres(folder) as url:
        db.migrate(url)
        db.migrate(url)
        database = sa.create_engine(url, poolclass=sa.NullPool)
        with database.connect() as connection:
            options = {
                "include_schemas": True,
                "version_table_schema": "ledger",
                "include_name": lambda name, kind, _: (
                    name in ("ledger", "gold") if kind == "schema" else True
                ),
            }
            context = MigrationContext.configure(connection, opts=options)
            assert compare_metadata(context, metadata) == []
        assert scalar(url, "SELECT count(*) FROM gold.stores") == 0


def test_dagster_url_is_usable_with_psycopg2(folder: Path) -> None:
    with db.postgres(folder) as url:
        assert db.dagster_url(url).startswith("postgresql+psycopg2://")
        assert scalar(db.dagster_url(url), "SELECT 1") == 1


def test_processes_that_start_at_once_share_one_server(folder: Path) -> None:
    users = [start_user(folder) for _ in range(3)]
    urls = {user.stdout.readline() for user in users if user.stdout}
    pid = running_pid(folder)
    assert len(urls) == 1
    assert pid is not None
    for user in users[:2]:
        user.communicate()
        assert running_pid(folder) == pid, "stopped under a user that still needs it"
    users[2].communicate()
    assert running_pid(folder) is None
    assert [user.returncode for user in users] == [0, 0, 0]


def test_a_killed_user_leaves_no_server_behind(folder: Path) -> None:
    user = start_user(folder)
    assert user.stdout
    assert user.stdout.readline()
    assert running_pid(folder) is not None
    user.kill()
    user.communicate()
    assert wait_until_stopped(folder)


def test_a_killed_user_does_not_stop_the_server_of_others(folder: Path) -> None:
    with db.postgres(folder) as url:
        user = start_user(folder)
        assert user.stdout
        assert user.stdout.readline()
        user.kill()
        user.communicate()
        time.sleep(3)  # longer than the guard of the dead user tries
        assert scalar(url, "SELECT 1") == 1


def test_threads_share_one_server_and_start_it_again(folder: Path) -> None:
    def use(_: int) -> object:
        with db.postgres(folder) as url:
            return scalar(url, "SELECT 1")

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(use, range(8))) == [1] * 8
    assert running_pid(folder) is None


def test_a_killed_server_starts_again_and_keeps_what_was_committed(folder: Path) -> None:
    with db.postgres(folder) as url:
        execute(url, "CREATE TABLE kept AS SELECT 42 AS answer")
        pid = running_pid(folder)
        assert pid
        os.kill(pid, signal.SIGKILL)
        assert wait_until_stopped(folder)
    with db.postgres(folder) as url:
        assert scalar(url, "SELECT answer FROM kept") == 42


def test_a_stale_pid_file_with_a_reused_pid_is_no_server(folder: Path) -> None:
    with db.postgres(folder):
        pass
    lines = [str(os.getpid()), str(folder), "1", "5432", str(folder), "", "1 1", "ready"]
    (folder / "postmaster.pid").write_text("\n".join(lines) + "\n")
    with db.postgres(folder) as url:
        assert scalar(url, "SELECT 1") == 1


def test_a_folder_that_holds_something_else_is_refused(folder: Path) -> None:
    folder.mkdir()
    (folder / "holiday.jpg").write_bytes(b"x")
    with pytest.raises(CloudError, match="holds something else"), db.postgres(folder):
        pass
    assert [path.name for path in folder.iterdir()] == ["holiday.jpg"]


def test_a_broken_folder_gives_one_line(folder: Path) -> None:
    with db.postgres(folder):
        pass
    (folder / "global" / "pg_control").write_bytes(b"broken")
    with pytest.raises(CloudError) as caught, db.postgres(folder):
        pass
    assert str(caught.value).startswith("PostgreSQL cannot start in ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("postgresql://someone:secret@127.0.0.1:1/x", "cannot be reached"),
        ("mysql://localhost/x", "must begin with postgresql"),
        ("nonsense", "not a URL"),
    ],
)
def test_an_unusable_url_gives_one_line_without_the_password(
    folder: Path, url: str, reason: str
) -> None:
    with pytest.raises(CloudError, match=reason) as caught, db.postgres(folder, url):
        pass
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_url_is_used_as_it_is_and_starts_nothing(folder: Path) -> None:
    with db.postgres(folder) as url:
        other = folder.with_name("other")
        plain = url.replace("postgresql+psycopg://", "postgresql://")
        with db.postgres(other, plain) as same:
            assert scalar(same, "SELECT 1") == 1
        assert not other.exists()
