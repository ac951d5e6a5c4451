"""Noise by address: the value for (who, what, when) does not depend on what was asked before.

Values come from one table of normal numbers; an integer hash picks them, so that any part of
a day can be computed alone and in any order.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

SIZE = 1 << 18
Floats = npt.NDArray[np.float32]


class Noise:
    """Normal numbers of one seed."""

    def __init__(self, seed: int) -> None:
        self.table = np.random.default_rng([seed, 41]).standard_normal(SIZE).astype(np.float32)
        self._sorted_rank = np.argsort(np.argsort(self.table)).astype(np.float32) / SIZE

    def white(self, what: int, who: npt.ArrayLike, when: npt.ArrayLike) -> Floats:
        """Independent N(0, 1) for every pair of the integers `who` and `when` (broadcast)."""
        return np.asarray(self.table[address(what, who, when)])

    def uniform(self, what: int, who: npt.ArrayLike, when: npt.ArrayLike) -> Floats:
        """Independent numbers in 0..1."""
        return np.asarray(self._sorted_rank[address(what, who, when)])

    def slow(
        self, what: int, who: npt.ArrayLike, t: npt.NDArray[np.float64], tau_s: float
    ) -> Floats:
        """N(0, 1) that goes on in time: knots every `tau_s`, linear between, variance kept."""
        place = t / tau_s
        knot = np.floor(place)
        share = (place - knot).astype(np.float32)
        whole = knot.astype(np.int64)
        before, after = self.white(what, who, whole), self.white(what, who, whole + 1)
        mixed = before + share * (after - before)
        return np.asarray(mixed / np.sqrt(share**2 + (1 - share) ** 2))


def address(what: int, who: npt.ArrayLike, when: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """A place in the table (after the finalizer of SplitMix64)."""
    a = np.asarray(who).astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    b = np.asarray(when).astype(np.uint64) * np.uint64(0xC2B2AE3D27D4EB4F)
    mixed = a + b + np.uint64((what + 1) * 0x165667B19E3779F9 & 0xFFFFFFFFFFFFFFFF)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed ^= mixed >> np.uint64(27)
    return np.asarray((mixed & np.uint64(SIZE - 1)).astype(np.int64))
