"""What survives a killed tracking process: its tracks and ids, written once a second.

The file guards against a crash of the process and not of the machine (a new agent run counts
from 1 again), so it is renamed into place but not synced.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from edge_agent.tracking.table import TrackerState

EVERY_S = 1.0
SKIPPED_IDS = 1_000
"""More than one camera can start in `EVERY_S`: ids given out since the file are not reused."""


class Checkpoint(msgspec.Struct, frozen=True):
    """All trackers of one agent run."""

    run_id: str
    cameras: dict[str, TrackerState]


def save(path: Path, checkpoint: Checkpoint) -> None:
    """Replace the file at `path` in one step."""
    fresh = path.with_suffix(".new")
    fresh.write_bytes(msgspec.msgpack.encode(checkpoint))
    fresh.replace(path)


def load(path: Path, run_id: str) -> dict[str, TrackerState]:
    """Trackers to go on with, their next ids moved on; none if the file is not of this run."""
    try:
        checkpoint = msgspec.msgpack.decode(path.read_bytes(), type=Checkpoint)
    except (OSError, msgspec.MsgspecError):
        return {}
    if checkpoint.run_id != run_id:
        return {}
    return {
        camera: msgspec.structs.replace(state, next_id=state.next_id + SKIPPED_IDS)
        for camera, state in checkpoint.cameras.items()
    }
