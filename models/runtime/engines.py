"""Every engine, one row each; its module is imported only where it is chosen."""

from __future__ import annotations

import importlib
import importlib.metadata
import mmap
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from contracts.errors import ModelError
from models.runtime.base import PRECISIONS, Precision, Runtime
from models.runtime.profiles import AnyBatch

REFERENCE = "onnxruntime"
AUTO = "auto"
QUANTIZED = (b"QuantizeLinear", b"QLinearConv", b"ConvInteger", b"MatMulInteger")


class Engine(NamedTuple):
    """A row: ``target`` is ``module:callable``, called with a path, ``threads`` and ``precision``.

    ``needs`` are distributions (``a|b``: either will do) and ``extra`` is ours that brings them.
    ``narrows`` are the precisions that the engine makes by itself of an fp32 file.  One that is
    ``built`` first gets a ``cache_dir`` for what it builds; ``patience_s`` bounds loading.
    """

    name: str
    target: str
    needs: tuple[str, ...]
    extra: str = ""
    narrows: tuple[Precision, ...] = ()
    built: bool = False
    patience_s: float = 60.0


_TRT = "tensorrt-cu13|tensorrt"
ENGINES: tuple[Engine, ...] = (
    Engine(REFERENCE, "models.runtime.ort:OrtRuntime", ("onnxruntime|onnxruntime-gpu",)),
    Engine(
        "openvino", "models.runtime.openvino:OpenVinoRuntime", ("openvino",), "openvino", ("fp16",)
    ),
    Engine("onnxruntime-cuda", "models.runtime.ort:on_cuda", ("onnxruntime-gpu",), "gpu"),
    Engine(
        "onnxruntime-tensorrt", "models.runtime.ort:on_tensorrt", ("onnxruntime-gpu", _TRT),
        "gpu", ("fp16",), built=True, patience_s=900.0,
    ),
    Engine(
        "tensorrt", "models.runtime.tensorrt:open_tensorrt", (_TRT,),
        "gpu", ("fp16",), built=True, patience_s=900.0,
    ),
)  # fmt: skip


def find_engine(name: str, engines: Iterable[Engine] = ENGINES) -> Engine:
    """The row of that name; ``ModelError`` if there is none, or what it needs is not installed."""
    rows = {engine.name: engine for engine in engines}
    if name not in rows:
        raise ModelError(f"unknown runtime {name!r}; known: {AUTO}, {', '.join(rows)}")
    missing = [need for need, version in versions(rows[name]).items() if not version]
    if missing:
        what = missing[0].split("|")[0]
        extra = f"[{rows[name].extra}]" if rows[name].extra else ""
        raise ModelError(f"runtime {name} needs {what}: pip install 'trinetra{extra}'")
    return rows[name]


def versions(engine: Engine) -> dict[str, str]:
    """Each need of an engine and the version that is installed, empty if none is."""
    found = {}
    for need in engine.needs:
        found[need] = next((v for v in map(_version, need.split("|")) if v), "")
    return found


def _version(distribution: str) -> str:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return ""


def present(engines: Iterable[Engine] = ENGINES) -> list[Engine]:
    """The engines whose needs are installed; whether they work is for a trial to say."""
    return [engine for engine in engines if all(versions(engine).values())]


def check_precision(engine: Engine, precision: str, path: Path) -> Precision:
    """``precision`` if the engine can run this file so; ``ModelError`` says what would help."""
    if precision not in PRECISIONS:
        known = ", ".join((AUTO, *PRECISIONS))
        raise ModelError(f"unknown precision {precision!r}; known: {known}")
    if precision == "int8" and not is_quantized(path):
        raise ModelError(f"{path.name} is not quantized: int8 needs a model file with Q/DQ nodes")
    if precision == "fp16" and "fp16" not in engine.narrows:
        able = ", ".join(row.name for row in ENGINES if "fp16" in row.narrows)
        raise ModelError(f"runtime {engine.name} makes no fp16 of a file; these do: {able}")
    return precision


def is_quantized(path: Path) -> bool:
    """True if the graph has nodes that compute in integers (their names stand in the file)."""
    try:
        with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as m:
            return any(m.find(name) >= 0 for name in QUANTIZED)
    except (OSError, ValueError) as error:
        raise ModelError(f"{path}: cannot be read: {error}") from error


def open_engine(
    engine: Engine, path: Path, *, threads: int, precision: Precision, cache_dir: Path
) -> Runtime:
    """The model on this engine; ``ModelError`` if it cannot run it."""
    module, _, attribute = engine.target.partition(":")
    opener = getattr(importlib.import_module(module), attribute)
    place = {"cache_dir": cache_dir} if engine.built else {}
    try:
        runtime: Runtime = opener(path, threads=threads, precision=precision, **place)
    except ImportError as error:
        raise ModelError(f"runtime {engine.name} is installed but broken: {error}") from error
    if (runtime.input_shape[0] or 1) > 1:
        return AnyBatch(runtime)
    return runtime
