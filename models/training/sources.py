"""The training images, held in memory, with their boxes and what may be believed about them."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

Boxes = NDArray[np.float32]
CONREID_SHA256 = "4ecfff85c8298cbd26c71381d4a70b64e5c2caf61047b88b98840ff7d1d4089e"
HELD_OUT_PERCENT = 10
SURE_PSEUDO = 0.45
BLACK = 24
LEAST_CROP_PX = (16, 80)
# The teacher calls hands, bottles and fruit a person there; the label files say nobody is.
TEACHER_FAILS_ON = ("bottles_and_hands", "intel_fruit", "intel_car-detection")


@dataclass(frozen=True)
class Picture:
    """One image (BGR) with its person boxes ``[N, 4]`` in pixels.

    ``ignore`` are boxes ``[K, 4]`` that are neither person nor background.

    ``teacher`` says whether the teacher's opinion of this picture counts: it does not on rendered
    frames, whose boxes are exact, nor where it is known to be wrong.  ``stretched`` pictures have
    lost their aspect ratio (the Open Images export).
    """

    name: str
    image: NDArray[np.uint8]
    boxes: Boxes
    ignore: Boxes
    teacher: bool
    stretched: bool


def held_out(name: str) -> bool:
    """Whether a picture is kept for measuring; decided by its name, so every run agrees."""
    stem = name.removeprefix("neg_")
    return int(sha256(stem.encode()).hexdigest(), 16) % 100 < HELD_OUT_PERCENT


def read_yolo(path: Path, width: int, height: int) -> Boxes:
    """Boxes of a YOLO label file (``class cx cy w h`` as fractions), in pixels."""
    rows = [line.split() for line in path.read_text().splitlines() if line.strip()]
    values = np.array([[float(v) for v in row[1:5]] for row in rows], np.float32).reshape(-1, 4)
    centre, half = values[:, :2], values[:, 2:] / 2
    size = np.array([width, height], np.float32)
    return np.hstack([(centre - half) * size, (centre + half) * size]).astype(np.float32)


def read_pseudo(path: Path, least: float) -> Boxes:
    """Boxes of a pseudo label file (``x1 y1 x2 y2 score``) that score at least ``least``."""
    rows = [line.split() for line in path.read_text().splitlines() if line.strip()]
    values = np.array([[float(v) for v in row] for row in rows], np.float32).reshape(-1, 5)
    return np.ascontiguousarray(values[values[:, 4] >= least, :4])


def read_folder(root: Path, *, teacher: bool, held: bool | None) -> list[Picture]:
    """Pictures of ``root/images``; boxes from ``labels`` where present, else from ``pseudo``.

    ``held`` True keeps only held-out pictures, False only the others, None all.
    """
    pictures = []
    for path in sorted((root / "images").iterdir()):
        if held is not None and held_out(path.stem) != held:
            continue
        image = cv2.imread(str(path), cv2.IMREAD_COLOR)
        if image is None:
            raise ValueError(f"{path} is not an image")
        label = root / "labels" / f"{path.stem}.txt"
        if label.exists():
            boxes = read_yolo(label, image.shape[1], image.shape[0])
        else:
            boxes = read_pseudo(root / "pseudo" / f"{path.stem}.txt", SURE_PSEUDO)
        skipped = root / "ignore" / f"{path.stem}.txt"
        ignore = (
            read_yolo(skipped, image.shape[1], image.shape[0])
            if skipped.exists()
            else np.zeros((0, 4), np.float32)
        )
        believed = teacher and not path.stem.startswith(TEACHER_FAILS_ON)
        pictures.append(
            Picture(
                path.stem,
                np.asarray(image, np.uint8),
                boxes,
                ignore,
                believed,
                stretched=path.stem.startswith("oi_"),
            )
        )
    return pictures


def read_training(
    work: Path, weights: dict[str, float], without_people: float
) -> tuple[list[Picture], NDArray[np.float64]]:
    """All training pictures under ``work`` and the probability with which each is drawn.

    One that shows nobody is drawn ``without_people`` times as often as another of its set.
    """
    pictures: list[Picture] = []
    chances: list[float] = []
    for name, weight in weights.items():
        root = work / name
        if weight <= 0 or not root.exists():
            continue
        # Neighbouring clip frames are alike and rendered frames have held-out seeds of their own.
        held = False if name == "openimages_people" else None
        found = read_folder(root, teacher=name != "rendered", held=held)
        pictures += found
        chances += [weight if len(p.boxes) else weight * without_people for p in found]
    share = np.array(chances, np.float64)
    return pictures, share / share.sum()


def read_crops(archive: Path) -> list[Picture]:
    """People of ConReID (MIT), each the whole of its crop; black borders are cut off."""
    if sha256(archive.read_bytes()).hexdigest() != CONREID_SHA256:
        raise ValueError(f"{archive} is not the con_reid_train.zip that may be trained on")
    people = []
    with zipfile.ZipFile(archive) as opened:
        for name in sorted(n for n in opened.namelist() if n.endswith(".jpg")):
            packed = np.frombuffer(opened.read(name), np.uint8)
            image = np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)
            bright = image.max(2) > BLACK
            rows, columns = np.flatnonzero(bright.any(1)), np.flatnonzero(bright.any(0))
            if len(rows) < LEAST_CROP_PX[1] or len(columns) < LEAST_CROP_PX[0]:
                continue
            inner = image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
            box = np.array([[0, 0, inner.shape[1], inner.shape[0]]], np.float32)
            people.append(
                Picture(name, np.ascontiguousarray(inner), box, box[:0], True, stretched=False)
            )
    return people
