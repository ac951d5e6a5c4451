import numpy as np
import pytest

from models.detections import Detections


def detections() -> Detections:
    xyxy = np.array([[0, 0, 10, 20], [5, 5, 15, 25]], np.float32)
    return Detections(xyxy, np.array([0.9, 0.3], np.float32))


def test_above_keeps_the_threshold_itself() -> None:
    assert len(detections().above(0.9)) == 1
    assert len(detections().above(0.91)) == 0


def test_scaled_multiplies_each_axis() -> None:
    assert detections().scaled(2.0, 0.5).xyxy[1].tolist() == [10, 2.5, 30, 12.5]


def test_empty_has_no_boxes() -> None:
    assert len(Detections.empty()) == 0
    assert Detections.empty().xyxy.shape == (0, 4)


def test_boxes_and_scores_must_agree() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        Detections(np.zeros((2, 4), np.float32), np.zeros(3, np.float32))
