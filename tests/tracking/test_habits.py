from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.tracking.bytetrack import Tracker
from edge_agent.tracking.habits import ECHO_SHARE, MOST_DOUBT, MOST_JITTER, Habits
from tests.tracking.scenes import calm, detections, walker

RATE_HZ = 10


def test_a_detector_with_echoes_is_doubted_and_one_without_is_not() -> None:
    noisy, clean = Habits(), Habits()
    for _ in range(100):
        noisy.heard(echoes=3, people=10)
        clean.heard(echoes=0, people=10)
    assert noisy.doubt == MOST_DOUBT
    assert clean.doubt == 0


def test_doubt_settles_where_the_share_of_echoes_is_the_wanted_one() -> None:
    rng, habits = np.random.default_rng(1), Habits()
    settled = []
    for step in range(3000):
        echoes = int((rng.uniform(0, 1, 20) < 2 * ECHO_SHARE * (1 - habits.doubt / 0.2)).sum())
        habits.heard(max(echoes, 0), 20)
        if step > 500:
            settled.append(habits.doubt)
    assert np.mean(settled) == pytest.approx(0.1, abs=0.02)


@calm
@given(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 10), st.floats(0, 5)), max_size=50))
def test_whatever_is_heard_both_figures_stay_in_bounds(
    heard: list[tuple[int, int, float]],
) -> None:
    habits = Habits()
    for echoes, people, jump in heard:
        habits.heard(echoes, people)
        habits.jumped(jump)
    assert 0 <= habits.doubt <= MOST_DOUBT
    assert 1 <= habits.blur() <= MOST_JITTER


def test_weak_echoes_no_longer_keep_a_track_alive() -> None:
    """People with a weak second box each, then one of whom only the weak box is left."""
    places = [walker(0, x=100 + 90 * i) for i in range(6)]
    echoes = [(x1 + 4, y1, x2 + 4, y2) for x1, y1, x2, y2 in places]
    tracker = Tracker(0.5)
    strong, weak = [0.9] * 6, [0.15] * 6
    for step in range(40):
        tracker.update(detections([*places, *echoes], [*strong, *weak]), step / RATE_HZ)
    tracks = tracker.update(detections([*places[1:], *echoes], [*strong[1:], *weak]), 4.0)
    assert 1 not in tracks.track_id.tolist()
