from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tracking.scenes import calm
from trinetra.delayed import REACH_S, Rows, delayed

FPS = 20.0


def row(frame: int, track: int, x: float, y: float = 50.0) -> list[float]:
    return [frame, track, x, y, 40.0, 100.0, 0.9]


def walk(frames: range | list[int], track: int = 1, speed: float = 3.0) -> list[list[float]]:
    return [row(frame, track, 100 + speed * frame) for frame in frames]


def test_a_gap_that_ends_in_time_is_filled_with_a_straight_line() -> None:
    told = delayed(np.array(walk([*range(1, 21), *range(33, 51)])), FPS, 1.0)
    assert told[:, 0].tolist() == list(range(1, 51))
    assert told[:, 2] == pytest.approx(100 + 3 * told[:, 0])


def test_a_longer_gap_stays() -> None:
    seen = [*range(1, 21), *range(45, 61)]
    assert delayed(np.array(walk(seen)), FPS, 1.0)[:, 0].tolist() == seen


def test_a_track_of_one_frame_is_left_out_but_not_one_frame_of_a_track() -> None:
    rows = [row(5, 2, 300), *walk(range(1, 11)), *walk([60])]
    told = delayed(np.array(rows), FPS, 1.0)
    assert told[:, 1].tolist() == [1] * 11
    assert told[-1, 0] == 60


def test_a_jittery_path_becomes_smooth_and_does_not_lag() -> None:
    rng = np.random.default_rng(2)
    rows = np.array(walk(range(1, 101), speed=8.0))
    true = rows[:, 2].copy()
    rows[:, 2] += rng.normal(0, 4, len(rows))
    error = delayed(rows, FPS, 0.5)[:, 2] - true
    assert error.std() < 0.6 * (rows[:, 2] - true).std()
    assert abs(error.mean()) < 0.6


def test_nothing_in_nothing_out() -> None:
    assert delayed(np.empty((0, 7)), FPS, 1.0).shape == (0, 7)


def test_a_delay_shorter_than_the_window_is_refused() -> None:
    with pytest.raises(ValueError, match="less than"):
        delayed(np.empty((0, 7)), FPS, REACH_S / 2)


@calm
@given(
    st.lists(st.tuples(st.integers(1, 60), st.integers(1, 3)), min_size=1, unique=True),
    st.integers(1, 60),
    st.sampled_from((0.2, 0.45, 1.0)),
)
def test_what_is_said_of_a_frame_is_final_after_the_delay(
    seen: list[tuple[int, int]], now: int, delay_s: float
) -> None:
    rows = np.array([row(frame, track, 7.0 * (frame % 5), frame) for frame, track in seen])

    def until(frame: int, told: Rows) -> Rows:
        return told[told[:, 0] <= frame]

    known = delayed(until(now, rows), FPS, delay_s)
    final = int(now - delay_s * FPS)
    assert until(final, known) == pytest.approx(until(final, delayed(rows, FPS, delay_s)))
