"""What a worker gets from the supervisor: who it is, the configuration, clock, log and bus.

A worker is a function `main(ctx: WorkerContext) -> None` named in `processes.py`. It loops
until `ctx.stopping()`, calls `ctx.beat()` at least twice a second, then drains and returns.
It is alive only while it beats: the supervisor kills and restarts it otherwise.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from contracts.store import Camera, StoreConfig
from edge_agent.bus import Bus, Writer
from edge_agent.clock import Clock, SystemClock
from edge_agent.config_change import Pickup
from edge_agent.log import Logger
from edge_agent.messages import Heartbeat
from edge_agent.worker_metrics import sample

BEAT_S = 0.5
STARTING = "starting"
_CONNECT_S = 0.5


class WorkerContext:
    """Everything a worker may use; made in the worker's own process (or by a test)."""

    def __init__(
        self,
        *,
        name: str,
        config: StoreConfig,
        run_id: str,
        run_dir: Path,
        camera: str | None = None,
        clock: Clock | None = None,
        log: Logger | None = None,
        config_version: int = 1,
    ) -> None:
        self.name = name
        self.camera = camera
        self.config = config
        self.run_id = run_id
        self.run_dir = run_dir
        self.data_dir = Path(config.agent.data_dir)
        self.clock: Clock = clock or SystemClock()
        self.log = log or Logger(name, clock=self.clock)
        self._pickup = Pickup(run_dir, config_version)
        self._bus: Bus | None = None
        self._health: Writer | None = None
        self._stop_asked = False
        self._beat_at = float("-inf")
        self._beat_state = ""

    @property
    def bus(self) -> Bus:
        """This process's ends of the bus, opened at first use."""
        if self._bus is None:
            self._bus = Bus(self.run_dir, clock=self.clock)
        return self._bus

    @property
    def source(self) -> str:
        """CloudEvents `source` of this agent run."""
        return f"trinetra/{self.config.store.id}/{self.run_id}"

    def camera_config(self) -> Camera:
        """The row's own camera; KeyError in a worker that has none."""
        for camera in self.config.cameras:
            if camera.id == self.camera:
                return camera
        raise KeyError(f"{self.name} has no camera")

    def ring_path(self, camera: str) -> Path:
        """Where the frame ring of a camera lies."""
        return self.run_dir / "rings" / f"{camera}.ring"

    def reloaded(self) -> bool:
        """True once for each newer configuration; `config` is then that one.

        Look in every turn of the loop. What the process table lets a worker restart for never
        arrives here.
        """
        newer = self._pickup.newer()
        if newer is not None:
            self.config = newer
        return newer is not None

    def stopping(self) -> bool:
        """True once the worker was asked to finish: drain what is there, then return."""
        return self._stop_asked

    def stop(self) -> None:
        """Ask the worker to finish; SIGTERM does this."""
        self._stop_asked = True

    def beat(
        self,
        state: str = "ok",
        counters: Mapping[str, float] | None = None,
        gauges: Mapping[str, float] | None = None,
    ) -> None:
        """Say "I am alive"; sent twice a second at most, and at once when `state` changes.

        Call it from the main thread. `state` is a short word; a worker that says "starting"
        is given more time than one that is at work. Keys of `counters` (totals since the
        worker's start) and `gauges` are Prometheus samples without the `trinetra_` prefix,
        made with `worker_metrics.sample("frames_total", camera="till")`.
        """
        now = self.clock.monotonic()
        if state == self._beat_state and now - self._beat_at < BEAT_S:
            return
        self._beat_at, self._beat_state = now, state
        first = self._health is None
        if self._health is None:
            self._health = self.bus.writer("health")
        totals = {**self.bus.counters(), **(counters or {})}
        version = {sample("config_version", worker=self.name): float(self._pickup.version)}
        beat = Heartbeat(self.name, os.getpid(), state, totals, {**version, **(gauges or {})})
        self._health.write(beat)
        if first:  # else it would wait for the second one, which may never come
            self._health.flush(_CONNECT_S)

    def close(self) -> None:
        """Flush and close the bus, if it was opened."""
        if self._bus is not None:
            self._bus.close()
            self._bus = None
