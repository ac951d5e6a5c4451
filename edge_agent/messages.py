"""What travels on the bus between the agent's processes. Times are UNIX seconds, UTC."""

from __future__ import annotations

import msgspec

from contracts.events import CameraState, Event


class FrameReady(msgspec.Struct, frozen=True, tag="frame"):
    """A frame lies in the camera's ring; valid only while the slot's stamp equals `stamp`."""

    camera: str
    slot: int
    stamp: int
    index: int
    width: int
    height: int
    taken_at: float
    arrived_at: float


class CameraReport(msgspec.Struct, frozen=True, tag="camera"):
    """One second of one camera: its state and what was read; the base of coverage."""

    camera: str
    state: CameraState
    at: float
    frames: int
    observed_s: float
    reason: str = ""


class TrackedBox(msgspec.Struct, frozen=True):
    """One track in one frame; corners are fractions of the picture."""

    track_id: int
    x1: float
    y1: float
    x2: float
    y2: float
    score: float
    confirmed: bool

    @property
    def anchor(self) -> tuple[float, float]:
        """Bottom centre, where the feet are."""
        return ((self.x1 + self.x2) / 2, self.y2)


class TracksUpdated(msgspec.Struct, frozen=True, tag="tracks"):
    """All tracks of one frame that was detected on, and the ids that ended with it."""

    camera: str
    index: int
    taken_at: float
    arrived_at: float
    boxes: list[TrackedBox]
    ended: list[int]


class CropReady(msgspec.Struct, frozen=True, tag="crop"):
    """A person's crop for identity: BGR bytes of `height` × `width` × 3; stays on the node.

    `quality` is 0..1: how well it shows one person.
    """

    camera: str
    track_id: int
    taken_at: float
    width: int
    height: int
    pixels: bytes
    quality: float = 1.0


class IdentityAssigned(msgspec.Struct, frozen=True, tag="identity"):
    """Whose track it is: a day-scoped random token, or UNKNOWN.

    A track that took over another person has parts: `since` (UNIX seconds) is where the part
    begins that this is about. What was told of earlier parts stands; None: it is the only one.
    """

    camera: str
    track_id: int
    identity: str
    score: float
    since: float | None = None


class TracksJoined(msgspec.Struct, frozen=True, tag="joined"):
    """Two tracks were found to be one person, `kept` and `gone`; times of either may overlap.

    What was counted for `gone` and repeats what was counted for `kept` must be retracted.
    """

    camera: str
    kept: int
    other_camera: str
    gone: int
    identity: str
    at: float


class EventOffered(msgspec.Struct, frozen=True, tag="event"):
    """An event for the spool; it is safe only once its id came back in `EventsKept`."""

    event: Event


class EventsKept(msgspec.Struct, frozen=True, tag="kept"):
    """Ids that are on disk (fdatasync done)."""

    ids: list[str]


class Heartbeat(msgspec.Struct, frozen=True, tag="beat"):
    """A worker is alive; `counters` and `gauges` go to /metrics.

    Keys are Prometheus samples without the `trinetra_` prefix: `frames_total{camera="till"}`
    (see `worker_metrics.sample`). Counters count from the worker's start and end in `_total`;
    `_bucket`, `_sum` and `_count` of a histogram are counters too.
    """

    worker: str
    pid: int
    state: str
    counters: dict[str, float]
    gauges: dict[str, float]


Message = (
    FrameReady
    | CameraReport
    | TracksUpdated
    | CropReady
    | IdentityAssigned
    | TracksJoined
    | EventOffered
    | EventsKept
    | Heartbeat
)
