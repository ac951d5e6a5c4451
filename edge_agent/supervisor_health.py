"""What the supervisor knows about its workers, for /health and /metrics."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any

from contracts.store import StoreConfig
from edge_agent.messages import Heartbeat
from edge_agent.worker_metrics import parsed, sample
from edge_agent.worker_seat import SeatStatus

_WELL = ("ok", "live", "ended")


class Health:
    """Latest heartbeats and seats; written by the supervisor, read by the HTTP threads.

    Counters of a worker start at zero with each of its lives; they are added up here, so that
    what is shown never goes back.
    """

    def __init__(self, config: StoreConfig, run_id: str, started_at: float) -> None:
        self._config = config
        self._run_id = run_id
        self._started_at = started_at
        self._lock = threading.Lock()
        self._seats: tuple[SeatStatus, ...] = ()
        self._beats: dict[str, Heartbeat] = {}
        self._past: dict[str, dict[str, float]] = {}
        self._own: dict[str, float] = {}
        self._reload: dict[str, Any] = {"version": 1, "refused": ""}

    def take_beat(self, beat: Heartbeat) -> None:
        """Note the newest heartbeat of a worker."""
        with self._lock:
            last = self._beats.get(beat.worker)
            if last is not None and last.pid != beat.pid:
                past = self._past.setdefault(beat.worker, {})
                for key, value in last.counters.items():
                    past[key] = past.get(key, 0.0) + value
            self._beats[beat.worker] = beat

    def take_seats(self, seats: Iterable[SeatStatus], own_counters: dict[str, float]) -> None:
        """Note how every seat is now, and what the supervisor itself counted."""
        with self._lock:
            self._seats, self._own = tuple(seats), own_counters

    def take_config(self, config: StoreConfig, reload: dict[str, Any]) -> None:
        """Note the configuration that runs, its version, and what was refused last."""
        with self._lock:
            self._config, self._reload = config, reload

    def counters(self) -> dict[str, float]:
        """Totals by sample text, summed over workers and their earlier lives."""
        with self._lock:
            sources = [self._own, *self._past.values()]
            sources += [beat.counters for beat in self._beats.values()]
            restarts = {sample("worker_restarts_total", worker=s.name): s for s in self._seats}
        totals: dict[str, float] = {}
        for source in sources:
            for key, value in source.items():
                totals[key] = totals.get(key, 0.0) + value
        return totals | {key: float(seat.restarts) for key, seat in restarts.items()}

    def gauges(self) -> dict[str, float]:
        """Present values by sample text."""
        with self._lock:
            beats, seats = list(self._beats.values()), self._seats
            values = {"config_refused": float(bool(self._reload["refused"]))}
            names = {seat.name for seat in seats}
        for beat in beats:
            if beat.worker in names:  # a camera that is gone shows nothing any more
                values |= beat.gauges
        for seat in seats:
            up = seat.state == "running" or seat.state == "finished"
            values[sample("worker_up", worker=seat.name)] = float(up)
            if seat.last_beat_age_s is not None:
                values[sample("worker_beat_age_seconds", worker=seat.name)] = seat.last_beat_age_s
        return values

    def report(self) -> dict[str, Any]:
        """The object that /health answers with."""
        counters, gauges = self.counters(), self.gauges()
        with self._lock:
            seats, config, reload = self._seats, self._config, self._reload
        workers = [_worker(seat) for seat in seats]
        cameras = [self._camera(seat, gauges) for seat in seats if seat.camera]
        good = all(_is_well(seat) for seat in seats)
        return {
            "status": "ok" if good else "degraded",
            "store": config.store.id,
            "run": self._run_id,
            "started_at": self._started_at,
            "config": reload,
            "workers": workers,
            "cameras": cameras,
            "spool": _section("spool_", counters | gauges),
            "upload": _section("upload_", counters | gauges)
            | {"configured": bool(config.upload.url)},
        }

    def _camera(self, seat: SeatStatus, gauges: dict[str, float]) -> dict[str, Any]:
        state = "ended" if seat.state == "finished" else seat.beat_state
        fps = gauges.get(sample("camera_fps", camera=str(seat.camera)), 0.0)
        alive = seat.state == "running"
        shown = state if alive or state == "ended" else "disconnected"
        return {"id": seat.camera, "state": shown, "fps": round(fps, 2) if alive else 0.0}


def _is_well(seat: SeatStatus) -> bool:
    """True for a worker at work that has nothing to complain about, and for a file's end."""
    if seat.state == "finished":
        return True
    return seat.state == "running" and seat.beat_state in _WELL


def _worker(seat: SeatStatus) -> dict[str, Any]:
    return {
        "name": seat.name,
        "pid": seat.pid,
        "state": seat.beat_state if seat.state == "running" else seat.state,
        "alive": seat.alive,
        "restarts": seat.restarts,
        "last_beat_age_s": seat.last_beat_age_s,
    }


def _section(prefix: str, values: dict[str, float]) -> dict[str, float]:
    """Samples whose name starts with `prefix`, without it, summed over their labels."""
    found: dict[str, float] = {}
    for key, value in values.items():
        named = parsed(key)
        if named and named[0].startswith(prefix):
            name = named[0].removeprefix(prefix)
            found[name] = found.get(name, 0.0) + value
    return found
