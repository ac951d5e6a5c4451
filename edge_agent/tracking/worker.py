"""The tracking worker: newest frames of all cameras → detector → one tracker per camera.

Frames are taken as they come, up to four in one run of the network and never waiting for a
fuller batch. Whatever is not detected on is counted with its reason.
"""

from __future__ import annotations

from collections import Counter, deque
from pathlib import Path

import numpy as np
import numpy.typing as npt

from contracts.errors import AgentError
from edge_agent.messages import FrameReady, Message, TrackedBox, TracksUpdated
from edge_agent.ring import FrameRing
from edge_agent.tracking import checkpoint
from edge_agent.tracking.alive import AliveFinder, Finder, warm_up
from edge_agent.tracking.bytetrack import Tracker, Tracks
from edge_agent.tracking.crops import CropGate
from edge_agent.tracking.gpus import Gpus
from edge_agent.tracking.schedule import Waiting
from edge_agent.tracking.table import TrackerState
from edge_agent.worker import WorkerContext
from edge_agent.worker_metrics import Histogram, sample
from models.detections import Detections
from models.detector import load_detector
from models.tiling import detect_tiled, parse_tiles

READ_S = 0.05
QUIET_S = 0.3
BEAT_S = 0.25
BATCH = 4
PLACES_S = 0.19
WINDOW = 512
"""Latencies that the p50 and p99 gauges look back on."""

Frame = npt.NDArray[np.uint8]


def main(ctx: WorkerContext) -> None:
    """Run until asked to stop, then finish what is queued."""
    ctx.beat("starting")
    agent = ctx.config.agent
    mirror = Path(agent.model_mirror) if agent.model_mirror else None
    finder = load_detector(
        agent.model or None,
        threads=agent.threads,
        mirror=mirror,
        runtime=agent.runtime,
        precision=agent.precision,
        on_wait=lambda: ctx.beat("starting"),
    )
    for size in {camera.size for camera in ctx.config.cameras}:
        warm_up(finder, size, lambda: ctx.beat("starting"))
    ctx.log.info("detector ready", model=finder.name, runtime=finder.engine)
    desk = TrackingDesk(ctx, finder)
    while not ctx.stopping():
        if ctx.reloaded():
            desk.adopt()
        desk.turn(READ_S)
    desk.finish()


