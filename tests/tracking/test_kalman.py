from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from edge_agent.tracking import kalman
from edge_agent.tracking.kalman import Floats, Motion
from tests.tracking.scenes import calm


def matrices(motion: Motion, track: int) -> tuple[Floats, Floats]:
    """Mean (8,) and covariance (8, 8) of one track, as the textbook writes them."""
    box, velocity, box_var, cross, velocity_var = motion[:, :, track]
    covariance = np.block(
        [[np.diag(box_var), np.diag(cross)], [np.diag(cross), np.diag(velocity_var)]]
    )
    return np.concatenate([box, velocity]), covariance


def textbook_predict(mean: Floats, covariance: Floats, dt_s: float) -> tuple[Floats, Floats]:
    step = np.eye(8)
    step[:4, 4:] = dt_s * np.eye(4)
    size = mean[[2, 3, 2, 3]]
    frames = kalman.RATE_HZ * dt_s
    drift = (kalman.DRIFT[:, 0] * size) ** 2 * frames
    push = (kalman.PUSH[:, 0] * kalman.RATE_HZ * size) ** 2 * frames
    noise = np.diag(np.concatenate([drift, push]))
    return step @ mean, step @ covariance @ step.T + noise


def textbook_correct(
    mean: Floats, covariance: Floats, measured: Floats, blur: float
) -> tuple[Floats, Floats]:
    look = np.eye(4, 8)
    noise = np.diag((blur * kalman.BLUR[:, 0] * mean[[2, 3, 2, 3]]) ** 2)
    gain = covariance @ look.T @ np.linalg.inv(look @ covariance @ look.T + noise)
    return mean + gain @ (measured - look @ mean), (np.eye(8) - gain @ look) @ covariance


def at_least_a_pixel(mean: np.ndarray) -> np.ndarray:
    """What ours adds to the textbook: a side that shrinks past nothing stays one pixel."""
    return np.concatenate([mean[:2], np.maximum(mean[2:4], 1.0), mean[4:]])


boxes = st.lists(
    st.tuples(st.floats(0, 2000), st.floats(0, 1000), st.floats(10, 300), st.floats(20, 500)),
    min_size=1,
    max_size=5,
)


@calm
@given(
    boxes,
    st.lists(st.floats(0.01, 0.5), min_size=1, max_size=5),
    st.floats(-5, 5),
    st.floats(1, 4),
)
@example([(0.0, 0.0, 10.0, 20.0)], [0.5, 0.125, 0.5], -3.0, 1.0)
def test_the_batch_equals_the_textbook_filter(
    start: list[tuple[float, ...]], steps_s: list[float], shift: float, blur: float
) -> None:
    measured = np.array(start).T
    count = measured.shape[1]
    motion = kalman.start(measured)
    truth = [matrices(motion, track) for track in range(count)]
    for dt_s in steps_s:
        motion = kalman.predict(motion, dt_s)
        measured = np.maximum(measured + shift, 5.0)
        motion = kalman.correct(motion, measured, np.full(count, blur))
        for row, (mean, covariance) in enumerate(truth):
            mean, covariance = textbook_predict(mean, covariance, dt_s)
            mean, covariance = textbook_correct(
                at_least_a_pixel(mean), covariance, measured[:, row], blur
            )
            truth[row] = (at_least_a_pixel(mean), covariance)
    for row, (mean, covariance) in enumerate(truth):
        ours = matrices(motion, row)
        assert ours[0] == pytest.approx(mean, rel=1e-6, abs=1e-4)
        assert np.allclose(ours[1], covariance, rtol=1e-6, atol=1e-6)


def test_one_long_step_is_as_unsure_of_the_place_as_many_short_ones() -> None:
    short = kalman.start(np.array([[100.0], [100], [40], [100]]))
    long = short.copy()
    for _ in range(10):
        short = kalman.predict(short, 0.1)
    long = kalman.predict(long, 1.0)
    assert long[2] == pytest.approx(short[2], rel=0.3), "variance of the box"
    assert long[4] == pytest.approx(short[4]), "variance of the velocity"


@calm
@given(boxes)
def test_corners_and_centres_are_the_same_box(start: list[tuple[float, ...]]) -> None:
    box = np.array(start).T
    assert kalman.boxes_of(kalman.corners_of(box)) == pytest.approx(box, abs=1e-6)
