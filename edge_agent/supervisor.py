"""The supervisor: starts the process table, keeps every worker alive, stops in table order.

It imports nothing native; workers are fresh interpreters that load what they need.
"""

from __future__ import annotations

import os
import secrets
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path

import msgspec

from contracts import errors
from contracts.errors import AgentError, TrinetraError
from contracts.store import Camera, StoreConfig
from edge_agent.bus import Bus, Reader
from edge_agent.clock import Clock, SystemClock
from edge_agent.config_change import Laid, is_touched, lay_down
from edge_agent.http_server import Page, serving
from edge_agent.log import Level, Logger
from edge_agent.messages import Heartbeat
from edge_agent.processes import PROCESSES, Process
from edge_agent.ring_file import RING_SLOTS, RingLayout, create_ring_file
from edge_agent.supervisor_dirs import fresh_run_dir, locked_data_dir
from edge_agent.supervisor_health import Health
from edge_agent.supervisor_metrics import exposition
from edge_agent.supervisor_reload import Reloads, Reread, changed, come, gone
from edge_agent.worker_main import Refusal, WorkerSeed, refusal_path
from edge_agent.worker_seat import Seat

LOOK_S = 0.1
_BLIND_S = 2.0  # a longer pause between two looks is our own, not the workers'
Ready = Callable[[dict[str, object]], None]


