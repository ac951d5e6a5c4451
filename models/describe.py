"""What an ONNX file outside the catalog is: as a file beside it says, or told from its outputs.

``model.toml`` beside ``model.onnx`` holds the fields of a catalog entry that matter for running it
(``Sidecar``).  Without one, the usual exports are known by the names and shapes of their outputs.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

import msgspec

from contracts.errors import ModelError
from models.catalog import Classes, InputSpec, ModelEntry, OutputForm, ScoreForm, Share
from models.runtime.base import Runtime
from models.runtime.ort import OrtRuntime

# A class axis is shorter than this, an axis of boxes is longer.
MOST_CLASSES = 200
MOST_FINAL_BOXES = 1000
GUESSED_THRESHOLD = 0.35
COCO_CLASSES = 80
COCO_IDS = 91  # DETR and its kin count COCO's ids, where a person is 1
YOLO_STRIDES, YOLOV5_ANCHORS = (8, 16, 32), 3
RTMDET_MEAN, RTMDET_STD = (103.53, 116.28, 123.675), (57.375, 57.12, 58.395)
IMAGENET_MEAN, IMAGENET_STD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)
YOLO_STD = (255.0, 255.0, 255.0)


class Sidecar(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A detector's fields in a TOML file beside it; they mean what they mean in the catalog."""

    output: OutputForm
    input: InputSpec | None = None
    outputs: tuple[str, ...] = ()
    classes: Classes = (0,)
    scores: ScoreForm = "probability"
    nms_iou: Share = 0.6
    threshold: float = GUESSED_THRESHOLD
    licence: str = "not stated"
    origin: str = ""


def describe(path: Path, sha256: str) -> ModelEntry:
    """A catalog entry made up for ``path``; ``ModelError`` if it is no detector we can read."""
    runtime = OrtRuntime(path)
    shape = runtime.input_shape
    beside = path.with_suffix(".toml")
    told = read_sidecar(beside) if beside.is_file() else None
    if told is None and len(shape) == 4 and shape[1] in (3, None):
        told = guess(runtime)
    if told is None or len(shape) != 4:
        outputs = ", ".join(
            f"{name}{list(s)}"
            for name, s in zip(runtime.output_names, runtime.output_shapes, strict=True)
        )
        raise ModelError(
            f"{path}: not a person detector we can read: input {list(shape)}, outputs {outputs}; "
            f"say in {beside.name} beside it what they mean"
        )
    told = msgspec.structs.replace(
        told, input=told.input or input_spec(told.output, shape), origin=told.origin or str(path)
    )
    return ModelEntry(
        name=path.stem,
        task="person-detection",
        file=path.name,
        sha256=sha256,
        bytes=path.stat().st_size,
        card="",
        **msgspec.structs.asdict(told),
    )


def read_sidecar(path: Path) -> Sidecar:
    """The fields of a file beside a model; ``ModelError`` names the one that is wrong."""
    try:
        return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), Sidecar)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, UnicodeDecodeError) as error:
        raise ModelError(f"{path}: {error}") from error


def guess(runtime: Runtime) -> Sidecar | None:
    """What the outputs look like, if they look like a usual export."""
    shapes, names = runtime.output_shapes, runtime.output_names
    if names == ("dets", "labels"):
        if shapes[0][-1] != 4:
            return Sidecar(output="mmdet")
        person = 1 if shapes[1][-1] == COCO_IDS else 0
        return Sidecar(output="detr", scores="sigmoid", classes=(person,), nms_iou=0.9)
    if len(names) != 1 or len(shapes[0]) != 3:
        return None
    form = single_output(names[0], shapes[0][1], shapes[0][2], cells(runtime.input_shape))
    if form is None:
        return None
    return Sidecar(output=form, nms_iou=1.0 if form == "end-to-end" else 0.6)


def single_output(
    name: str, rows: int | None, columns: int | None, grid: int | None
) -> OutputForm | None:
    """The form of one ``[N, rows, columns]`` where the input has ``grid`` cells; None: unknown."""
    if columns == 5 and name == "dets":
        return "boxes-scores"
    if columns == 6 and rows is not None and rows <= MOST_FINAL_BOXES:
        return "end-to-end"
    if columns is not None and 5 <= columns < MOST_CLASSES and (rows is None or rows > columns):
        if grid is not None and rows == YOLOV5_ANCHORS * grid:
            return "yolov5"
        return "yolov8-rows" if columns in (5, 4 + COCO_CLASSES) else "yolox"
    if rows is not None and 5 <= rows < MOST_CLASSES and (columns is None or columns > rows):
        return "yolov8"
    return None


def cells(shape: tuple[int | None, ...]) -> int | None:
    """How many cells the three maps of an input ``[N, C, H, W]`` have, if its size is known."""
    high, wide = shape[2], shape[3]
    if high is None or wide is None:
        return None
    return sum((high // s) * (wide // s) for s in YOLO_STRIDES)


def input_spec(form: OutputForm, shape: tuple[int | None, ...]) -> InputSpec:
    """The input that networks of this form are trained with, at the size of this graph."""
    high, wide = shape[2], shape[3]
    fixed = high is not None and wide is not None
    plain = InputSpec(size=(wide or 640, high or 640), fixed=fixed)
    replace = msgspec.structs.replace
    if form == "mmdet":
        return replace(plain, mean=RTMDET_MEAN, std=RTMDET_STD)
    if form == "detr":
        return replace(
            plain, colour="rgb", mean=IMAGENET_MEAN, std=IMAGENET_STD, place="stretch", fixed=True
        )
    if form in ("yolov5", "yolov8", "yolov8-rows", "end-to-end"):
        return replace(plain, colour="rgb", std=YOLO_STD, place="centre")
    return plain
