"""Pinhole cameras on the plan: projection both ways and the calibration that a store.toml needs.

Frame of the plan: x right, y down the plan, z up. A camera has the unit axes `right`, `down`
and `forward`; pixel (0, 0) is the outer corner of the top left pixel.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from contracts.geometry import Point
from simulator.plan import Lens

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Camera:
    """A pinhole camera: `position_m` (3,), `axes` (3, 3) with rows right, down, forward."""

    id: str
    name: str
    position_m: Array
    axes: Array
    focal_px: float
    width: int
    height: int

    def project(self, points_m: npt.ArrayLike) -> tuple[Array, Array]:
        """Plan points (..., 3) to pixels (..., 2) and depths (...) along the optical axis, m.

        Points behind the camera have a depth <= 0 and pixels without meaning.
        """
        local = (np.asarray(points_m, dtype=np.float64) - self.position_m) @ self.axes.T
        depth = local[..., 2]
        safe = np.where(np.abs(depth) < 1e-6, 1e-6, depth)
        centre = np.array([self.width / 2, self.height / 2])
        return centre + self.focal_px * local[..., :2] / safe[..., None], depth

    def rays(self, pixels: npt.ArrayLike) -> Array:
        """Directions (..., 3) on the plan through pixels (..., 2); forward component is 1."""
        pixel = np.asarray(pixels, dtype=np.float64)
        x = (pixel[..., 0] - self.width / 2) / self.focal_px
        y = (pixel[..., 1] - self.height / 2) / self.focal_px
        return np.stack([x, y, np.ones_like(x)], axis=-1) @ self.axes

    def floor_point(self, pixel: Point) -> Point | None:
        """Floor point (m) under a pixel; None at or above the horizon."""
        ray = self.rays(pixel)
        if ray[2] > -1e-9:
            return None
        step = -self.position_m[2] / ray[2]
        x, y, _ = self.position_m + step * ray
        return float(x), float(y)

    def fraction(self, x_m: float, y_m: float) -> Point:
        """Floor point (m) as fractions of the picture."""
        (x, y), _ = self.project((x_m, y_m, 0.0))
        return float(x) / self.width, float(y) / self.height

    def sees_floor(self, x_m: float, y_m: float, margin: float = 0.02) -> bool:
        """True if the floor point is in the picture, at least `margin` (fraction) from its edge."""
        (x, y), depth = self.project((x_m, y_m, 0.0))
        inside = margin <= x / self.width <= 1 - margin and margin <= y / self.height <= 1 - margin
        return bool(depth > 0 and inside)

    @property
    def calibration(self) -> tuple[tuple[Point, ...], tuple[Point, ...]]:
        """Four picture points (fractions) below the horizon and their floor points (m)."""
        image = ((0.1, 0.35), (0.9, 0.35), (0.9, 0.95), (0.1, 0.95))
        floor = [self.floor_point((x * self.width, y * self.height)) for x, y in image]
        known = tuple(point for point in floor if point is not None)
        if len(known) != len(image):
            raise ValueError(f"camera {self.id}: its picture is not mostly floor")
        return image, known


def camera_of(lens: Lens) -> Camera:
    """Hang the camera of a scenario: aimed at `look_at_m`, level horizon."""
    position = np.array(lens.position_m, dtype=np.float64)
    forward = np.array(lens.look_at_m, dtype=np.float64) - position
    forward /= np.linalg.norm(forward)
    level = math.hypot(forward[0], forward[1])
    right = np.array([-forward[1] / level, forward[0] / level, 0.0])
    # perpendicular to both; gravity fixes the sign, as the plan's frame is left-handed
    down = np.array([forward[0] * forward[2], forward[1] * forward[2], -(level**2)]) / level
    width, height = lens.size
    focal_px = width / 2 / math.tan(math.radians(lens.hfov_deg) / 2)
    return Camera(
        id=lens.id,
        name=lens.name,
        position_m=position,
        axes=np.stack([right, down, forward]),
        focal_px=focal_px,
        width=width,
        height=height,
    )
