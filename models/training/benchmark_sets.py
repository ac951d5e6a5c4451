"""Labelled images that no training touches, for the figures of the model cards."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from models.evaluation import Labelled
from models.training.sources import read_folder, read_pseudo

Frame = NDArray[np.uint8]
Sample = tuple[Frame, Labelled]
NOTHING = np.zeros((0, 4), np.float32)
PETS_SCALE = 0.625  # the video is 480x360, the ground truth 768x576


@dataclass(frozen=True)
class BenchmarkSet:
    """A named set; ``read`` yields its images with their truth."""

    name: str
    read: Callable[[], Iterator[Sample]]


def video_frames(path: Path, wanted: set[int]) -> Iterator[tuple[int, Frame]]:
    """The frames of a video with these indices (from 0), as BGR."""
    with av.open(str(path)) as container:
        for index, frame in enumerate(container.decode(video=0)):
            if index in wanted:
                yield index, np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)
            if index >= max(wanted):
                return


def mot_boxes(path: Path, scale: float = 1.0) -> dict[int, NDArray[np.float32]]:
    """Boxes per frame (from 1) of a MOTChallenge file, where the consider flag is set."""
    rows: dict[int, list[list[float]]] = {}
    for line in path.read_text().splitlines():
        frame, _, x, y, wide, high, consider = (float(v) for v in line.split(",")[:7])
        if consider:
            rows.setdefault(int(frame), []).append([x, y, x + wide, y + high])
    return {f: np.array(r, np.float32) * np.float32(scale) for f, r in rows.items()}


def retail(assets: Path) -> Iterator[Sample]:
    """Five hand-labelled frames of a shop with a checkout, 1920x1080."""
    truth: dict[int, list[tuple[bool, list[float]]]] = {}
    with (assets / "videos/retail_checkout_keyframes_gt.csv").open() as stream:
        for row in csv.DictReader(stream):
            box = [float(row[k]) for k in ("x1", "y1", "x2", "y2")]
            truth.setdefault(int(row["frame"]), []).append((row["ignore"] == "1", box))
    for index, image in video_frames(assets / "videos/retail_checkout_1080p_hevc.mp4", set(truth)):
        boxes = [b for skip, b in truth[index] if not skip]
        ignore = [b for skip, b in truth[index] if skip]
        yield (
            image,
            Labelled(
                np.array(boxes, np.float32).reshape(-1, 4),
                np.array(ignore, np.float32).reshape(-1, 4),
            ),
        )


def pets(assets: Path) -> Iterator[Sample]:
    """Every fifth frame of PETS 2009 S2.L1, 480x360."""
    truth = mot_boxes(assets / "mot/MOT15/PETS09-S2L1/gt/gt.txt", PETS_SCALE)
    wanted = set(range(0, 795, 5))
    for index, image in video_frames(assets / "videos/pets09_s2l1_480x360.mp4", wanted):
        yield image, Labelled(truth.get(index + 1, NOTHING), NOTHING)


def tud(folder: Path) -> Iterator[Sample]:
    """All frames of a TUD sequence of MOT15, 640x480."""
    truth = mot_boxes(folder / "gt/gt.txt")
    for path in sorted((folder / "img1").glob("*.jpg")):
        image = cv2.imread(str(path))
        yield np.asarray(image, np.uint8), Labelled(truth.get(int(path.stem), NOTHING), NOTHING)


def held_out_folder(root: Path) -> Iterator[Sample]:
    """Held-out pictures of a training set; pseudo boxes without a label are ignored."""
    for picture in read_folder(root, teacher=True, held=True):
        pseudo = root / "pseudo" / f"{picture.name}.txt"
        ignore = read_pseudo(pseudo, 0.35) if pseudo.exists() else NOTHING
        yield picture.image, Labelled(picture.boxes, ignore)


def rendered(root: Path) -> Iterator[Sample]:
    """Rendered frames of seeds that were kept out of training."""
    for picture in read_folder(root, teacher=False, held=None):
        yield picture.image, Labelled(picture.boxes, NOTHING)


def benchmark_sets(assets: Path, work: Path) -> list[BenchmarkSet]:
    """All sets whose files are there."""
    mot15 = assets / "mot/MOT15"
    known = [
        (BenchmarkSet("retail checkout", lambda: retail(assets)), assets / "videos"),
        (BenchmarkSet("PETS09-S2L1", lambda: pets(assets)), mot15 / "PETS09-S2L1"),
        (
            BenchmarkSet("TUD-Stadtmitte", lambda: tud(mot15 / "TUD-Stadtmitte")),
            mot15 / "TUD-Stadtmitte",
        ),
        (BenchmarkSet("TUD-Campus", lambda: tud(mot15 / "TUD-Campus")), mot15 / "TUD-Campus"),
        (
            BenchmarkSet(
                "Open Images, held out",
                lambda: held_out_folder(work / "data/openimages_people"),
            ),
            work / "data/openimages_people",
        ),
        (
            BenchmarkSet("rendered, other seeds", lambda: rendered(work / "data/rendered_held")),
            work / "data/rendered_held",
        ),
    ]
    return [found for found, root in known if root.exists()]
