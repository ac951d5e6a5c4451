"""ONNX Runtime: on CUDA where onnxruntime-gpu and a GPU are present, else on the CPU."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contracts.errors import ModelError

PREFERRED = ("CUDAExecutionProvider", "CPUExecutionProvider")


def _shape(dimensions: Sequence[int | str | None]) -> tuple[int | None, ...]:
    return tuple(d if isinstance(d, int) else None for d in dimensions)


class OrtRuntime:
    """A session on the fastest provider present; ``threads`` cores work on one pass.

    Threads do not spin between passes: several sessions share a small machine.
    """

    def __init__(self, path: Path, *, threads: int = 1) -> None:
        import onnxruntime  # type: ignore[import-untyped]  # native and slow to import: only who runs a model pays
        from onnxruntime.capi import (  # type: ignore[import-untyped]
            onnxruntime_pybind11_state as refusals,
        )

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        refused = (
            refusals.Fail,
            refusals.InvalidArgument,
            refusals.InvalidGraph,
            refusals.InvalidProtobuf,
            refusals.NotImplemented,
            refusals.RuntimeException,
        )
        self._path, self._refused = path, refused
        try:
            self._session = onnxruntime.InferenceSession(
                str(path),
                options,
                providers=[p for p in PREFERRED if p in onnxruntime.get_available_providers()],
            )
        except refused as error:
            reason = str(error).splitlines()[0]
            raise ModelError(f"{path}: onnxruntime cannot load it: {reason}") from error
        inputs = self._session.get_inputs()
        if len(inputs) != 1 or inputs[0].type != "tensor(float)":
            raise ModelError(f"{path}: expected one float32 input, found {len(inputs)}")
        self._input = inputs[0]
        self._outputs = self._session.get_outputs()

    @property
    def name(self) -> str:
        """Engine and device."""
        # onnxruntime-gpu falls back to the CPU without a word: ask what it really runs on
        on_gpu = self._session.get_providers()[0] == "CUDAExecutionProvider"
        return "onnxruntime-cuda" if on_gpu else "onnxruntime-cpu"

    @property
    def input_name(self) -> str:
        """Name of the network's input."""
        return str(self._input.name)

    @property
    def input_shape(self) -> tuple[int | None, ...]:
        """Shape of the input, ``None`` where any size goes."""
        return _shape(self._input.shape)

    @property
    def output_names(self) -> tuple[str, ...]:
        """Names of the outputs."""
        return tuple(o.name for o in self._outputs)

    @property
    def output_shapes(self) -> tuple[tuple[int | None, ...], ...]:
        """Shapes of the outputs."""
        return tuple(_shape(o.shape) for o in self._outputs)

    def run(self, batch: NDArray[np.float32]) -> list[NDArray[Any]]:
        """One forward pass of a batch ``[N, C, H, W]``; ``ModelError`` if it does not fit."""
        try:
            outputs = self._session.run(None, {self._input.name: batch})
        except self._refused as error:
            reason = str(error).splitlines()[0]
            raise ModelError(
                f"{self._path}: onnxruntime cannot run it on {list(batch.shape)}: {reason}"
            ) from error
        return [np.asarray(out) for out in outputs]
