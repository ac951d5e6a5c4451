"""The empty shop as one camera sees it: ray-cast once, with depth for occlusion.

People are drawn over it by `simulator.render`; nothing here moves.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from simulator.cameras import Camera
from simulator.plan import Scenario
from simulator.surfaces import CEILING_M, Box, boxes_of, shade
from simulator.textures import Array, Style

SUPERSAMPLE = 2


@dataclass(frozen=True)
class Backdrop:
    """`picture` (H, W, 3) uint8 BGR; `depth_m` (H, W) along the optical axis; `floor` (H, W)."""

    picture: npt.NDArray[np.uint8]
    depth_m: npt.NDArray[np.float32]
    floor: npt.NDArray[np.bool_]


def backdrop_of(scenario: Scenario, camera: Camera, style: Style) -> Backdrop:
    """Cast one ray through each of 2 x 2 sub-pixels against floor, ceiling and boxes."""
    height, width = camera.height * SUPERSAMPLE, camera.width * SUPERSAMPLE
    ys, xs = np.mgrid[0:height, 0:width]
    pixels = np.stack([xs + 0.5, ys + 0.5], axis=-1) / SUPERSAMPLE
    rays = camera.rays(pixels).astype(np.float32)
    origin = camera.position_m.astype(np.float32)
    down = rays[..., 2] < -1e-6
    plane_z = np.where(down, 0.0, CEILING_M)
    depth = (plane_z - origin[2]) / np.where(np.abs(rays[..., 2]) < 1e-6, 1e-6, rays[..., 2])
    depth = np.abs(depth).astype(np.float32)
    boxes = boxes_of(scenario)
    owner = np.where(down, -1, -2).astype(np.int16)
    axis = np.full((height, width), 2, np.int8)
    for index, box in enumerate(boxes):
        _cast(box, index, camera, rays, depth, owner, axis)
    points = origin + rays * depth[..., None]
    picture = shade(scenario, style, boxes, points, rays, owner, axis)
    small = cv2.resize(picture, (camera.width, camera.height), interpolation=cv2.INTER_AREA)
    middle = SUPERSAMPLE // 2
    return Backdrop(
        picture=np.clip(small * 255, 0, 255).astype(np.uint8),
        depth_m=np.ascontiguousarray(depth[middle::SUPERSAMPLE, middle::SUPERSAMPLE]),
        floor=np.ascontiguousarray(owner[middle::SUPERSAMPLE, middle::SUPERSAMPLE] == -1),
    )


def _cast(
    box: Box,
    index: int,
    camera: Camera,
    rays: Array,
    depth: Array,
    owner: npt.NDArray[np.int16],
    axis: npt.NDArray[np.int8],
) -> None:
    """Slab test inside the box's rectangle of the picture; nearest hit wins."""
    x0, y0, x1, y1 = box.rect
    low = np.array([x0, y0, box.from_m], np.float32)
    high = np.array([x1, y1, box.to_m], np.float32)
    corners = np.array([[x, y, z] for x in (x0, x1) for y in (y0, y1) for z in (low[2], high[2])])
    pixels, far = camera.project(corners)
    if far.max() <= 0.05:
        return
    rows, columns = slice(None), slice(None)
    if far.min() > 0.05:
        edge = np.concatenate([pixels.min(0) - 1, pixels.max(0) + 1]) * SUPERSAMPLE
        bound = np.clip(edge, 0, np.array([depth.shape[1], depth.shape[0]] * 2)).astype(int)
        columns, rows = slice(bound[0], bound[2]), slice(bound[1], bound[3])
    part = rays[rows, columns]
    if part.size == 0:
        return
    origin = camera.position_m.astype(np.float32)
    near = np.full(part.shape[:2], -np.inf, np.float32)
    leave = np.full(part.shape[:2], np.inf, np.float32)
    face = np.zeros(part.shape[:2], np.int8)
    for side in range(3):
        inverse = 1 / np.where(np.abs(part[..., side]) < 1e-9, np.float32(1e-9), part[..., side])
        first, second = (low[side] - origin[side]) * inverse, (high[side] - origin[side]) * inverse
        enter = np.minimum(first, second)
        face[enter > near] = side
        np.maximum(near, enter, out=near)
        np.minimum(leave, np.maximum(first, second), out=leave)
    hit = (near < leave) & (near > 0.05) & (near < depth[rows, columns])
    depth[rows, columns][hit] = near[hit]
    owner[rows, columns][hit] = index
    axis[rows, columns][hit] = face[hit]
