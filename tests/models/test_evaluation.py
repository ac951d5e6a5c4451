import numpy as np
import pytest

from models.detections import Detections
from models.evaluation import Labelled, score

NOTHING = np.zeros((0, 4), np.float32)
LEFT, RIGHT = [0, 0, 10, 20], [50, 0, 60, 20]


def found(*rows: tuple[list[int], float]) -> Detections:
    boxes = np.array([r[0] for r in rows], np.float32).reshape(-1, 4)
    return Detections(boxes, np.array([r[1] for r in rows], np.float32))


def truth(boxes: list[list[int]], ignore: list[list[int]] | None = None) -> Labelled:
    return Labelled(
        np.array(boxes, np.float32).reshape(-1, 4),
        np.array(ignore or [], np.float32).reshape(-1, 4),
    )


def test_all_found_and_nothing_else_is_perfect() -> None:
    result = score([(found((LEFT, 0.9), (RIGHT, 0.8)), truth([LEFT, RIGHT]))])
    assert result.ap50 == pytest.approx(1.0)
    assert result.f1 == pytest.approx(1.0)
    assert result.threshold == pytest.approx(0.8)


def test_half_found_is_half() -> None:
    result = score([(found((LEFT, 0.9)), truth([LEFT, RIGHT]))])
    assert result.ap50 == pytest.approx(51 / 101)  # recall 0, 0.01 .. 0.5


def test_a_second_box_on_the_same_person_is_wrong() -> None:
    result = score([(found((LEFT, 0.9), (LEFT, 0.8)), truth([LEFT]))])
    assert result.precision == pytest.approx(1.0)
    assert result.threshold == pytest.approx(0.9)


def test_a_box_in_an_ignored_area_counts_neither_way() -> None:
    result = score([(found((RIGHT, 0.95), (LEFT, 0.9)), truth([LEFT], [RIGHT]))])
    assert result.ap50 == pytest.approx(1.0)


def test_nothing_found_scores_nothing() -> None:
    assert score([(Detections.empty(), Labelled(NOTHING, NOTHING))]).ap50 == 0.0
