"""The agent's two folders: a locked data folder that stays, a private run folder that goes."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from contracts.errors import AgentError

_PREFIX = "trinetra-"
_OWNER = "owner"
_LONGEST_BASE_BYTES = 70  # leaves room for the folder's own name and a socket's


@contextmanager
def locked_data_dir(data_dir: Path) -> Iterator[None]:
    """Make `data_dir` and hold it alone; `AgentError` if another agent does."""
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        file = os.open(data_dir / "agent.lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise AgentError(f"{data_dir}: cannot be written: {error.strerror}") from None
    try:
        if not _lock(file):
            raise AgentError(f"another agent is running on {data_dir}")
        yield
    finally:
        os.close(file)


@contextmanager
def fresh_run_dir(space_bytes: int, bases: Iterable[Path] | None = None) -> Iterator[Path]:
    """A new private folder for sockets and rings, swept of what dead agents left beside it.

    It lies in the first of `bases` (the service's or session's runtime folder, shared memory,
    the temporary folder) that has `space_bytes` free; `AgentError` if none has.
    """
    candidates = [base for base in bases or _usual_bases() if _usable(base)]
    for base in candidates:
        sweep(base)
    roomy = [base for base in candidates if shutil.disk_usage(base).free > space_bytes]
    if not roomy:
        raise AgentError(f"no folder with {space_bytes // 2**20} MiB free for frames")
    run_dir, owner = _owned_folder(roomy[0])
    try:
        yield run_dir
    finally:
        shutil.rmtree(run_dir, ignore_errors=True)
        os.close(owner)


def sweep(base: Path) -> list[Path]:
    """Remove run folders in `base` whose agent is dead; what was removed."""
    swept = []
    for folder in base.glob(f"{_PREFIX}*"):
        try:
            file = os.open(folder / _OWNER, os.O_RDWR | os.O_NOFOLLOW)
        except OSError:
            continue  # somebody else's, or no run folder
        try:
            if os.fstat(file).st_uid == os.getuid() and _lock(file):
                shutil.rmtree(folder, ignore_errors=True)
                swept.append(folder)
        finally:
            os.close(file)
    return swept


def _owned_folder(base: Path) -> tuple[Path, int]:
    # Locked before it gets the name that another agent's sweep looks for.
    made = Path(tempfile.mkdtemp(prefix=".trinetra-", dir=base))
    owner = os.open(made / _OWNER, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    _lock(owner)
    run_dir = made.with_name(_PREFIX + made.name.removeprefix(".trinetra-"))
    made.rename(run_dir)
    (run_dir / "rings").mkdir(mode=0o700)
    return run_dir, owner


def _usual_bases() -> list[Path]:
    # systemd removes the service's own folder when the service is over, however it ended.
    service, session = (os.environ.get(k, "") for k in ("RUNTIME_DIRECTORY", "XDG_RUNTIME_DIR"))
    named = [Path(folder) for folder in (service, session) if folder]
    return [*named, Path("/dev/shm"), Path(tempfile.gettempdir())]  # noqa: S108 - made 0700


def _usable(base: Path) -> bool:
    short = len(os.fsencode(base)) <= _LONGEST_BASE_BYTES
    return short and base.is_dir() and os.access(base, os.W_OK | os.X_OK)


def _lock(file: int) -> bool:
    with suppress(BlockingIOError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False
