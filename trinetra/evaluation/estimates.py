"""Figures with their uncertainty: sums over units that are resampled (bootstrap).

A unit is a five-minute block of the day or a person; units are drawn with replacement and the
figure is computed again. What is reported is the middle 95 % of those figures (Efron's percentile
interval), None where there is too little to say anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

RESAMPLES = 1000
SHARE = (2.5, 97.5)
FEWEST_UNITS = 3
BLOCK_S = 300.0

Floats = npt.NDArray[np.float64]
Interval = tuple[float, float] | None


@dataclass(frozen=True)
class Ratio:
    """`scale` · (Σ `top` ÷ Σ `bottom`) over units; both (units,)."""

    top: Floats
    bottom: Floats
    scale: float = 1.0

    @property
    def value(self) -> float | None:
        """The figure; None where nothing was there to divide by."""
        below = float(self.bottom.sum())
        return self.scale * float(self.top.sum()) / below if below else None

    def interval(self, seed: int = 0) -> Interval:
        """Bootstrap interval over the units."""
        count = len(self.top)
        if count < FEWEST_UNITS or not self.bottom.any():
            return None
        drawn = np.random.default_rng(seed).integers(0, count, (RESAMPLES, count))
        below = self.bottom[drawn].sum(axis=1)
        figures = self.top[drawn].sum(axis=1)[below > 0] / below[below > 0]
        return _middle(self.scale * figures)


def pooled(ratios: Iterable[Ratio]) -> Ratio:
    """One figure over the units of several days."""
    parts = list(ratios)
    return Ratio(
        np.concatenate([part.top for part in parts]),
        np.concatenate([part.bottom for part in parts]),
        parts[0].scale,
    )


def resampled(
    units: int, figure: Callable[[npt.NDArray[np.intp]], float | None], times: int, seed: int = 0
) -> Interval:
    """Bootstrap interval of a figure that is no ratio; it is given the drawn units' indices."""
    if units < FEWEST_UNITS:
        return None
    rng = np.random.default_rng(seed)
    drawn = (figure(rng.integers(0, units, units)) for _ in range(times))
    return _middle(np.array([value for value in drawn if value is not None]))


def block_of(at_s: float, begin_s: float, blocks: int) -> int:
    """Index of the five-minute block of a time; times outside belong to the first or last."""
    return min(max(int((at_s - begin_s) // BLOCK_S), 0), blocks - 1)


def blocks_in(begin_s: float, end_s: float) -> int:
    """How many blocks a stretch of time has; the last may be short."""
    return max(1, int(np.ceil((end_s - begin_s) / BLOCK_S - 1e-9)))


def _middle(figures: Floats) -> Interval:
    if not len(figures):
        return None
    low, high = np.percentile(figures, SHARE)
    return float(low), float(high)
