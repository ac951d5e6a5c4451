"""The gallery: templates of identities, looked up by cosine; exact, in memory.

`Gallery` is what every backend can do. Vectors are plain (they must be, to be searched), live
only as long as their identity, and go nowhere else.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np

from edge_agent.identity.appearance import Vector


class Hit(NamedTuple):
    """A template near the query: whose, seen by which camera, at what cosine."""

    identity: str
    camera: str
    cosine: float


class Gallery(Protocol):
    """One unit vector per identity and camera; all of one length, set by the first."""

    failures: int
    """Calls that a backend could not answer."""

    def put(self, identity: str, camera: str, vector: Vector) -> None:
        """Add or replace the template of an identity in a camera."""
        ...

    def drop(self, identity: str) -> None:
        """Forget all templates of an identity, if there are any."""
        ...

    def begin_day(self, day: str) -> None:
        """Forget everything; what comes belongs to the store's `day` (its date)."""
        ...

    def search(self, query: Vector, count: int) -> list[Hit]:
        """The `count` nearest templates, nearest first; fewer where there are fewer."""
        ...

    def __len__(self) -> int:
        """Templates in it."""
        ...


class MemoryGallery:
    """One matrix; a query is one product with it. Equal cosines come in order of their names."""

    def __init__(self) -> None:
        self.failures = 0
        self._rows = np.empty((0, 0), dtype=np.float32)
        self._keys: list[tuple[str, str]] = []
        self._row_of: dict[tuple[str, str], int] = {}
        self._cameras_of: dict[str, set[str]] = {}

    def put(self, identity: str, camera: str, vector: Vector) -> None:
        """Add or replace; ValueError for a vector of another length."""
        key = (identity, camera)
        if self._keys and len(vector) != self._rows.shape[1]:
            raise ValueError(f"the gallery holds vectors of {self._rows.shape[1]} numbers")
        row = self._row_of.get(key)
        if row is None:
            row = len(self._keys)
            self._make_room(len(vector))
            self._keys.append(key)
            self._row_of[key] = row
            self._cameras_of.setdefault(identity, set()).add(camera)
        self._rows[row] = vector

    def drop(self, identity: str) -> None:
        """Forget; the last row moves into each freed one, and its place is zeroed."""
        for camera in sorted(self._cameras_of.pop(identity, ())):
            row, last = self._row_of.pop((identity, camera)), len(self._keys) - 1
            moved = self._keys.pop()
            if row != last:
                self._rows[row] = self._rows[last]
                self._keys[row] = moved
                self._row_of[moved] = row
            self._rows[last] = 0.0

    def begin_day(self, day: str) -> None:  # noqa: ARG002 - a matrix has no name
        """Forget everything and give the memory back."""
        self._rows[:] = 0.0
        self._rows = np.empty((0, 0), dtype=np.float32)
        self._keys, self._row_of, self._cameras_of = [], {}, {}

    def search(self, query: Vector, count: int) -> list[Hit]:
        """Exact: every template is looked at."""
        many = len(self._keys)
        if not many or count < 1:
            return []
        cosines = self._rows[:many] @ query
        best = np.arange(many)
        if many > count:
            best = np.argpartition(cosines, many - count)[many - count :]
        hits = [Hit(*self._keys[row], float(cosines[row])) for row in best]
        return sorted(hits, key=lambda hit: (-hit.cosine, hit.identity, hit.camera))

    def __len__(self) -> int:
        return len(self._keys)

    def _make_room(self, length: int) -> None:
        many = len(self._keys)
        if many < len(self._rows) and self._rows.shape[1] == length:
            return
        grown = np.zeros((max(64, 2 * many), length), dtype=np.float32)
        if many:
            grown[:many] = self._rows[:many]
        self._rows = grown
