"""Views that teacher and student look at: ``python -m models.training.reid.views --work DIR ...``.

The student learns the teacher's *function*, so views may be anything that keeps people in it:
new outfits made of bands of several people, clothes of other colours, poor cameras.  Shards are
written one by one; several processes may write (``--part``), the trainer picks up what is there.
"""

from __future__ import annotations

import argparse
import tomllib
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from models.training.reid.crops import CANVAS_HIGH, CANVAS_WIDE, CONFIG, MARGIN
from models.training.reid.network import HEIGHT, WIDTH
from models.training.reid.teacher import Teacher

Image = NDArray[np.uint8]
KINDS = ("wild", "natural")


@dataclass(frozen=True)
class Pool:
    """Source crops ``[N, 240, 120, 3]`` and their cumulative probabilities."""

    canvases: NDArray[np.uint8]
    cumulative: NDArray[np.float64]

    def draw(self, rng: Generator) -> Image:
        """One of them."""
        row: Image = self.canvases[int(np.searchsorted(self.cumulative, rng.random()))]
        return row


@dataclass(frozen=True)
class ViewRules:
    """A ``[views.*]`` table of the configuration; ``weights`` says how often a set is drawn."""

    shard: int
    shards: int
    held: int
    strength: float
    parts: float
    blend: float
    occlude: float
    plain_patch: float
    recolour: float
    low_resolution: float
    weights: dict[str, float]


def frame(rng: Generator, canvas: Image) -> Image:
    """The person, cut a little too tight, too wide or askew, as detectors do; 128x64."""
    inner = np.array([CANVAS_WIDE, CANVAS_HIGH]) / (1 + 2 * MARGIN)
    size = inner * np.exp(rng.normal(0.0, 0.08) + np.array([0.5, -0.5]) * rng.normal(0.0, 0.10))
    middle = np.array([CANVAS_WIDE, CANVAS_HIGH]) / 2 + rng.normal(0.0, 0.05, 2) * inner
    if rng.random() < 0.08:  # feet or head outside the box
        size[1] *= rng.uniform(0.55, 0.85)
        middle[1] += rng.uniform(-0.15, 0.15) * inner[1]
    scale = size / np.array([WIDTH, HEIGHT])
    angle = np.deg2rad(rng.normal(0.0, 3.0))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    linear = turn @ np.diag(scale)
    if rng.random() < 0.5:
        linear[:, 0] *= -1
    shift = middle - linear @ (np.array([WIDTH, HEIGHT]) / 2)
    out = cv2.warpAffine(
        canvas,
        np.column_stack([linear, shift]),
        (WIDTH, HEIGHT),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(out, np.uint8)


def tinted(rng: Generator, image: Image, strength: float) -> Image:
    """Another hue, saturation and lightness."""
    hsv = cv2.cvtColor(image, cv2.COLOR_BGR2HSV)
    ramp = np.arange(256, dtype=np.float32)
    hue = ((ramp + strength * rng.uniform(-90, 90)) % 180).astype(np.uint8)
    saturation = np.clip(ramp * np.exp(strength * rng.normal(0, 0.7)), 0, 255).astype(np.uint8)
    value = 255 * (ramp / 255) ** np.exp(strength * rng.normal(0.0, 0.6))
    h, s, v = cv2.split(hsv)
    merged = cv2.merge(
        [cv2.LUT(h, hue), cv2.LUT(s, saturation), cv2.LUT(v, value.clip(0, 255).astype(np.uint8))]
    )
    return np.asarray(cv2.cvtColor(merged, cv2.COLOR_HSV2BGR), np.uint8)


def mixed(first: Image, second: Image, share: NDArray[np.float32]) -> Image:
    """``first`` where the mask ``share`` ([H, W], 0..1) is 1, ``second`` where it is 0."""
    weight = share[:, :, None]
    return (first * weight + second * (1 - weight)).astype(np.uint8)


def recolour_clothes(rng: Generator, view: Image) -> Image:
    """Torso or legs in another colour: a soft ellipse around them is tinted."""
    upper = rng.random() < 0.5
    row = rng.uniform(0.30, 0.45) if upper else rng.uniform(0.65, 0.80)
    mask = np.zeros((HEIGHT, WIDTH), np.float32)
    axes = (int(WIDTH * rng.uniform(0.25, 0.45)), int(HEIGHT * rng.uniform(0.14, 0.22)))
    cv2.ellipse(mask, (WIDTH // 2, int(HEIGHT * row)), axes, 0, 0, 360, 1.0, -1)
    mask = np.asarray(cv2.blur(mask, (9, 9)), np.float32)
    return mixed(tinted(rng, view, 0.8), view, mask)


def banded(rng: Generator, views: list[Image]) -> Image:
    """Head of one, torso of another, legs of a third."""
    out = views[0]
    rows = np.arange(HEIGHT, dtype=np.float32)
    for view, seam in zip(views[1:], rng.permutation([0.2, 0.52]), strict=False):
        middle = (seam + rng.normal(0, 0.03)) * HEIGHT
        share = 1 / (1 + np.exp((rows - middle) / rng.uniform(0.5, 3.0)))
        out = mixed(out, view, np.repeat(share[:, None], WIDTH, 1).astype(np.float32))
    return out


def occluded(rng: Generator, view: Image, other: Image) -> Image:
    """A part of another picture in front, from a side or from below, or a plain patch."""
    out = view.copy()
    high, wide = int(HEIGHT * rng.uniform(0.25, 1.0)), int(WIDTH * rng.uniform(0.15, 0.5))
    if rng.random() < 0.4:
        high, wide = int(HEIGHT * rng.uniform(0.12, 0.45)), WIDTH
    left = 0 if wide == WIDTH or rng.random() < 0.5 else WIDTH - wide
    area = np.s_[HEIGHT - high :, left : left + wide]
    patch = other[HEIGHT - high :, WIDTH - wide - left : WIDTH - left]
    out[area] = rng.integers(0, 256, 3) if rng.random() < 0.25 else patch
    return out


def camera(rng: Generator, view: Image, rules: ViewRules) -> Image:
    """Light, white balance, poor resolution, blur, grain and JPEG of some camera."""
    out = view.astype(np.float32)
    if rng.random() < 0.7:
        much = rules.strength
        gain = np.exp(much * rng.uniform(-0.5, 0.3) + much * rng.normal(0, 0.06, 3))
        out = 255 * (np.clip(out * gain, 0, 255) / 255) ** np.exp(much * rng.normal(0, 0.2))
        middle = out.mean()
        out = (out - middle) * np.exp(much * rng.uniform(-0.5, 0.18)) + middle
    picture = np.clip(out, 0, 255).astype(np.uint8)
    if rng.random() < 0.15:
        picture = tinted(rng, picture, 0.25 * rules.strength)
    if rng.random() < 0.05 * rules.strength:
        grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
        picture = np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR), np.uint8)
    if rng.random() < rules.low_resolution:
        factor = rng.uniform(0.3, 0.95)
        small = (max(8, int(WIDTH * factor)), max(16, int(HEIGHT * factor)))
        way = int(rng.choice([cv2.INTER_LINEAR, cv2.INTER_CUBIC]))
        near = cv2.resize(picture, small, interpolation=cv2.INTER_AREA)
        picture = np.asarray(cv2.resize(near, (WIDTH, HEIGHT), interpolation=way), np.uint8)
    if rng.random() < 0.15:
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.4, 1.2)), np.uint8)
    if rng.random() < 0.25:
        grain = rng.normal(0, rng.uniform(2, 9), picture.shape)
        picture = np.clip(picture + grain, 0, 255).astype(np.uint8)
    if rng.random() < 0.4:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(30, 92))]
        _, packed = cv2.imencode(".jpg", picture, quality)
        picture = np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)
    return picture


