"""One figure drawn by itself, with alpha: twice the size, then reduced against jagged edges."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from simulator.body import Figure
from simulator.cameras import Camera
from simulator.tubes import Array

SCALE = 2
SUBPIXEL_BITS = 3
Image = npt.NDArray[np.uint8]
XYXY = tuple[float, float, float, float]


@dataclass(frozen=True)
class Patch:
    """A drawn figure: premultiplied BGRA, picture column and row of its corner, body's box.

    `area` counts its pixels, also outside the picture; `ends_m` are depths of feet and head.
    """

    bgra: Image
    left: int
    top: int
    whole: XYXY
    area: int
    ends_m: tuple[float, float]


def drawn(figure: Figure, points: Array, camera: Camera, gain: Array, blur: float) -> Patch:
    """Paint the faces that look at the camera, far ones first; `gain` (3,) is sensor and lens."""
    pixels, depth = camera.project(points)
    left, top = np.floor(pixels.min(0)).astype(int) - 2
    right, bottom = np.ceil(pixels.max(0)).astype(int) + 3
    canvas = np.zeros(((bottom - top) * SCALE, (right - left) * SCALE, 4), np.uint8)
    corners = pixels[figure.faces]
    first = corners[:, 2] - corners[:, 0]
    second = corners[:, 3] - corners[:, 1]
    shown = np.flatnonzero(first[:, 0] * second[:, 1] > first[:, 1] * second[:, 0])
    far = depth[figure.faces[shown, 0]] + depth[figure.faces[shown, 2]]
    shown = shown[np.argsort(2 * figure.lift_m[shown] - far)]
    colours = _lit(figure, points, camera, shown, gain)
    scaled = (corners[shown] - (left, top)) * (SCALE << SUBPIXEL_BITS)
    polygons = np.round(scaled - (SCALE << SUBPIXEL_BITS) / 4).astype(np.int32)
    for polygon, colour in zip(polygons, colours, strict=True):
        cv2.fillConvexPoly(canvas, polygon, colour, cv2.LINE_8, SUBPIXEL_BITS)
    soft = cv2.GaussianBlur(canvas, (5, 5), 0.6 + SCALE * blur)
    small = cv2.resize(soft, (right - left, bottom - top), interpolation=cv2.INTER_AREA)
    bgra = np.asarray(small, np.uint8)
    box = [float(edge) for edge in (*pixels.min(0), *pixels.max(0))]
    return Patch(
        bgra=bgra,
        left=int(left),
        top=int(top),
        whole=(box[0], box[1], box[2], box[3]),
        area=int(np.count_nonzero(bgra[..., 3] > 127)),
        ends_m=(float(depth[points[:, 2].argmin()]), float(depth[points[:, 2].argmax()])),
    )


SUN = np.array([0.25, -0.35, 0.90]) / np.linalg.norm([0.25, -0.35, 0.90])


def _lit(
    figure: Figure, points: Array, camera: Camera, shown: npt.NDArray[np.intp], gain: Array
) -> list[tuple[int, int, int, int]]:
    """Face colours under ceiling lamps: Lambert, a little light from the camera's side, ambient."""
    corners = points[figure.faces[shown]]
    a, b = corners[:, 2] - corners[:, 0], corners[:, 3] - corners[:, 1]
    normal = a[:, [1, 2, 0]] * b[:, [2, 0, 1]] - a[:, [2, 0, 1]] * b[:, [1, 2, 0]]
    normal /= np.sqrt((normal**2).sum(1))[:, None] + 1e-9
    towards = camera.position_m - points.mean(0)
    facing = normal @ (towards / np.sqrt(towards @ towards))
    normal *= np.sign(facing)[:, None]
    high = corners[:, 0, 2] / figure.look.height_m
    light = 0.50 + 0.38 * np.clip(normal @ SUN, -0.4, 1) + 0.22 * np.abs(facing)
    light *= 0.82 + 0.18 * high
    values = figure.colours[shown] * light[:, None] * (255 * gain)
    return [(b, g, r, 255) for b, g, r in np.clip(values, 4, 250).astype(int).tolist()]
