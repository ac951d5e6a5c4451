"""Folders and text files of the MOTChallenge form, read with file and line in every complaint."""

from __future__ import annotations

import configparser
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from contracts.errors import SourceError
from trinetra.evaluation.mot_score import Benchmark, Rows

BOX_COLUMNS = 6
"""frame, id, x, y, w, h: the least that a row may have."""
PLAIN_COLUMNS = 10
"""MOT15's ground truth ends in world coordinates; MOT17's nine columns end in class and
visibility."""
LONGEST = 1_000_000
"""Frames that a sequence may have: half a day of 25 a second."""
ENCODING = "utf-8-sig"
"""With or without the mark that some editors begin a file with."""
IMAGES = (".jpg", ".jpeg", ".png", ".bmp")


class Folder(NamedTuple):
    """One sequence: `seqinfo.ini` and what lies beside it; `fps` and `length` are its frames.

    `size` is the frames' (width, height), None where the file does not say.
    """

    name: str
    path: Path
    fps: float
    length: int
    size: tuple[int, int] | None = None

    @property
    def truth(self) -> Path:
        """Its ground truth file."""
        return self.path / "gt" / "gt.txt"

    def images(self) -> list[Path]:
        """Its frames in order, empty where there are none."""
        found = (self.path / "img1").glob("*")
        return sorted(path for path in found if path.suffix.lower() in IMAGES)


def folders(root: Path) -> list[Folder]:
    """Every folder with a `seqinfo.ini` at any depth below `root`, by name.

    Two of the same name are told apart by their whole way from `root`.
    """
    if not root.is_dir():
        raise SourceError(f"{root}: no such folder")
    paths = sorted(root.rglob("seqinfo.ini"))
    if not paths:
        raise SourceError(f"{root}: no seqinfo.ini below it, so no sequence to measure")
    names = [path.parent.name for path in paths]
    return [
        _folder(path, path.parent.relative_to(root).as_posix() if names.count(name) > 1 else name)
        for path, name in zip(paths, names, strict=True)
    ]


def read_truth(folder: Folder) -> tuple[Rows, Benchmark]:
    """Ground truth in nine columns, and whose rules it is written for (by its columns)."""
    table = read_rows(folder.truth, folder.length)
    plain = table.shape[1] >= PLAIN_COLUMNS or table.shape[1] < PLAIN_COLUMNS - 1
    if plain:
        count = len(table)
        flag = table[:, 6] if table.shape[1] > BOX_COLUMNS else np.ones(count)
        table = np.column_stack([table[:, :6], flag, np.ones(count), np.ones(count)])
    return table, "MOT15" if plain else "MOT17"


def read_tracks(path: Path, length: int) -> Rows:
    """Tracks in seven columns; a missing score is 1."""
    table = read_rows(path, length)
    if table.shape[1] == BOX_COLUMNS:
        table = np.column_stack([table, np.ones(len(table))])
    return table[:, :7]


def read_rows(path: Path, length: int, *, ids: bool = True) -> Rows:
    """All rows of a file, (N, 6 or more); `SourceError` names the line that is wrong.

    Frames must lie in 1 to `length`. With `ids` every number must be finite and nobody may be in
    a frame twice; without, rows are detections, and what is no box is left to the tracker.
    """
    table = _table(path)
    first = table[:, 0]
    outside = np.asarray((first < 1) | (first > length) | (first % 1 != 0), dtype=bool)
    _refuse(path, outside, f"frame not 1 to {length}")
    if ids:
        infinite = np.asarray(~np.isfinite(table).all(axis=1))
        _refuse(path, infinite, "not a finite number")
        pairs = table[:, :2]
        _, index = np.unique(pairs, axis=0, return_index=True)
        again = np.ones(len(table), bool)
        again[index] = False
        _refuse(path, again, "the same id twice in one frame")
    return table


def write_tracks(path: Path, rows: Iterable[Iterable[float]]) -> None:
    """Tracks as MOTChallenge wants them: ten columns, the last three unknown."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = (
        f"{frame:.0f},{track:.0f},{x:.2f},{y:.2f},{w:.2f},{h:.2f},{score:.4f},-1,-1,-1\n"
        for frame, track, x, y, w, h, score in rows
    )
    path.write_text("".join(lines), encoding="utf-8")


def _folder(path: Path, name: str) -> Folder:
    parser = configparser.ConfigParser()
    try:
        parser.read_string(path.read_text(encoding=ENCODING), source=str(path))
        section = parser["Sequence"]
        fps, length = float(section["frameRate"]), int(section["seqLength"])
        wide, high = section.getint("imWidth", 0), section.getint("imHeight", 0)
    except KeyError as error:
        raise SourceError(f"{path}: {error.args[0]} is missing") from None
    except configparser.Error as error:
        raise SourceError(f"{path}: {' '.join(str(error).split())}") from None
    except (OSError, ValueError) as error:
        raise SourceError(f"{path}: {error}") from None
    if not 0 < fps < 1000 or length < 1:
        raise SourceError(f"{path}: frameRate {fps:g} or seqLength {length} is out of range")
    if length > LONGEST:
        raise SourceError(f"{path}: seqLength {length} is more than {LONGEST} frames")
    size = (wide, high) if wide > 0 and high > 0 else None
    return Folder(name, path.parent, fps, length, size)


def _table(path: Path) -> Rows:
    try:
        lines = path.read_text(encoding=ENCODING).splitlines()
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise SourceError(f"{path}: not a text file") from None
    if not any(map(str.strip, lines)):
        return np.empty((0, PLAIN_COLUMNS - 1))
    try:
        table: Rows = np.loadtxt(lines, delimiter=",", ndmin=2, comments=None)
        if table.shape[1] >= BOX_COLUMNS and len(table) == len(lines):
            return table
    except ValueError:
        pass
    raise SourceError(f"{path}:{_bad_line(lines)}")


def _bad_line(lines: list[str]) -> str:
    """Number of the first line that does not fit, and why."""
    wanted = len(lines[0].split(","))
    for number, line in enumerate(lines, 1):
        cells = line.split(",")
        if len(cells) < BOX_COLUMNS:
            return f"{number}: {len(cells)} columns, at least {BOX_COLUMNS} are needed"
        if len(cells) != wanted:
            return f"{number}: {len(cells)} columns where the first line has {wanted}"
        for cell in cells:
            try:
                float(cell)
            except ValueError:
                return f"{number}: {cell.strip()[:20]!r} is not a number"
    return "1: not rows of numbers"


def _refuse(path: Path, wrong: npt.NDArray[np.bool_], why: str) -> None:
    if wrong.any():
        raise SourceError(f"{path}:{int(np.flatnonzero(wrong)[0]) + 1}: {why}")
