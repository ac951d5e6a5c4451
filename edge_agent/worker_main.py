"""First code of every worker's own process: `python -m edge_agent.worker_main NAME PARENT`.

The supervisor lays a `WorkerSeed` on stdin. The worker dies with its supervisor, turns
SIGTERM into `ctx.stop()`, and leaves errors meant for people in a note that the supervisor
shows.
"""

from __future__ import annotations

import ctypes
import importlib
import os
import signal
import sys
import traceback
from pathlib import Path

import msgspec

from contracts.errors import AgentError, TrinetraError
from contracts.store import StoreConfig
from edge_agent.log import Level, Logger, redacted
from edge_agent.worker import WorkerContext

EXIT_CRASHED = 1
EXIT_REFUSED = 3
_PR_SET_PDEATHSIG = 1


class WorkerSeed(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker's process needs to become that worker."""

    name: str
    entry: str
    camera: str | None
    config: StoreConfig
    run_id: str
    run_dir: str
    log_level: Level = "info"
    config_version: int = 1


class Refusal(msgspec.Struct, frozen=True):
    """Why a worker cannot run at all: class name of a `TrinetraError` and its line."""

    kind: str
    text: str


def refusal_path(run_dir: Path, name: str) -> Path:
    """Where the worker called `name` leaves its refusal."""
    return run_dir / f"refusal-{name}.json"


def die_with(parent: int) -> None:
    """Let the kernel kill this process when its parent ends, however that happens."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != parent:  # it ended before the line above
        os._exit(EXIT_CRASHED)


def run_worker(seed: WorkerSeed) -> int:
    """Run the entry of `seed` to its end; the process's exit code."""
    run_dir = Path(seed.run_dir)
    log = Logger(seed.name, level=seed.log_level)
    ctx = WorkerContext(
        name=seed.name,
        config=seed.config,
        run_id=seed.run_id,
        run_dir=run_dir,
        camera=seed.camera,
        log=log,
        config_version=seed.config_version,
    )
    signal.signal(signal.SIGTERM, lambda *_: ctx.stop())
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the supervisor's to answer
    try:
        module, _, function = seed.entry.partition(":")
        getattr(importlib.import_module(module), function)(ctx)
    except TrinetraError as error:
        log.error("worker cannot run", reason=str(error))
        note = Refusal(type(error).__name__, redacted(str(error)))
        refusal_path(run_dir, seed.name).write_bytes(msgspec.json.encode(note))
        return EXIT_REFUSED
    except Exception as error:  # noqa: BLE001 - the worker's edge: said once, then restarted
        trace = traceback.format_tb(error.__traceback__)
        log.error("worker crashed", error=error, trace=[line.strip() for line in trace[-8:]])
        return EXIT_CRASHED
    finally:
        ctx.close()
    return 0


def main() -> int:
    """Become the worker that the seed on stdin describes."""
    die_with(int(sys.argv[2]))
    try:
        seed = msgspec.json.decode(sys.stdin.buffer.read(), type=WorkerSeed)
    except msgspec.MsgspecError as error:
        raise AgentError(f"not a worker's seed: {error}") from None
    return run_worker(seed)


if __name__ == "__main__":
    sys.exit(main())
