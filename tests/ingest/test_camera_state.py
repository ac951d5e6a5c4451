"""States and seconds of a camera, with made-up times."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.ingest.camera_state import CameraWatch
from edge_agent.messages import CameraReport


def state(watch: CameraWatch) -> str:
    return watch.state


def reports(watch: CameraWatch, times: list[float]) -> list[CameraReport]:
    found = (watch.report(now, 1e9 + now) for now in times)
    return [one for one in found if one]


def test_a_camera_begins_disconnected_and_says_so_at_once() -> None:
    (first,) = reports(CameraWatch("till", 0.0), [0.0, 0.5])
    assert (first.state, first.reason) == ("disconnected", "connecting")


def test_a_steady_camera_is_observed_all_the_time() -> None:
    watch = CameraWatch("till", 0.0)
    found = []
    for tick in range(1, 101):
        watch.good_frame(tick / 10)
        found += reports(watch, [tick / 10])
    last = watch.report(10.0, 10.0, last=True)
    assert last is not None
    found.append(last)
    assert found[-1].state == "live"
    assert sum(one.observed_s for one in found) == pytest.approx(9.9)
    assert sum(one.frames for one in found) == 100


def test_silence_is_stalled_and_unobserved() -> None:
    watch = CameraWatch("till", 0.0)
    watch.good_frame(0.1)
    watch.report(0.1, 1.0)
    found = reports(watch, [1.0, 2.0, 3.0, 4.0, 5.0])
    assert [one.state for one in found] == ["live", "stalled", "stalled", "stalled"]
    assert sum(one.observed_s for one in found) == 0.0
    watch.good_frame(5.1)
    (again,) = reports(watch, [5.1])
    assert (again.state, again.observed_s) == ("live", 0.0)


def test_bursts_with_pauses_of_half_a_second_are_live_and_observed() -> None:
    watch = CameraWatch("till", 0.0)
    watch.report(0.0, 0.0)
    found = []
    for burst in range(10):
        for step in range(5):
            watch.good_frame(burst * 0.6 + step * 0.02)
            found += reports(watch, [burst * 0.6 + step * 0.02])
    last = watch.report(5.48, 5.48, last=True)
    assert last is not None
    found.append(last)
    assert {one.state for one in found} == {"live"}
    assert sum(one.observed_s for one in found) == pytest.approx(5.48, abs=0.01)


def test_the_same_picture_for_more_than_ten_seconds_is_frozen() -> None:
    watch = CameraWatch("till", 0.0)
    kept = [watch.good_frame(float(second), fingerprint=7) for second in range(13)]
    assert kept == [True] * 11 + [False] * 2
    assert state(watch) == "frozen"
    assert watch.good_frame(13.0, fingerprint=8)
    assert state(watch) == "live"


def test_files_are_never_frozen() -> None:
    watch = CameraWatch("till", 0.0)
    assert all(watch.good_frame(float(second)) for second in range(40))


def test_bad_frames_are_corrupt_only_after_a_second() -> None:
    watch = CameraWatch("till", 0.0)
    watch.good_frame(0.0)
    watch.bad_frame(0.1, "damaged frames")
    watch.bad_frame(0.9, "damaged frames")
    assert state(watch) == "live"
    watch.bad_frame(1.2, "damaged frames")
    assert state(watch) == "corrupt"
    (report,) = reports(watch, [1.2])
    assert report.reason == "damaged frames"
    reports(watch, [3.5])
    assert watch.state == "stalled"


def test_nothing_follows_the_end() -> None:
    watch = CameraWatch("till", 0.0)
    watch.ended()
    watch.disconnected("connection lost")
    assert watch.state == "ended"


@given(
    st.lists(
        st.tuples(st.floats(0.0, 3.0), st.sampled_from(["good", "same", "bad", "gone", "ask"])),
        max_size=60,
    )
)
def test_no_more_is_observed_than_time_went_by(steps: list[tuple[float, str]]) -> None:
    watch, now, observed = CameraWatch("till", 0.0), 0.0, 0.0
    for step_s, what in steps:
        now += step_s
        if what in ("good", "same"):
            watch.good_frame(now, fingerprint=1 if what == "same" else None)
        elif what == "bad":
            watch.bad_frame(now, "damaged frames")
        elif what == "gone":
            watch.disconnected("connection lost")
        report = watch.report(now, now)
        if report:
            assert report.observed_s >= 0
            observed += report.observed_s
        assert observed <= now + 1e-3
