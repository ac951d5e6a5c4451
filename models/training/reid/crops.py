"""Source crops of people: ``python -m models.training.reid.crops --assets DIR --work DIR``.

Every crop is the person's box with a margin of one eighth of each side, resized to 240x120, so
that views can be drawn inside it.  Nothing of Market-1501 or of any EVALUATION ONLY file is read.
"""

from __future__ import annotations

import argparse
import tomllib
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from models.training.sources import SURE_PSEUDO, Boxes, read_pseudo, read_yolo

CONFIG = Path(__file__).with_name("config.toml")
Image = NDArray[np.uint8]
CANVAS_HIGH, CANVAS_WIDE = 240, 120
MARGIN = 0.125


@dataclass(frozen=True)
class CropRules:
    """The ``[crops]`` table of the configuration."""

    min_height_px: int
    min_width_px: int
    min_aspect: float
    max_aspect: float
    held_percent: int


def held_out(name: str, percent: int) -> bool:
    """Whether crops of this picture or person are kept for choosing; decided by the name."""
    return int(sha256(name.encode()).hexdigest(), 16) % 100 < percent


def overlap(boxes: Boxes, others: Boxes) -> NDArray[np.float32]:
    """Intersection over union of every box with every other ``[N, M]``."""
    low = np.maximum(boxes[:, None, :2], others[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], others[None, :, 2:])
    common = (high - low).clip(0).prod(-1)
    areas = [(b[:, 2:] - b[:, :2]).prod(-1) for b in (boxes, others)]
    return (common / (areas[0][:, None] + areas[1][None] - common)).astype(np.float32)


def cut(image: Image, boxes: Boxes, rules: CropRules) -> list[Image]:
    """Crops of the boxes that are large and slim enough."""
    out = []
    for x1, y1, x2, y2 in boxes:
        wide, high = x2 - x1, y2 - y1
        if high < rules.min_height_px or wide < rules.min_width_px:
            continue
        if not rules.min_aspect <= high / wide <= rules.max_aspect:
            continue
        left, top = x1 - MARGIN * wide, y1 - MARGIN * high
        scale = ((1 + 2 * MARGIN) * wide / CANVAS_WIDE, (1 + 2 * MARGIN) * high / CANVAS_HIGH)
        image_near = image
        shrink = max(1, int(min(scale)))
        if shrink > 1:
            image_near = np.asarray(cv2.blur(image, (shrink, shrink)), np.uint8)
        matrix = np.array([[scale[0], 0, left], [0, scale[1], top]], np.float64)
        out.append(
            np.asarray(
                cv2.warpAffine(
                    image_near,
                    matrix,
                    (CANVAS_WIDE, CANVAS_HIGH),
                    flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
                    borderMode=cv2.BORDER_REPLICATE,
                ),
                np.uint8,
            )
        )
    return out


def from_folder(root: Path, rules: CropRules) -> Iterator[tuple[str, Image]]:
    """Crops of a set in the detector's layout (``images``, ``labels``, ``pseudo``)."""
    for path in sorted((root / "images").iterdir()):
        image = cv2.imread(str(path), cv2.IMREAD_COLOR)
        if image is None:
            raise ValueError(f"{path} is not an image")
        boxes = np.zeros((0, 4), np.float32)
        label, pseudo = (root / k / f"{path.stem}.txt" for k in ("labels", "pseudo"))
        if label.exists():
            boxes = read_yolo(label, image.shape[1], image.shape[0])
        if pseudo.exists() and not path.stem.startswith("neg_"):
            found = read_pseudo(pseudo, SURE_PSEUDO)
            if len(boxes) and len(found):
                found = found[overlap(found, boxes).max(1) < 0.5]
            boxes = np.concatenate([boxes, found]) if len(found) else boxes
        for crop in cut(np.asarray(image, np.uint8), boxes, rules):
            yield path.stem, crop


def from_con_reid(archive: Path) -> Iterator[tuple[str, Image]]:
    """The building-site workers; their crops are tight, so the margin repeats the border."""
    with zipfile.ZipFile(archive) as stored:
        for name in sorted(stored.namelist()):
            if not name.lower().endswith((".jpg", ".png")):
                continue
            packed = np.frombuffer(stored.read(name), np.uint8)
            image = np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)
            image = trim(image)
            person = f"con_{Path(name).name.split('_')[0]}"
            high, wide = image.shape[:2]
            if high >= 32 and wide >= 12:
                box = np.array([[0, 0, wide, high]], np.float32)
                yield from ((person, c) for c in cut(image, box, CropRules(1, 1, 0.5, 9.0, 0)))


def trim(image: Image) -> Image:
    """Without the plain border that pads a crop to its shape."""
    rows = np.ptp(image.reshape(image.shape[0], -1), axis=1) > 24
    columns = np.ptp(image.transpose(1, 0, 2).reshape(image.shape[1], -1), axis=1) > 24
    if not rows.any() or not columns.any():
        return image
    y, x = np.flatnonzero(rows), np.flatnonzero(columns)
    return np.ascontiguousarray(image[y[0] : y[-1] + 1, x[0] : x[-1] + 1])


def main() -> None:
    """Write ``crops.npz``: canvases ``[N, 240, 120, 3]``, their set, and which are held."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--assets", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--images", type=Path, required=True, help="folders of training.prepare")
    parser.add_argument("--config", type=Path, default=CONFIG)
    args = parser.parse_args()
    rules = CropRules(**tomllib.loads(args.config.read_text())["crops"])
    canvases: list[Image] = []
    held: list[bool] = []
    origin: list[str] = []
    sources: dict[str, Iterator[tuple[str, Image]]] = {
        name: from_folder(args.images / name, rules)
        for name in ("openimages_people", "clips", "coco128_person", "rendered")
    }
    sources["con_reid"] = from_con_reid(args.assets / "reid" / "con_reid_train.zip")
    for source, crops in sources.items():
        for name, crop in crops:
            canvases.append(crop)
            held.append(held_out(name, rules.held_percent))
            origin.append(source)
    args.work.mkdir(parents=True, exist_ok=True)
    np.savez(
        args.work / "crops.npz",
        canvases=np.stack(canvases),
        held=np.array(held),
        origin=np.array(origin),
    )
    print({s: origin.count(s) for s in sources}, f"{sum(held)} held")


if __name__ == "__main__":
    main()
