"""People pasted onto pictures, and things pasted before people: what shops look like.

Photographs show people whole and large.  Behind a checkout or a shelf a camera sees the upper half
of somebody 60 pixels high; these two compositions make such places from what is there.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from models.training.sources import Boxes, Picture

Image = NDArray[np.uint8]
HIDDEN = 0.6  # of a box: then it is neither a person nor background
SPANS = 0.8  # of the width of a box: then what stands before it cuts it off


@dataclass(frozen=True)
class CrowdRules:
    """The ``[crowd]`` table of the configuration."""

    share: float
    people: list[int]
    height_px: list[float]
    occluded: float
    occluders: list[int]


@dataclass(frozen=True)
class Scene:
    """A canvas with its labelled boxes ``[N, 4]`` and those that count for nothing ``[K, 4]``."""

    canvas: Image
    boxes: Boxes
    ignored: Boxes


def cut_people(pictures: list[Picture], least_px: float) -> list[Picture]:
    """Labelled people of believed pictures, cut out with a margin of a tenth of their size."""
    found = []
    for picture in pictures:
        if not picture.teacher:
            continue
        rows, columns = picture.image.shape[:2]
        for box in picture.boxes:
            wide, high = box[2:] - box[:2]
            if high < least_px or wide < least_px / 3:
                continue
            margin = np.array([wide, high]) * 0.1
            x1, y1 = np.maximum(0, box[:2] - margin).astype(int)
            x2, y2 = np.minimum((columns, rows), box[2:] + margin).astype(int)
            inner = (box - np.array([x1, y1, x1, y1])).astype(np.float32)[None]
            image = np.ascontiguousarray(picture.image[y1:y2, x1:x2])
            found.append(
                Picture(picture.name, image, inner, inner[:0], True, stretched=picture.stretched)
            )
    return found


def paste_people(rng: Generator, scene: Scene, people: list[Picture], rules: CrowdRules) -> Scene:
    """Some people at heights of ``height_px``, later ones before earlier ones."""
    high, wide = scene.canvas.shape[:2]
    for _ in range(int(rng.integers(rules.people[0], rules.people[1] + 1))):
        person = people[int(rng.integers(len(people)))]
        rows, columns = person.image.shape[:2]
        scale = np.exp(rng.uniform(*np.log(rules.height_px))) / rows
        skew = np.exp(rng.uniform(-0.25, 0.25) if person.stretched else rng.uniform(-0.1, 0.1))
        size = (max(4, round(columns * scale * skew)), max(6, round(rows * scale)))
        if size[0] >= wide or size[1] >= high:
            continue
        small = cv2.resize(person.image, size, interpolation=cv2.INTER_AREA)
        inner = person.boxes * (np.array([size[0] / columns, size[1] / rows] * 2, np.float32))
        if rng.random() < 0.5:
            small = small[:, ::-1]
            inner[:, [0, 2]] = size[0] - inner[:, [2, 0]]
        x, y = int(rng.integers(wide - size[0])), int(rng.integers(high - size[1]))
        area = (x, y, x + size[0], y + size[1])
        blend(scene.canvas, np.asarray(small, np.uint8), area)
        scene = cover(scene, area)
        placed = (inner + np.array([x, y, x, y], np.float32)).astype(np.float32)
        scene = Scene(scene.canvas, np.concatenate([scene.boxes, placed]), scene.ignored)
    return scene


def blend(canvas: Image, patch: Image, area: tuple[int, int, int, int]) -> None:
    """Paste with edges that fade over a tenth of the patch, so that no sharp seam tells."""
    x1, y1, x2, y2 = area

    def ramp(length: int) -> NDArray[np.float32]:
        distance = np.minimum(np.arange(length) + 1, length - np.arange(length))
        return np.minimum(1.0, distance / max(1.0, length * 0.1)).astype(np.float32)

    alpha = (ramp(y2 - y1)[:, None] * ramp(x2 - x1)[None])[..., None]
    under = canvas[y1:y2, x1:x2]
    canvas[y1:y2, x1:x2] = (patch * alpha + under * (1 - alpha)).astype(np.uint8)


def occlude(rng: Generator, scene: Scene, empty: list[Picture], rules: CrowdRules) -> Scene:
    """Pieces of pictures without people before the lower parts of people, or anywhere."""
    high, wide = scene.canvas.shape[:2]
    for _ in range(int(rng.integers(rules.occluders[0], rules.occluders[1] + 1))):
        if len(scene.boxes) and rng.random() < 0.75:
            box = scene.boxes[int(rng.integers(len(scene.boxes)))]
            size = box[2:] - box[:2]
            half = size[0] * rng.uniform(0.4, 1.6)
            middle = (box[0] + box[2]) / 2 + size[0] * rng.uniform(-0.5, 0.5)
            top = box[1] + size[1] * rng.uniform(0.35, 0.85)
            area = (middle - half, top, middle + half, top + size[1] * rng.uniform(0.4, 1.2))
        else:
            corner = rng.uniform(0, 0.9, 2) * (wide, high)
            extent = rng.uniform(0.05, 0.35, 2) * (wide, high)
            area = (*corner, *(corner + extent))
        x1, x2 = np.clip((area[0], area[2]), 0, wide).astype(int)
        y1, y2 = np.clip((area[1], area[3]), 0, high).astype(int)
        if x2 - x1 < 4 or y2 - y1 < 4:
            continue
        piece = random_piece(rng, empty[int(rng.integers(len(empty)))].image)
        scene.canvas[y1:y2, x1:x2] = cv2.resize(piece, (int(x2 - x1), int(y2 - y1)))
        scene = cover(scene, (int(x1), int(y1), int(x2), int(y2)))
    return scene


def random_piece(rng: Generator, image: Image) -> Image:
    """A random rectangle of an image, a tenth to all of each side."""
    rows, columns = image.shape[:2]
    high, wide = (max(4, int(side * rng.uniform(0.1, 1.0))) for side in (rows, columns))
    y, x = int(rng.integers(rows - high + 1)), int(rng.integers(columns - wide + 1))
    return image[y : y + high, x : x + wide]


def cover(scene: Scene, area: tuple[int, int, int, int]) -> Scene:
    """The scene's boxes after something was drawn over ``area``.

    What hides the lower part of a box over most of its width cuts it off there; of a box that is
    mostly hidden nothing is known any more.
    """
    boxes = scene.boxes.copy()
    if not len(boxes):
        return scene
    x1, y1, x2, y2 = area
    sides = boxes[:, 2:] - boxes[:, :2]
    across = (np.minimum(boxes[:, 2], x2) - np.maximum(boxes[:, 0], x1)).clip(min=0)
    down = (np.minimum(boxes[:, 3], y2) - np.maximum(boxes[:, 1], y1)).clip(min=0)
    hidden = across * down / np.maximum(sides.prod(1), 1e-6) > HIDDEN
    cut = (across >= SPANS * sides[:, 0]) & (y1 > boxes[:, 1]) & (y2 >= boxes[:, 3]) & (down > 0)
    boxes[cut, 3] = y1
    return Scene(scene.canvas, boxes[~hidden], np.concatenate([scene.ignored, scene.boxes[hidden]]))
