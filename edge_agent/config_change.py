"""A new configuration while the agent runs: what it changes, and how workers get it.

The supervisor lays it down in the run folder, whole or not at all; a worker looks there in its
loop (`WorkerContext.reloaded`). Newest wins, and a worker that starts later has it in its seed.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import msgspec

from contracts.errors import ConfigError
from contracts.store import Camera, StoreConfig, load_store
from contracts.store_lines import located

FIXED = ("store.id", "agent.data_dir", "agent.port")
"""Keys that name the agent itself: another agent is needed for other values."""


class ConfigFile(NamedTuple):
    """Where the configuration was read, and what the command line changes of it."""

    path: Path
    amend: Callable[[StoreConfig], StoreConfig] = lambda config: config

    def read(self, running: StoreConfig) -> StoreConfig:
        """Read it again; `ConfigError` with line and key for what cannot be taken over."""
        config = self.amend(load_store(self.path))
        for key in FIXED:
            if value_at(config, key) != value_at(running, key):
                problem = "cannot change while the agent runs: restart it"
                raise self.refusal(problem, key)
        return config

    def refusal(self, problem: str, key: str) -> ConfigError:
        """The error that says what is wrong with `key`, and in which line it is."""
        text = self.path.read_text(encoding="utf-8")
        return ConfigError(located(str(self.path), text, f"{problem} - at `$.{key}`"))


class Laid(msgspec.Struct, frozen=True):
    """What lies in the run folder: a configuration and its number, counted from 1 at the start."""

    version: int
    config: StoreConfig


def lay_down(run_dir: Path, laid: Laid) -> None:
    """Replace what lies there in one step."""
    path = _path(run_dir)
    new = path.with_suffix(".new")
    new.write_bytes(msgspec.json.encode(laid))
    new.chmod(0o600)
    new.replace(path)


class Pickup:
    """A worker's look at the run folder: cheap enough for every turn of its loop."""

    def __init__(self, run_dir: Path, known: int) -> None:
        """`known` is the version that the worker was started with."""
        self.version = known
        self._path = _path(run_dir)
        self._seen: tuple[int, int] | None = None

    def newer(self) -> StoreConfig | None:
        """What lies there, if it is newer than what is known; each only once."""
        try:
            stat = self._path.stat()
        except OSError:
            return None
        if (stat.st_ino, stat.st_mtime_ns) == self._seen:
            return None
        self._seen = (stat.st_ino, stat.st_mtime_ns)
        laid = msgspec.json.decode(self._path.read_bytes(), type=Laid)
        if laid.version <= self.version:
            return None
        self.version = laid.version
        return laid.config


def value_at(config: StoreConfig, key: str, camera: Camera | None = None) -> object:
    """The value of a dotted key; None for a key that this version does not have."""
    first, _, rest = key.partition(".")
    value: object = camera if first == "camera" else getattr(config, first, None)
    return getattr(value, rest, None) if rest else value


def is_touched(
    keys: tuple[str, ...], old: StoreConfig, new: StoreConfig, camera: str | None = None
) -> bool:
    """True if one of `keys` differs between two configurations (that both have `camera`)."""
    before, after = camera_of(old, camera), camera_of(new, camera)
    return any(value_at(old, key, before) != value_at(new, key, after) for key in keys)


def camera_of(config: StoreConfig, camera: str | None) -> Camera | None:
    """The camera of that id, if there is one."""
    return next((one for one in config.cameras if one.id == camera), None)


def _path(run_dir: Path) -> Path:
    return run_dir / "config.json"
