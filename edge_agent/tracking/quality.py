"""How well a box shows one person: the weight that identity gives to its crop.

Measured on people with known identities (`python -m benchmarks.crop_gate`): what spoils a crop is
somebody standing in front; somebody behind is harmless, and so are few pixels.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from edge_agent.tracking.association import Floats

MIN_WIDTH, MIN_HEIGHT = 12.0, 32.0
FULL_HEIGHT = 96.0
SMALL_QUALITY = 0.5
MOST_IN_FRONT = 0.5
LEAST_INSIDE = 0.5
ASPECT_NONE, ASPECT_FULL = 1.0, 1.5  # height over width: half a person or two side by side
ASPECT_HIGH, ASPECT_TOO_HIGH = 4.5, 6.0  # a slice of a person
SHARP_NONE, SHARP_FULL = 10.0, 60.0
SHARP_SIZE = (64, 128)


def _ramp(values: Floats, none: float, full: float) -> Floats:
    risen: Floats = np.clip((values - none) / (full - none), 0.0, 1.0)
    return risen


def box_quality(xyxy: Floats, width: int, height: int) -> Floats:
    """Quality 0..1 of boxes ``(N, 4)`` in a frame of that size, without a look at the pixels.

    The product of: size, the share inside the frame, the share not hidden by people in front
    (those whose feet are lower in the picture), and the shape.
    """
    sides = np.maximum(xyxy[:, 2:] - xyxy[:, :2], 0.0)
    wide, high = sides[:, 0], sides[:, 1]
    large = (wide >= MIN_WIDTH) & (high >= MIN_HEIGHT)
    size = SMALL_QUALITY + (1 - SMALL_QUALITY) * _ramp(high, MIN_HEIGHT, FULL_HEIGHT)
    slim = high / np.maximum(wide, 1e-9)
    shape = _ramp(slim, ASPECT_NONE, ASPECT_FULL) * _ramp(slim, ASPECT_TOO_HIGH, ASPECT_HIGH)
    limit = np.array([width, height], np.float64)
    shown = (np.clip(xyxy[:, 2:], 0, limit) - np.clip(xyxy[:, :2], 0, limit)).prod(axis=1)
    inside = shown / np.maximum(sides.prod(axis=1), 1e-9)
    free = 1.0 - _ramp(hidden(xyxy), 0.0, MOST_IN_FRONT)
    quality: Floats = large * size * shape * _ramp(inside, LEAST_INSIDE, 1.0) * free
    return quality


def hidden(xyxy: Floats) -> Floats:
    """Share of each box ``(N, 4)`` that lies behind boxes whose feet are lower, at most 1."""
    low = np.maximum(xyxy[:, None, :2], xyxy[None, :, :2])
    high = np.minimum(xyxy[:, None, 2:], xyxy[None, :, 2:])
    common = np.maximum(high - low, 0.0).prod(axis=2)
    np.fill_diagonal(common, 0.0)
    common *= xyxy[None, :, 3] >= xyxy[:, None, 3]
    area = np.maximum(xyxy[:, 2:] - xyxy[:, :2], 0.0).prod(axis=1)
    covered: Floats = np.minimum(common.sum(axis=1) / np.maximum(area, 1e-9), 1.0)
    return covered


def sharpness(pixels: npt.NDArray[np.uint8]) -> float:
    """0..1 from the variance of the Laplacian of a BGR crop, all crops at one size (64x128).

    At one size it does not depend on how near the person stands.
    """
    small = cv2.resize(pixels, SHARP_SIZE, interpolation=cv2.INTER_AREA)
    edges = cv2.Laplacian(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), cv2.CV_32F)
    return float(np.clip((edges.var() - SHARP_NONE) / (SHARP_FULL - SHARP_NONE), 0.0, 1.0))
