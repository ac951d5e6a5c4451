import numpy as np

from models.outputs import boxes_scores, mmdet, yolov8, yolox


def test_boxes_scores_splits_the_last_axis() -> None:
    dets = np.array([[[1, 2, 3, 4, 0.5]]], np.float32)
    boxes, scores = boxes_scores([dets], 0, (32, 32))
    assert boxes.tolist() == [[[1, 2, 3, 4]]]
    assert scores.tolist() == [[0.5]]


def test_mmdet_gives_other_classes_no_score() -> None:
    dets = np.array([[[1, 2, 3, 4, 0.5], [1, 2, 3, 4, 0.75]]], np.float32)
    _, scores = mmdet([dets, np.array([[0, 7]])], 0, (32, 32))
    assert scores.tolist() == [[0.5, 0.0]]


def test_yolox_adds_the_cell_and_the_stride() -> None:
    raw = np.zeros((1, 21, 7), np.float32)  # 16 + 4 + 1 cells of a 32x32 input
    raw[0, 5] = [0.5, 0.5, np.log(2), np.log(3), 0.5, 0.1, 0.8]  # stride 8, column 1, row 1
    boxes, scores = yolox([raw], 1, (32, 32))
    np.testing.assert_allclose(boxes[0, 5], [4, 0, 20, 24], atol=1e-4)
    assert np.isclose(scores[0, 5], 0.4)


def test_yolov8_turns_rows_into_boxes() -> None:
    raw = np.array([[[10.0], [20.0], [4.0], [6.0], [0.1], [0.9]]], np.float32)
    boxes, scores = yolov8([raw], 1, (32, 32))
    assert boxes[0, 0].tolist() == [8, 17, 12, 23]
    assert np.isclose(scores[0, 0], 0.9)