class Supervisor:
    """Runs one store's agent; `run` blocks, `stop` may be called from anywhere."""

    def __init__(
        self,
        config: StoreConfig,
        *,
        processes: Sequence[Process] = PROCESSES,
        clock: Clock | None = None,
        log: Logger | None = None,
        run_bases: Iterable[Path] | None = None,
        log_level: Level = "info",
        reread: Reread | None = None,
    ) -> None:
        """`reread` brings the configuration when a reload is asked for."""
        self._config = config
        self._processes = processes
        self._clock = clock or SystemClock()
        self._log = log or Logger("supervisor", clock=self._clock, level=log_level)
        self._log_level: Level = log_level
        self._run_bases = run_bases
        self._run_id = secrets.token_hex(8)
        self._health = Health(config, self._run_id, self._clock.now())
        self._reloads = Reloads(reread, self._log)
        self._stop_asked = threading.Event()
        self._hurry = threading.Event()
        self._looked_at = self._clock.monotonic()

    def stop(self, *, hurry: bool = False) -> None:
        """Ask for a clean end; with `hurry` workers are killed instead of drained."""
        self._stop_asked.set()
        if hurry:
            self._hurry.set()

    def reload(self) -> None:
        """Ask for the configuration to be read again; may be called from anywhere."""
        self._reloads.ask()

    def run(self, ready: Ready | None = None) -> int:
        """Run until stopped or until every file was read to its end; 0.

        `ready` gets `{"port", "pid", "run_id", "run_dir"}` once the workers are started.
        `AgentError` for a second agent on the data folder, a port in use or no space; the
        worker's own error if one cannot start at all (an unknown model, say).
        """
        data_dir = Path(self._config.agent.data_dir)
        with ExitStack() as stack:
            stack.enter_context(locked_data_dir(data_dir))
            port = stack.enter_context(serving(self._config.agent.port, self._pages()))
            run_dir = stack.enter_context(fresh_run_dir(self._ring_bytes(), self._run_bases))
            for camera in self._config.cameras:
                _make_ring(run_dir, camera)
            bus = Bus(run_dir, clock=self._clock)
            stack.callback(bus.close, 0.0)
            beats = bus.reader("health")
            seats = self._seats(run_dir)
            stack.callback(_kill_all, seats)
            about: dict[str, object] = {"port": port, "run_id": self._run_id}
            about |= {"pid": os.getpid(), "run_dir": str(run_dir)}
            _write_about(data_dir / "agent.json", about | {"store": self._config.store.id})
            stack.callback((data_dir / "agent.json").unlink, missing_ok=True)
            self._watch(seats, beats, run_dir, lambda: ready(about) if ready else None)
            self._wind_down(seats, beats)
        return 0

    def _watch(
        self, seats: list[Seat], beats: Reader, run_dir: Path, started: Callable[[], None]
    ) -> None:
        """Look after the workers until a stop is asked for or all sources have ended."""
        self._look(seats, beats, wait_s=0.0)
        self._log.info("agent started", workers=len(seats), run=self._run_id)
        go = run_dir / "go"  # files wait for it, so that nobody misses their beginning
        started()
        others = [seat for seat in seats if not seat.row.per_camera]
        while not self._stop_asked.is_set():
            self._look(seats, beats)
            newer = self._reloads.newer(self._config)
            if newer is not None:
                self._take_over(newer, seats, run_dir)
            for seat in seats:
                if seat.refused:
                    raise _refusal(run_dir, seat.name)
            if not go.exists() and all(seat.state == "running" for seat in others):
                go.touch()
            sources = [seat for seat in seats if seat.row.per_camera]
            if sources and all(seat.state == "finished" for seat in sources):
                self._log.info("all sources have ended")
                return

    def _look(self, seats: list[Seat], beats: Reader, wait_s: float = LOOK_S) -> None:
        """Take heartbeats, then do for every seat what is due."""
        by_name = {seat.name: seat for seat in seats}
        for beat in beats.read(wait_s):
            assert isinstance(beat, Heartbeat)
            seat = by_name.get(beat.worker)
            if seat is not None and seat.take_beat(beat):
                self._health.take_beat(beat)
        now = self._clock.monotonic()
        if now - self._looked_at > _BLIND_S:
            for seat in seats:
                seat.forgive()
        self._looked_at = now
        for seat in seats:
            seat.tend()
        self._leave(seats)
        own = {'malformed_messages_total{topic="health"}': float(beats.malformed)}
        own |= {'dropped_messages_total{topic="health"}': float(beats.dropped)}
        own |= self._reloads.counters()
        self._health.take_seats((seat.status() for seat in seats), own)
        self._health.take_config(self._config, self._reloads.facts())

    def _wind_down(self, seats: list[Seat], beats: Reader) -> None:
        """Stop row by row, so that each row still finds its reader; later rows are tended."""
        self._log.info("agent stopping")
        for row in self._processes:
            leaving = [seat for seat in seats if seat.row is row]
            for seat in leaving:
                seat.ask_to_stop()
            deadline = self._clock.monotonic() + row.drain_s
            while not all(seat.over for seat in leaving):
                if self._hurry.is_set() or self._clock.monotonic() > deadline:
                    for seat in leaving:
                        if not seat.over:
                            self._log.warning("worker did not finish", name=seat.name)
                            seat.kill()
                    deadline = self._clock.monotonic() + row.drain_s
                self._look(seats, beats, wait_s=0.02)
        self._log.info("agent stopped")

    def _take_over(self, new: StoreConfig, seats: list[Seat], run_dir: Path) -> None:
        """Go on with another configuration; only what it touches is started anew."""
        old, self._config = self._config, new
        for camera in (*changed(old, new, "size"), *come(old, new)):
            _make_ring(run_dir, camera)
        for camera in (*changed(old, new, "url"), *gone(old, new)):
            play_note(run_dir, camera.id).unlink(missing_ok=True)
        lay_down(run_dir, Laid(self._reloads.version, new))
        removed = {camera.id for camera in gone(old, new)}
        cameras = {camera.id: camera for camera in new.cameras}
        for seat in seats:
            if seat.camera in removed:
                seat.ask_to_stop()
                continue
            about = cameras.get(seat.camera) if seat.camera else None
            seat.renew(
                self._seed(seat.row, about, run_dir),
                finishes=about is not None and about.is_file,
                restart=is_touched(seat.row.restarts_on, old, new, seat.camera),
            )
        for row in self._processes:
            if row.per_camera:
                seats += [self._seat(row, camera, run_dir) for camera in come(old, new)]

    def _leave(self, seats: list[Seat]) -> None:
        """Forget the seats of cameras that are gone, once nobody sits there."""
        known = {camera.id for camera in self._config.cameras}
        seats[:] = [s for s in seats if s.camera is None or s.camera in known or not s.over]

    def _seats(self, run_dir: Path) -> list[Seat]:
        return [
            self._seat(row, camera, run_dir)
            for row in self._processes
            for camera in (self._config.cameras if row.per_camera else (None,))
        ]

    def _seat(self, row: Process, camera: Camera | None, run_dir: Path) -> Seat:
        seed = self._seed(row, camera, run_dir)
        ends = camera is not None and camera.is_file
        return Seat(row, seed, finishes=ends, clock=self._clock, log=self._log)

    def _seed(self, row: Process, camera: Camera | None, run_dir: Path) -> WorkerSeed:
        return WorkerSeed(
            name=f"{row.name}:{camera.id}" if camera else row.name,
            entry=row.entry,
            camera=camera.id if camera else None,
            config=self._config,
            run_id=self._run_id,
            run_dir=str(run_dir),
            log_level=self._log_level,
            config_version=self._reloads.version,
        )

    def _ring_bytes(self) -> int:
        cameras = self._config.cameras
        return sum(RingLayout(RING_SLOTS, *camera.size).total_bytes for camera in cameras)

    def _pages(self) -> dict[str, Page]:
        return {
            "/health": lambda: ("application/json", msgspec.json.encode(self._health.report())),
            "/metrics": lambda: ("text/plain; version=0.0.4", exposition(self._health)),
        }


def play_note(run_dir: Path, camera: str) -> Path:
    """Where ingest keeps the moment at which a file camera began to play."""
    return run_dir / f"play-{camera}"


def _make_ring(run_dir: Path, camera: Camera) -> None:
    """A new ring in place of an old one; who still maps that one keeps it until it looks again."""
    path = run_dir / "rings" / f"{camera.id}.ring"
    path.unlink(missing_ok=True)
    create_ring_file(path, RING_SLOTS, *camera.size)


def _kill_all(seats: list[Seat]) -> None:
    for seat in seats:
        seat.end()


def _refusal(run_dir: Path, name: str) -> TrinetraError:
    """The error that a worker left when it could not start."""
    try:
        note = msgspec.json.decode(refusal_path(run_dir, name).read_bytes(), type=Refusal)
    except (OSError, msgspec.MsgspecError):
        return AgentError(f"{name} cannot start")
    kind = getattr(errors, note.kind, AgentError)
    return kind(note.text) if issubclass(kind, TrinetraError) else AgentError(note.text)


def _write_about(path: Path, about: dict[str, object]) -> None:
    """Leave port and process id for `trinetra status`, whole or not at all."""
    new = path.with_suffix(".new")
    new.write_bytes(msgspec.json.encode(about))
    new.rename(path)
