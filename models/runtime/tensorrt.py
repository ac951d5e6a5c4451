"""TensorRT: an engine built for this GPU, pinned buffers, and one CUDA graph per input shape.

A pass is one call: copy in, run, copy out are captured once and then only launched.
"""

from __future__ import annotations

import ctypes
import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contracts.errors import ModelError
from models.runtime.base import Floats, Outputs, Precision, Shape
from models.runtime.cuda import Cuda, load_cuda
from models.runtime.profiles import run_in_profiles
from models.runtime.tensorrt_plan import quiet_logger, stored_plan

MOST_LANES = 8  # input shapes with their buffers; the one unused for longest makes room


@dataclass(frozen=True)
class Buffer:
    """One tensor in page-locked memory (``host``, seen as ``array``) and on the device."""

    name: str
    host: int
    device: int
    array: NDArray[Any]


@dataclass(frozen=True)
class Lane:
    """What one input shape runs in; the graph holds the context's state, so neither is shared."""

    context: Any
    given: Buffer
    told: tuple[Buffer, ...]
    graph: int


class TensorRtRuntime:
    """A deserialized engine; batches are dealt to its batch profiles.

    ``trt`` is the tensorrt module, ``engine`` its ``ICudaEngine``; ``name`` is for logs.

    Raises:
        ModelError: the engine has not one float32 input, or CUDA fails.
    """

    def __init__(self, trt: Any, engine: Any, cuda: Cuda, name: str = "tensorrt") -> None:
        self.name = name
        self._trt, self._engine, self._cuda = trt, engine, cuda
        names = [engine.get_tensor_name(i) for i in range(engine.num_io_tensors)]
        inputs = [n for n in names if engine.get_tensor_mode(n) == trt.TensorIOMode.INPUT]
        if len(inputs) != 1 or self._dtype(inputs[0]) != np.float32:
            raise ModelError(f"tensorrt: expected one float32 input, found {len(inputs)}")
        self.input_name: str = inputs[0]
        self.input_shape = self._shape(inputs[0])
        self.output_names: tuple[str, ...] = tuple(n for n in names if n not in inputs)
        self.output_shapes = tuple(self._shape(n) for n in self.output_names)
        self._profiles = {
            engine.get_tensor_profile_shape(inputs[0], i)[1][0]: i
            for i in range(engine.num_optimization_profiles)
        }
        self._stream = cuda.stream()
        self._lanes: dict[tuple[int, ...], Lane] = {}

    def run(self, batch: Floats) -> Outputs:
        """One forward pass of a batch ``[N, C, H, W]``; ``ModelError`` if it does not fit."""
        return run_in_profiles(self._pass, batch, tuple(self._profiles))

    def _pass(self, batch: Floats) -> Outputs:
        lane = self._lanes.pop(batch.shape, None) or self._lane(batch.shape)
        self._lanes[batch.shape] = lane
        np.copyto(lane.given.array, batch)
        self._cuda.launch(lane.graph, self._stream)
        self._cuda.wait(self._stream)
        return [buffer.array.copy() for buffer in lane.told]

    def _lane(self, shape: tuple[int, ...]) -> Lane:
        """Buffers and graph for inputs of this shape."""
        if len(self._lanes) >= MOST_LANES:
            self._free(self._lanes.pop(next(iter(self._lanes))))
        context = self._engine.create_execution_context()
        context.set_optimization_profile_async(self._profiles[shape[0]], self._stream)
        if not context.set_input_shape(self.input_name, shape):
            raise ModelError(f"tensorrt: the engine takes {self.input_shape}, not {list(shape)}")
        given = self._buffer(context, self.input_name)
        told = tuple(self._buffer(context, name) for name in self.output_names)
        # TensorRT does its last preparations in the first run, which must not be captured
        self._enqueue(context, given, told)
        self._cuda.wait(self._stream)
        self._cuda.begin_capture(self._stream)
        self._enqueue(context, given, told)
        return Lane(context, given, told, self._cuda.end_capture(self._stream))

    def _enqueue(self, context: Any, given: Buffer, told: tuple[Buffer, ...]) -> None:
        """Put copy in, run and copy out on the stream."""
        cuda, stream = self._cuda, self._stream
        cuda.upload(given.device, given.host, given.array.nbytes, stream)
        if not context.execute_async_v3(stream):
            raise ModelError(f"tensorrt: the engine failed on {list(given.array.shape)}")
        for buffer in told:
            cuda.download(buffer.host, buffer.device, buffer.array.nbytes, stream)

    def _buffer(self, context: Any, name: str) -> Buffer:
        shape = tuple(context.get_tensor_shape(name))
        if min(shape, default=0) < 0:
            raise ModelError(f"tensorrt: the size of {name} depends on the picture (NMS inside)")
        dtype = self._dtype(name)
        size = int(np.prod(shape)) * dtype.itemsize
        host, device = self._cuda.allocate_pinned(size), self._cuda.allocate(size)
        raw = (ctypes.c_byte * size).from_address(host)
        array = np.ctypeslib.as_array(raw).view(dtype).reshape(shape)
        context.set_tensor_address(name, device)
        return Buffer(name, host, device, array)

    def _free(self, lane: Lane) -> None:
        self._cuda.free_graph(lane.graph)
        for buffer in (lane.given, *lane.told):
            self._cuda.free_pinned(buffer.host)
            self._cuda.free(buffer.device)

    def _dtype(self, name: str) -> np.dtype[Any]:
        dtype: np.dtype[Any] = np.dtype(self._trt.nptype(self._engine.get_tensor_dtype(name)))
        return dtype

    def _shape(self, name: str) -> Shape:
        return tuple(None if d < 0 else d for d in self._engine.get_tensor_shape(name))


def open_tensorrt(
    path: Path, *, threads: int, precision: Precision, cache_dir: Path
) -> TensorRtRuntime:
    """The ONNX file as an engine for this GPU, built on first use and kept in ``cache_dir``.

    Raises:
        ModelError: TensorRT or CUDA is not usable here, or it cannot build or run the model.
    """
    cuda = load_cuda()
    trt = importlib.import_module("tensorrt")
    plan = stored_plan(trt, path, precision, cache_dir, threads)
    engine = trt.Runtime(quiet_logger(trt)).deserialize_cuda_engine(plan)
    if engine is None:
        raise ModelError(f"{path}: this GPU does not load the TensorRT engine built for it")
    name = "tensorrt-fp16" if precision == "fp16" else "tensorrt"
    return TensorRtRuntime(trt, engine, cuda, name)
