"""What survives a killed tracking process: its tracks and ids, written once a second.

The file guards against a crash of the process and not of the machine (a new agent run has a new
random id and counts from 1 again), so it is renamed into place but not synced. What people look
like is biometric and the file is plain, so their looks stay out of it.

Form: version u16 | CRC32 of the rest u32 (little endian) | MessagePack of `Checkpoint`.
"""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import msgspec

from contracts.errors import AgentError
from edge_agent.tracking.bytetrack import LONGEST_STEP_S
from edge_agent.tracking.checked import check
from edge_agent.tracking.table import TrackerState

EVERY_S = 1.0
SKIPPED_IDS = 1_000
"""More than one camera can start in `EVERY_S`: ids given out since the file are not reused."""
IDS_PER_S = 100
VERSION = 2
OLDEST_S = LONGEST_STEP_S
_HEAD = struct.Struct("<HI")


class Checkpoint(msgspec.Struct, frozen=True):
    """All trackers of one agent run; `saved_s` is of the clock that never goes back."""

    run_id: str
    saved_s: float
    cameras: dict[str, TrackerState]


def save(path: Path, checkpoint: Checkpoint) -> None:
    """Replace the file at `path` in one step."""
    cameras = {
        camera: msgspec.structs.replace(state, looks={})
        for camera, state in checkpoint.cameras.items()
    }
    body = msgspec.msgpack.encode(msgspec.structs.replace(checkpoint, cameras=cameras))
    fresh = path.with_suffix(".new")
    fresh.write_bytes(_HEAD.pack(VERSION, zlib.crc32(body)) + body)
    fresh.replace(path)


def load(path: Path, run_id: str, now_s: float) -> dict[str, TrackerState]:
    """Trackers to go on with, their next ids moved on; none if there is no file of this run.

    `now_s` is of the same clock as `Checkpoint.saved_s`.

    Raises:
        AgentError: the file is broken, too old, or one of its trackers can be none: nothing of
            it may be used.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise AgentError(f"{path.name}: {error.strerror}") from None
    checkpoint = _decoded(path.name, content)
    if checkpoint.run_id != run_id:
        return {}
    if not 0 <= now_s - checkpoint.saved_s <= OLDEST_S:
        raise AgentError(f"{path.name}: not of the last {OLDEST_S:g} s")
    for camera, state in checkpoint.cameras.items():
        try:
            check(state)
        except ValueError as error:
            raise AgentError(f"{path.name}: camera {camera}: {error}") from None
    return {
        camera: msgspec.structs.replace(state, next_id=state.next_id + SKIPPED_IDS)
        for camera, state in checkpoint.cameras.items()
    }


def unused_id(now: float) -> int:
    """An id that no tracker of this run reached, where the file cannot tell (`now`: UNIX time)."""
    return max(1, int(IDS_PER_S * now))


def _decoded(name: str, content: bytes) -> Checkpoint:
    if len(content) < _HEAD.size:
        raise AgentError(f"{name}: cut off")
    version, crc = _HEAD.unpack_from(content)
    body = content[_HEAD.size :]
    if version != VERSION:
        raise AgentError(f"{name}: version {version}, expected {VERSION}")
    if zlib.crc32(body) != crc:
        raise AgentError(f"{name}: its checksum does not fit")
    try:
        return msgspec.msgpack.decode(body, type=Checkpoint)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise AgentError(f"{name}: {error}") from None
