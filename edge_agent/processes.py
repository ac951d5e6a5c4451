"""Every process of the agent, one row each, in the order of the data; stopped in that order."""

from __future__ import annotations

from typing import NamedTuple


class Process(NamedTuple):
    """A row: `entry` is `module:function` called with a `WorkerContext`.

    `silent_after_s` is how long without a heartbeat means hung; `drain_s` how long it may
    take to finish after being asked to stop. Of a new configuration it is told while it runs;
    where one of the keys in `restarts_on` changed, it is started anew instead (`camera.…` is a
    key of its own camera).
    """

    name: str
    entry: str
    per_camera: bool = False
    silent_after_s: float = 2.0
    drain_s: float = 5.0
    restarts_on: tuple[str, ...] = ()


PROCESSES: tuple[Process, ...] = (
    Process(
        "ingest",
        "edge_agent.ingest.worker:main",
        per_camera=True,
        restarts_on=(
            "camera.url",
            "camera.credentials",
            "camera.fps",
            "camera.size",
            "agent.camera_networks",
        ),
    ),
    Process(
        "tracking",
        "edge_agent.tracking.worker:main",
        restarts_on=(
            "agent.model",
            "agent.model_mirror",
            "agent.threads",
            "agent.runtime",
            "agent.precision",
        ),
    ),
    # A gallery on another machine may answer late, and a flash card may sync for seconds.
    Process(
        "identity",
        "edge_agent.identity.worker:main",
        silent_after_s=5.0,
        restarts_on=("identity", "agent.gallery", "agent.model_mirror", "agent.threads", "store"),
    ),
    Process("rules", "edge_agent.rules.worker:main"),
    Process(
        "spool",
        "edge_agent.spool.worker:main",
        silent_after_s=5.0,
        drain_s=20.0,
        restarts_on=("upload", "agent.spool_max_mb"),
    ),
)
