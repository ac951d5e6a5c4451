"""The delayed output of a tracker: gaps filled, paths smoothed, one-frame tracks left out.

What is said of a frame is final `delay_s` after it: no later frame changes it. The
online output stays as it is; this one is for whoever can wait.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.float64]

SMOOTH_S = 0.1
"""Standard deviation of the window that a box is smoothed over …"""
REACH_S = 2 * SMOOTH_S
"""… and where it ends, before and after."""
LEAST_DELAY_S = REACH_S
BOX = slice(2, 6)


def delayed(rows: Rows, fps: float, delay_s: float) -> Rows:
    """Rows (frame, id, x, y, w, h, score) as they are known `delay_s` later, by frame and id.

    A gap of a track is filled with a straight line if it is over soon enough to be known; a box
    is moved onto the line that fits its neighbours within `REACH_S` best (weights: a normal
    distribution). A track of which one frame is all that is known by then is left out.
    """
    if delay_s < LEAST_DELAY_S:
        raise ValueError(f"a delay of {delay_s} s is less than {LEAST_DELAY_S} s")
    longest = max(1, math.floor((delay_s - REACH_S) * fps))
    result = [np.empty((0, 7))]
    ordered = rows[np.lexsort((rows[:, 0], rows[:, 1]))]
    for track in np.split(ordered, np.flatnonzero(np.diff(ordered[:, 1])) + 1):
        parts = np.split(track, np.flatnonzero(np.diff(track[:, 0]) > longest) + 1)
        if len(parts[0]) < 2:
            del parts[0]
        result += [_smoothed(_filled(part), SMOOTH_S * fps) for part in parts]
    told = np.concatenate(result)
    return told[np.lexsort((told[:, 1], told[:, 0]))]


def _filled(part: Rows) -> Rows:
    """One track with all frames from its first to its last."""
    frames = np.arange(part[0, 0], part[-1, 0] + 1)
    columns = [np.interp(frames, part[:, 0], column) for column in part[:, 2:].T]
    return np.column_stack((frames, np.full(len(frames), part[0, 1]), *columns))


def _smoothed(part: Rows, sigma: float) -> Rows:
    """The same with each box on the straight line through its neighbours; `sigma` is in frames.

    A line and not a mean: it does not lag where a track begins or ends.
    """
    reach = math.floor(2 * sigma)
    if reach < 1:
        return part
    step = np.arange(-reach, reach + 1)
    weight = np.exp(-0.5 * (step / sigma) ** 2)
    ones = np.ones(len(part))
    s0, s1, s2 = (_summed(ones, weight * step**power) for power in (0, 1, 2))
    spread = s0 * s2 - s1**2
    known = spread > 1e-9
    result = part.copy()
    for column in range(BOX.start, BOX.stop):
        t0, t1 = (_summed(part[:, column], weight * step**power) for power in (0, 1))
        result[known, column] = ((s2 * t0 - s1 * t1)[known]) / spread[known]
    return result


def _summed(values: npt.NDArray[np.float64], weight: npt.NDArray[np.float64]) -> Rows:
    """For each value the weighted sum of its neighbours, as far as there are any."""
    reach = len(weight) // 2
    return np.convolve(values, weight[::-1])[reach : reach + len(values)]
