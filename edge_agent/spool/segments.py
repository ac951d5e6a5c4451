"""Names and places of segments: one file is one batch, in one lane, in one folder."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path
from typing import Literal, NamedTuple

from contracts.batches import BatchName
from contracts.errors import BatchError

Lane = Literal["critical", "analytics"]
Place = Literal["waiting", "sent", "refused"]
LANES: tuple[Lane, ...] = ("critical", "analytics")
PLACES: tuple[Place, ...] = ("waiting", "sent", "refused")
SUFFIX = ".seg"


class Segment(NamedTuple):
    """A sealed segment; `records` and `size` (bytes) are what it held when sealed or found."""

    name: BatchName
    lane: Lane
    records: int
    size: int
    sealed_at: float

    @property
    def file_name(self) -> str:
        """Name of its file in every folder."""
        return f"{self.name.store}.{self.name.boot}.{self.name.seq:012d}{SUFFIX}"


def path_of(root: Path, place: Place, segment: Segment) -> Path:
    """Where `segment` lies while it is in `place`."""
    return root / place / segment.lane / segment.file_name


def found_in(root: Path, place: Place, lane: Lane) -> list[Segment]:
    """Segment files of a lane, not read yet (`records` is 0); a missing folder is an empty one.

    What waits comes in the order it was made, the rest in the order it got there. `sealed_at`
    is the file's time.
    """
    found: list[Segment] = []
    for path in (root / place / lane).glob(f"*{SUFFIX}"):
        name = _name(path.name.removesuffix(SUFFIX))
        with contextlib.suppress(FileNotFoundError):
            about = path.stat()
            if name is not None:
                found.append(Segment(name, lane, 0, about.st_size, about.st_mtime))
    if place == "waiting":
        return sorted(found, key=lambda one: one.name)
    return sorted(found, key=lambda one: one.sealed_at)


def _name(text: str) -> BatchName | None:
    parts = text.split(".")
    if len(parts) != 3 or not re.fullmatch(r"[0-9]{12,16}", parts[2]):
        return None
    try:
        return BatchName(parts[0], parts[1], int(parts[2]))
    except BatchError:
        return None