class TrackingDesk:
    """The worker's state: trackers, rings and what was counted, by camera."""

    def __init__(self, ctx: WorkerContext, finder: Finder) -> None:
        self._ctx = ctx
        self._finder = AliveFinder(finder, self._beat)
        self._threshold = finder.threshold
        self._waiting = Waiting(ctx.config.cameras)
        self._frames = ctx.bus.reader("frames")
        self._tracks = ctx.bus.writer("tracks")
        self._places = ctx.bus.writer("places")
        self._placed_s: dict[str, float] = {}
        self._crops = ctx.bus.writer("crops")
        self._rings: dict[str, FrameRing] = {}
        self._trackers: dict[str, Tracker] = {}
        self._gates: dict[str, CropGate] = {}
        self._refused: Counter[str] = Counter()
        self._active: Counter[str] = Counter()
        self._done: Counter[str] = Counter()
        self._latency = Histogram("detection_latency_ms")
        self._recent_ms: deque[float] = deque(maxlen=WINDOW)
        self._batch = 0
        self._gpus = Gpus()
        self._filled: dict[str, float] = {}
        self._path = ctx.run_dir / "tracking.state"
        self._saved_s = ctx.clock.monotonic()
        self._beat_s = float("-inf")
        self._first_id = 1
        states = self._known()
        self.adopt()
        for name, state in states.items():
            if name in self._trackers:
                self._trackers[name].restore(state)

    def _known(self) -> dict[str, TrackerState]:
        """What the last worker of this run knew; a file that cannot be right is left unused."""
        clock = self._ctx.clock
        try:
            return checkpoint.load(self._path, self._ctx.run_id, clock.monotonic())
        except AgentError as error:
            self._first_id = checkpoint.unused_id(clock.now())
            self._ctx.log.warning("checkpoint refused, tracks begin anew", reason=str(error))
            return {}

    def adopt(self) -> None:
        """Take over the cameras of the configuration; those that stay go on with their tracks.

        A camera that is gone keeps its tracker, so that no track id is given twice if it returns.
        """
        cameras = self._ctx.config.cameras
        self._names = [camera.id for camera in cameras]
        self._waiting.serve(cameras)
        self._tiles = {camera.id: parse_tiles(camera.tiles) for camera in cameras}
        for name in self._names:
            self._trackers.setdefault(name, Tracker(self._threshold, first_id=self._first_id))
            self._gates.setdefault(name, CropGate(name))
        for name in set(self._rings) - set(self._names):
            self._rings.pop(name).close()

    def turn(self, wait_s: float) -> bool:
        """One turn of the loop; True if there was a frame to look at."""
        heard = self._frames.read(0.0 if len(self._waiting) else wait_s)
        for message in heard:
            self._take(message)
        looked = self._look(self._waiting.take(BATCH))
        self._tracks.flush()
        self._save()
        self._beat()
        return looked or bool(heard)

    def finish(self) -> None:
        """Read on until no frame comes any more."""
        clock = self._ctx.clock
        heard_s = clock.monotonic()
        while clock.monotonic() - heard_s < QUIET_S:
            if self.turn(READ_S):
                heard_s = clock.monotonic()
        self._ctx.log.info("tracking stopped", frames=sum(self._done.values()))

    def _take(self, message: Message) -> None:
        if isinstance(message, FrameReady):
            self._waiting.add(message)

    def _look(self, headers: list[FrameReady]) -> bool:
        """Detect on these frames and publish what they show."""
        got = [(header, frame) for header in headers if (frame := self._copied(header)) is not None]
        if not got:
            return False
        tiles = [self._tiles[header.camera] for header, _ in got]
        found = detect_tiled(self._finder, [frame for _, frame in got], tiles)
        self._batch = len(got)
        for (header, frame), detections in zip(got, found, strict=True):
            self._publish(header, frame, detections)
        return True

    def _copied(self, header: FrameReady) -> Frame | None:
        """The frame behind a header, None (and counted) if it is not there any more."""
        ring = self._rings.get(header.camera)
        if ring is None or (ring.width, ring.height) != (header.width, header.height):
            try:  # at first, and when a camera's analysis size was changed
                ring = FrameRing.attach(self._ctx.ring_path(header.camera))
            except AgentError as error:
                self._ctx.log.warning("no frame ring", camera=header.camera, reason=str(error))
                self._waiting.dropped[header.camera, "no_ring"] += 1
                return None
            self._rings[header.camera] = ring
        fits = (ring.width, ring.height) == (header.width, header.height)
        frame = ring.view(header.slot, header.stamp) if fits else None
        filled = ring.filled_since(header.stamp) if fits else 0.0
        self._filled[header.camera] = max(self._filled.get(header.camera, 0.0), filled)
        if frame is None:
            self._waiting.dropped[header.camera, "overwritten"] += 1
        return frame

    def _publish(self, header: FrameReady, frame: Frame, detections: Detections) -> None:
        self._refused[header.camera] += detections.refused
        size = (frame.shape[1], frame.shape[0])
        tracks = self._trackers[header.camera].update(detections, header.taken_at, size=size)
        update = _message(header, tracks, frame.shape[1], frame.shape[0])
        self._tracks.write(update)
        self._place(update)
        for crop in self._gates[header.camera].crops(frame, tracks, header.taken_at):
            self._crops.write(crop)
        latency_ms = 1000 * max(0.0, self._ctx.clock.now() - header.arrived_at)
        self._latency.observe(latency_ms)
        self._recent_ms.append(latency_ms)
        self._done[header.camera] += 1
        self._active[header.camera] = int(tracks.confirmed.sum())

    def _place(self, update: TracksUpdated) -> None:
        """Identity needs where people are, not every frame of it."""
        last_s = self._placed_s.get(update.camera, float("-inf"))
        if update.ended or not 0 <= update.taken_at - last_s < PLACES_S:
            self._placed_s[update.camera] = update.taken_at
            self._places.write(update)

    def _save(self) -> None:
        now_s = self._ctx.clock.monotonic()
        if now_s - self._saved_s < checkpoint.EVERY_S:
            return
        self._saved_s = now_s
        states = {name: tracker.state() for name, tracker in self._trackers.items()}
        checkpoint.save(self._path, checkpoint.Checkpoint(self._ctx.run_id, now_s, states))

    def _beat(self) -> None:
        now_s = self._ctx.clock.monotonic()
        if now_s - self._beat_s < BEAT_S:
            return
        self._beat_s = now_s
        counters = self._latency.samples()
        counters["refused_checkpoints_total"] = float(self._first_id > 1)
        gauges = {
            "detection_batch_size": float(self._batch),
            "detection_queue_depth": float(len(self._waiting)),
            "rung": 0.0,
            **{sample("ring_use", camera=name): value for name, value in self._filled.items()},
            **self._gpus.gauges(),
        }
        self._filled.clear()
        if self._recent_ms:
            p50, p99 = np.percentile(self._recent_ms, (50, 99))
            gauges["detection_latency_p50_ms"] = float(p50)
            gauges["detection_latency_p99_ms"] = float(p99)
        for name in self._names:
            counters[sample("detected_frames_total", camera=name)] = float(self._done[name])
            refused = float(self._trackers[name].refused + self._refused[name])
            counters[sample("refused_detections_total", camera=name)] = refused
            gauges[sample("active_tracks", camera=name)] = float(self._active[name])
        for (name, reason), count in self._waiting.dropped.items():
            key = sample("dropped_frames_total", camera=name, reason=reason)
            counters[key] = float(count)
        self._ctx.beat("ok", counters, gauges)


def _message(header: FrameReady, tracks: Tracks, width: int, height: int) -> TracksUpdated:
    """The tracks in fractions of the picture; boxes are not clipped, feet may be outside."""
    corners = tracks.xyxy / np.array([width, height, width, height])
    rows = zip(
        tracks.track_id.tolist(),
        *corners.T.tolist(),
        tracks.score.tolist(),
        tracks.confirmed.tolist(),
        strict=True,
    )
    return TracksUpdated(
        camera=header.camera,
        index=header.index,
        taken_at=header.taken_at,
        arrived_at=header.arrived_at,
        boxes=[TrackedBox(*row) for row in rows],
        ended=tracks.ended.tolist(),
    )
