"""What people look like: a track's features, and how much a likeness is worth."""

from __future__ import annotations

import math
from collections import deque
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[np.float32]

NEWEST = 3
"""Crops that are held back until it is clear that they show the same person as before."""
ALIKE = 0.02
LEAST_SPREAD = 0.05
MOST = 8.0


class Appearance(NamedTuple):
    """One crop's embedding; `quality` is 0 to 1."""

    camera: str
    track_id: int
    at_s: float
    embedding: Vector
    quality: float


class Feature(NamedTuple):
    """A unit vector, normalized for its camera, with its weight."""

    at_s: float
    vector: Vector
    weight: float


class Features:
    """Crops of one track: settled ones as a weighted mean, the newest apart."""

    def __init__(self) -> None:
        self._sum: Vector | None = None
        self._weight = 0.0
        self.settled = 0
        self.newest: deque[Feature] = deque()

    @property
    def weight(self) -> float:
        """Sum of qualities."""
        return self._weight + sum(feature.weight for feature in self.newest)

    @property
    def count(self) -> int:
        """Crops so far."""
        return self.settled + len(self.newest)

    def add(self, feature: Feature) -> Feature | None:
        """Take a crop; the one that is settled by it, if any."""
        self.newest.append(feature)
        if len(self.newest) <= NEWEST:
            return None
        old = self.newest.popleft()
        grown = old.weight * old.vector
        self._sum = grown if self._sum is None else self._sum + grown
        self._weight += old.weight
        self.settled += 1
        return old

    def mean(self) -> Vector | None:
        """Weighted mean of all crops."""
        old, new = self.old(), self.new()
        if old is None or new is None:
            return new if old is None else old
        share = np.float32(self._weight / self.weight)
        return share * old + (1 - share) * new

    def old(self) -> Vector | None:
        """Weighted mean of the settled crops."""
        return None if self._sum is None else self._sum / np.float32(self._weight)

    def new(self) -> Vector | None:
        """Weighted mean of the newest crops."""
        if not self.newest:
            return None
        rows = np.stack([feature.vector for feature in self.newest])
        weights = np.array([feature.weight for feature in self.newest], dtype=np.float32)
        mean: Vector = weights @ rows / weights.sum()
        return mean

    def cut(self) -> Features:
        """Take the newest crops out; they are the features of someone else."""
        other = Features()
        other.newest, self.newest = self.newest, deque()
        return other


class Likeness:
    """What a likeness (cosine of two mean vectors) says about being one person.

    Two normal distributions, learned on the way: of pairs that are one person by their places,
    and of pairs that one camera saw at the same time. They begin with what the prior says, as if
    that had been seen `trust` times. Among two people, `ALIKE` of the pairs may look like
    anything: some wear the same.
    """

    def __init__(
        self, same: float = 0.65, other: float = 0.1, spread: float = 0.15, trust: float = 8.0
    ) -> None:
        self._prior = (same, other, spread, trust)
        self.forget()

    def forget(self) -> None:
        """Begin again with the prior: vectors are not what they were."""
        same, other, spread, trust = self._prior
        self._same = [trust, same, trust * spread * spread]
        self._other = [trust, other, trust * spread * spread]

    def learn(self, likeness: float, *, same: bool) -> None:
        """A pair of which it is known what it is (Welford's running mean and squares)."""
        row = self._same if same else self._other
        row[0] += 1
        before = row[1]
        row[1] += (likeness - before) / row[0]
        row[2] += (likeness - before) * (likeness - row[1])

    @property
    def centres(self) -> tuple[float, float, float, float]:
        """Mean and standard deviation of one person's pairs, then of other pairs."""
        (n, same, squares), (m, other, other_squares) = self._same, self._other
        return same, math.sqrt(squares / n), other, math.sqrt(other_squares / m)

    def evidence(self, likeness: float) -> float:
        """Nats for one person against two; no more for a pair beyond either mean."""
        same, spread, other, other_spread = self.centres
        spread, other_spread = max(spread, LEAST_SPREAD), max(other_spread, LEAST_SPREAD)
        at = min(max(likeness, other), max(same, other))
        one = _normal(at, same, spread)
        two = (1 - ALIKE) * _normal(at, other, other_spread) + ALIKE
        return max(math.log(max(one, 1e-300) / two), -MOST)


def _normal(at: float, mean: float, spread: float) -> float:
    return math.exp(-(((at - mean) / spread) ** 2) / 2) / (spread * math.sqrt(2 * math.pi))


def unit(vector: npt.NDArray[np.floating]) -> Vector | None:
    """The vector at length 1 in float32; None if it has no finite length."""
    flat = np.asarray(vector, dtype=np.float32).reshape(-1)
    length = float(np.linalg.norm(flat))
    if not (math.isfinite(length) and length > 1e-6):
        return None
    return flat / np.float32(length)
