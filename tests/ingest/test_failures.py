"""The failure matrix of one camera: for each row its state, its event, its metric, its recovery.

The camera is scripted; `trouble` is what it does on its first connection after two good seconds.
Rules' coverage turns the states into `camera.status` events, so it stands behind the reports here.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest

from contracts.events import CameraStatus
from edge_agent.rules.coverage import Coverage
from tests.fakes.measured import note
from tests.fakes.scripted_camera import ScriptedCamera, Wire, access_units, spoilt
from tests.ingest.conftest import Ingest, Watch

FPS = 20
LABEL = 'camera="till"'
Trouble = Callable[[Wire, float], object]
Serve = Callable[[Trouble], ScriptedCamera]


@pytest.fixture(scope="module")
def good() -> list[bytes]:
    return access_units(40)


@pytest.fixture
def serve(good: list[bytes]) -> Iterator[Serve]:
    """A camera that is good for a second, then in trouble once, then good for ever."""
    running: list[ScriptedCamera] = []

    def begin(trouble: Trouble) -> ScriptedCamera:
        def script(wire: Wire) -> None:
            at_s = wire.play(good[:20], FPS)
            if camera.connections == 1:
                trouble(wire, at_s)
            while True:
                at_s = wire.play(good, FPS, begin_s=at_s)

        camera = ScriptedCamera(script)
        running.append(camera)
        return camera

    yield begin
    for camera in running:
        camera.close()


def statuses(ingest: Ingest) -> list[CameraStatus]:
    """The `camera.status` events that these reports become."""
    first = ingest.reports[0].at
    coverage = Coverage(["till"], first, first)
    found = (coverage.report(report, report.at, report.at) for report in ingest.reports)
    return [status for status in found if status]


def states(ingest: Ingest) -> list[str]:
    return [status.state for status in statuses(ingest)]


def count(ingest: Ingest, name: str, **labels: str) -> float:
    more = "".join(f',{key}="{value}"' for key, value in labels.items())
    return ingest.counters.get(f"{name}{{{LABEL}{more}}}", 0.0)


def until_count(ingest: Ingest, name: str, least: float = 1.0, **labels: str) -> None:
    ingest.until(lambda one: count(one, name, **labels) >= least)


def test_a_camera_that_is_gone_comes_back(serve: Serve, watch: Watch) -> None:
    """The camera closes the connection: power cut, reboot."""
    ingest = watch(serve(lambda wire, at_s: wire.hang_up()).url, fps=FPS)
    ingest.until_state("live")
    ingest.until_state("disconnected")
    began = time.monotonic()
    ingest.until_state("live")
    note("camera gone", time.monotonic() - began)
    until_count(ingest, "camera_reconnects_total")
    assert states(ingest) == ["disconnected", "live", "disconnected", "live"]
    assert statuses(ingest)[2].reason == "connection ended"


def test_a_camera_that_stalls_with_its_connection_open_goes_on(serve: Serve, watch: Watch) -> None:
    """No packet for 3 s, then the stream goes on: it is not dialled again for that."""
    camera = serve(lambda wire, at_s: wire.rest(3.0))
    ingest = watch(camera.url, fps=FPS)
    ingest.until_state("live")
    stalled = ingest.until_state("stalled")
    assert stalled.observed_s < 0.5
    ingest.until(lambda one: one.gauges.get(f"camera_live{{{LABEL}}}") == 0.0)
    began = time.monotonic()
    ingest.until_state("live")
    note("camera stalled", time.monotonic() - began)
    assert camera.connections == 1
    assert states(ingest) == ["disconnected", "live", "stalled", "live"]


def test_a_camera_that_says_nothing_more_is_dialled_again(serve: Serve, watch: Watch) -> None:
    """The connection stays open and silent for ever: TCP alone would wait for hours."""
    camera = serve(lambda wire, at_s: wire.rest(600.0))
    ingest = watch(camera.url, fps=FPS)
    ingest.until_state("live")
    began = time.monotonic()
    ingest.until_state("stalled")
    assert ingest.until_state("disconnected").reason == "the camera does not answer"
    ingest.until_state("live")
    note("camera silent", time.monotonic() - began)
    until_count(ingest, "camera_reconnects_total")
    assert states(ingest) == ["disconnected", "live", "stalled", "disconnected", "live"]


def test_damaged_frames_are_counted_and_left_out(
    serve: Serve, watch: Watch, good: list[bytes]
) -> None:
    """Two seconds of frames whose bits are turned over."""
    bad = [spoilt(unit) for unit in good]
    ingest = watch(serve(lambda wire, at_s: wire.play(bad, FPS, begin_s=at_s)).url, fps=FPS)
    ingest.until_state("live")
    assert ingest.until_state("corrupt").reason == "damaged frames"
    began = time.monotonic()
    ingest.until_state("live")
    note("camera corrupt", time.monotonic() - began)
    until_count(ingest, "corrupt_frames_total", FPS)
    until_count(ingest, "dropped_frames_total", FPS, reason="corrupt")
    assert states(ingest) == ["disconnected", "live", "corrupt", "live"]
    assert count(ingest, "camera_reconnects_total") == 0


def test_a_change_of_resolution_is_followed(serve: Serve, watch: Watch) -> None:
    """The picture grows from 320 × 180 to 640 × 360 in the stream; the ring keeps its size."""
    large = access_units(40, 640, 360)
    ingest = watch(serve(lambda wire, at_s: wire.play(large, FPS, begin_s=at_s)).url)
    ingest.until_state("live")
    changed = ingest.until_state("disconnected")
    began = time.monotonic()
    assert changed.reason == "the picture changed its size"
    ingest.until_state("live")
    note("camera resolution", time.monotonic() - began)
    until_count(ingest, "dropped_frames_total", reason="size_change")
    ingest.until_frames(len(ingest.frames) + 3)
    last = ingest.frames[-1]
    assert (last.width, last.height) == (320, 180)
    assert states(ingest) == ["disconnected", "live", "disconnected", "live"]


@pytest.fixture(scope="module")
def eight_k() -> list[bytes]:
    return access_units(1, 7680, 4320)


def test_a_picture_that_grows_to_8k_is_refused_by_the_decoder(
    serve: Serve, watch: Watch, eight_k: list[bytes]
) -> None:
    """Within the stream: no memory is taken for it, and the small pictures after it are read."""
    huge = eight_k * (3 * FPS // 2)
    ingest = watch(serve(lambda wire, at_s: wire.play(huge, FPS, begin_s=at_s)).url, fps=FPS)
    ingest.until_state("live")
    ingest.until_state("corrupt")
    began = time.monotonic()
    ingest.until_state("live")
    note("camera 8k", time.monotonic() - began)
    until_count(ingest, "corrupt_frames_total", FPS)
    assert states(ingest) == ["disconnected", "live", "corrupt", "live"]


def test_a_camera_that_begins_with_8k_is_told_so(watch: Watch, eight_k: list[bytes]) -> None:
    def script(wire: Wire) -> None:
        at_s = 0.0
        while True:
            at_s = wire.play(eight_k, FPS, begin_s=at_s)

    camera = ScriptedCamera(script)
    try:
        ingest = watch(camera.url)
        ingest.until(lambda one: any(r.reason == "the picture is too large" for r in one.reports))
        until_count(ingest, "camera_reconnects_total")
        assert ingest.frames == []
        assert ingest.alive
    finally:
        camera.close()


@pytest.mark.parametrize("back_s", [0.5, 1.5, 3600.0])
def test_stream_time_that_goes_back_is_no_time_that_goes_back(
    serve: Serve, watch: Watch, good: list[bytes], back_s: float
) -> None:
    """Encoders begin anew, or their clock is set: frames keep their order and their distance."""

    def trouble(wire: Wire, at_s: float) -> None:
        begin_s = at_s + 3600.0 - back_s
        while True:
            begin_s = wire.play(good, FPS, begin_s=begin_s)

    def script(wire: Wire) -> None:
        trouble(wire, wire.play(good, FPS, begin_s=3600.0) - 3600.0)

    camera = serve(trouble)
    camera.script = script
    ingest = watch(camera.url, fps=FPS)
    ingest.until_state("live")
    until_count(ingest, "camera_time_jumps_total")
    ingest.until_frames(len(ingest.frames) + FPS)
    assert states(ingest) == ["disconnected", "live"]
    taken = [one.taken_at for one in ingest.frames]
    assert all(late > early for early, late in pairwise(taken))
    assert all(abs(one.taken_at - one.arrived_at) < 0.5 for one in ingest.frames)
    late = [b - a for a, b in pairwise(taken[-FPS // 2 :])]
    assert sum(late) / len(late) == pytest.approx(1 / FPS, rel=0.3)
    assert count(ingest, "camera_time_jumps_total") == 1
    assert count(ingest, "camera_reconnects_total") == 0
