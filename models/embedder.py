"""Unit vectors that say how people look."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from contracts.errors import ModelError
from models.catalog import DEFAULT_EMBEDDER, ModelEntry, catalog, resolve
from models.runtime.base import Runtime
from models.runtime.choice import Wish, open_runtime
from models.runtime.engines import REFERENCE

Crop = NDArray[np.uint8]
Rows = NDArray[np.float32]

MOST_AT_ONCE = 32
JOINT = "+"


class EmbeddingNetwork:
    """One network on an engine; its graph is held against its catalog entry when it is made.

    Raises:
        ModelError: the entry is no embedder, or the graph's input or output is another.
    """

    def __init__(self, entry: ModelEntry, runtime: Runtime) -> None:
        if entry.task != "person-embedding":
            known = ", ".join(e.name for e in catalog().values() if e.task == "person-embedding")
            raise ModelError(f"{entry.name} is a {entry.task} model; known embedders: {known}")
        wide, high = entry.input.size
        pixels = (3, high, wide) if entry.input.layout == "nchw" else (high, wide, 3)
        check_shapes(entry, runtime, pixels)
        self.name = entry.name
        self.threshold = entry.threshold
        self.dimensions = runtime.output_shapes[0][1] or 0
        self._spec = entry.input
        self._runtime = runtime
        self._pixels = pixels
        self._most = MOST_AT_ONCE if runtime.input_shape[0] is None else 1

    def embed(self, crops: Sequence[Crop]) -> Rows:
        """Unit rows ``[N, dimensions]``."""
        rows = np.empty((len(crops), self.dimensions), np.float32)
        for start in range(0, len(crops), self._most):
            part = crops[start : start + self._most]
            rows[start : start + len(part)] = self._runtime.run(self._blob(part))[0]
        return unit_rows(rows, self.name)

    def _blob(self, crops: Sequence[Crop]) -> NDArray[np.float32]:
        """Stretched, normalized input."""
        spec = self._spec
        batch = np.empty((len(crops), *self._pixels), np.float32)
        for blob, crop in zip(batch, crops, strict=True):
            # INTER_AREA does not alias, but is no better than nearest where it enlarges
            shrinks = crop.shape[0] > spec.size[1] and crop.shape[1] > spec.size[0]
            way = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
            sized = cv2.resize(crop, spec.size, interpolation=way)
            coloured = sized[:, :, ::-1] if spec.colour == "rgb" else sized
            blob[:] = coloured.transpose(2, 0, 1) if spec.layout == "nchw" else coloured
        across = (3, 1, 1) if spec.layout == "nchw" else (3,)
        if spec.mean != (0.0, 0.0, 0.0):
            batch -= np.array(spec.mean, np.float32).reshape(across)
        if spec.std != (1.0, 1.0, 1.0):
            batch *= 1.0 / np.array(spec.std, np.float32).reshape(across)
        return batch


def check_shapes(entry: ModelEntry, runtime: Runtime, pixels: tuple[int, ...]) -> None:
    """Refuse a graph that does not eat ``[N, *pixels]`` and return one ``[N, D]``."""
    found, outputs = runtime.input_shape, runtime.output_shapes
    fits = len(found) == 4 and found[0] in (None, 1)
    fits = fits and all(f in (None, p) for f, p in zip(found[1:], pixels, strict=True))
    if not fits:
        raise ModelError(
            f"{entry.name}: the catalog says input [N, {', '.join(map(str, pixels))}], "
            f"the graph has {list(found)}"
        )
    if len(outputs) != 1 or len(outputs[0]) != 2 or outputs[0][1] is None:
        shapes = " and ".join(str(list(shape)) for shape in outputs)
        raise ModelError(f"{entry.name}: an embedder has one output [N, D], the graph has {shapes}")


def unit_rows(rows: Rows, name: str) -> Rows:
    """Rows ``[N, D]`` at unit length; ``ModelError`` where one has no direction."""
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    if not np.isfinite(length).all() or (length <= 0).any():
        raise ModelError(f"{name}: the network returned a vector without direction")
    unit: Rows = rows / length
    return unit


class Embedder:
    """One network, or several whose vectors are laid end to end (their cosines are averaged).

    ``size`` is the length of a row; ``threshold`` is the cosine from which two crops show the
    same person, that 1 % of the pairs of different people exceed.
    """

    def __init__(self, networks: Sequence[EmbeddingNetwork]) -> None:
        self.name = JOINT.join(network.name for network in networks)
        self.size = sum(network.dimensions for network in networks)
        self.threshold = sum(network.threshold for network in networks) / len(networks)
        self._networks = list(networks)

    def embed(self, crops: Sequence[Crop]) -> Rows:
        """Unit rows ``[N, size]`` of BGR uint8 crops of any size, in their order.

        Raises:
            ValueError: a crop is not ``[H, W, 3]`` uint8 with at least one pixel.
            ModelError: a network returned what is no vector.
        """
        for crop in crops:
            if crop.ndim != 3 or crop.shape[2] != 3 or crop.dtype != np.uint8 or not crop.size:
                raise ValueError(f"crop {crop.shape} {crop.dtype} is not BGR uint8")
        parts = [network.embed(crops) for network in self._networks]
        joined: Rows = np.concatenate(parts, axis=1) / np.float32(len(parts) ** 0.5)
        return joined


def load_embedder(
    name_or_path: str | None = None,
    *,
    threads: int = 1,
    mirror: Path | None = None,
    runtime: str = REFERENCE,
    precision: str = "fp32",
    on_wait: Callable[[], None] = lambda: None,
) -> Embedder:
    """An embedder of the catalog; the bundled one if nothing is named.

    ``a+b`` lays the vectors of the models a and b end to end.  ``runtime``, ``precision`` and
    ``on_wait`` are those of ``models.detector.load_detector``.

    Raises:
        ModelError: see ``models.catalog.resolve``, ``open_runtime`` and ``EmbeddingNetwork``.
    """
    wish = Wish(runtime=runtime, precision=precision, threads=threads)
    networks = []
    for name in (name_or_path or DEFAULT_EMBEDDER).split(JOINT):
        resolved = resolve(name, mirror=mirror)
        engine = open_runtime(resolved, wish, input_size=resolved.entry.input.size, on_wait=on_wait)
        networks.append(EmbeddingNetwork(resolved.entry, engine))
    return Embedder(networks)
