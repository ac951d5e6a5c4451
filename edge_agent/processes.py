"""Every process of the agent, one row each, in the order of the data; stopped in that order."""

from __future__ import annotations

from typing import NamedTuple


class Process(NamedTuple):
    """A row: `entry` is `module:function` called with a `WorkerContext`.

    `silent_after_s` is how long without a heartbeat means hung; `drain_s` how long it may
    take to finish after being asked to stop.
    """

    name: str
    entry: str
    per_camera: bool = False
    silent_after_s: float = 5.0
    drain_s: float = 5.0


PROCESSES: tuple[Process, ...] = (
    Process("ingest", "edge_agent.ingest.worker:main", per_camera=True),
    Process("tracking", "edge_agent.tracking.worker:main", silent_after_s=10.0),
    Process("identity", "edge_agent.identity.worker:main"),
    Process("rules", "edge_agent.rules.worker:main"),
    Process("spool", "edge_agent.spool.worker:main", drain_s=20.0),
)
