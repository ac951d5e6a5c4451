"""Stops an embedded PostgreSQL when its last user is gone, even a user that was killed.

Run by path (`python -I -S postgres_guard.py USERS_LOCK PGDATA`), standard library only, one per
user. Its stdin is a pipe held by the user: a byte and the end of the pipe mean "I am done", the
end alone means that the user died and its lock may need a moment to vanish.
"""

from __future__ import annotations

import fcntl
import os
import signal
import sys
import time
from pathlib import Path

_FAST_STOP_S = 20.0
_LOCK_LINGERS_S = 2.0
_POLL_S = 0.02


def main(users_lock: Path, pgdata: Path) -> None:
    """Wait for the user's end, then stop the server if nobody else holds `users_lock`."""
    closed_well = os.read(0, 1) != b""
    patience_s = 0.0 if closed_well else _LOCK_LINGERS_S
    with users_lock.open("r+b") as lock:
        if _try_lock(lock.fileno(), patience_s):
            _stop(pgdata)


def _try_lock(descriptor: int, patience_s: float) -> bool:
    deadline = time.monotonic() + patience_s
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                return False
            time.sleep(_POLL_S)
        else:
            return True


def _stop(pgdata: Path) -> None:
    """Fast shutdown first, immediate shutdown (safe, with recovery at next start) if it hangs."""
    pid = running_pid(pgdata)
    for number in (signal.SIGINT, signal.SIGQUIT):
        if pid is None:
            return
        os.kill(pid, number)
        deadline = time.monotonic() + _FAST_STOP_S
        while time.monotonic() < deadline and running_pid(pgdata) == pid:
            time.sleep(_POLL_S)
        pid = running_pid(pgdata)


def running_pid(pgdata: Path) -> int | None:
    """Pid of the server that serves `pgdata`; a stale file with a reused pid gives None."""
    try:
        pid = int((pgdata / "postmaster.pid").read_text().split("\n", 1)[0])
        name = Path(f"/proc/{pid}/comm").read_text()
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, ValueError, IndexError):
        return None
    return pid if name.startswith("postgres") and state != "Z" else None


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
