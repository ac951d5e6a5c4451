"""Rendered people with exact boxes, to train a person detector.

    python -m simulator.dataset OUT --seeds 100:160 --frames-per-seed 12 [--workers 2]

writes `OUT/images/*.jpg` (640 x 360), `OUT/labels/*.txt` (YOLO: `0 cx cy w h`, fractions; the
tight box of the visible part of everyone at least 25 % visible; an empty file = no person) and
`OUT/ignore/*.txt` (same format: people less visible or too small, neither person nor
background). Every seed is another shop: plan, cameras, colours, light, noise, people. The same
seed gives the same files. The demo's shop uses its own style and seed, which no range draws.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np

from simulator.backdrop import backdrop_of
from simulator.cameras import Camera, camera_of
from simulator.patch import XYXY
from simulator.render import Renderer, Seen
from simulator.textures import style_of
from simulator.variety import crowd, shop_of

LEAST_SHARE = 0.25
LEAST_HEIGHT_PX = 14.0
LEAST_FLOOR = 0.2


def write_dataset(out: Path, seeds: Sequence[int], frames_per_seed: int, workers: int = 1) -> int:
    """Write everything; returns the number of pictures."""
    for folder in ("images", "labels", "ignore"):
        (out / folder).mkdir(parents=True, exist_ok=True)
    # a forked child could inherit a lock that one of OpenCV's threads holds
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        return sum(pool.map(write_seed, repeat(out), seeds, repeat(frames_per_seed)))


def write_seed(out: Path, seed: int, frames: int) -> int:
    """One shop seen by up to three of its cameras; returns the number of pictures."""
    cv2.setNumThreads(1)
    rng = np.random.default_rng([seed, 11])
    scenario, style = shop_of(seed), style_of(seed)
    cameras = [camera_of(lens) for lens in scenario.cameras]
    per_camera = max(1, -(-frames // len(cameras)))
    written = 0
    for camera in cameras:
        if written >= frames:
            break
        backdrop = backdrop_of(scenario, camera, style)
        if backdrop.floor.mean() < LEAST_FLOOR and camera is not cameras[0]:
            continue
        renderer = Renderer(camera, backdrop, style, seed)
        caption = camera.name if rng.random() < 0.6 else ""
        for number in range(min(per_camera, frames - written)):
            people = crowd(rng, scenario, camera, most=9)
            picture, seen = renderer.draw(people, number, caption)
            name = f"sim_{seed}_{camera.id}_{number:03d}"
            quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(60, 94))]
            cv2.imwrite(str(out / "images" / f"{name}.jpg"), picture, quality)
            _write_boxes(out, name, seen, camera)
            written += 1
    return written


def _write_boxes(out: Path, name: str, seen: list[Seen], camera: Camera) -> None:
    sure: list[str] = []
    unsure: list[str] = []
    for person in seen:
        if person.visible is None:
            continue
        tall = person.visible[3] - person.visible[1]
        good = person.share >= LEAST_SHARE and tall >= LEAST_HEIGHT_PX
        (sure if good else unsure).append(_yolo(person.visible, camera))
    (out / "labels" / f"{name}.txt").write_text("".join(sure))
    (out / "ignore" / f"{name}.txt").write_text("".join(unsure))


def _yolo(box: XYXY, camera: Camera) -> str:
    x0, y0, x1, y1 = box
    centre = (x0 + x1) / 2 / camera.width, (y0 + y1) / 2 / camera.height
    return (
        f"0 {centre[0]:.5f} {centre[1]:.5f} "
        f"{(x1 - x0) / camera.width:.5f} {(y1 - y0) / camera.height:.5f}\n"
    )


def _seeds(text: str) -> range:
    first, _, last = text.partition(":")
    return range(int(first), int(last or int(first) + 1))


def main() -> None:
    """Command line; see the module's docstring."""
    parser = argparse.ArgumentParser(prog="python -m simulator.dataset")
    parser.add_argument("out", type=Path)
    parser.add_argument("--seeds", type=_seeds, default=range(100, 160), metavar="FIRST:LAST")
    parser.add_argument("--frames-per-seed", type=int, default=12)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    count = write_dataset(options.out, options.seeds, options.frames_per_seed, options.workers)
    print(f"{count} pictures in {options.out}")  # noqa: T201


if __name__ == "__main__":
    main()
