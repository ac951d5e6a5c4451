"""ONNX Runtime: one execution provider, chosen by name; it never falls back without a word."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from contracts.errors import ModelError
from models.runtime.base import Floats, Outputs, Precision, Shape, reason
from models.runtime.quiet import quiet_onnxruntime

CPU = "onnxruntime"
PROVIDERS = {
    CPU: "CPUExecutionProvider",
    "onnxruntime-cuda": "CUDAExecutionProvider",
    "onnxruntime-tensorrt": "TensorrtExecutionProvider",
}


def _shape(dimensions: Sequence[int | str | None]) -> Shape:
    return tuple(d if isinstance(d, int) else None for d in dimensions)


class OrtRuntime:
    """A session on the provider of ``engine``; ``threads`` cores work on one pass.

    Threads do not spin between passes: several sessions share a small machine.  ``cache_dir`` is
    where the TensorRT provider keeps what it built.

    Raises:
        ModelError: the file is no model it can load, or the provider is not there.
    """

    def __init__(
        self,
        path: Path,
        *,
        engine: str = CPU,
        threads: int = 1,
        precision: Precision = "fp32",
        cache_dir: Path | None = None,
    ) -> None:
        onnxruntime = quiet_onnxruntime()
        refusals = onnxruntime.capi.onnxruntime_pybind11_state
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        refused = (
            refusals.EPFail,
            refusals.Fail,
            refusals.InvalidArgument,
            refusals.InvalidGraph,
            refusals.InvalidProtobuf,
            refusals.NotImplemented,
            refusals.RuntimeException,
        )
        self.name = f"{engine}-fp16" if precision == "fp16" else engine
        self._path, self._refused = path, refused
        wanted = PROVIDERS[engine]
        if wanted not in onnxruntime.get_available_providers():
            raise ModelError(
                f"{engine} is not in this onnxruntime: pip install 'trinetra[gpu]' in its place"
            )
        try:
            self._session = onnxruntime.InferenceSession(
                str(path), options, providers=providers(engine, precision, cache_dir)
            )
        except refused as error:
            raise ModelError(f"{path}: onnxruntime cannot load it: {reason(error)}") from error
        if self._session.get_providers()[0] != wanted:
            raise ModelError(f"{engine}: no usable NVIDIA GPU, driver or library on this machine")
        inputs = self._session.get_inputs()
        if len(inputs) != 1 or inputs[0].type != "tensor(float)":
            raise ModelError(f"{path}: expected one float32 input, found {len(inputs)}")
        self._input = inputs[0]
        self._outputs = self._session.get_outputs()

    @property
    def input_name(self) -> str:
        """Name of the network's input."""
        return str(self._input.name)

    @property
    def input_shape(self) -> Shape:
        """Shape of the input, ``None`` where any size goes."""
        return _shape(self._input.shape)

    @property
    def output_names(self) -> tuple[str, ...]:
        """Names of the outputs."""
        return tuple(o.name for o in self._outputs)

    @property
    def output_shapes(self) -> tuple[Shape, ...]:
        """Shapes of the outputs."""
        return tuple(_shape(o.shape) for o in self._outputs)

    def run(self, batch: Floats) -> Outputs:
        """One forward pass of a batch ``[N, C, H, W]``; ``ModelError`` if it does not fit."""
        try:
            outputs = self._session.run(None, {self._input.name: batch})
        except self._refused as error:
            raise ModelError(
                f"{self._path}: onnxruntime cannot run it on {list(batch.shape)}: {reason(error)}"
            ) from error
        return [np.asarray(out) for out in outputs]


def providers(engine: str, precision: Precision, cache_dir: Path | None) -> list[Any]:
    """The provider of an engine with its options, and those that take what it leaves."""
    own: dict[str, str] = {}
    if engine == "onnxruntime-tensorrt":
        own["trt_fp16_enable"] = "1" if precision == "fp16" else "0"
        if cache_dir is not None:
            own |= {"trt_engine_cache_enable": "1", "trt_engine_cache_path": str(cache_dir)}
    rest = {CPU: [], "onnxruntime-cuda": [CPU], "onnxruntime-tensorrt": ["onnxruntime-cuda", CPU]}
    return [(PROVIDERS[engine], own), *((PROVIDERS[name], {}) for name in rest[engine])]


on_cuda = partial(OrtRuntime, engine="onnxruntime-cuda")
on_tensorrt = partial(OrtRuntime, engine="onnxruntime-tensorrt")
