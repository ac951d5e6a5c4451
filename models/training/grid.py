"""The cells of the three output maps and the pixel that each one stands for."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

STRIDES = (8, 16, 32)


def grid_points(high: int, wide: int) -> NDArray[np.float32]:
    """Points ``[A, 2]`` (x, y) of all cells, finest map first, row by row."""
    points = []
    for stride in STRIDES:
        x, y = np.meshgrid(np.arange(wide // stride), np.arange(high // stride))
        points.append(np.stack([x.ravel(), y.ravel()], 1) * stride)
    return np.concatenate(points).astype(np.float32)
