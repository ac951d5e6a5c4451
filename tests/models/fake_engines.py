"""Engines that behave badly, or too well; they run in processes of their own."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

import numpy as np

from contracts.errors import ModelError
from models.runtime.base import Floats, Outputs, Precision
from models.runtime.engines import Engine
from models.runtime.ort import OrtRuntime


class Wrapped(OrtRuntime):
    """The reference under another name."""

    def __init__(self, path: Path, *, threads: int, precision: Precision) -> None:
        super().__init__(path, threads=threads)


class Quick(Wrapped):
    """Answers what it has answered before at once, and prints, as libraries do."""

    def __init__(self, path: Path, **told: Any) -> None:
        super().__init__(path, **told)
        self.known: dict[bytes, Outputs] = {}

    def run(self, batch: Floats) -> Outputs:
        os.write(1, b"[ WARN ] something\n")
        key = batch.tobytes()
        if key not in self.known:
            self.known[key] = super().run(batch)
        return self.known[key]


class Lying(Quick):
    """As quick, but its boxes are half a width away and its vectors are noise."""

    def run(self, batch: Floats) -> Outputs:
        rng = np.random.default_rng(1)
        return [out + rng.normal(0, 60, out.shape).astype(np.float32) for out in super().run(batch)]


class Crashing(Quick):
    """Dies of a segmentation fault in its third run."""

    def __init__(self, path: Path, **told: Any) -> None:
        super().__init__(path, **told)
        self.runs = 0

    def run(self, batch: Floats) -> Outputs:
        self.runs += 1
        if self.runs > 2:
            os.kill(os.getpid(), signal.SIGSEGV)
        return super().run(batch)


def hanging(path: Path, **told: Any) -> Any:
    """Never loads."""
    time.sleep(3600)


def refusing(path: Path, **told: Any) -> Any:
    """Knows no such operator."""
    raise ModelError("no such operator")


def gone(path: Path, **told: Any) -> Any:
    """Cannot be imported."""
    raise ImportError("libthing.so: cannot open shared object file")


def row(name: str, *, patience_s: float = 60.0, needs: str = "onnxruntime") -> Engine:
    """A row of the table of engines for one of the above."""
    return Engine(name, f"tests.models.fake_engines:{name}", (needs,), "gpu", patience_s=patience_s)
