"""A TensorRT and a CUDA that run in the host's memory and keep count of what is asked of them."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np

__version__ = "10.16.0"


class FakeCuda:
    """Does what is put on the stream at once, or writes it down while capturing."""

    def __init__(self) -> None:
        self.blocks: dict[int, Any] = {}
        self.graphs: dict[int, list[Callable[[], None]]] = {}
        self.recording: list[Callable[[], None]] | None = None
        self.calls: list[str] = []

    def allocate(self, size: int) -> int:
        block = ctypes.create_string_buffer(max(1, size))
        self.blocks[ctypes.addressof(block)] = block
        return ctypes.addressof(block)

    allocate_pinned = allocate

    def free(self, device: int) -> None:
        del self.blocks[device]

    free_pinned = free

    def stream(self) -> int:
        return 7

    def put(self, name: str, work: Callable[[], None]) -> None:
        self.calls.append(name)
        if self.recording is None:
            work()
        else:
            self.recording.append(work)

    def upload(self, device: int, host: int, size: int, stream: int) -> None:
        assert stream == 7
        self.put("upload", lambda: ctypes.memmove(device, host, size) and None)

    def download(self, host: int, device: int, size: int, stream: int) -> None:
        self.put("download", lambda: ctypes.memmove(host, device, size) and None)

    def wait(self, stream: int) -> None:
        assert self.recording is None, "waiting is not allowed while capturing"

    def begin_capture(self, stream: int) -> None:
        self.recording = []

    def end_capture(self, stream: int) -> int:
        assert self.recording is not None
        graph = max(self.graphs, default=0) + 1
        self.graphs[graph], self.recording = self.recording, None
        return graph

    def launch(self, graph: int, stream: int) -> None:
        self.calls.append("launch")
        for work in self.graphs[graph]:
            work()

    def free_graph(self, graph: int) -> None:
        del self.graphs[graph]


class FakeContext:
    """Writes the mean of each frame's pixels, as ``mean [N, 1]``, and their doubles."""

    def __init__(self, engine: FakeEngine) -> None:
        self.engine, self.profile, self.prepared = engine, -1, False
        self.shape: tuple[int, ...] = ()
        self.places: dict[str, int] = {}

    def set_optimization_profile_async(self, index: int, stream: int) -> bool:
        self.profile = index
        return True

    def set_input_shape(self, name: str, shape: tuple[int, ...]) -> bool:
        fits = len(shape) == 4 and shape[0] == self.engine.batches[self.profile]
        fits = fits and all(e in (-1, s) for e, s in zip(self.engine.shape, shape, strict=True))
        self.shape = shape
        return fits

    def get_tensor_shape(self, name: str) -> tuple[int, ...]:
        if name == "images":
            return self.shape
        return self.shape if name == "double" else (self.shape[0], self.engine.means)

    def set_tensor_address(self, name: str, place: int) -> bool:
        self.places[name] = place
        return True

    def execute_async_v3(self, stream: int) -> bool:
        unprepared = self.engine.cuda.recording is not None and not self.prepared
        if self.engine.broken or unprepared:
            return False
        self.prepared = True
        self.engine.cuda.put("run", self._work)
        return True

    def _work(self) -> None:
        given = self._at("images", self.shape)
        self._at("mean", (self.shape[0], 1))[:] = given.mean((1, 2, 3))[:, None]
        self._at("double", self.shape)[:] = given * 2

    def _at(self, name: str, shape: tuple[int, ...]) -> Any:
        raw = (ctypes.c_float * int(np.prod(shape))).from_address(self.places[name])
        return np.ctypeslib.as_array(raw).reshape(shape)


class FakeEngine:
    """An engine of some batch profiles; ``means`` of -1 is a size that depends on the picture."""

    def __init__(
        self,
        cuda: FakeCuda,
        batches: tuple[int, ...] = (1, 4),
        shape: tuple[int, ...] = (-1, 3, -1, -1),
        *,
        means: int = 1,
        broken: bool = False,
        dtype: str = "float32",
    ) -> None:
        self.cuda, self.batches, self.shape = cuda, batches, shape
        self.means, self.broken, self.dtype = means, broken, dtype
        self.num_io_tensors, self.num_optimization_profiles = 3, len(batches)
        self.contexts = 0

    def get_tensor_name(self, index: int) -> str:
        return ("images", "mean", "double")[index]

    def get_tensor_mode(self, name: str) -> str:
        return "input" if name == "images" else "output"

    def get_tensor_dtype(self, name: str) -> str:
        return self.dtype

    def get_tensor_shape(self, name: str) -> tuple[int, ...]:
        return (-1, 1) if name == "mean" else self.shape

    def get_tensor_profile_shape(self, name: str, index: int) -> list[tuple[int, ...]]:
        return [(self.batches[index], 3, size, size) for size in (64, 416, 1280)]

    def create_execution_context(self) -> FakeContext:
        self.contexts += 1
        return FakeContext(self)


TensorIOMode = SimpleNamespace(INPUT="input")
nptype = np.dtype


class Builder:
    """Keeps what it was told in ``built``; answers with ``plan``."""

    built: ClassVar[list[dict[str, Any]]] = []
    plan: ClassVar[bytes | None] = b"a plan"
    max_threads = 0

    def __init__(self, logger: object) -> None:
        self.profiles: list[tuple[str, Any]] = []
        self.told: dict[str, Any] = {"profiles": [], "flags": []}

    def create_network(self, flags: int) -> Any:
        self.told["network"] = flags
        entry = SimpleNamespace(name="images", shape=(-1, 3, -1, -1))
        return SimpleNamespace(get_input=lambda index: entry)

    def create_builder_config(self) -> Any:
        return SimpleNamespace(
            set_memory_pool_limit=lambda pool, size: None,
            set_flag=self.told["flags"].append,
            add_optimization_profile=self.told["profiles"].append,
        )

    def create_optimization_profile(self) -> Any:
        profile = SimpleNamespace(sizes=())
        profile.set_shape = lambda name, *sizes: setattr(profile, "sizes", (name, *sizes))
        return profile

    def build_serialized_network(self, network: object, config: object) -> bytes | None:
        Builder.built.append(self.told)
        return Builder.plan


class OnnxParser:
    """Reads everything but the word ``broken``."""

    num_errors = 1

    def __init__(self, network: object, logger: object) -> None:
        pass

    def parse(self, raw: bytes) -> bool:
        return raw != b"broken"

    def get_error(self, index: int) -> Any:
        return SimpleNamespace(desc=lambda: "no such operator")


class Logger:
    """Says nothing."""

    ERROR = 1

    def __init__(self, level: int) -> None:
        self.level = level


NetworkDefinitionCreationFlag = SimpleNamespace(STRONGLY_TYPED=1)
MemoryPoolType = SimpleNamespace(WORKSPACE=0)
BuilderFlag = SimpleNamespace(FP16="fp16")
