"""Which tracklet is whose: one assignment over all, and how sure it is."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

Floats = npt.NDArray[np.float64]


class Choice(NamedTuple):
    """Column chosen for a row, None for "someone new", and by how much it beats the next best."""

    column: int | None
    margin: float


def choices(gain: Floats, apart: npt.NDArray[np.bool_]) -> list[Choice]:
    """The best joint answer for each row of `gain` (rows × columns, nats over "someone new").

    A row may have no column, which gains nothing. Rows that are `apart` (rows × rows: seen at
    the same time by one camera) never share a column; the others are looked at on their own.
    """
    rows, columns = gain.shape
    chosen: list[int | None] = [None] * rows
    for group in _groups(apart):
        if columns:
            worth = np.maximum(gain[group], 0.0)
            for row, column in zip(*linear_sum_assignment(worth, maximize=True), strict=True):
                if worth[row, column] > 0:
                    chosen[group[row]] = int(column)
    return [_choice(gain, apart, chosen, row) for row in range(rows)]


def _choice(
    gain: Floats, apart: npt.NDArray[np.bool_], chosen: list[int | None], row: int
) -> Choice:
    taken = {chosen[other] for other in np.flatnonzero(apart[row])} | {chosen[row]}
    free = [float(g) for column, g in enumerate(gain[row]) if column not in taken]
    column = chosen[row]
    if column is None:
        return Choice(None, -max(free, default=-np.inf))
    return Choice(column, float(gain[row, column]) - max(0.0, *free, 0.0))


def _groups(apart: npt.NDArray[np.bool_]) -> list[list[int]]:
    """Rows that are connected by `apart`, in order of their first row."""
    left, groups = set(range(len(apart))), []
    while left:
        group, border = [], [min(left)]
        while border:
            row = border.pop()
            if row in left:
                left.discard(row)
                group.append(row)
                border += [int(other) for other in np.flatnonzero(apart[row]) if other in left]
        groups.append(sorted(group))
    return groups
