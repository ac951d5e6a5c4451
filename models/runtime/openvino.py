"""OpenVINO on the CPU: the same answers as onnxruntime in fp32, faster in 16 bits."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from contracts.errors import ModelError
from models.runtime.base import Floats, Outputs, Precision, Shape, reason
from models.runtime.profiles import PROFILES, run_in_profiles
from models.runtime.quiet import quiet_openvino

MOST_SHAPES = 8  # static graphs that are kept; pictures of more sizes share the dynamic one
Run = Callable[[Floats], Outputs]


def half_type(capabilities: list[str]) -> str:
    """The 16-bit float that a device computes in; ``ModelError`` if it has none."""
    for capability, name in (("FP16", "f16"), ("BF16", "bf16")):
        if capability in capabilities:
            return name
    raise ModelError("openvino: this CPU computes in no 16-bit floats; take precision fp32")


class OpenVinoRuntime:
    """A model compiled for the CPU; ``threads`` cores work on one pass.

    Where the batch is open, each size of picture gets static graphs for the batch profiles:
    on one thread a static graph takes 0.85 of the time of the dynamic one.

    Raises:
        ModelError: the file is no model it can load, or the CPU has no such precision.
    """

    def __init__(self, path: Path, *, threads: int = 1, precision: Precision = "fp32") -> None:
        openvino = quiet_openvino()
        self.name = "openvino-fp16" if precision == "fp16" else "openvino"
        self._path = path
        self._core = openvino.Core()
        half = self._core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        self._options = {
            "INFERENCE_NUM_THREADS": threads,
            "NUM_STREAMS": 1,
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": half_type(half) if precision == "fp16" else "f32",
            # several workers would be pinned to the same first cores
            "ENABLE_CPU_PINNING": False,
        }
        try:
            self._model = self._core.read_model(path)
        except RuntimeError as error:
            raise ModelError(f"{path}: openvino cannot load it: {reason(error)}") from error
        inputs = self._model.inputs
        if len(inputs) != 1 or inputs[0].element_type != openvino.Type.f32:
            raise ModelError(f"{path}: expected one float32 input, found {len(inputs)}")
        self.input_name = _name(inputs[0])
        self.input_shape = _shape(inputs[0])
        self.output_names = tuple(_name(out) for out in self._model.outputs)
        self.output_shapes = tuple(_shape(out) for out in self._model.outputs)
        self._static: dict[tuple[int, ...], Run] = {}
        self._dynamic: Run | None = None

    def run(self, batch: Floats) -> Outputs:
        """One forward pass of a batch ``[N, C, H, W]``; ``ModelError`` if it does not fit."""
        if self.input_shape[0] is None and len(batch):
            return run_in_profiles(self._pass, batch, PROFILES, pads=False)
        return self._pass(batch)

    def _pass(self, batch: Floats) -> Outputs:
        try:
            return self._runner(batch.shape)(batch)
        except RuntimeError as error:
            raise ModelError(
                f"{self._path}: openvino cannot run it on {list(batch.shape)}: {reason(error)}"
            ) from error

    def _runner(self, shape: tuple[int, ...]) -> Run:
        """A static graph for inputs of the first few shapes, else the dynamic one."""
        fits = len(shape) == len(self.input_shape) and all(
            wanted in (None, size) for wanted, size in zip(self.input_shape, shape, strict=True)
        )
        if fits and shape not in self._static and len(self._static) < MOST_SHAPES:
            model = self._model.clone()
            model.reshape(list(shape))
            self._static[shape] = self._compiled(model)
        if shape in self._static:
            return self._static[shape]
        if self._dynamic is None:
            self._dynamic = self._compiled(self._model)
        return self._dynamic

    def _compiled(self, model: Any) -> Run:
        """A function that runs the model once; what it returns is the caller's own."""
        request = self._core.compile_model(model, "CPU", self._options).create_infer_request()

        def run(batch: Floats) -> Outputs:
            request.infer([np.ascontiguousarray(batch)], share_inputs=True)
            return [tensor.data.copy() for tensor in request.output_tensors]

        return run


def _name(port: Any) -> str:
    """The name that ONNX gives an input or output; the first of several."""
    return min(port.names, default="")


def _shape(port: Any) -> Shape:
    return tuple(None if d.is_dynamic else d.get_length() for d in port.partial_shape)
