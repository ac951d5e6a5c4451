"""What tiles find in crowds, and what they cost, beside one pass at several sizes.

    TRINETRA_MODEL_MIRROR=../shared/assets/models python -m benchmarks.tiling --json

AP50 is measured on the first eight frames of MOT17-04 (1920x1080, people of visibility 0.25 and
more; the others and what looks like people are left out of account). The station hall (1280x720)
has no ground truth: there the boxes above the model's threshold are counted, on every 34th frame.
The assets beside the repository are for evaluation only and are not part of the project.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

from models.catalog import DEFAULT_DETECTOR, find
from models.detections import Detections
from models.detector import Detector, load_detector
from models.evaluation import Labelled, score
from models.tiling import SINGLE, Grid, detect_tiled, fitting_grid
from trinetra.clip import Clip

ASSETS = Path(__file__).parents[2] / "shared" / "assets"
CROWD, HALL = "mot17_04_first8_1080p.mp4", "hall_walking_720p.mp4"
HALL_EVERY = 34
LEAST_VISIBLE = 0.25
PERSON = 1.0
WAYS: tuple[tuple[int, Grid | None], ...] = (
    (416, SINGLE),
    (640, SINGLE),
    (768, SINGLE),
    (960, SINGLE),
    (1152, SINGLE),
    (1280, SINGLE),
    (416, Grid(2, 1)),  # as fine as one pass at 740
    (640, Grid(2, 1)),  # as fine as one pass at 1150
    (416, None),
    (640, Grid(3, 2)),
)
"""Bounds of the network's input, and tiles (None: `auto`)."""

Frame = NDArray[np.uint8]


@dataclass(frozen=True)
class Row:
    """One model, one way to look, one clip; `cpu_ms` is the median of a frame on one thread.

    Processor time, not the wall's: other work on the machine counts less.
    """

    clip: str
    model: str
    input: int
    tiles: str
    cpu_ms: float
    people: float
    ap50: float | None
    precision: float | None
    recall: float | None


def main() -> None:
    """Measure every model in every way on both clips."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--detector", action="append", help="default: three of the catalog")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    if not ASSETS.is_dir():
        sys.exit("needs the evaluation assets in ../shared, which are not part of the project")
    mirror = (
        Path(os.environ["TRINETRA_MODEL_MIRROR"]) if "TRINETRA_MODEL_MIRROR" in os.environ else None
    )
    names = asked.detector or [DEFAULT_DETECTOR, "rtmdet-nano-person", "yolox-nano-coco"]
    crowd, truth = list(frames(CROWD, 1)), list(labels())
    hall = list(frames(HALL, HALL_EVERY))
    rows = []
    plan = [(name, *way) for name in names for way in WAYS if possible(name, way[0])]
    for name, side, grid in track(plan, console=Console(stderr=True), transient=True):
        detector = load_detector(name, input_size=(side, side), mirror=mirror)
        rows.append(measure(detector, CROWD, crowd, grid, truth))
        rows.append(measure(detector, HALL, hall, grid, None))
    if asked.json:
        print(json.dumps({"rows": [asdict(row) for row in rows]}))
    else:
        show(rows)


def possible(name: str, side: int) -> bool:
    """Whether a model takes inputs of that size."""
    spec = find(name).input
    return not spec.fixed or spec.size == (side, side)


def frames(name: str, every: int) -> Iterator[Frame]:
    """Every so many frames of a clip."""
    clip = Clip(ASSETS / "videos" / name)
    try:
        for frame in clip.read():
            if (frame.index - 1) % every == 0:
                yield frame.image
    finally:
        clip.close()


def labels() -> Iterator[Labelled]:
    """People to find in the first eight frames of MOT17-04, and what is left out of account."""
    table = np.loadtxt(ASSETS / "mot/MOT17/MOT17-04/gt/gt.txt", delimiter=",")
    table[:, 4:6] += table[:, 2:4]
    for frame in range(1, 9):
        rows = table[table[:, 0] == frame]
        counted = (rows[:, 7] == PERSON) & (rows[:, 6] == 1) & (rows[:, 8] >= LEAST_VISIBLE)
        boxes = rows[:, 2:6].astype(np.float32)
        yield Labelled(boxes[counted], boxes[~counted])


def measure(
    detector: Detector,
    clip: str,
    pictures: list[Frame],
    grid: Grid | None,
    truth: list[Labelled] | None,
) -> Row:
    """One detector and way on one clip."""
    found: list[Detections] = []
    spent_ms = []
    for picture in pictures:
        begun = time.process_time()
        found += detect_tiled(detector, [picture], [grid])
        spent_ms.append(1000 * (time.process_time() - begun))
    result = score(zip(found, truth, strict=True)) if truth else None
    high, wide = pictures[0].shape[:2]
    chosen = grid or fitting_grid((wide, high), detector.input_size)
    people = [len(f.above(detector.threshold)) for f in found]
    return Row(
        clip,
        detector.name,
        detector.input_size[0],
        f"{chosen}" + ("" if grid else " (auto)"),
        round(float(np.median(spent_ms)), 1),
        round(float(np.mean(people)), 1),
        round(result.ap50, 3) if result else None,
        round(result.precision, 2) if result else None,
        round(result.recall, 2) if result else None,
    )


def show(rows: list[Row]) -> None:
    """The rows as a Markdown table."""
    titles = list(asdict(rows[0]))
    print("| " + " | ".join(titles) + " |\n|" + "---|" * len(titles))
    for row in rows:
        print("| " + " | ".join("" if v is None else str(v) for v in asdict(row).values()) + " |")


if __name__ == "__main__":
    main()
