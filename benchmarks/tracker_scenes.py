"""The sequences whose frames are at hand, in MOTChallenge form, standing still and shaken.

TUD-Campus and TUD-Stadtmitte come with `img1`, PETS09-S2L1 with a video; all three cameras stand
still. No sequence of a moving camera with frames is at hand, so one is made of each: a smaller
window that sways over the picture as a hand-held camera does, boxes and truth moved with it.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from models.detector import load_detector
from trinetra.clip import Clip
from trinetra.evaluation.mot_files import folders

PETS, PETS_CLIP, PETS_SIZE = "PETS09-S2L1", "pets09_s2l1_480x360.mp4", (768, 576)
GIVEN, NANO, NANO_MODEL = "det", "rtmdet", "rtmdet-nano-person"
"""Detections: public ones, and those of the reference network at 416."""
MARGIN = 0.1
"""How far the shaken window may be from the middle, in widths of the picture."""
SWAY_S = 1.2
SHAKE_PX = 3.0
Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]


def prepare(assets: Path, out: Path, mirror: Path) -> tuple[Path, Path]:
    """Folders of the still and of the shaken sequences, each with `det/det` and `det/rtmdet`."""
    still, shaken = out / "still", out / "shaken"
    for folder in folders(assets / "mot" / "MOT15"):
        place = still / folder.name
        for part in ("gt", "det"):
            shutil.copytree(folder.path / part, place / part)
        shutil.copy(folder.path / "seqinfo.ini", place)
        images = _pets(assets) if folder.name == PETS else _images(folder.images())
        _write_images(place, images)
    _detect(still, mirror)
    for seed, folder in enumerate(folders(still)):
        _shake(folder.path, shaken / folder.name, folder.fps, seed)
    return still, shaken


def sway(frames: int, fps: float, width: int, seed: int) -> Floats:
    """(N, 2): the window's whole-pixel place, a slow drift and a quick shake within the margin."""
    rng = np.random.default_rng(seed)
    at_s = np.arange(frames) / fps
    most = MARGIN * width
    phase = rng.uniform(0, 2 * np.pi, 2)
    drift = 0.6 * most * np.sin(2 * np.pi * at_s[:, None] / (SWAY_S * np.array([1.0, 1.7])) + phase)
    place = drift + rng.normal(0, SHAKE_PX, (frames, 2))
    return np.rint(np.clip(place, -most, most) + most)


def _images(paths: list[Path]) -> Iterator[Pixels]:
    for path in paths:
        image = cv2.imread(str(path))
        assert image is not None, path
        yield image.astype(np.uint8, copy=False)


def _pets(assets: Path) -> Iterator[Pixels]:
    clip = Clip(assets / "videos" / PETS_CLIP)
    for frame in clip.read():
        yield cv2.resize(frame.image, PETS_SIZE).astype(np.uint8, copy=False)
    clip.close()


def _write_images(place: Path, images: Iterator[Pixels]) -> None:
    (place / "img1").mkdir(parents=True)
    for index, image in enumerate(images, 1):
        cv2.imwrite(str(place / "img1" / f"{index:06d}.jpg"), image)


def _detect(still: Path, mirror: Path) -> None:
    """The reference network's boxes beside the public ones."""
    detector = load_detector(NANO_MODEL, input_size=(416, 416), mirror=mirror)
    for folder in folders(still):
        with (folder.path / "det" / f"{NANO}.txt").open("w", encoding="ascii") as stream:
            for index, image in enumerate(_images(folder.images()), 1):
                (found,) = detector.detect([image])
                for (x1, y1, x2, y2), score in zip(found.xyxy, found.score, strict=True):
                    box = f"{x1:.2f},{y1:.2f},{x2 - x1:.2f},{y2 - y1:.2f}"
                    stream.write(f"{index},-1,{box},{score:.4f},-1,-1,-1\n")


def _shake(source: Path, place: Path, fps: float, seed: int) -> None:
    """The same scene through the swaying window."""
    paths = sorted((source / "img1").glob("*.jpg"))
    high, wide = next(_images(paths)).shape[:2]
    left_top = sway(len(paths), fps, wide, seed)
    size = np.array([wide, high]) - round(2 * MARGIN * wide)

    def windows() -> Iterator[Pixels]:
        for image, (x, y) in zip(_images(paths), left_top.astype(int), strict=True):
            yield image[y : y + size[1], x : x + size[0]]

    _write_images(place, windows())
    shutil.copy(source / "seqinfo.ini", place)
    for name in (f"gt/{'gt'}.txt", f"det/{GIVEN}.txt", f"det/{NANO}.txt"):
        _rewrite(source / name, place / name, lambda rows: _moved(rows, left_top, size))


def _moved(rows: Floats, left_top: Floats, size: npt.NDArray[np.int64]) -> Floats:
    """Boxes in the window's pixels; those whose middle is outside are left out."""
    moved = rows.copy()
    moved[:, 2:4] -= left_top[rows[:, 0].astype(int) - 1]
    middle = moved[:, 2:4] + moved[:, 4:6] / 2
    return moved[((middle >= 0) & (middle <= size)).all(axis=1)]


def _rewrite(source: Path, place: Path, change: Callable[[Floats], Floats]) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    rows = change(np.loadtxt(source, delimiter=",", ndmin=2))
    np.savetxt(place, rows, delimiter=",", fmt="%.10g")
