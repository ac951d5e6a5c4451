"""Draw people into a backdrop, far to near, and report the box of each.

The figure is drawn at twice the size with alpha, then reduced: that is the anti-aliasing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from simulator.backdrop import Backdrop
from simulator.body import Figure
from simulator.cameras import Camera
from simulator.skeleton import Array, Pose
from simulator.textures import Style

SCALE = 2
SUBPIXEL_BITS = 3
GRAINS = 5
FONT = cv2.FONT_HERSHEY_SIMPLEX
Image = npt.NDArray[np.uint8]
XYXY = tuple[float, float, float, float]


@dataclass(frozen=True)
class Standing:
    """One person at one instant: where, facing where (rad, 0 = +x, towards +y), in which pose."""

    person: int
    x_m: float
    y_m: float
    heading: float
    pose: Pose


@dataclass(frozen=True)
class Seen:
    """A person in a picture: the whole body's box and its visible part, pixels; share 0..1."""

    person: int
    whole: XYXY
    visible: XYXY | None
    share: float


@dataclass(frozen=True)
class Patch:
    """A drawn figure: premultiplied BGRA and the picture column and row of its corner."""

    bgra: Image
    left: int
    top: int


class Renderer:
    """Pictures of one camera; `seed` fixes the noise. Not thread-safe."""

    def __init__(self, camera: Camera, backdrop: Backdrop, style: Style, seed: int = 0) -> None:
        self.camera = camera
        self._backdrop = backdrop
        self._style = style
        self._gain = _gain(camera, style)
        soft = cv2.GaussianBlur(backdrop.picture, (3, 3), style.blur)
        clean = np.clip(soft * self._gain, 0, 255).astype(np.uint8)
        rng = np.random.default_rng([seed, 3])
        # grain is costly to draw, so a few pictures of it take turns
        self._grain = [_grain(rng, clean.shape, style.noise) for _ in range(2 * GRAINS)]
        self._empty = [
            cv2.subtract(cv2.add(clean, plus), minus)
            for plus, minus in zip(self._grain[::2], self._grain[1::2], strict=True)
        ]
        self._blob = _blob()

    def draw(
        self, people: Sequence[tuple[Standing, Figure]], frame: int, caption: str = ""
    ) -> tuple[Image, list[Seen]]:
        """The picture (H, W, 3) BGR and everyone in it, nearest last."""
        picture = np.array(self._empty[frame % GRAINS], np.uint8)
        owners = np.full(picture.shape[:2], -1, np.int16)
        drawn: list[tuple[Standing, Patch, int, Array]] = []
        order = sorted(people, key=lambda pair: -self._away(pair[0]))
        for standing, _ in order:
            self._shadow(picture, standing)
        for standing, figure in order:
            points = _placed(figure.vertices(standing.pose), standing)
            pixels, depth = self.camera.project(points)
            if depth.min() < 0.3 or not _in_picture(pixels, self.camera):
                continue
            patch = self._patch(figure, points, pixels, depth)
            whole_px = int(np.count_nonzero(patch.bgra[..., 3] > 127))
            ends = np.array([depth[points[:, 2].argmin()], depth[points[:, 2].argmax()]])
            self._paste(picture, owners, patch, ends, len(drawn), frame)
            drawn.append((standing, patch, whole_px, pixels))
        seen = [
            _seen(index, standing.person, pixels, whole_px, owners, patch)
            for index, (standing, patch, whole_px, pixels) in enumerate(drawn)
        ]
        if caption:
            for colour, shift in (((20, 20, 20), 1), ((240, 240, 240), 0)):
                at = (10 + shift, 20 + shift)
                cv2.putText(picture, caption, at, FONT, 0.45, colour, 1, cv2.LINE_AA)
        return picture, seen

    def _away(self, standing: Standing) -> float:
        offset = np.array([standing.x_m, standing.y_m]) - self.camera.position_m[:2]
        return float(np.hypot(*offset))

    def _shadow(self, picture: Image, standing: Standing) -> None:
        """Soft shadow on the floor: a tight dark one under the feet in a wide pale one."""
        x, y = standing.x_m, standing.y_m
        for radius, strength, shift in ((0.62, 0.30, 0.10), (0.30, 0.50, 0.0)):
            ring = [
                (x + shift + dx, y + dy, 0.0)
                for dx in (-radius, radius)
                for dy in (-radius, radius)
            ]
            pixels, depth = self.camera.project(ring)
            if depth.min() < 0.5:
                continue
            centre = pixels.mean(0)
            half = (pixels.max(0) - pixels.min(0)) * 0.36
            left, top = np.floor(centre - half).astype(int)
            right, bottom = np.ceil(centre + half).astype(int)
            rows = slice(max(top, 0), min(bottom, self.camera.height))
            columns = slice(max(left, 0), min(right, self.camera.width))
            if rows.start >= rows.stop or columns.start >= columns.stop:
                continue
            blob = cv2.resize(self._blob, (right - left, bottom - top))
            blob = blob[
                rows.start - top : rows.stop - top, columns.start - left : columns.stop - left
            ]
            dark = 1 - strength * blob * self._backdrop.floor[rows, columns]
            part = picture[rows, columns]
            part[:] = (part * dark[..., None]).astype(np.uint8)

    def _patch(self, figure: Figure, points: Array, pixels: Array, depth: Array) -> Patch:
        """Paint the faces that look at the camera, far ones first."""
        left, top = np.floor(pixels.min(0)).astype(int) - 2
        right, bottom = np.ceil(pixels.max(0)).astype(int) + 3
        canvas = np.zeros(((bottom - top) * SCALE, (right - left) * SCALE, 4), np.uint8)
        corners = pixels[figure.faces]
        first = corners[:, 2] - corners[:, 0]
        second = corners[:, 3] - corners[:, 1]
        shown = np.flatnonzero(first[:, 0] * second[:, 1] > first[:, 1] * second[:, 0])
        far = depth[figure.faces[shown, 0]] + depth[figure.faces[shown, 2]]
        shown = shown[np.argsort(2 * figure.lift_m[shown] - far)]
        colours = _lit(figure, points, self.camera, shown, self._gain_at(pixels))
        scaled = (corners[shown] - (left, top)) * (SCALE << SUBPIXEL_BITS)
        polygons = np.round(scaled - (SCALE << SUBPIXEL_BITS) / 4).astype(np.int32)
        for polygon, colour in zip(polygons, colours, strict=True):
            cv2.fillConvexPoly(canvas, polygon, colour, cv2.LINE_8, SUBPIXEL_BITS)
        soft = cv2.GaussianBlur(canvas, (5, 5), 0.6 + SCALE * self._style.blur)
        small = cv2.resize(soft, (right - left, bottom - top), interpolation=cv2.INTER_AREA)
        return Patch(np.asarray(small, np.uint8), int(left), int(top))

    def _gain_at(self, pixels: Array) -> Array:
        """The lens's and sensor's factors (3,) where the figure stands."""
        x, y = pixels.mean(0)
        row = int(np.clip(y, 0, self.camera.height - 1))
        column = int(np.clip(x, 0, self.camera.width - 1))
        return np.asarray(self._gain[row, column], np.float64)

    def _paste(
        self,
        picture: Image,
        owners: npt.NDArray[np.int16],
        patch: Patch,
        ends: Array,
        index: int,
        frame: int,
    ) -> None:
        """Blend the patch in where nothing static is nearer; `ends` are depths of feet and head."""
        high, wide = patch.bgra.shape[:2]
        top, left = max(patch.top, 0), max(patch.left, 0)
        bottom = min(patch.top + high, self.camera.height)
        right = min(patch.left + wide, self.camera.width)
        if top >= bottom or left >= right:
            return
        cut = patch.bgra[
            top - patch.top : bottom - patch.top, left - patch.left : right - patch.left
        ]
        down = (np.arange(top, bottom) - patch.top) / max(high - 1, 1)
        depth = (ends[1] + (ends[0] - ends[1]) * down).astype(np.float32)
        clear = self._backdrop.depth_m[top:bottom, left:right] > depth[:, None] - 0.12
        shown = cut * clear[..., None].astype(np.uint8)
        part = picture[top:bottom, left:right]
        alpha = cv2.cvtColor(shown[..., 3], cv2.COLOR_GRAY2BGR)
        plus, minus = (
            np.minimum(self._grain[frame % GRAINS * 2 + sign][top:bottom, left:right], alpha)
            for sign in (0, 1)
        )
        figure = cv2.subtract(cv2.add(shown[..., :3], plus), minus)
        part[:] = cv2.add(cv2.multiply(part, 255 - alpha, scale=1 / 255), figure)
        owners[top:bottom, left:right][shown[..., 3] > 127] = index


