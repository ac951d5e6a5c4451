"""Cameras whose clocks are off: what is estimated, what is taken off, what is told."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator

import pytest

from edge_agent.identity.timeline import Timeline
from edge_agent.ingest.camera_skew import Skew
from edge_agent.ingest.camera_time import CameraTime
from edge_agent.messages import TracksUpdated
from edge_agent.rules.coverage import Coverage
from tests.fakes.scripted_camera import ScriptedCamera, Wire, access_units
from tests.ingest.conftest import Watch

NOW = 1_750_000_000.0
FPS = 10


def frames(
    seconds: float, *, skew_s: float = 0.0, drift_ppm: float = 0.0, seed: int = 1
) -> Iterator[tuple[float, float, float]]:
    """(true time, camera's time, arrival): bursts around key frames, 40 to 500 ms of delay."""
    draw, arrived_at = random.Random(seed), 0.0
    for index in range(int(seconds * FPS)):
        true_s = NOW + index / FPS
        late_s = 0.04 + draw.expovariate(40) + (0.45 if index % 20 < 4 else 0.0)
        arrived_at = max(arrived_at, true_s + late_s)
        yield true_s, true_s + skew_s + drift_ppm * 1e-6 * index / FPS, arrived_at


def followed(seconds: float, skew_s: float, seed: int = 1) -> list[tuple[float, float, float]]:
    """(true time, what the agent says, arrival) of a camera with sender reports."""
    times, found = CameraTime(), []
    for true_s, camera_s, arrived_at in frames(seconds, skew_s=skew_s, seed=seed):
        pts_s = camera_s - NOW
        times.learn_wall(pts_s, camera_s)
        found.append((true_s, times.taken_at(pts_s, arrived_at), arrived_at))
    return found


@pytest.mark.parametrize("skew_s", [-30.0, -0.4, 0.0, 0.4, 7200.0])
def test_bursts_and_delays_do_not_hide_the_skew(skew_s: float) -> None:
    skew = Skew()
    for _, camera_s, arrived_at in frames(60, skew_s=skew_s):
        skew.add(camera_s, arrived_at)
    assert skew.seconds == pytest.approx(skew_s - 0.04, abs=0.01)


@pytest.mark.parametrize("drift_ppm", [-200.0, 0.0, 50.0])
def test_the_drift_is_known_after_minutes_and_not_before(drift_ppm: float) -> None:
    skew = Skew()
    for index, (_, camera_s, arrived_at) in enumerate(frames(300, drift_ppm=drift_ppm)):
        skew.add(camera_s, arrived_at)
        if index == 30 * FPS:
            assert skew.drift_ppm is None
    assert skew.drift_ppm == pytest.approx(drift_ppm, abs=15)


def test_a_clock_that_is_set_is_followed_within_seconds() -> None:
    skew = Skew()
    for true_s, camera_s, arrived_at in frames(60):
        skew.add(camera_s + (3.0 if true_s - NOW > 40 else 0.0), arrived_at)
    assert skew.seconds == pytest.approx(2.96, abs=0.02)


@pytest.mark.parametrize(
    ("skew_s", "complaint"),
    [
        (0.3, ""),
        (0.8, "the camera's clock is ahead"),
        (-0.8, ""),
        (-1.5, "the camera's clock is behind"),
    ],
)
def test_only_what_no_delay_explains_is_complained_about(skew_s: float, complaint: str) -> None:
    skew = Skew()
    for _, camera_s, arrived_at in frames(30, skew_s=skew_s):
        skew.add(camera_s, arrived_at)
    assert skew.complaint == complaint


@pytest.mark.parametrize("skew_s", [-0.9, -0.4, 0.4, 1.5])
def test_what_is_proven_is_taken_off_and_times_stay_in_order(skew_s: float) -> None:
    found = followed(60, skew_s)
    taken = [taken_s for _, taken_s, _ in found]
    assert taken == sorted(taken)
    assert all(abs(taken_s - true_s) <= 0.5 for true_s, taken_s, _ in found)
    if skew_s > 0:
        assert all(abs(taken_s - true_s) < 0.1 for true_s, taken_s, _ in found[3 * FPS :])


def test_two_cameras_correlate_although_one_clock_is_ahead() -> None:
    """Identity puts the frames of one moment into one step, as if both clocks were right."""
    timeline = Timeline(0.5, 0.5)
    both = [("left", row) for row in followed(30, 0.0, seed=1)]
    both += [("right", row) for row in followed(30, 0.4, seed=2)]
    steps: dict[str, list[float]] = {"left": [], "right": []}
    arrivals = sorted(both, key=lambda item: item[1][2])
    for index, (camera, (_, taken_s, arrived_at)) in enumerate(arrivals):
        timeline.add(TracksUpdated(camera, index, taken_s, arrived_at, [], []))
        for _, items in timeline.steps():
            for item in items:
                steps[item.camera].append(item.at_s)
    apart = [abs(a - b) for a, b in zip(steps["left"], steps["right"], strict=False)]
    assert len(apart) > 250
    assert max(apart[3 * FPS :]) < 0.1


def test_a_skewed_camera_on_the_wire_is_measured_corrected_and_told(watch: Watch) -> None:
    """The whole way: sender reports that are 0.8 s ahead; metric, times and status."""
    units = access_units(40)

    def script(wire: Wire) -> None:
        at_s = 100.0
        while True:
            wire.report(at_s, time.time() + 0.8)
            at_s = wire.play(units[:5], FPS, begin_s=at_s)

    camera = ScriptedCamera(script)
    try:
        ingest = watch(camera.url)
        name = 'camera_clock_skew_seconds{camera="till"}'
        ingest.until(lambda one: name in one.gauges)
        ingest.until(lambda one: any(r.reason for r in one.reports if r.state == "live"))
        assert ingest.gauges[name] == pytest.approx(0.8, abs=0.15)
        ingest.until_frames(len(ingest.frames) + 5)
        assert all(abs(one.arrived_at - one.taken_at) < 0.2 for one in ingest.frames[-5:])
        first = ingest.reports[0].at
        coverage = Coverage(["till"], first, first)
        told = [s for r in ingest.reports if (s := coverage.report(r, r.at, r.at))]
        assert told[-1].state == "live"
        assert told[-1].reason == "the camera's clock is ahead"
    finally:
        camera.close()
