"""Somebody sets this machine's clock by an hour, either way, while a person stands in a zone.

The parts that know time are chained as the agent chains them (ingest's camera time, the tracker,
the rules) around a clock that steps. Monotonic time goes on, as the kernel's does.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from contracts.events import CoverageMinute, LineCrossed, ZoneVisit
from contracts.store import Agent, Camera, Door, Store, StoreConfig, Zone
from edge_agent.ingest.camera_state import CameraWatch
from edge_agent.ingest.camera_time import CameraTime
from edge_agent.log import Logger
from edge_agent.messages import Heartbeat, TrackedBox, TracksUpdated
from edge_agent.processes import PROCESSES
from edge_agent.rules.engine import RuleEngine
from edge_agent.rules.facts import Fact
from edge_agent.rules.occupancy import Tally
from edge_agent.tracking.bytetrack import Tracker
from edge_agent.worker_main import WorkerSeed
from edge_agent.worker_seat import Seat
from models.detections import Detections
from tests.fakes.clock import FakeClock

FPS = 10
SECONDS = 60
ZONE = ((0.3, 0.0), (0.7, 0.0), (0.7, 1.0), (0.3, 1.0))
LINES = {"outer": ((0.2, 0.0), (0.2, 1.0)), "inner": ((0.25, 0.0), (0.25, 1.0))}
HOUR_S = 3600.0


def config() -> StoreConfig:
    return StoreConfig(
        store=Store(id="shop", name="Shop", time_zone="UTC"),
        cameras=(Camera(id="till", url="rtsp://10.0.0.1/", size=(640, 360)),),
        zones=(Zone(name="shelf", camera="till", polygon=ZONE, min_dwell_s=2.0),),
        doors=(Door(name="door", camera="till", **LINES),),
        agent=Agent(data_dir="var"),
    )


def place_at(second: float) -> float:
    """Comes in at 5 s, stands in the zone (35.8 s), walks on."""
    return float(np.interp(second, [0, 4, 8, 40, 44], [0.1, 0.1, 0.5, 0.5, 0.9]))


def whole_way(step_s: float, *, rtcp: bool) -> list[Fact]:
    """A minute of one person; the clock is set by `step_s` after 20 s."""
    clock = FakeClock()
    started = clock.now()
    engine = RuleEngine(config(), Tally(reset_at_s=started), clock.now(), clock.monotonic())
    times, tracker, watch = CameraTime(), Tracker(0.5), CameraWatch("till", clock.monotonic())
    facts: list[Fact] = []
    for index in range(SECONDS * FPS):
        if index == 20 * FPS:
            clock.step(step_s)
        if rtcp:  # the camera's own clock is right and is not set
            times.learn_wall(index / FPS, started + index / FPS)
        at_s = times.taken_at(index / FPS, clock.now())
        x = 640 * place_at(index / FPS)
        box = np.array([[x - 20, 100, x + 20, 200]], np.float32)
        shown = tracker.update(Detections(box, np.array([0.9], np.float32)), at_s)
        boxes = [
            TrackedBox(int(i), *(xyxy / (640, 360, 640, 360)).tolist(), 0.9, bool(sure))
            for i, xyxy, sure in zip(shown.track_id, shown.xyxy, shown.confirmed, strict=True)
        ]
        update = TracksUpdated("till", index, at_s, clock.now(), boxes, shown.ended.tolist())
        facts += engine.tracks(update)
        watch.good_frame(clock.monotonic())
        report = watch.report(clock.monotonic(), clock.now())
        if report:
            facts += engine.camera(report, clock.now(), clock.monotonic())
        facts += engine.tick(clock.now(), clock.monotonic())
        clock.advance(1 / FPS)
    return facts + engine.finish(clock.now(), clock.monotonic())


@pytest.mark.parametrize("rtcp", [False, True])
@pytest.mark.parametrize("step_s", [0.0, HOUR_S, -HOUR_S])
def test_no_duration_is_longer_than_it_was_and_nobody_counts_twice(
    step_s: float, rtcp: bool
) -> None:
    facts = whole_way(step_s, rtcp=rtcp)
    visits = [f.payload for f in facts if isinstance(f.payload, ZoneVisit)]
    assert all(visit.left_at >= visit.entered_at for visit in visits)
    assert all(0 <= visit.dwell_s <= 36 for visit in visits)
    assert sum(visit.dwell_s for visit in visits) == pytest.approx(35.8, abs=0.5)
    assert len(visits) == (1 if step_s == 0 else 2), "it is cut where the clock was set"
    crossings = [f.payload for f in facts if isinstance(f.payload, LineCrossed)]
    assert [crossed.direction for crossed in crossings] == ["in"]
    minutes = [f.payload for f in facts if isinstance(f.payload, CoverageMinute)]
    assert all(0 <= m.observed_s <= m.expected_s <= 60 for m in minutes)


def test_time_told_follows_the_clock_within_a_frame() -> None:
    for step_s in (HOUR_S, -HOUR_S):
        clock, times = FakeClock(), CameraTime()
        for index in range(100):
            if index == 50:
                clock.step(step_s)
            assert times.taken_at(index / FPS, clock.now()) == pytest.approx(clock.now(), abs=0.1)
            clock.advance(1 / FPS)
        assert times.jumps == 1


@pytest.mark.parametrize("step_s", [HOUR_S, -HOUR_S])
def test_no_worker_is_taken_for_hung_when_the_clock_is_set(step_s: float, tmp_path: Path) -> None:
    clock = FakeClock()
    seed = WorkerSeed(
        name="rules",
        entry="tests.edge_core.fake_workers:steady",
        camera=None,
        config=config(),
        run_id="run",
        run_dir=str(tmp_path),
    )
    seat = Seat(PROCESSES[3], seed, finishes=False, clock=clock, log=Logger("test", clock=clock))
    seat.tend()
    try:
        assert seat.pid is not None
        seat.take_beat(Heartbeat("rules", seat.pid, "ok", {}, {}))
        clock.step(step_s)
        pid = seat.pid
        seat.tend()
        seat.tend()
        assert (seat.pid, seat.state, seat.restarts) == (pid, "running", 0)
    finally:
        seat.end()