def _placed(points: Array, standing: Standing) -> Array:
    """Body frame to plan."""
    c, s = np.cos(standing.heading), np.sin(standing.heading)
    placed: Array = points @ np.array([[c, s, 0.0], [-s, c, 0.0], [0.0, 0.0, 1.0]])
    placed[:, 0] += standing.x_m
    placed[:, 1] += standing.y_m
    return placed


def _in_picture(pixels: Array, camera: Camera) -> bool:
    low, high = pixels.min(0), pixels.max(0)
    return bool(high[0] > 0 and high[1] > 0 and low[0] < camera.width and low[1] < camera.height)


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


def _seen(
    index: int,
    person: int,
    pixels: Array,
    whole_px: int,
    owners: npt.NDArray[np.int16],
    patch: Patch,
) -> Seen:
    low, high = pixels.min(0), pixels.max(0)
    whole = (float(low[0]), float(low[1]), float(high[0]), float(high[1]))
    top, left = max(patch.top, 0), max(patch.left, 0)
    part = owners[top : patch.top + patch.bgra.shape[0], left : patch.left + patch.bgra.shape[1]]
    mine = part == index
    count = int(np.count_nonzero(mine))
    if not count:
        return Seen(person, whole, None, 0.0)
    rows = np.flatnonzero(mine.any(1))
    columns = np.flatnonzero(mine.any(0))
    visible = (
        float(left + columns[0]), float(top + rows[0]),
        float(left + columns[-1] + 1), float(top + rows[-1] + 1),
    )  # fmt: skip
    return Seen(person, whole, visible, min(1.0, count / max(whole_px, 1)))


def _grain(rng: np.random.Generator, shape: tuple[int, int, int], strength: float) -> Image:
    grey = rng.normal(0, strength, shape[:2])[..., None] + rng.normal(0, strength * 0.5, shape)
    return np.clip(np.abs(grey), 0, 40).astype(np.uint8)


def _gain(camera: Camera, style: Style) -> npt.NDArray[np.float32]:
    """Vignette, exposure and colour cast in one map of factors (H, W, 3)."""
    ys, xs = np.mgrid[0 : camera.height, 0 : camera.width]
    radius = np.hypot(xs / camera.width - 0.5, ys / camera.height - 0.5) / 0.707
    gain = style.exposure * (1 - style.vignette * radius**2)
    tinted: Array = gain[..., None] * np.array(style.cast)
    return tinted.astype(np.float32)


def _blob() -> npt.NDArray[np.float32]:
    ys, xs = np.mgrid[-1:1:64j, -1:1:64j]
    squared = xs**2 + ys**2
    return np.where(squared < 1, np.exp(-squared / 0.32), 0.0).astype(np.float32)
