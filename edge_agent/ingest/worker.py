"""Ingest worker: one camera's reader thread, watched, reported once a second."""

from __future__ import annotations

import threading
from collections import deque

from contracts.errors import SourceError
from edge_agent.ingest.camera_state import CameraWatch
from edge_agent.ingest.publisher import Publisher, Tally
from edge_agent.ingest.reader import Reader
from edge_agent.messages import CameraReport
from edge_agent.ring import FrameRing
from edge_agent.worker import WorkerContext
from edge_agent.worker_metrics import sample

LOOK_S = 0.05
STUCK_S = 15.0  # opening and reading time out long before
_FPS_WINDOW = 5


def main(ctx: WorkerContext) -> None:
    """Read the camera until asked to stop, or until its file has ended."""
    camera = ctx.camera_config()
    reports = ctx.bus.writer("cameras")
    watch = CameraWatch(camera.id, ctx.clock.monotonic())
    tally = Tally()
    ring = FrameRing.attach(ctx.ring_path(camera.id))
    publisher = Publisher(camera, ring, ctx.bus.writer("frames"), watch, tally, ctx.clock)
    reader = Reader(
        camera,
        ctx.config.agent.camera_networks,
        ctx.run_dir,
        publisher=publisher,
        watch=watch,
        tally=tally,
        clock=ctx.clock,
        log=ctx.log,
    )
    thread = threading.Thread(target=reader.run, name=f"reader-{camera.id}", daemon=True)
    thread.start()
    view = _View(ctx, watch, tally, reader)
    while thread.is_alive() and not ctx.stopping():
        ctx.reloaded()  # what changes this camera's reading starts another worker
        report = watch.report(ctx.clock.monotonic(), ctx.clock.now())
        if report:
            reports.write(report)
            view.take(report)
        view.beat()
        reports.flush()
        if ctx.clock.monotonic() - reader.progress_at > STUCK_S and not camera.is_file:
            raise SourceError(f"camera {camera.id}: reading is stuck")
        thread.join(LOOK_S)
    reader.stop()
    thread.join(2.0)
    if reader.failure is not None:
        raise reader.failure
    last = watch.report(ctx.clock.monotonic(), ctx.clock.now(), last=True)
    if last:
        reports.write(last)
        view.take(last)
    view.beat()


class _View:
    """The camera as heartbeats and the log show it."""

    def __init__(
        self, ctx: WorkerContext, watch: CameraWatch, tally: Tally, reader: Reader
    ) -> None:
        self._reader = reader
        self._ctx = ctx
        self._watch = watch
        self._tally = tally
        self._state = ""
        self._rates: deque[tuple[float, int]] = deque(maxlen=_FPS_WINDOW)

    def take(self, report: CameraReport) -> None:
        """Note a report; a change of state is worth a log line."""
        self._rates.append((report.at, report.frames))
        if report.state != self._state:
            self._state = report.state
            self._ctx.log.info(
                "camera state", camera=report.camera, state=report.state, reason=report.reason
            )

    def beat(self) -> None:
        """Heartbeat with the camera's state as its word."""
        camera = self._ctx.camera or ""
        gauges = {
            sample("camera_fps", camera=camera): self._fps(),
            sample("camera_rtcp_time", camera=camera): float(self._reader.has_camera_time),
            sample("camera_live", camera=camera): float(self._watch.state == "live"),
        }
        for name, value in (
            ("camera_clock_skew_seconds", self._reader.skew.seconds),
            ("camera_clock_drift_ppm", self._reader.skew.drift_ppm),
        ):
            if value is not None:
                gauges[sample(name, camera=camera)] = round(value, 4)
        self._ctx.beat(self._watch.state, self._tally.totals(), gauges)

    def _fps(self) -> float:
        if len(self._rates) < 2:
            return 0.0
        elapsed_s = self._rates[-1][0] - self._rates[0][0]
        frames = sum(count for _, count in list(self._rates)[1:])
        return round(frames / elapsed_s, 2) if elapsed_s > 0 else 0.0
