"""Draw people into a backdrop, far to near, and report the box of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from simulator.backdrop import Backdrop
from simulator.body import Figure
from simulator.cameras import Camera
from simulator.patch import XYXY, Image, Patch, drawn
from simulator.skeleton import Pose
from simulator.textures import Style
from simulator.tubes import Array

GRAINS = 5
FONT = cv2.FONT_HERSHEY_SIMPLEX


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
        self._known: dict[int, tuple[Figure, tuple[float, ...], Patch | None]] = {}

    def draw(
        self, people: Sequence[tuple[Standing, Figure]], frame: int, caption: str = ""
    ) -> tuple[Image, list[Seen]]:
        """The picture (H, W, 3) BGR and everyone in it, nearest last."""
        picture = np.array(self._empty[frame % GRAINS], np.uint8)
        owners = np.full(picture.shape[:2], -1, np.int16)
        pasted: list[tuple[int, Patch]] = []
        order = sorted(people, key=lambda pair: -self._away(pair[0]))
        for standing, _ in order:
            self._shadow(picture, standing)
        for standing, figure in order:
            patch = self._patch_of(standing, figure)
            if patch is not None:
                self._paste(picture, owners, patch, len(pasted), frame)
                pasted.append((standing.person, patch))
        seen = [_seen(index, person, owners, patch) for index, (person, patch) in enumerate(pasted)]
        if caption:
            for colour, shift in (((20, 20, 20), 1), ((240, 240, 240), 0)):
                at = (10 + shift, 20 + shift)
                cv2.putText(picture, caption, at, FONT, 0.45, colour, 1, cv2.LINE_AA)
        return picture, seen

    def _patch_of(self, standing: Standing, figure: Figure) -> Patch | None:
        """The figure, or None out of the picture; who has not moved is not drawn anew."""
        body = figure.vertices(standing.pose)
        key = (id(body), standing.x_m, standing.y_m, standing.heading)
        known = self._known.get(standing.person)
        if known is not None and known[0] is figure and known[1] == key:
            return known[2]
        points = _placed(body, standing)
        pixels, depth = self.camera.project(points)
        patch = None
        if depth.min() > 0.3 and _in_picture(pixels, self.camera):
            patch = drawn(figure, points, self.camera, self._gain_at(pixels), self._style.blur)
        self._known[standing.person] = (figure, key, patch)
        return patch

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
        index: int,
        frame: int,
    ) -> None:
        """Blend the patch in where nothing static is nearer."""
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
        feet_m, head_m = patch.ends_m
        depth = (head_m + (feet_m - head_m) * down).astype(np.float32)
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


def _seen(index: int, person: int, owners: npt.NDArray[np.int16], patch: Patch) -> Seen:
    """What is left to see of the figure that was drawn as number `index`."""
    top, left = max(patch.top, 0), max(patch.left, 0)
    part = owners[top : patch.top + patch.bgra.shape[0], left : patch.left + patch.bgra.shape[1]]
    mine = part == index
    count = int(np.count_nonzero(mine))
    if not count:
        return Seen(person, patch.whole, None, 0.0)
    rows = np.flatnonzero(mine.any(1))
    columns = np.flatnonzero(mine.any(0))
    visible = (
        float(left + columns[0]), float(top + rows[0]),
        float(left + columns[-1] + 1), float(top + rows[-1] + 1),
    )  # fmt: skip
    return Seen(person, patch.whole, visible, min(1.0, count / max(patch.area, 1)))


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
