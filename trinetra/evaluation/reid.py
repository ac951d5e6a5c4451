"""`trinetra eval reid`: how well an embedder finds people again on other cameras.

Protocol (that of Market-1501, with queries chosen by name): crops are named
``person_camera...``; the first crop of each person and camera is a query, and its gallery is every
other crop but those of the same person on the same camera.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from contracts.errors import SourceError
from edge_agent.identity.normalize import CameraMeans
from models.embedder import Embedder, load_embedder

NAME = re.compile(r"(-?\d+)_c(\d+)\D")
SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp")
JUNK, DISTRACTOR = -1, 0  # Market-1501's names for bad boxes and for people of no query
AT_ONCE = 32
FALSE_SHARE = 0.01
LARGEST_BYTES = 20_000_000

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class LabelledCrops:
    """Crops in order of name, whose they are and which camera saw them."""

    names: list[str]
    person: NDArray[np.int64]
    camera: NDArray[np.int64]
    packed: list[bytes]


@dataclass(frozen=True)
class Ranking:
    """Shares of the queries with a right answer first or among five, and mean precision."""

    rank1: float
    rank5: float
    mean_ap: float
    queries: int
    gallery: int


def read_crops(path: Path) -> LabelledCrops:
    """The images of a zip or of a folder and everything below it.

    Raises:
        SourceError: no such path, no zip, no image, or a name that says no person and camera.
    """
    found = sorted((name, body) for name, body in _files(path) if _is_image(name))
    if not found:
        raise SourceError(f"{path}: no images ({', '.join(SUFFIXES)}) in it")
    people, cameras = [], []
    for name, _ in found:
        match = NAME.match(name)
        if match is None:
            raise SourceError(
                f"{path}: {name} does not say who and where; expected PERSON_cCAMERA..., "
                "like 0012_c3s1_004.jpg"
            )
        people.append(int(match[1]))
        cameras.append(int(match[2]))
    keep = [i for i, person in enumerate(people) if person != JUNK]
    return LabelledCrops(
        [found[i][0] for i in keep],
        np.array(people, np.int64)[keep],
        np.array(cameras, np.int64)[keep],
        [found[i][1] for i in keep],
    )


def _is_image(name: str) -> bool:
    return name.lower().endswith(SUFFIXES)


def _files(path: Path) -> Iterator[tuple[str, bytes]]:
    """Name without folders, and bytes."""
    if path.is_dir():
        for file in sorted(path.rglob("*")):
            if file.is_file() and _is_image(file.name):
                yield file.name, file.read_bytes()
        return
    if not path.is_file():
        raise SourceError(f"{path}: no such zip or folder")
    try:
        with zipfile.ZipFile(path) as stored:
            for info in stored.infolist():
                if _is_image(info.filename) and info.file_size > LARGEST_BYTES:
                    raise SourceError(f"{path}: {info.filename} is too large for a crop")
                if not info.is_dir() and _is_image(info.filename):
                    yield Path(info.filename).name, stored.read(info)
    except (zipfile.BadZipFile, zlib.error, RuntimeError, EOFError) as error:
        raise SourceError(f"{path}: not a readable zip ({error})") from error


def embed_all(
    crops: LabelledCrops, embedder: Embedder, on_progress: Progress | None = None
) -> NDArray[np.float32]:
    """Unit rows ``[N, D]`` in the order of the crops; ``SourceError`` names a broken image."""
    rows = []
    for start in range(0, len(crops.packed), AT_ONCE):
        images = []
        for index in range(start, min(start + AT_ONCE, len(crops.packed))):
            packed = np.frombuffer(crops.packed[index], np.uint8)
            image = cv2.imdecode(packed, cv2.IMREAD_COLOR) if packed.size else None
            if image is None:
                raise SourceError(f"{crops.names[index]}: not an image")
            images.append(np.asarray(image, np.uint8))
        rows.append(embedder.embed(images))
        if on_progress is not None:
            on_progress(min(start + AT_ONCE, len(crops.packed)), len(crops.packed))
    return np.concatenate(rows)


def queries_of(crops: LabelledCrops) -> NDArray[np.int64]:
    """Rows of the queries that another camera could answer."""
    first: dict[tuple[int, int], int] = {}
    cameras_of: dict[int, set[int]] = {}
    for index, key in enumerate(zip(crops.person.tolist(), crops.camera.tolist(), strict=True)):
        first.setdefault(key, index)
        cameras_of.setdefault(key[0], set()).add(key[1])
    answerable = [
        index
        for (person, _), index in first.items()
        if person != DISTRACTOR and len(cameras_of[person]) > 1
    ]
    return np.array(sorted(answerable), np.int64)


def rank(crops: LabelledCrops, rows: NDArray[np.float32]) -> Ranking:
    """Rank the gallery of every query by cosine.

    Average precision is that of a ranking without interpolation (mean of the precision at every
    right answer).  ``SourceError`` if nobody was seen by two cameras.
    """
    queries = queries_of(crops)
    if not len(queries):
        raise SourceError("nobody in these crops was seen by two cameras: nothing to find")
    firsts, precisions = [], []
    for query in queries:
        same = crops.person == crops.person[query]
        gallery = ~(same & (crops.camera == crops.camera[query]))
        order = np.argsort(-(rows[gallery] @ rows[query]), kind="stable")
        right = np.flatnonzero(same[gallery][order])
        firsts.append(right[0])
        precisions.append(((np.arange(len(right)) + 1) / (right + 1)).mean())
    place = np.array(firsts)
    return Ranking(
        rank1=float((place == 0).mean()),
        rank5=float((place < 5).mean()),
        mean_ap=float(np.mean(precisions)),
        queries=len(queries),
        gallery=len(crops.names),
    )


def sure_cosine(crops: LabelledCrops, rows: NDArray[np.float32]) -> float | None:
    """The cosine that 1 % of the pairs of different people on different cameras exceed.

    None where there is no such pair.
    """
    other = crops.person[:, None] != crops.person[None]
    other &= crops.camera[:, None] != crops.camera[None]
    if not other.any():
        return None
    return float(np.quantile((rows @ rows.T)[other], 1 - FALSE_SHARE))


def normalized(crops: LabelledCrops, rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rows without the mean of their camera, as the identity worker does it."""
    means = CameraMeans(rows.shape[1])
    for camera, row in zip(crops.camera, rows, strict=True):
        means.add(str(camera), row)
    out = np.empty_like(rows)
    for camera in np.unique(crops.camera):
        seen = crops.camera == camera
        out[seen] = means.normalize(str(camera), rows[seen])
    return out


def evaluate_reid(
    path: Path,
    model: str | None = None,
    *,
    normalize: bool = False,
    mirror: Path | None = None,
    on_progress: Progress | None = None,
) -> dict[str, Any]:
    """Figures of one embedder on one set of crops, ready for ``--json``.

    ``normalize`` subtracts the mean of each camera first; ``cosine_1pct`` see ``sure_cosine``.

    Raises:
        SourceError: see ``read_crops``, ``embed_all`` and ``rank``.
        ModelError: see ``models.embedder.load_embedder``.
    """
    embedder = load_embedder(model, mirror=mirror)
    crops = read_crops(path)
    rows = embed_all(crops, embedder, on_progress)
    if normalize:
        rows = normalized(crops, rows)
    found = rank(crops, rows)
    cosine = sure_cosine(crops, rows)
    return {
        "model": embedder.name,
        "rank1": round(found.rank1, 4),
        "rank5": round(found.rank5, 4),
        "mAP": round(found.mean_ap, 4),
        "queries": found.queries,
        "gallery": found.gallery,
        "cosine_1pct": None if cosine is None else round(cosine, 3),
        "normalize": normalize,
    }
