"""What an ONNX file outside the catalog is, told from its inputs and outputs."""

from __future__ import annotations

from pathlib import Path

from contracts.errors import ModelError
from models.catalog import InputSpec, ModelEntry, OutputForm
from models.runtime.base import Runtime
from models.runtime.ort import OrtRuntime

# A class axis is shorter than this, an axis of boxes is longer.
MOST_CLASSES = 200
GUESSED_THRESHOLD = 0.35
RTMDET_MEAN, RTMDET_STD = (103.53, 116.28, 123.675), (57.375, 57.12, 58.395)
YOLO_STD = (255.0, 255.0, 255.0)


def output_form(runtime: Runtime) -> OutputForm | None:
    """The supported form that these outputs look like, if any."""
    shapes, names = runtime.output_shapes, runtime.output_names
    if len(names) == 2 and names == ("dets", "labels"):
        return "mmdet"
    if len(names) != 1 or len(shapes[0]) != 3:
        return None
    _, rows, columns = shapes[0]
    if columns == 5 and names == ("dets",):
        return "boxes-scores"
    if columns is not None and 6 <= columns < MOST_CLASSES and (rows is None or rows > columns):
        return "yolox"
    if rows is not None and 5 <= rows < MOST_CLASSES and (columns is None or columns > rows):
        return "yolov8"
    return None


def input_spec(form: OutputForm, shape: tuple[int | None, ...]) -> InputSpec:
    """The input that networks of this form are trained with, at the size of this graph."""
    high, wide = shape[2], shape[3]
    fixed = high is not None and wide is not None
    size = (wide or 640, high or 640)
    if form == "mmdet":
        return InputSpec(mean=RTMDET_MEAN, std=RTMDET_STD, size=size, fixed=fixed)
    if form == "yolov8":
        return InputSpec(colour="rgb", std=YOLO_STD, size=size, fixed=fixed)
    return InputSpec(size=size, fixed=fixed)


def describe(path: Path, sha256: str) -> ModelEntry:
    """A catalog entry made up for ``path``; ``ModelError`` if it is no detector we can read."""
    runtime = OrtRuntime(path)
    shape = runtime.input_shape
    form = output_form(runtime) if len(shape) == 4 and shape[1] in (3, None) else None
    if form is None:
        outputs = ", ".join(
            f"{name}{list(s)}"
            for name, s in zip(runtime.output_names, runtime.output_shapes, strict=True)
        )
        raise ModelError(
            f"{path}: not a person detector we can read: input {list(shape)}, outputs {outputs}"
        )
    return ModelEntry(
        name=path.stem,
        task="person-detection",
        file=path.name,
        licence="not stated",
        origin=str(path),
        sha256=sha256,
        bytes=path.stat().st_size,
        input=input_spec(form, shape),
        output=form,
        threshold=GUESSED_THRESHOLD,
        card="",
    )
