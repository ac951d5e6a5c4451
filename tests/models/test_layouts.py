"""A model file runs by its catalog entry or the file beside it alone: one graph for each layout."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from contracts.errors import ModelError
from models.catalog import resolve
from models.detector import load_detector
from tests.models.builders import emit_onnx

FRAME = np.zeros((120, 160, 3), np.uint8)
# On an input of 96x96 the frame of 160x120 covers 96x72 pixels.
TOP_LEFT = [[5.0, 5.0, 55.0, 105.0]]
INPUT_BOX = np.array([3.0, 3.0, 33.0, 63.0], np.float32)
CENTRE_SIZE = np.array([18.0, 33.0, 30.0, 60.0], np.float32)


def yolo_rows(columns: int, rows: int = 189, objectness: bool = False) -> NDArray[np.float32]:
    """Empty rows but for one person, a second of another class and one below the floor."""
    table = np.zeros((1, rows, columns), np.float32)
    table[0, :3, :4] = CENTRE_SIZE
    first = 4 + objectness
    table[0, :3, 4] = 1.0 if objectness else 0.0
    table[0, 0, first] = 0.8
    table[0, 1, -1] = 0.9 if columns > first + 1 else 0.02
    table[0, 2, first] = 0.05
    return table


def yolox_cells() -> NDArray[np.float32]:
    """The same person said by the cell of stride 8 in row 4, column 2."""
    table = np.zeros((1, 189, 85), np.float32)
    table[0, 4 * 12 + 2, :6] = [18 / 8 - 2, 33 / 8 - 4, np.log(30 / 8), np.log(60 / 8), 1.0, 0.8]
    return table


def final_rows(score: float = 0.8) -> NDArray[np.float32]:
    table = np.zeros((1, 300, 6), np.float32)
    table[0, 0] = [*INPUT_BOX, score, 0]
    table[0, 1] = [*INPUT_BOX, 0.9, 7]
    return table


def detr(softmax: bool) -> dict[str, NDArray[np.float32]]:
    boxes = np.full((1, 20, 4), 0.5, np.float32)
    boxes[0, 0] = CENTRE_SIZE / 96
    logits = np.full((1, 20, 3), -9.0, np.float32)
    logits[0, :, 2] = 9.0 if softmax else -9.0
    logits[0, 0] = [0.0, np.log(8.0), np.log(1.0)] if softmax else [-9.0, np.log(4.0), -9.0]
    return {"boxes": boxes, "logits": logits}


def mmdet() -> dict[str, NDArray[np.generic]]:
    dets = np.zeros((1, 5, 5), np.float32)
    dets[0, 0] = [*INPUT_BOX, 0.8]
    return {"dets": dets, "labels": np.zeros((1, 5), np.int64)}


def with_sidecar(path: Path, text: str) -> Path:
    path.with_suffix(".toml").write_text(text)
    return path


Build = Callable[[], Mapping[str, NDArray[Any]]]
LAYOUTS: dict[str, tuple[Build, str]] = {
    "boxes-scores": (mmdet, 'output = "boxes-scores"\noutputs = ["dets"]'),
    "mmdet": (mmdet, 'output = "mmdet"'),
    "yolov5": (lambda: {"output": yolo_rows(85, 567, objectness=True)}, 'output = "yolov5"'),
    "yolov8": (lambda: {"output0": yolo_rows(84).transpose(0, 2, 1).copy()}, 'output = "yolov8"'),
    "yolov8 of one class": (
        lambda: {"output0": yolo_rows(5).transpose(0, 2, 1).copy()},
        'output = "yolov8"',
    ),
    "yolov8-rows": (lambda: {"output0": yolo_rows(84)}, 'output = "yolov8-rows"'),
    "end-to-end": (lambda: {"output0": final_rows()}, 'output = "end-to-end"\nnms_iou = 1.0'),
    "yolox": (lambda: {"output": yolox_cells()}, 'output = "yolox"'),
    "rf-detr": (
        lambda: detr(softmax=False),
        'output = "detr"\nscores = "sigmoid"\nclasses = [1]\noutputs = ["boxes", "logits"]',
    ),
    "detr": (
        lambda: detr(softmax=True),
        'output = "detr"\nscores = "softmax"\nclasses = [1]\noutputs = ["boxes", "logits"]',
    ),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_known_person_is_found_in_every_layout(tmp_path: Path, layout: str) -> None:
    build, text = LAYOUTS[layout]
    path = emit_onnx(tmp_path / "own.onnx", build())
    place = 'place = "top-left"' if "detr" not in layout else 'place = "stretch"'
    with_sidecar(path, f"{text}\n[input]\nsize = [96, 96]\nfixed = true\n{place}\n")
    found = load_detector(str(path)).detect([FRAME])[0]
    stretched = [[5.0, 3.75, 55.0, 78.75]]
    np.testing.assert_allclose(found.xyxy, stretched if "detr" in layout else TOP_LEFT, atol=0.01)
    np.testing.assert_allclose(found.score, [0.8], atol=1e-5)
    assert found.refused == 0


@pytest.mark.parametrize(
    "layout", ["mmdet", "yolov5", "yolov8", "yolov8-rows", "end-to-end", "yolox"]
)
def test_the_usual_exports_need_no_file_beside_them(tmp_path: Path, layout: str) -> None:
    path = emit_onnx(tmp_path / "own.onnx", LAYOUTS[layout][0]())
    entry = resolve(path).entry
    assert entry.output == layout
    found = load_detector(str(path)).detect([FRAME])[0]
    centred = entry.input.place == "centre"  # 12 rows of padding above the frame
    moved = [[5.0, 0.0, 55.0, 85.0]] if centred else TOP_LEFT
    np.testing.assert_allclose(found.xyxy, moved, atol=0.01)


def test_an_rf_detr_is_known_by_its_outputs(tmp_path: Path) -> None:
    boxes, logits = np.zeros((1, 9, 4), np.float32), np.zeros((1, 9, 91), np.float32)
    entry = resolve(emit_onnx(tmp_path / "own.onnx", {"dets": boxes, "labels": logits})).entry
    assert (entry.output, entry.scores, entry.classes) == ("detr", "sigmoid", (1,))
    assert (entry.input.place, entry.input.colour, entry.input.size) == ("stretch", "rgb", (96, 96))


def test_what_cannot_be_a_box_is_dropped_and_counted(tmp_path: Path) -> None:
    rows = final_rows()
    rows[0, 2] = [np.nan, 0, 9, 9, 0.9, 0]
    rows[0, 3] = [0, 0, np.inf, 9, 0.9, 0]
    rows[0, 4] = [0, 0, 9, 9, np.nan, 0]
    rows[0, 5] = [9, 9, 4, 4, 0.9, 0]  # right of itself
    rows[0, 6] = [900, 9, 990, 40, 0.9, 0]  # outside
    rows[0, 7] = [0, 0, 9, 9, 7.5, 0]  # a logit, not a score
    found = load_detector(str(emit_onnx(tmp_path / "own.onnx", {"out": rows}))).detect([FRAME])[0]
    assert len(found) == 1
    assert found.refused == 6


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('output = "yolox"', r"outputs out\[1, 300, 6\] do not fit the form 'yolox'"),
        ('output = "end-to-end"\noutputs = ["boxes"]', "there is no output 'boxes'"),
        ('output = "yolo99"', "own.toml: Invalid enum value 'yolo99'"),
        ('output = "yolox"\nclases = [3]', "own.toml: .*unknown field `clases`"),
        ("output = ", "own.toml: "),
        ('output = "end-to-end"\nnms_iou = 0.0', "nms_iou"),
        ('output = "end-to-end"\n[input]\nsize = [64, 64]\nfixed = true', "cannot run it on"),
    ],
)
def test_a_wrong_entry_is_one_clear_error_at_load(tmp_path: Path, text: str, reason: str) -> None:
    path = with_sidecar(emit_onnx(tmp_path / "own.onnx", {"out": final_rows()}), text)
    with pytest.raises(ModelError, match=reason) as caught:
        load_detector(str(path))
    assert "\n" not in str(caught.value)


def test_an_unreadable_model_says_how_to_describe_it(tmp_path: Path) -> None:
    path = emit_onnx(tmp_path / "own.onnx", {"a": final_rows(), "b": final_rows()})
    with pytest.raises(ModelError, match=r"outputs a\[1, 300, 6\].*say in own.toml beside it"):
        resolve(path)


def test_an_embedder_is_no_detector(tmp_path: Path) -> None:
    path = emit_onnx(tmp_path / "own.onnx", {"out": np.zeros((1, 256), np.float32)})
    with_sidecar(path, 'output = "embedding"')
    with pytest.raises(ModelError, match="not a detector"):
        load_detector(str(path))


def test_the_file_beside_may_say_everything(tmp_path: Path) -> None:
    path = emit_onnx(tmp_path / "own.onnx", {"out": final_rows()})
    with_sidecar(path, 'output = "end-to-end"\nthreshold = 0.6\nlicence = "MIT"\norigin = "us"')
    entry = resolve(path).entry
    told = msgspec.structs.asdict(entry)
    assert (told["threshold"], told["licence"], told["origin"]) == (0.6, "MIT", "us")
