"""Reloading: the configuration is read and checked beside the supervisor's loop, then taken over.

What is refused is refused as a whole; what runs goes on with the old one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from contracts.errors import TrinetraError
from contracts.store import Camera, StoreConfig
from edge_agent.log import Logger
from edge_agent.worker_metrics import sample

Reread = Callable[[StoreConfig], StoreConfig]
"""Given the configuration that runs, the one that shall; `TrinetraError` with line and key."""


class Reloads:
    """Asked from a signal handler, looked at from the supervisor's loop."""

    def __init__(self, reread: Reread | None, log: Logger) -> None:
        self.version = 1
        self.refused = ""
        """Why the last reload was refused; "" if it was not."""
        self._reread = reread
        self._log = log
        self._asked = threading.Event()
        self._thread: threading.Thread | None = None
        self._found: StoreConfig | TrinetraError | None = None
        self._counts = {"taken": 0, "refused": 0}

    def ask(self) -> None:
        """Read the configuration again, as soon as may be."""
        self._asked.set()

    def newer(self, running: StoreConfig) -> StoreConfig | None:
        """The configuration to take over, once it was read and found good; never waits."""
        if self._thread is None:
            if self._asked.is_set():
                self._asked.clear()
                self._begin(running)
            return None
        if self._thread.is_alive():
            return None
        self._thread, found, self._found = None, self._found, None
        if isinstance(found, StoreConfig):
            self.version, self.refused = self.version + 1, ""
            self._counts["taken"] += 1
            self._log.info("configuration taken over", version=self.version)
            return found
        self.refused = str(found)
        self._counts["refused"] += 1
        self._log.error("configuration refused, the old one stays", reason=self.refused)
        return None

    def counters(self) -> dict[str, float]:
        """How many reloads were taken over and refused."""
        return {
            sample("config_reloads_total", result=result): float(count)
            for result, count in self._counts.items()
        }

    def facts(self) -> dict[str, Any]:
        """What /health says."""
        return {"version": self.version, "refused": self.refused}

    def _begin(self, running: StoreConfig) -> None:
        self._thread = threading.Thread(target=self._read, args=(running,), daemon=True)
        self._thread.start()

    def _read(self, running: StoreConfig) -> None:
        """Body of the thread: files are probed in processes of their own, which takes a while."""
        try:
            if self._reread is None:
                raise TrinetraError("there is no configuration file: nothing to read again")
            self._found = self._reread(running)
        except TrinetraError as error:
            self._found = error


def gone(old: StoreConfig, new: StoreConfig) -> list[Camera]:
    """Cameras that the new configuration does not have."""
    kept = {camera.id for camera in new.cameras}
    return [camera for camera in old.cameras if camera.id not in kept]


def come(old: StoreConfig, new: StoreConfig) -> list[Camera]:
    """Cameras that the old configuration does not have."""
    return gone(new, old)


def changed(old: StoreConfig, new: StoreConfig, field: str) -> list[Camera]:
    """Cameras, as they are now, that both have and whose `field` differs."""
    before = {camera.id: getattr(camera, field) for camera in old.cameras}
    return [
        camera
        for camera in new.cameras
        if camera.id in before and getattr(camera, field) != before[camera.id]
    ]
