"""What the crop gate refuses and what identity gains by it, on people whose identity is known.

``python -m benchmarks.crop_gate --assets ../shared/assets [--model NAME] [--json]``

Boxes and identities are ground truth.  Every crop looks for the same person among the crops of its
sequence that lie some time apart; rank-1 is the share whose nearest is that person.  The last set
is the first with every other crop blurred.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.checkout import SIZE, labels
from edge_agent.tracking.crops import LEAST_QUALITY
from edge_agent.tracking.quality import box_quality, sharpness
from models.embedder import Embedder, load_embedder
from trinetra.clip import Clip
from trinetra.evaluation.mot_files import folders, read_truth

Image = NDArray[np.uint8]
Boxes = NDArray[np.float64]

APART_S = 1.5
EVERY_S = 0.12
PETS_EVERY = 12
PETS_SCALE = 0.625  # of the recording that the ground truth was drawn in
BLUR = 1 / 16  # standard deviation, of the crop's height
SMALLEST_PX = 8


class Scene(NamedTuple):
    """A frame with the boxes ``(N, 4)`` of known people."""

    at_s: float
    image: Image
    people: list[str]
    xyxy: Boxes


@dataclass(frozen=True)
class Crops:
    """All crops of one sequence: whose, when, how good, and how they look."""

    person: NDArray[np.str_]
    at_s: NDArray[np.float64]
    quality: NDArray[np.float64]
    rows: NDArray[np.float32]


def tud(assets: Path, name: str) -> Iterator[Scene]:
    """A sequence with images."""
    (folder,) = (f for f in folders(assets / "mot" / "MOT15") if f.name == name)
    truth, _ = read_truth(folder)
    every = max(1, round(EVERY_S * folder.fps))
    for index, path in enumerate(folder.images(), start=1):
        here = truth[(truth[:, 0] == index) & (truth[:, 6] != 0)]
        if index % every == 0 and len(here):
            image = np.asarray(cv2.imread(str(path)), np.uint8)
            yield scene(index / folder.fps, image, here, 1.0)


def pets(assets: Path) -> Iterator[Scene]:
    """PETS 2009, whose images are a video: frame i of it is frame i of the truth."""
    (folder,) = (f for f in folders(assets / "mot" / "MOT15") if f.name == "PETS09-S2L1")
    truth, _ = read_truth(folder)
    for frame in Clip(assets / "videos" / "pets09_s2l1_480x360.mp4").read():
        here = truth[truth[:, 0] == frame.index]
        if frame.index % PETS_EVERY == 1 and len(here):
            yield scene(frame.index / folder.fps, frame.image, here, PETS_SCALE)


def scene(at_s: float, image: Image, rows: NDArray[np.float64], scale: float) -> Scene:
    """A scene of MOTChallenge rows."""
    corner, size = rows[:, 2:4] * scale, rows[:, 4:6] * scale
    people = [f"{number:.0f}" for number in rows[:, 1]]
    return Scene(at_s, image, people, np.hstack([corner, corner + size]))


def checkout(assets: Path) -> Iterator[Scene]:
    """The five hand-labelled frames of the shop, 5 s apart."""
    truth = labels(assets / "videos" / "retail_checkout_keyframes_gt.csv")
    clip = Clip(assets / "videos" / "retail_checkout_720p_h264.mp4")
    scale = np.array([clip.width / SIZE[0], clip.height / SIZE[1]] * 2)
    for frame in clip.read():
        here = [row for row in truth if row.frame == frame.index - 1 and not row.ignore]
        if here:
            boxes = np.array([row.box for row in here]) * scale
            yield Scene(here[0].frame / 30.0, frame.image, [row.person for row in here], boxes)


def look(scenes: Iterator[Scene], embedder: Embedder, blurred: bool = False) -> Crops:
    """Crops of all scenes with their quality; every other one blurred if asked for."""
    people, times, qualities = [], [], []
    pictures: list[Image] = []
    for shown in scenes:
        high, wide = shown.image.shape[:2]
        of_box = box_quality(shown.xyxy, wide, high)
        for person, box, quality in zip(shown.people, shown.xyxy, of_box, strict=True):
            x1, y1, x2, y2 = np.clip(np.rint(box), 0, [wide, high] * 2).astype(int)
            pixels = shown.image[y1:y2, x1:x2]
            if min(pixels.shape[:2]) < SMALLEST_PX:
                continue
            if blurred and len(pictures) % 2:
                pixels = np.asarray(cv2.GaussianBlur(pixels, (0, 0), BLUR * (y2 - y1)), np.uint8)
            people.append(person)
            times.append(shown.at_s)
            qualities.append(float(quality) * sharpness(pixels))
            pictures.append(pixels)
    rows = embedder.embed(pictures)
    return Crops(np.array(people), np.array(times), np.array(qualities), rows)


def rank1(crops: Crops, keep: NDArray[np.bool_]) -> float:
    """Share of the kept crops whose nearest kept crop, some time away, shows the same person."""
    right = []
    for index in np.flatnonzero(keep):
        gallery = keep & (np.abs(crops.at_s - crops.at_s[index]) >= APART_S)
        same = crops.person == crops.person[index]
        if not (gallery & same).any() or not (gallery & ~same).any():
            continue
        others = np.flatnonzero(gallery)
        nearest = others[(crops.rows[others] @ crops.rows[index]).argmax()]
        right.append(bool(same[nearest]))
    return float(np.mean(right)) if right else float("nan")


def figures(crops: Crops) -> dict[str, float]:
    """Share refused, and rank-1 without and with the gate."""
    keep = crops.quality >= LEAST_QUALITY
    return {
        "crops": len(keep),
        "refused": round(float(1 - keep.mean()), 3),
        "rank1_all": round(rank1(crops, np.ones(len(keep), bool)), 3),
        "rank1_kept": round(rank1(crops, keep), 3),
    }


def main() -> None:
    """Measure every set and print a table or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--assets", type=Path, required=True)
    parser.add_argument("--model", default="", help="embedder of the catalog, bundled by default")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    embedder = load_embedder(args.model or None, mirror=args.assets / "models")
    sets = {
        "TUD-Stadtmitte": (tud(args.assets, "TUD-Stadtmitte"), False),
        "TUD-Campus": (tud(args.assets, "TUD-Campus"), False),
        "PETS09-S2L1": (pets(args.assets), False),
        "retail checkout": (checkout(args.assets), False),
        "TUD-Stadtmitte, half blurred": (tud(args.assets, "TUD-Stadtmitte"), True),
    }
    found = {}
    for name, (scenes, blurred) in track(sets.items(), console=Console(stderr=True)):
        found[name] = figures(look(scenes, embedder, blurred))
    if args.json:
        sys.stdout.write(json.dumps({"model": embedder.name, "sets": found}) + "\n")
        return
    table = Table("set", "crops", "refused", "rank-1 of all", "rank-1 of the kept")
    for name, row in found.items():
        table.add_row(name, *(str(value) for value in row.values()))
    Console().print(table)


if __name__ == "__main__":
    main()
