from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.tracking.quality import box_quality, hidden, sharpness
from tests.tracking.scenes import calm

_number = st.floats(-1e6, 1e6, width=32)
_boxes = st.lists(st.tuples(_number, _number, _number, _number), max_size=8)


def quality(*boxes: tuple[float, float, float, float]) -> list[float]:
    return box_quality(np.array(boxes, np.float64).reshape(-1, 4), 640, 480).tolist()


@calm
@given(_boxes)
def test_quality_is_between_nothing_and_one_whatever_the_boxes(
    boxes: list[tuple[float, float, float, float]],
) -> None:
    found = quality(*boxes)
    assert len(found) == len(boxes)
    assert all(0.0 <= value <= 1.0 for value in found)


def test_a_whole_person_of_good_size_has_full_quality() -> None:
    assert quality((100, 100, 150, 230)) == [pytest.approx(1.0)]


def test_few_pixels_cost_quality_but_not_all() -> None:
    small, large = quality((100, 100, 120, 150), (300, 100, 350, 230))
    assert 0.5 <= small < large


def test_only_people_in_front_hide() -> None:
    behind, in_front = (100, 100, 150, 200), (125, 120, 175, 240)
    share = hidden(np.array([behind, in_front], np.float64))
    assert share.tolist() == [pytest.approx(25 * 80 / 5000), 0.0]


def test_two_in_front_hide_more_than_one() -> None:
    boxes = [(100, 100, 150, 200), (100, 110, 110, 210), (140, 110, 150, 210)]
    alone = hidden(np.array(boxes[:2], np.float64))[0]
    both = hidden(np.array(boxes, np.float64))[0]
    assert both == pytest.approx(2 * alone)


def test_sharpness_does_not_depend_on_the_size_of_the_crop() -> None:
    near = np.full((512, 256, 3), 80, np.uint8)
    near[(np.arange(512) // 32) % 2 == 1] = 90
    far = near[::4, ::4].copy()
    assert 0.1 < sharpness(far) < 0.9
    assert sharpness(near) == pytest.approx(sharpness(far), abs=0.05)


def test_a_plain_crop_is_not_sharp() -> None:
    assert sharpness(np.full((128, 64, 3), 90, np.uint8)) == 0.0
