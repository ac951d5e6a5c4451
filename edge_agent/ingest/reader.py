"""The thread that reads a camera: blocking calls live here, so that the main thread can watch.

A network camera is opened again and again; only `stop` and the end of a file end the thread.
"""

from __future__ import annotations

import threading
from pathlib import Path

from contracts.errors import SourceError
from contracts.store import Camera
from edge_agent.clock import Clock
from edge_agent.ingest.backoff import Backoff
from edge_agent.ingest.camera_skew import Skew
from edge_agent.ingest.camera_state import STALLED_AFTER_S, CameraWatch
from edge_agent.ingest.camera_time import CameraTime
from edge_agent.ingest.playing import FilePlayer, wait_for_agent
from edge_agent.ingest.publisher import Publisher, Tally
from edge_agent.ingest.sampling import Sampler
from edge_agent.ingest.source import Source, open_camera
from edge_agent.log import Logger

NO_PICTURE_S = 10.0  # packets without a frame for this long: connect afresh
STEADY_S = 10.0


class Reader:
    """Reads one camera until it is stopped; `progress_at` moves while it is not stuck.

    `has_camera_time` says that frames carry the camera's own time and not their arrival; `skew`
    knows how far the camera's clock is off.
    """

    def __init__(
        self,
        camera: Camera,
        networks: tuple[str, ...],
        run_dir: Path,
        *,
        publisher: Publisher,
        watch: CameraWatch,
        tally: Tally,
        clock: Clock,
        log: Logger,
    ) -> None:
        self._camera = camera
        self._networks = networks
        self._run_dir = run_dir
        note = run_dir / f"play-{camera.id}"
        self._player = FilePlayer(camera.url, note, camera.fps, clock)
        self._publisher = publisher
        self._watch = watch
        self._tally = tally
        self._clock = clock
        self._log = log
        self._stop = threading.Event()
        self._backoff = Backoff()
        self.progress_at = clock.monotonic()
        self.has_camera_time = False
        self.skew = Skew()
        self.failure: BaseException | None = None

    def stop(self) -> None:
        """Ask the thread to end."""
        self._stop.set()

    def run(self) -> None:
        """Body of the thread."""
        try:
            while not self._stop.is_set():
                if self._read_once():
                    self._watch.ended()
                    return
                self._wait()
        except BaseException as error:  # noqa: BLE001 - the main thread raises it again
            self.failure = error
        finally:
            self._publisher.close()

    def _read_once(self) -> bool:
        """One connection, from opening to its end; True if a file was read to its end."""
        self.progress_at = self._clock.monotonic()
        reason = "connection ended"
        try:
            if self._camera.is_file:
                wait_for_agent(self._run_dir / "go", self._clock, self._stop)
                self._player.play(self._publisher, self._stop)
                return not self._stop.is_set()
            source = open_camera(self._camera, self._networks)
            try:
                reason = self._follow(source)
            finally:
                source.close()
        except SourceError as error:
            reason = str(error)
        if not self._stop.is_set():
            self._watch.disconnected(reason)
            self._log.warning("camera disconnected", camera=self._camera.id, reason=reason)
        return False

    def _follow(self, source: Source) -> str:
        """Publish the frames of a connection until it ends; why it ended."""
        self.skew.forget()
        times, sampler = CameraTime(self.skew), Sampler(self._camera.fps)
        began_at = seen_at = heard_at = self._clock.monotonic()
        size: tuple[int, int] | None = None
        for decoded in source.frames():
            now, arrived_at = self._clock.monotonic(), self._clock.now()
            self.progress_at, silent_s, heard_at = now, now - heard_at, now
            if self._stop.is_set():
                return "stopped"
            if now - began_at > STEADY_S:
                self._backoff.reset()
            if decoded.wall:
                times.learn_wall(*decoded.wall)
            if silent_s > STALLED_AFTER_S and size:
                self._publisher.drop("held_back")  # by FFmpeg's parser since before the silence
                continue
            if decoded.frame is None:
                self._publisher.damaged()
                if now - seen_at > NO_PICTURE_S:
                    return "no picture for 10 s"
                continue
            seen_at = now
            size = size or (decoded.frame.width, decoded.frame.height)
            if (decoded.frame.width, decoded.frame.height) != size:
                self._publisher.drop("size_change")
                return "the picture changed its size"
            taken_at = self._time_of(decoded.pts_s, arrived_at, times)
            if not sampler.wants(taken_at if decoded.pts_s is None else decoded.pts_s):
                self._publisher.drop("sampling")
                continue
            self._publisher.publish(decoded.frame, taken_at, arrived_at)
        return "connection ended"

    def _time_of(self, pts_s: float | None, arrived_at: float, times: CameraTime) -> float:
        """When the frame was taken; jumps are counted, a clock that is off is complained about."""
        jumps = times.jumps
        taken_at = times.taken_at(pts_s, arrived_at)
        if times.jumps > jumps:
            self._tally.add("camera_time_jumps_total", camera=self._camera.id)
        self.has_camera_time = times.source == "camera"
        self._watch.complain(self.skew.complaint)
        return taken_at

    def _wait(self) -> None:
        self._tally.add("camera_reconnects_total", camera=self._camera.id)
        deadline = self._clock.monotonic() + self._backoff.next_delay_s()
        while (left_s := deadline - self._clock.monotonic()) > 0 and not self._stop.is_set():
            self.progress_at = self._clock.monotonic()
            self._stop.wait(min(left_s, 1.0))
