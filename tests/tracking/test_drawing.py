from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.geometry import Line, Polygon
from tests.tracking.scenes import calm
from trinetra.drawing import LineCount, Pen, Person, Scene, ZoneCount, colour_of, draw, text_width

_number = st.floats(-3000, 3000)
_point = st.tuples(_number, _number)


def scene(*people: Person) -> Scene:
    return Scene(people=people, lines=(), zones=(), header=())


def test_a_confirmed_person_gets_a_box_in_their_own_colour() -> None:
    image = np.zeros((240, 320, 3), np.uint8)
    draw(image, scene(Person(7, (100, 80, 160, 200), confirmed=True)))
    assert tuple(image[200, 130]) == colour_of(7)
    assert not image[140, 130].any(), "the box is not filled"


def test_tentative_people_are_thin_and_have_no_id() -> None:
    image = np.zeros((240, 320, 3), np.uint8)
    draw(image, scene(Person(7, (100, 80, 160, 200), confirmed=False)))
    assert np.ptp(image[200, 130]) == 0
    assert not image[60:79].any()


def test_two_people_next_to_each_other_differ_in_colour() -> None:
    assert len({colour_of(track_id) for track_id in range(1, 9)}) == 8


@pytest.mark.parametrize("height", [480, 720, 1080])
def test_letters_grow_with_the_picture(height: int) -> None:
    pen = Pen(np.zeros((height, height * 16 // 9, 3), np.uint8))
    assert pen._letter == pytest.approx(height / 34, abs=1)
    assert text_width("Now 12", pen._letter) < height / 3


@calm
@given(
    st.tuples(st.integers(2, 300), st.integers(2, 300)),
    st.tuples(_number, _number, _number, _number),
    st.lists(_point, max_size=4),
    st.lists(_point, min_size=3, max_size=5),
    st.tuples(_point, _point),
)
def test_nothing_outside_or_tiny_breaks_the_drawing(
    size: tuple[int, int],
    corners: tuple[float, float, float, float],
    trail: list[tuple[float, float]],
    area: list[tuple[float, float]],
    ends: tuple[tuple[float, float], tuple[float, float]],
) -> None:
    image = np.zeros((*size, 3), np.uint8)
    draw(
        image,
        Scene(
            people=(Person(12345, corners, confirmed=True, trail=tuple(trail)),),
            lines=(LineCount("door", Line(*ends), (0.0, 0.0), 3, 4),),
            zones=(ZoneCount("till", Polygon(tuple(area)), "till  3 now"),),
            header=("Now 1", "Total 2", "00:03"),
        ),
    )
    assert image.shape == (*size, 3)
