"""TensorRT engines ("plans"): built from an ONNX file for one GPU, and kept."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path
from typing import Any

from contracts.errors import ModelError
from models.catalog import file_sha256
from models.runtime.base import Precision
from models.runtime.machine import gpu_name
from models.runtime.profiles import PROFILES

LEAST_PX, USUAL_PX, MOST_PX = (64, 64), (256, 416), (1280, 1280)
"""Height and width of pictures where the graph leaves them open; tuned for 16:9 in 416."""
WORKSPACE_BYTES = 1 << 30
_DIGEST_BYTES = hashlib.sha256().digest_size


def stored_plan(trt: Any, path: Path, precision: Precision, cache_dir: Path, threads: int) -> bytes:
    """The engine of this model, TensorRT version and GPU; built where it is absent or damaged."""
    parts = (file_sha256(path), precision, trt.__version__, gpu_name())
    name = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:24]
    target = cache_dir / "engines" / f"{name}.plan"
    plan = read_plan(target)
    if plan is None:
        plan = build_plan(trt, path, precision, threads)
        write_plan(target, plan)
    return plan


def read_plan(path: Path) -> bytes | None:
    """A kept engine; None if there is none or a byte of it is not what was written."""
    try:
        raw = path.read_bytes()
    except OSError:
        return None
    digest, plan = raw[:_DIGEST_BYTES], raw[_DIGEST_BYTES:]
    return plan if hashlib.sha256(plan).digest() == digest else None


def write_plan(path: Path, plan: bytes) -> None:
    """Keep an engine, whole or not at all; a folder that cannot be written costs the next start."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as stream:
            stream.write(hashlib.sha256(plan).digest() + plan)
        Path(stream.name).replace(path)
    except OSError:
        return


def build_plan(trt: Any, path: Path, precision: Precision, threads: int) -> bytes:
    """Let TensorRT compile the graph; takes minutes.

    ``fp16`` lets it choose half precision per layer; quantized files carry their scales in Q/DQ
    nodes and are, like fp32, built with exactly the types of the file.

    Raises:
        ModelError: the graph has what TensorRT does not know, or it finds no way to run it.
    """
    builder = trt.Builder(quiet_logger(trt))
    builder.max_threads = threads
    flags = 0
    if precision != "fp16":
        flags = 1 << int(trt.NetworkDefinitionCreationFlag.STRONGLY_TYPED)
    network = builder.create_network(flags)
    parser = trt.OnnxParser(network, quiet_logger(trt))
    if not parser.parse(path.read_bytes()):
        told = parser.get_error(0).desc() if parser.num_errors else "no reason given"
        raise ModelError(f"{path}: TensorRT cannot read it: {told}")
    config = builder.create_builder_config()
    config.set_memory_pool_limit(trt.MemoryPoolType.WORKSPACE, WORKSPACE_BYTES)
    if precision == "fp16":
        config.set_flag(trt.BuilderFlag.FP16)
    entry = network.get_input(0)
    for batch in profile_batches(tuple(entry.shape)):
        profile = builder.create_optimization_profile()
        sizes = [filled(tuple(entry.shape), batch, px) for px in (LEAST_PX, USUAL_PX, MOST_PX)]
        profile.set_shape(entry.name, *sizes)
        config.add_optimization_profile(profile)
    plan = builder.build_serialized_network(network, config)
    if plan is None:
        raise ModelError(f"{path}: TensorRT finds no way to run it on this GPU")
    return bytes(plan)


def profile_batches(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The batch sizes that an engine is built for: the graph's own, or 1 and 4 where it is open."""
    return PROFILES if shape[0] < 0 else (shape[0],)


def filled(shape: tuple[int, ...], batch: int, px: tuple[int, int]) -> tuple[int, ...]:
    """``shape`` with its open (negative) dimensions filled in."""
    wanted = (batch, *shape[1:-2], *px)
    return tuple(w if s < 0 else s for s, w in zip(shape, wanted, strict=True))


def quiet_logger(trt: Any) -> Any:
    """A logger that prints errors only."""
    return trt.Logger(trt.Logger.ERROR)
