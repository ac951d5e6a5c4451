"""What every picture of a camera has in common, taken out of its embeddings.

Light, white balance and angle shift all embeddings of a camera alike, so people on one camera look
more like each other than like themselves elsewhere.  The mean over a camera's people estimates
that shift; the rest compares better across cameras.  Store embeddings as they come and normalize
them when they are compared: the means move.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]

LEAST = 50
PRIOR = 50
MOST = 2000


class CameraMeans:
    """The mean embedding of each camera, of many people, so that it is nobody's.

    A camera that has seen few people is drawn to the mean of all cameras, as if ``prior`` people
    of those had been seen on it (empirical Bayes): means of different certainty stay comparable.
    Nothing is subtracted before ``least`` embeddings were taken over all cameras.  From ``most``
    embeddings on a camera's mean forgets the oldest, as light changes over the day.
    """

    def __init__(
        self, size: int, *, least: int = LEAST, prior: int = PRIOR, most: int = MOST
    ) -> None:
        self._size = size
        self._least = least
        self._prior = prior
        self._most = most
        self._mean: dict[str, NDArray[np.float64]] = {}
        self._count: dict[str, int] = {}

    @property
    def ready(self) -> bool:
        """Whether enough people were seen for the means to count."""
        return sum(self._count.values()) >= self._least

    def add(self, camera: str, embedding: Vectors) -> None:
        """Take a unit embedding ``[size]`` into the camera's mean: one per track, not per crop.

        Raises:
            ValueError: it is not that many finite numbers.
        """
        row = np.asarray(embedding, np.float64)
        if row.shape != (self._size,) or not np.isfinite(row).all():
            raise ValueError(f"an embedding is {self._size} finite numbers, not {row.shape}")
        count = min(self._count.get(camera, 0) + 1, self._most)
        mean = self._mean.get(camera, np.zeros(self._size))
        self._mean[camera] = mean + (row - mean) / count
        self._count[camera] = count

    def shift(self, camera: str) -> NDArray[np.float64]:
        """What is subtracted on this camera, ``[size]``; a camera never seen has the common one."""
        if not self.ready:
            return np.zeros(self._size)
        counts = np.array(list(self._count.values()), np.float64)
        common: NDArray[np.float64] = counts @ np.stack(list(self._mean.values())) / counts.sum()
        own = self._count.get(camera, 0)
        return (own * self._mean.get(camera, common) + self._prior * common) / (own + self._prior)

    def normalize(self, camera: str, embeddings: Vectors) -> Vectors:
        """Embeddings ``[size]`` or ``[N, size]`` without the camera's shift, at unit length again.

        They return as they came while the means are not ready; so does one that has nothing left.
        """
        if not self.ready:
            return embeddings
        rest = np.asarray(embeddings, np.float64) - self.shift(camera)
        length = np.linalg.norm(rest, axis=-1, keepdims=True)
        unit = np.where(length > 1e-6, rest / np.maximum(length, 1e-6), embeddings)
        return unit.astype(np.float32)

    def forget(self, camera: str) -> None:
        """The camera was moved or replaced: start anew."""
        self._mean.pop(camera, None)
        self._count.pop(camera, None)

    def state(self) -> dict[str, Any]:
        """Count and mean of each camera, as plain numbers."""
        return {
            camera: {"count": self._count[camera], "mean": mean.tolist()}
            for camera, mean in self._mean.items()
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take over what ``state`` returned; ValueError, and no change, if it does not fit."""
        means: dict[str, NDArray[np.float64]] = {}
        counts: dict[str, int] = {}
        for camera, kept in state.items():
            mean, count = np.asarray(kept["mean"], np.float64), int(kept["count"])
            if mean.shape != (self._size,) or not np.isfinite(mean).all() or count < 1:
                raise ValueError(f"camera {camera}: the mean kept is not of this embedder")
            means[camera], counts[camera] = mean, min(count, self._most)
        self._mean, self._count = means, counts
