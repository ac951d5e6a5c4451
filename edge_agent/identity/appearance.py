"""What people look like: a track's features, and how much a likeness is worth."""

from __future__ import annotations

import math
from collections import deque
from statistics import median
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[np.float32]

NEWEST = 3
"""Crops that are held back until it is clear that they show the same person as before."""
ALIKE = 0.02
LEAST_SPREAD = 0.05
MOST = 8.0
REMEMBERED = 200
MAD_SIGMA = 1.4826
"""Standard deviation of a normal distribution in median absolute deviations."""


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
        self.settled_s = -math.inf
        """Time of the last settled crop."""
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
        self.settled_s = old.at_s
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
    and of pairs that one camera saw at the same time. Their middle and width are median and
    median deviation, as places err at times and two may wear the same; they begin with what the
    prior says, as if that had been seen `trust` times. Among two people, `ALIKE` of the pairs
    may look like anything.
    """

    def __init__(
        self, same: float = 0.65, other: float = 0.1, spread: float = 0.15, trust: float = 8.0
    ) -> None:
        self._prior = (same, other, spread, trust)
        self._pairs: dict[bool, deque[float]] = {
            same: deque(maxlen=REMEMBERED) for same in (True, False)
        }
        self._centres: tuple[float, float, float, float] | None = None

    def forget(self) -> None:
        """Begin again with the prior: vectors are not what they were."""
        for pairs in self._pairs.values():
            pairs.clear()
        self._centres = None

    def learn(self, likeness: float, *, same: bool) -> None:
        """A pair of which it is known what it is."""
        self._pairs[same].append(likeness)
        self._centres = None

    @property
    def centres(self) -> tuple[float, float, float, float]:
        """Middle and standard deviation of one person's pairs, then of other pairs."""
        if self._centres is None:
            same, other, _, _ = self._prior
            self._centres = (*self._centre(True, same), *self._centre(False, other))
        return self._centres

    def _centre(self, same: bool, usual: float) -> tuple[float, float]:
        _, _, spread, trust = self._prior
        pairs = self._pairs[same]
        if not pairs:
            return usual, spread
        middle = median(pairs)
        wide = MAD_SIGMA * median(abs(pair - middle) for pair in pairs)
        share = len(pairs) / (len(pairs) + trust)
        variance = share * wide**2 + (1 - share) * spread**2
        return share * middle + (1 - share) * usual, max(math.sqrt(variance), LEAST_SPREAD)

    def evidence(self, likeness: float) -> float:
        """Nats for one person against two; no more for a pair beyond either mean."""
        same, spread, other, other_spread = self.centres
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
