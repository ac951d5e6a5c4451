"""Geometry and colour of the training samples: mosaics, scale and aspect jitter, camera noise."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from models.training.sources import Boxes, Picture

Image = NDArray[np.uint8]


@dataclass(frozen=True)
class SampleRules:
    """The ``[samples]`` table of the configuration."""

    shapes: list[list[int]]
    fresh: float
    keep: int
    mosaic4: float
    mosaic9: float
    single: float
    backdrop: float
    scale_tile: list[float]
    scale_single: list[float]
    aspect: float
    tilt_deg: float
    min_side_px: float
    min_visible: float


@dataclass
class Sample:
    """A composed training image, its labelled boxes and the teacher's cells (see ``teacher``)."""

    image: Image
    boxes: Boxes
    teacher_score: NDArray[np.float16] = field(default_factory=lambda: np.zeros(0, np.float16))
    teacher_box: NDArray[np.float16] = field(default_factory=lambda: np.zeros((0, 4), np.float16))
    teacher_maps: list[NDArray[np.float16]] = field(default_factory=list)


def place(
    rng: Generator,
    picture: Picture,
    canvas: Image,
    area: tuple[int, int, int, int],
    scales: list[float],
    rules: SampleRules,
) -> tuple[Boxes, Boxes]:
    """Draw a picture into ``area`` (x1, y1, x2, y2) of the canvas at a random scale and tilt.

    Returns the boxes that stay visible, clipped to the area, in canvas pixels, and those to
    ignore: the picture's own and people of whom too little is left.
    """
    x1, y1, x2, y2 = area
    wide, high = x2 - x1, y2 - y1
    rows, columns = picture.image.shape[:2]
    scale = max(wide / columns, high / rows) * np.exp(rng.uniform(*np.log(scales)))
    spread = rules.aspect if picture.stretched else rules.aspect * 0.5
    skew = np.exp(rng.uniform(-spread, spread) / 2)
    angle = np.deg2rad(rng.normal(0.0, rules.tilt_deg / 2)) if rng.random() < 0.5 else 0.0
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    linear = turn @ np.diag([scale * skew, scale / skew])
    if rng.random() < 0.5:
        linear[:, 0] *= -1
    span = np.abs(linear) @ np.array([columns, rows])
    slack = np.array([wide, high]) - span
    middle = np.array([wide, high]) / 2 + slack / 2 * rng.uniform(-1.0, 1.0, 2)
    shift = middle - linear @ np.array([columns, rows]) / 2
    half = np.array([0.5, 0.5])  # boxes count from a pixel's corner, warpAffine from its centre
    target = canvas[y1:y2, x1:x2]
    cv2.warpAffine(
        picture.image,
        np.column_stack([linear, shift + linear @ half - half]),
        (wide, high),
        dst=target,
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_TRANSPARENT,
    )
    moved = move_boxes(picture.boxes, linear, shift, np.rad2deg(abs(angle)))
    skipped = move_boxes(picture.ignore, linear, shift, 0.0)
    clipped, good = clip_boxes(moved, wide, high, rules)
    limit = np.array([wide, high, wide, high], np.float32)
    lost = np.concatenate([clipped[~good], skipped.clip(0, limit)])
    corner = np.array([x1, y1, x1, y1], np.float32)
    return (clipped[good] + corner).astype(np.float32), (lost + corner).astype(np.float32)


def move_boxes(
    boxes: Boxes, linear: NDArray[np.float64], shift: NDArray[np.float64], tilt_deg: float
) -> Boxes:
    """Boxes after an affine map; tilted boxes shrink a little as people do not fill corners."""
    if not len(boxes):
        return boxes
    centre = (boxes[:, :2] + boxes[:, 2:]) / 2 @ linear.T + shift
    half = (boxes[:, 2:] - boxes[:, :2]) / 2 @ np.abs(linear).T
    half *= 1.0 - min(tilt_deg, 20.0) / 200.0
    return np.hstack([centre - half, centre + half]).astype(np.float32)


def clip_boxes(
    boxes: Boxes, wide: int, high: int, rules: SampleRules
) -> tuple[Boxes, NDArray[np.bool_]]:
    """Boxes clipped to an area, and which of them show and measure enough to learn from."""
    limit = np.array([wide, high, wide, high], np.float32)
    clipped = np.clip(boxes, 0, limit)
    sides = clipped[:, 2:] - clipped[:, :2]
    full = (boxes[:, 2:] - boxes[:, :2]).prod(1)
    visible = sides.prod(1) / np.maximum(full, 1e-6)
    keep = (visible >= rules.min_visible) & (sides.min(1) >= rules.min_side_px)
    return clipped.astype(np.float32), keep


