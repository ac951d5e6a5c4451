"""Composed crowds keep their labels true: what is hidden is not taught as seen."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from models.training.crowd import (
    CrowdRules,
    Scene,
    cover,
    cut_people,
    occlude,
    paste_people,
)
from models.training.sources import Picture

RULES = CrowdRules(share=1.0, people=[3, 8], height_px=[20, 120], occluded=1.0, occluders=[1, 4])
NONE = np.zeros((0, 4), np.float32)


def picture(
    wide: int, high: int, *boxes: tuple[float, ...], value: int = 0, teacher: bool = True
) -> Picture:
    image = np.full((high, wide, 3), value, np.uint8)
    rows = np.array(boxes, np.float32).reshape(-1, 4)
    return Picture("any", image, rows, NONE, teacher, stretched=False)


def scene(*boxes: tuple[float, ...]) -> Scene:
    rows = np.array(boxes, np.float32).reshape(-1, 4)
    return Scene(np.zeros((200, 300, 3), np.uint8), rows, NONE)


def test_a_counter_before_the_legs_cuts_the_box_off_at_its_top() -> None:
    after = cover(scene((100, 50, 140, 150)), (90, 110, 160, 170))
    assert after.boxes.tolist() == [[100, 50, 140, 110]]
    assert len(after.ignored) == 0


def test_who_is_mostly_hidden_is_neither_person_nor_background() -> None:
    after = cover(scene((100, 50, 140, 150), (200, 50, 240, 150)), (90, 60, 160, 170))
    assert after.boxes.tolist() == [[200, 50, 240, 150]]
    assert after.ignored.tolist() == [[100, 50, 140, 150]]


def test_a_narrow_post_leaves_the_box_as_it_is() -> None:
    after = cover(scene((100, 50, 140, 150)), (115, 0, 122, 200))
    assert after.boxes.tolist() == [[100, 50, 140, 150]]


def test_people_are_cut_out_of_believed_pictures_with_a_margin() -> None:
    found = cut_people(
        [
            picture(300, 200, (100, 50, 150, 150), (10, 10, 20, 30)),
            picture(300, 200, (100, 50, 150, 150), teacher=False),
        ],
        least_px=60,
    )
    assert [p.image.shape for p in found] == [(120, 60, 3)]
    assert found[0].boxes.tolist() == [[5, 10, 55, 110]]


def area(boxes: NDArray[np.float32]) -> float:
    return float((boxes[:, 2:] - boxes[:, :2]).prod(1).sum())


@settings(max_examples=30)
@given(seed=st.integers(0, 2**32 - 1))
def test_every_label_lies_in_the_picture_and_where_somebody_was_pasted(seed: int) -> None:
    rng = np.random.default_rng(seed)
    person = picture(60, 120, (0, 0, 60, 120), value=255)
    before = scene()
    crowd = paste_people(rng, before, [person], RULES)
    assert (crowd.boxes >= 0).all()
    assert (crowd.boxes[:, 2] <= 300).all()
    assert (crowd.boxes[:, 3] <= 200).all()
    for x1, y1, x2, y2 in crowd.boxes:
        middle = crowd.canvas[int((y1 + y2) / 2), int((x1 + x2) / 2)]
        assert middle.min() > 200
    behind = occlude(rng, crowd, [picture(80, 80, value=90)], RULES)
    assert len(behind.boxes) + len(behind.ignored) == len(crowd.boxes) + len(crowd.ignored)
    assert area(behind.boxes) <= area(crowd.boxes) + 1


def test_the_same_seed_makes_the_same_crowd() -> None:
    person = picture(60, 120, (0, 0, 60, 120), value=255)
    once, again = (
        paste_people(np.random.default_rng(7), scene(), [person], RULES) for _ in range(2)
    )
    np.testing.assert_array_equal(once.canvas, again.canvas)
    np.testing.assert_array_equal(once.boxes, again.boxes)
