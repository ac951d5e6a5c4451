"""Camera time, sampling, back-off, pictures: each for itself."""

from __future__ import annotations

import random

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.ingest.backoff import Backoff
from edge_agent.ingest.camera_time import CameraTime
from edge_agent.ingest.faults import phrase_of
from edge_agent.ingest.picture import Converter, fingerprint, luma_sample, shows_nothing
from edge_agent.ingest.sampling import Sampler
from tests.fakes.clip import picture

NOW = 1.75e9


def test_without_reports_bursts_are_smoothed_by_stream_time() -> None:
    times = CameraTime()
    taken = []
    for index in range(50):
        late_s = 0.4 if index % 10 < 4 else 0.01
        taken.append(times.taken_at(index / 10, NOW + index / 10 + late_s))
    assert np.diff(taken[10:]) == pytest.approx(0.1, abs=0.01)
    assert times.source == "arrival"


def test_sender_reports_give_the_camera_s_own_time() -> None:
    times = CameraTime()
    times.taken_at(5.0, NOW + 0.3)
    times.learn_wall(5.1, NOW + 0.1)
    assert times.taken_at(5.2, NOW + 0.5) == pytest.approx(NOW + 0.2)
    assert times.source == "camera"


def test_a_camera_with_a_wrong_clock_is_not_believed() -> None:
    times = CameraTime()
    times.learn_wall(5.0, NOW - 86_400)
    assert times.taken_at(5.0, NOW) == NOW
    assert times.source == "arrival"


@given(
    st.lists(
        st.tuples(st.floats(0, 5), st.floats(-3, 3), st.booleans(), st.floats(-1e5, 1e5, width=32)),
        min_size=1,
        max_size=40,
    )
)
def test_time_never_goes_back_and_stays_near_arrival(
    steps: list[tuple[float, float, bool, float]],
) -> None:
    times, arrived, last = CameraTime(), NOW, 0.0
    for step_s, jitter_s, reported, offset_s in steps:
        arrived += step_s
        pts_s = arrived - NOW + jitter_s
        if reported:
            times.learn_wall(pts_s, arrived + offset_s)
        taken = times.taken_at(pts_s, arrived)
        assert taken > last
        assert abs(taken - arrived) < 8.0
        last = taken


@pytest.mark.parametrize(
    ("source_fps", "fps", "kept"), [(25, 10, 100), (10, 10, 100), (30, 10, 100), (5, 10, 50)]
)
def test_sampling_keeps_the_wanted_rate(source_fps: int, fps: float, kept: int) -> None:
    sampler, draw = Sampler(fps), random.Random(1)
    wanted = [
        sampler.wants(index / source_fps + draw.uniform(-0.01, 0.01))
        for index in range(source_fps * 10)
    ]
    assert sum(wanted) == pytest.approx(kept, abs=2)


def test_sampling_survives_jumps_of_the_stream() -> None:
    sampler = Sampler(10)
    assert sampler.wants(100.0)
    assert sampler.wants(3.0)
    assert not sampler.wants(3.05)
    assert sampler.wants(3.1)


def test_the_first_retry_is_quick_and_later_ones_have_full_jitter() -> None:
    backoff = Backoff(draw=lambda: 1.0)
    assert [backoff.next_delay_s() for _ in range(8)] == [0.2, 1, 2, 4, 8, 16, 30, 30]
    backoff.reset()
    assert backoff.next_delay_s() == 0.2
    spread = [_sixth_delay_s(seed) for seed in range(200)]
    assert min(spread) < 1.0
    assert max(spread) > 14.0


def _sixth_delay_s(seed: int) -> float:
    backoff = Backoff(draw=random.Random(seed).random)
    return [backoff.next_delay_s() for _ in range(6)][-1]


@pytest.mark.parametrize("size", [(320, 240), (160, 120), (640, 480), (101, 77)])
def test_small_planes_give_the_same_picture_as_the_library(size: tuple[int, int]) -> None:
    frame = av.VideoFrame.from_ndarray(picture(3), format="bgr24").reformat(format="yuv420p")
    found = Converter(*size).bgr(frame).astype(int)
    wanted = frame.to_ndarray(format="bgr24", width=size[0], height=size[1]).astype(int)
    assert found.shape == (size[1], size[0], 3)
    assert np.abs(found - wanted).mean() < 4


def test_full_range_video_keeps_its_contrast() -> None:
    frame = av.VideoFrame.from_ndarray(picture(3), format="bgr24").reformat(format="yuvj420p")
    found = Converter(320, 240).bgr(frame).astype(int)
    assert np.abs(found - picture(3).astype(int)).mean() < 4


@pytest.mark.parametrize(("value", "nothing"), [(0, True), (255, True), (128, True)])
def test_even_pictures_show_nothing(value: int, nothing: bool) -> None:
    even = np.full((180, 320, 3), value, np.uint8)
    assert shows_nothing(luma_sample(even)) is nothing


def test_a_real_picture_shows_something_and_has_a_print_of_its_own() -> None:
    one, two = luma_sample(picture(1)), luma_sample(picture(2))
    assert not shows_nothing(one)
    assert fingerprint(one) == fingerprint(one.copy()) != fingerprint(two)


def test_phrases_hold_nothing_of_the_error() -> None:
    secret = "rtsp://admin:hunter2@10.0.0.1/"
    for kind in (OSError, TimeoutError, ConnectionRefusedError, ValueError, EOFError):
        assert "hunter2" not in phrase_of(kind(secret))
    with pytest.raises(av.error.FFmpegError) as caught:
        av.open("file:/nowhere/hunter2")
    assert phrase_of(caught.value) == "no such file"
