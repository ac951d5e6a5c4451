"""Every form of output is read as its catalog entry says, or refused in one line."""

from typing import Any

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from contracts.errors import ModelError
from models.catalog import find
from models.outputs import read

WANTED = [8.0, 17.0, 12.0, 23.0]
CENTRED = [10.0, 20.0, 4.0, 6.0]


def answer(output: str, *arrays: NDArray[Any], **fields: Any) -> tuple[Any, Any]:
    """What an entry of that form reads from the outputs ``first``, ``second`` ..."""
    plain = {"classes": (1,), "scores": "probability", "outputs": (), "output": output}
    entry = msgspec.structs.replace(find("yolox-nano-coco"), **(plain | fields))
    names = ("first", "second", "third")[: len(arrays)]
    return read(entry, names, list(arrays), (32, 32))


def rows(*values: list[float]) -> NDArray[np.float32]:
    return np.array([values], np.float32)


def test_boxes_scores_splits_the_last_axis() -> None:
    boxes, scores = answer("boxes-scores", rows([*WANTED, 0.5]))
    assert boxes.tolist() == [[WANTED]]
    assert scores.tolist() == [[0.5]]


def test_mmdet_gives_other_classes_no_score() -> None:
    dets = rows([*WANTED, 0.5], [*WANTED, 0.75])
    _, scores = answer("mmdet", dets, np.array([[1, 7]]))
    assert scores.tolist() == [[0.5, 0.0]]


def test_end_to_end_rows_end_in_score_and_class() -> None:
    boxes, scores = answer("end-to-end", rows([*WANTED, 0.5, 0], [*WANTED, 0.75, 1]))
    assert boxes.tolist() == [[WANTED, WANTED]]
    assert scores.tolist() == [[0.0, 0.75]]


def test_yolox_adds_the_cell_and_the_stride() -> None:
    raw = np.zeros((1, 21, 7), np.float32)  # 16 + 4 + 1 cells of a 32x32 input
    raw[0, 5] = [0.5, 0.5, np.log(2), np.log(3), 0.5, 0.1, 0.8]  # stride 8, column 1, row 1
    boxes, scores = answer("yolox", raw)
    np.testing.assert_allclose(boxes[0, 5], [4, 0, 20, 24], atol=1e-4)
    assert np.isclose(scores[0, 5], 0.4)


def test_yolov5_multiplies_objectness_and_class() -> None:
    boxes, scores = answer("yolov5", rows([*CENTRED, 0.5, 0.1, 0.8]))
    assert boxes.tolist() == [[WANTED]]
    assert np.isclose(scores[0, 0], 0.4)


@pytest.mark.parametrize("output", ["yolov8", "yolov8-rows"])
def test_yolov8_is_read_either_way_round(output: str) -> None:
    raw = rows([*CENTRED, 0.1, 0.9], [1, 1, 2, 2, 0.3, 0.2])
    boxes, scores = answer(output, raw if output == "yolov8-rows" else raw.transpose(0, 2, 1))
    assert boxes.tolist() == [[WANTED, [0, 0, 2, 2]]]
    np.testing.assert_allclose(scores, [[0.9, 0.2]])


def test_detr_boxes_are_fractions_and_its_logits_pass_a_sigmoid() -> None:
    boxes, scores = answer(
        "detr", rows([10 / 32, 20 / 32, 4 / 32, 6 / 32]), rows([0.0, 2.0]), scores="sigmoid"
    )
    np.testing.assert_allclose(boxes, [[WANTED]], atol=1e-5)
    assert np.isclose(scores[0, 0], 1 / (1 + np.exp(-2)))


def test_the_last_class_of_a_softmax_is_nothing() -> None:
    logits = rows([1.0, 3.0, 2.0])
    _, scores = answer("detr", rows([0.5, 0.5, 0.1, 0.1]), logits, scores="softmax")
    assert np.isclose(scores[0, 0], np.exp(3) / np.exp([1, 3, 2]).sum())
    with pytest.raises(ModelError, match="class 2 is kept, but there are 2 classes"):
        answer("detr", rows([0.5, 0.5, 0.1, 0.1]), logits, scores="softmax", classes=(2,))


def test_outputs_are_found_by_name_where_the_graph_has_another_order() -> None:
    logits, boxes = rows([0.0, 2.0]), rows([0.5, 0.5, 0.25, 0.25])
    found, _ = answer("detr", logits, boxes, scores="sigmoid", outputs=("second", "first"))
    assert found.tolist() == [[[12, 12, 20, 20]]]


def test_of_several_kept_classes_the_best_one_counts() -> None:
    _, scores = answer("yolov8-rows", rows([*CENTRED, 0.1, 0.2, 0.9, 0.4]), classes=(1, 3))
    assert np.isclose(scores[0, 0], 0.4)


@pytest.mark.parametrize(
    ("output", "shapes", "reason"),
    [
        ("boxes-scores", [(1, 7, 6)], r"first\[1, 7, 6\] do not fit.*\[N, A, 5\]"),
        ("mmdet", [(1, 7, 5)], r"labels \[N, K\] are missing"),
        ("mmdet", [(1, 7, 5), (1, 6)], r"labels \[N, K\] are missing"),
        ("end-to-end", [(1, 300, 7)], r"\[N, K, 6\]"),
        ("yolox", [(1, 20, 7)], "an input of 32x32 has 21 cells"),
        ("yolox", [(1, 21, 5)], r"\[N, A, 5 \+ classes\]"),
        ("yolov5", [(1, 21)], r"\[N, A, 5 \+ classes\]"),
        ("yolov8", [(1, 7)], r"\[N, 4 \+ classes, A\]"),
        ("yolov8", [(1, 5, 21)], "class 1 is kept, but there are 1 classes"),
        ("yolov8-rows", [(1, 21, 3)], r"\[N, A, 4 \+ classes\]"),
        ("detr", [(1, 9, 4)], "as output 2"),
        ("detr", [(1, 9, 4), (1, 8, 3)], "9 boxes, but logits of 8"),
        ("detr", [(1, 9, 3), (1, 9, 4)], r"expected \[N, Q, 4\]"),
    ],
)
def test_what_does_not_fit_is_one_clear_line(
    output: str, shapes: list[tuple[int, ...]], reason: str
) -> None:
    with pytest.raises(ModelError, match=reason) as caught:
        answer(output, *(np.zeros(shape, np.float32) for shape in shapes))
    assert "\n" not in str(caught.value)


def test_a_named_output_that_is_not_there_is_said() -> None:
    with pytest.raises(ModelError, match="there is no output 'boxes'"):
        answer("detr", rows([0.0, 2.0]), outputs=("boxes", "first"))


def test_infinite_sizes_and_logits_make_no_noise() -> None:
    raw = np.full((1, 21, 7), 1e9, np.float32)
    boxes, _ = answer("yolox", raw)
    assert not np.isfinite(boxes).any()
    _, scores = answer("detr", rows([0.5, 0.5, 0.1, 0.1]), rows([np.inf, 1, 2]), scores="softmax")
    assert np.isnan(scores).all()
