"""The few calls of CUDA's runtime library that TensorRT needs, without a package of bindings."""

from __future__ import annotations

import ctypes
import importlib.metadata
from pathlib import Path
from typing import Protocol

from contracts.errors import ModelError

WHEELS = ("nvidia-cuda-runtime", "nvidia-cuda-runtime-cu12")
NAMES = ("libcudart.so.13", "libcudart.so.12")
_TO_DEVICE, _TO_HOST = 1, 2
_NON_BLOCKING, _THREAD_LOCAL = 1, 1


class Cuda(Protocol):
    """Memory, one stream and graphs; addresses and handles are integers, sizes are bytes."""

    def allocate(self, size: int) -> int:
        """Memory on the device."""

    def allocate_pinned(self, size: int) -> int:
        """Page-locked memory of the host, which the device copies from and to by itself."""

    def free(self, device: int) -> None:
        """Give back memory of the device."""

    def free_pinned(self, host: int) -> None:
        """Give back page-locked memory."""

    def stream(self) -> int:
        """A new stream."""

    def upload(self, device: int, host: int, size: int, stream: int) -> None:
        """Copy to the device, in the order of the stream."""

    def download(self, host: int, device: int, size: int, stream: int) -> None:
        """Copy from the device, in the order of the stream."""

    def wait(self, stream: int) -> None:
        """Return when everything on the stream is done."""

    def begin_capture(self, stream: int) -> None:
        """Write down what is put on the stream from now on, instead of doing it."""

    def end_capture(self, stream: int) -> int:
        """What was written down, as a graph that can be launched."""

    def launch(self, graph: int, stream: int) -> None:
        """Do all of a graph, at the cost of one call."""

    def free_graph(self, graph: int) -> None:
        """Give back a graph."""


class CudaLibrary:
    """``Cuda`` on libcudart; every call that fails raises ``ModelError`` with CUDA's reason."""

    def __init__(self, library: ctypes.CDLL) -> None:
        self._library = library
        library.cudaGetErrorString.restype = ctypes.c_char_p
        count = ctypes.c_int()
        self._call("cudaGetDeviceCount", ctypes.byref(count))

    def allocate(self, size: int) -> int:
        """See ``Cuda``."""
        return self._made("cudaMalloc", ctypes.c_size_t(size))

    def allocate_pinned(self, size: int) -> int:
        """See ``Cuda``."""
        return self._made("cudaMallocHost", ctypes.c_size_t(size))

    def free(self, device: int) -> None:
        """See ``Cuda``."""
        self._call("cudaFree", ctypes.c_void_p(device))

    def free_pinned(self, host: int) -> None:
        """See ``Cuda``."""
        self._call("cudaFreeHost", ctypes.c_void_p(host))

    def stream(self) -> int:
        """See ``Cuda``."""
        return self._made("cudaStreamCreateWithFlags", ctypes.c_uint(_NON_BLOCKING))

    def upload(self, device: int, host: int, size: int, stream: int) -> None:
        """See ``Cuda``."""
        self._copy(device, host, size, _TO_DEVICE, stream)

    def download(self, host: int, device: int, size: int, stream: int) -> None:
        """See ``Cuda``."""
        self._copy(host, device, size, _TO_HOST, stream)

    def wait(self, stream: int) -> None:
        """See ``Cuda``."""
        self._call("cudaStreamSynchronize", ctypes.c_void_p(stream))

    def begin_capture(self, stream: int) -> None:
        """See ``Cuda``."""
        self._call("cudaStreamBeginCapture", ctypes.c_void_p(stream), ctypes.c_int(_THREAD_LOCAL))

    def end_capture(self, stream: int) -> int:
        """See ``Cuda``."""
        graph = ctypes.c_void_p()
        self._call("cudaStreamEndCapture", ctypes.c_void_p(stream), ctypes.byref(graph))
        ready = self._made("cudaGraphInstantiate", graph, ctypes.c_ulonglong(0))
        self._call("cudaGraphDestroy", graph)
        return ready

    def launch(self, graph: int, stream: int) -> None:
        """See ``Cuda``."""
        self._call("cudaGraphLaunch", ctypes.c_void_p(graph), ctypes.c_void_p(stream))

    def free_graph(self, graph: int) -> None:
        """See ``Cuda``."""
        self._call("cudaGraphExecDestroy", ctypes.c_void_p(graph))

    def _copy(self, to: int, source: int, size: int, way: int, stream: int) -> None:
        self._call(
            "cudaMemcpyAsync",
            ctypes.c_void_p(to),
            ctypes.c_void_p(source),
            ctypes.c_size_t(size),
            ctypes.c_int(way),
            ctypes.c_void_p(stream),
        )

    def _made(self, name: str, *arguments: object) -> int:
        """The handle that a call writes through its first argument."""
        handle = ctypes.c_void_p()
        self._call(name, ctypes.byref(handle), *arguments)
        return handle.value or 0

    def _call(self, name: str, *arguments: object) -> None:
        code = getattr(self._library, name)(*arguments)
        if code:
            told = self._library.cudaGetErrorString(code).decode()
            raise ModelError(f"CUDA: {name}: {told}")


def load_cuda() -> CudaLibrary:
    """libcudart of the ``gpu`` extra or of the system; ``ModelError`` without one or a GPU."""
    for name in (*_wheel_files(), *NAMES):
        try:
            return CudaLibrary(ctypes.CDLL(name))
        except OSError:
            continue
    raise ModelError("CUDA's runtime library is missing: pip install 'trinetra[gpu]'")


def _wheel_files() -> list[str]:
    found: list[Path] = []
    for wheel in WHEELS:
        try:
            files = importlib.metadata.files(wheel) or []
        except importlib.metadata.PackageNotFoundError:
            continue
        found += [Path(str(f.locate())) for f in files if f.name.startswith("libcudart.so")]
    return [str(path) for path in found]