def cells(rng: Generator, high: int, wide: int, side: int) -> list[tuple[int, int, int, int]]:
    """Areas of a ``side`` x ``side`` mosaic with jittered seams."""

    def seams(length: int) -> list[int]:
        even = np.arange(1, side) / side
        inner = (even + rng.uniform(-0.2, 0.2, side - 1) / side) * length
        return [0, *inner.astype(int).tolist(), length]

    xs, ys = seams(wide), seams(high)
    return [(xs[c], ys[r], xs[c + 1], ys[r + 1]) for r in range(side) for c in range(side)]


def compose(
    rng: Generator,
    pick: list[Picture],
    backdrop: Picture,
    shape: tuple[int, int],
    rules: SampleRules,
) -> tuple[Sample, Boxes, Boxes]:
    """One sample of ``shape`` (height, width) from one, four or nine pictures.

    What they leave free shows ``backdrop`` (a picture without people) or a plain colour.

    Also returns the areas where the teacher does not count and, inside them, those where nothing
    does.
    """
    high, wide = shape
    grey = rng.integers(0, 256, 3) if rng.random() < 0.5 else np.full(3, 114)
    canvas = np.empty((high, wide, 3), np.uint8)
    canvas[:] = grey
    if rng.random() < rules.backdrop:
        place(rng, backdrop, canvas, (0, 0, wide, high), [1.0, 1.8], rules)
    side = int(len(pick) ** 0.5)
    scales = rules.scale_single if side == 1 else rules.scale_tile
    boxes, unbelieved = [], []
    ignored = [np.zeros((0, 4), np.float32)]
    for picture, area in zip(pick, cells(rng, high, wide, side), strict=True):
        shown, lost = place(rng, picture, canvas, area, scales, rules)
        boxes.append(shown)
        if not picture.teacher:
            unbelieved.append(area)
            ignored.append(lost)
    areas = np.array(unbelieved, np.float32).reshape(-1, 4)
    return Sample(canvas, np.concatenate(boxes)), areas, np.concatenate(ignored)


def recolour(rng: Generator, image: Image) -> Image:
    """Colour, light and camera noise; geometry is untouched, so teacher cells stay valid."""
    out = image
    if rng.random() < 0.8:
        hsv = cv2.cvtColor(out, cv2.COLOR_BGR2HSV)
        ramp = np.arange(256, dtype=np.float32)
        hue = ((ramp + rng.uniform(-9, 9)) % 180).astype(np.uint8)
        saturation = np.clip(ramp * rng.uniform(0.4, 1.5), 0, 255).astype(np.uint8)
        value = np.clip(
            255 * (ramp / 255) ** np.exp(rng.uniform(-0.5, 0.5)) * rng.uniform(0.6, 1.3), 0, 255
        ).astype(np.uint8)
        h, s, v = cv2.split(hsv)
        hsv = cv2.merge([cv2.LUT(h, hue), cv2.LUT(s, saturation), cv2.LUT(v, value)])
        out = np.asarray(cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR), np.uint8)
    if rng.random() < 0.06:
        out = np.asarray(
            cv2.cvtColor(cv2.cvtColor(out, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR), np.uint8
        )
    return camera_noise(rng, out)


def camera_noise(rng: Generator, image: Image) -> Image:
    """Blur, sensor noise and JPEG blocks, each now and then."""
    out = image
    if rng.random() < 0.15:
        out = np.asarray(cv2.GaussianBlur(out, (0, 0), rng.uniform(0.4, 1.4)), np.uint8)
    if rng.random() < 0.15:
        grain = np.empty(out.shape, np.int16)
        cv2.randn(grain, 0, rng.uniform(2, 9))
        out = np.clip(out + grain, 0, 255).astype(np.uint8)
    if rng.random() < 0.2:
        quality = int(rng.integers(25, 75))
        _, packed = cv2.imencode(".jpg", out, [cv2.IMWRITE_JPEG_QUALITY, quality])
        out = np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)
    return np.ascontiguousarray(out)