def draw(rng: Generator, pool: Pool, rules: ViewRules) -> Image:
    """One view ``[128, 64, 3]`` BGR."""

    def person() -> Image:
        return frame(rng, pool.draw(rng))

    view = person()
    kind = rng.random()
    if kind < rules.parts:
        view = banded(rng, [view, person(), person()][: 2 + int(rng.random() < 0.5)])
    elif kind < rules.parts + rules.blend:
        share = np.full((HEIGHT, WIDTH), rng.uniform(0.2, 0.8), np.float32)
        view = mixed(view, person(), share)
    elif kind < rules.parts + rules.blend + rules.plain_patch:
        corner = rng.integers(0, 32, 2)
        patch = view[corner[1] : corner[1] + 64, corner[0] : corner[0] + 32]
        view = np.asarray(cv2.resize(patch, (WIDTH, HEIGHT)), np.uint8)
    for _ in range(2):
        if rng.random() < rules.recolour:
            view = recolour_clothes(rng, view)
    if rng.random() < rules.occlude:
        view = occluded(rng, view, person())
    return camera(rng, view, rules)


def write_shard(
    path: Path, rng: Generator, pool: Pool, teacher: Teacher, size: int, rules: ViewRules
) -> None:
    """Draw ``size`` views, ask the teacher, write them by rename."""
    views = np.stack([draw(rng, pool, rules) for _ in range(size)])
    answers = [teacher(view) for view in views]
    fresh = path.with_suffix(".part")
    with fresh.open("wb") as stream:
        np.savez(
            stream,
            views=views,
            embeddings=np.stack([a[0] for a in answers]),
            maps=np.stack([a[1] for a in answers]),
        )
    fresh.rename(path)


def pool_of(
    canvases: NDArray[np.uint8], weights: NDArray[np.float64], keep: NDArray[np.bool_]
) -> Pool:
    """The crops marked in ``keep``, drawn in proportion to their weights."""
    shares = weights[keep].cumsum()
    return Pool(canvases[keep], shares / shares[-1])


def main() -> None:
    """Write ``KIND_*.npz`` until there are enough, and ``held_KIND.npz`` of the held-out crops."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True, help="folder written by crops")
    parser.add_argument("--teachers", type=Path, required=True, help="folder of both ONNX files")
    parser.add_argument("--kind", choices=KINDS, default=KINDS[0])
    parser.add_argument("--config", type=Path, default=CONFIG)
    parser.add_argument("--part", type=int, default=0, help="this process writes every n-th shard")
    parser.add_argument("--parts", type=int, default=1)
    args = parser.parse_args()
    config = tomllib.loads(args.config.read_text())
    rules = ViewRules(**config["views"][args.kind])
    cv2.setNumThreads(1)
    with np.load(args.work / "crops.npz") as stored:
        canvases, held, origin = stored["canvases"], stored["held"], stored["origin"]
    weights = np.array([rules.weights[name] for name in origin])
    teacher = Teacher(args.teachers)
    seed = [config["seed"], KINDS.index(args.kind)]
    kept = args.work / f"held_{args.kind}.npz"
    if args.part == 0 and not kept.exists():
        rng = np.random.default_rng(seed)
        write_shard(
            kept,
            rng,
            pool_of(canvases, weights, held),
            teacher,
            rules.held,
            rules,
        )
    seen = pool_of(canvases, weights, ~held)
    for number in range(args.part, rules.shards, args.parts):
        path = args.work / f"{args.kind}_{number:04d}.npz"
        if not path.exists():
            rng = np.random.default_rng([*seed, number])
            write_shard(path, rng, seen, teacher, rules.shard, rules)
            print(path.name, flush=True)


if __name__ == "__main__":
    main()
