import cv2
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from models.nms import iou_matrix, suppress


def test_iou_of_known_boxes() -> None:
    a = np.array([[0, 0, 10, 10]], np.float32)
    b = np.array([[0, 0, 10, 10], [5, 0, 15, 10], [20, 20, 30, 30], [3, 3, 3, 3]], np.float32)
    np.testing.assert_allclose(iou_matrix(a, b), [[1.0, 1 / 3, 0.0, 0.0]], atol=1e-6)


def test_the_best_of_overlapping_boxes_stays_and_comes_first() -> None:
    boxes = np.array([[0, 0, 10, 10], [0, 0, 10, 11], [50, 50, 60, 60]], np.float32)
    scores = np.array([0.5, 0.8, 0.9], np.float32)
    assert suppress(boxes, scores, iou=0.6, most=300).tolist() == [2, 1]


def test_no_boxes_leave_no_boxes() -> None:
    empty = suppress(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), 0.6, 300)
    assert len(empty) == 0


def test_nobody_of_a_crowd_is_lost_to_the_many_cells_of_the_first() -> None:
    rng = np.random.default_rng(0)
    corner = np.stack([np.arange(40) * 30.0, np.zeros(40)], 1).repeat(20, 0)
    jitter = rng.uniform(-0.5, 0.5, (800, 4))
    boxes = (np.hstack([corner, corner + np.array([20, 60])]) + jitter).astype(np.float32)
    scores = np.linspace(0.9, 0.2, 800, dtype=np.float32)  # the first person's cells come first
    kept = suppress(boxes, scores, iou=0.6, most=300)
    assert (kept // 20).tolist() == list(range(40))
    assert len(suppress(boxes, scores, iou=0.6, most=7)) == 7


@settings(max_examples=50)
@given(seed=st.integers(0, 2**32 - 1), count=st.integers(1, 60))
def test_it_keeps_what_opencv_keeps(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    corner = rng.uniform(0, 50, (count, 2))
    boxes = np.hstack([corner, corner + rng.uniform(5, 40, (count, 2))]).astype(np.float32)
    scores = rng.permutation(np.linspace(0.2, 0.9, count)).astype(np.float32)
    sized = np.hstack([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]]).tolist()
    expected = cv2.dnn.NMSBoxes(sized, scores.tolist(), 0.1, 0.6)
    assert suppress(boxes, scores, 0.6, 300).tolist() == np.ravel(expected).tolist()
