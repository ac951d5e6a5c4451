import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.letterbox import Letterbox

sides = st.integers(min_value=16, max_value=4096)
bounds = st.tuples(st.integers(2, 40), st.integers(2, 40)).map(lambda b: (b[0] * 32, b[1] * 32))


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        ((1920, 1080), (416, 256)),  # 16:9
        ((640, 480), (416, 320)),  # 4:3
        ((480, 480), (416, 416)),  # square
        ((1080, 1920), (256, 416)),  # a phone held upright
    ],
)
def test_the_input_follows_the_aspect_ratio(
    frame: tuple[int, int], expected: tuple[int, int]
) -> None:
    assert Letterbox.fit(frame, (416, 416), 32).input_size == expected


def test_a_fixed_input_stays_as_it_is() -> None:
    box = Letterbox.fit((1920, 1080), (416, 416), None)
    assert box.input_size == (416, 416)
    assert box.resized == (416, 234)


@given(wide=sides, high=sides, bound=bounds)
def test_the_resized_frame_lies_inside_the_input(
    wide: int, high: int, bound: tuple[int, int]
) -> None:
    box = Letterbox.fit((wide, high), bound, 32)
    for resized, size, limit in zip(box.resized, box.input_size, bound, strict=True):
        assert 1 <= resized <= size <= limit
        assert size % 32 == 0
        assert size - resized < 32
    assert box.resized[0] == bound[0] or box.resized[1] == bound[1]


@given(wide=sides, high=sides, bound=bounds, data=st.data())
def test_boxes_come_back_where_they_were(
    wide: int, high: int, bound: tuple[int, int], data: st.DataObject
) -> None:
    box = Letterbox.fit((wide, high), bound, 32)
    x = sorted(data.draw(st.tuples(st.floats(0, wide), st.floats(0, wide))))
    y = sorted(data.draw(st.tuples(st.floats(0, high), st.floats(0, high))))
    xyxy = np.array([[x[0], y[0], x[1], y[1]]], np.float32)
    scale = np.divide(box.resized * 2, box.frame * 2).astype(np.float32)
    inside = (xyxy * scale + np.array(box.corner * 2)).astype(np.float32)
    np.testing.assert_allclose(box.to_frame(inside), xyxy, atol=0.01)


def test_boxes_end_at_the_edge_of_the_frame() -> None:
    box = Letterbox.fit((640, 360), (416, 416), 32)
    outside = np.array([[-50, -50, 900, 900]], np.float32)
    assert box.to_frame(outside).tolist() == [[0, 0, 640, 360]]
