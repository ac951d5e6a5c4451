from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from edge_agent.tracking.association import assign, overlap, twins
from tests.tracking.scenes import calm


def columns(*boxes: tuple[float, ...]) -> np.ndarray:
    return np.array(boxes, dtype=float).T


@pytest.mark.parametrize(
    ("other", "expected", "why"),
    [
        ((0, 0, 10, 10), 1.0, "the same box"),
        ((5, 0, 15, 10), 1 / 3, "half of each"),
        ((10, 0, 20, 10), 0.0, "only a border in common"),
        ((2, 2, 4, 4), 0.04, "one inside the other"),
    ],
)
def test_overlap(other: tuple[float, ...], expected: float, why: str) -> None:
    result = overlap(columns((0, 0, 10, 10)), columns(other), np.zeros(1))
    assert result[0, 0] == pytest.approx(expected), why


def test_a_margin_lets_boxes_meet_that_lie_beside_each_other() -> None:
    track, found = columns((0, 0, 10, 40)), columns((12, 0, 22, 40), (0, 45, 10, 85))
    assert overlap(track, found, np.zeros(1))[0].tolist() == [0, 0]
    grown = overlap(track, found, np.array([5.0]))[0]
    assert grown[0] == pytest.approx(8 / 32)
    assert grown[1] == 0, "people move sideways in a picture more than up and down"


@calm
@given(
    arrays(np.float64, st.tuples(st.integers(0, 4), st.integers(0, 4)), elements=st.floats(0, 1))
)
def test_no_other_pairing_is_better(likeness: np.ndarray) -> None:
    rows, columns = assign(likeness, 0.3)
    assert (likeness[rows, columns] > 0.3).all()
    assert len(set(rows)) == len(rows)
    assert len(set(columns)) == len(columns)
    gain = np.maximum(likeness - 0.3, 0)
    short = min(likeness.shape)
    best = max(
        sum(gain[r, c] for r, c in zip(some, order, strict=True))
        for some in itertools.combinations(range(likeness.shape[0]), short)
        for order in itertools.permutations(range(likeness.shape[1]), short)
    )
    assert gain[rows, columns].sum() == pytest.approx(best)


def test_a_good_pair_is_not_broken_for_two_poor_ones() -> None:
    rows, columns = assign(np.array([[0.9, 0.35], [0.35, 0.0]]), 0.3)
    assert (rows.tolist(), columns.tolist()) == ([0], [0])


def test_a_part_of_a_body_that_begins_at_its_head_is_a_twin() -> None:
    whole = columns((100, 100, 140, 200))
    others = columns((101, 101, 139, 150), (105, 140, 130, 198), (180, 100, 220, 200))
    assert twins(whole, others).tolist() == [[True, False, False]]
