"""The views on disk, held in memory as they appear, and batches of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor

from models.training.reid.network import HEIGHT, MAP_COLUMNS, MAP_ROWS, WIDTH
from models.training.reid.teacher import CHANNELS


@dataclass(frozen=True)
class Target:
    """How the teacher's answer becomes the student's: a basis ``[512, out]``, a scale per map."""

    basis: NDArray[np.float32]
    map_scale: NDArray[np.float32]

    @classmethod
    def fit(
        cls,
        embeddings: NDArray[np.float32],
        maps: NDArray[np.float16],
        out: int,
        whiten: float,
    ) -> Target:
        """Principal directions about the origin: they keep cosines best among ``out`` numbers.

        Each is divided by its variance to the power ``whiten``: at 0 the student spends itself on
        the few directions in which people differ most, at 0.5 all count the same.
        """
        _, directions = np.linalg.eigh(embeddings.T @ embeddings)
        basis = directions[:, ::-1][:, :out]
        low = embeddings @ basis
        low /= np.linalg.norm(low, axis=1, keepdims=True)
        basis = basis * low.var(0) ** -whiten
        spread = maps.reshape(-1, maps.shape[-1]).astype(np.float32).std(0)
        return cls(basis.astype(np.float32), 1 / np.maximum(spread, 1e-3))

    def embeddings(self, answers: NDArray[np.float16]) -> NDArray[np.float32]:
        """Unit targets ``[N, out]``."""
        low = answers.astype(np.float32) @ self.basis
        unit: NDArray[np.float32] = low / np.linalg.norm(low, axis=1, keepdims=True)
        return unit


@dataclass(frozen=True)
class Batch:
    """Views ``[N, 3, 128, 64]``, target embeddings ``[N, out]``, target maps ``[N, C, 8, 4]``."""

    views: Tensor
    embeddings: Tensor
    maps: Tensor

    @classmethod
    def joined(cls, parts: list[Batch]) -> Batch:
        """One batch of several."""
        return cls(
            torch.cat([part.views for part in parts]),
            torch.cat([part.embeddings for part in parts]),
            torch.cat([part.maps for part in parts]),
        )


class Library:
    """The views of one kind written so far, at most ``most``; ``refresh`` takes in new shards."""

    def __init__(self, work: Path, kind: str, most: int) -> None:
        self._work = work
        self._kind = kind
        self._seen: set[str] = set()
        self._views = np.empty((most, HEIGHT, WIDTH, 3), np.uint8)
        self._answers = np.empty((most, 512), np.float16)
        self._maps = np.empty((most, MAP_ROWS, MAP_COLUMNS, CHANNELS), np.float16)
        self.size = 0

    @property
    def shards(self) -> int:
        """Shards taken in."""
        return len(self._seen)

    def refresh(self) -> None:
        """Take in shards that were not there before."""
        for path in sorted(self._work.glob(f"{self._kind}_*.npz")):
            if path.name in self._seen:
                continue
            with np.load(path) as stored:
                end = self.size + len(stored["views"])
                if end > len(self._views):
                    return
                self._views[self.size : end] = stored["views"]
                self._answers[self.size : end] = stored["embeddings"]
                self._maps[self.size : end] = stored["maps"]
            self.size = end
            self._seen.add(path.name)

    def target(self, out: int, whiten: float) -> Target:
        """The target fitted on what is there now."""
        answers = self._answers[: self.size].astype(np.float32)
        return Target.fit(answers, self._maps[: min(self.size, 2048)], out, whiten)

    def batch(
        self, rng: Generator, size: int, target: Target, mirror: float, shift_px: int
    ) -> Batch:
        """A random batch; some views mirrored, all shifted by up to ``shift_px``."""
        rows = np.sort(rng.choice(self.size, size, replace=False))
        views, maps = self._views[rows], self._maps[rows].astype(np.float32) * target.map_scale
        swapped = rng.random(size) < mirror
        views[swapped] = views[swapped, :, ::-1]
        maps[swapped] = maps[swapped, :, ::-1]
        return Batch(
            as_input(shifted(rng, views, shift_px)),
            torch.from_numpy(target.embeddings(self._answers[rows])),
            torch.from_numpy(np.ascontiguousarray(maps.transpose(0, 3, 1, 2))),
        )


def shifted(rng: Generator, views: NDArray[np.uint8], most: int) -> NDArray[np.uint8]:
    """Every view moved by up to ``most`` pixels, its border repeated."""
    room = np.pad(views, ((0, 0), (most, most), (most, most), (0, 0)), mode="edge")
    corners = rng.integers(0, 2 * most + 1, (len(views), 2))
    moved = zip(room, corners, strict=True)
    return np.stack([v[y : y + HEIGHT, x : x + WIDTH] for v, (y, x) in moved])


def as_input(views: NDArray[np.uint8]) -> Tensor:
    """Views ``[N, 128, 64, 3]`` as the network's float input, channels last in memory."""
    return torch.from_numpy(views).permute(0, 3, 1, 2).float()
