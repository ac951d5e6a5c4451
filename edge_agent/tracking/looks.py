"""What the tracks of one camera look like, as a second opinion where places leave a doubt.

Embeddings are dear, so they are asked for only where a sure detection could be more than one
track's or a track could be more than one detection's, where a lost track may come back, and once
a second for every track to remember its looks. Where both looks are known, the overlap is
multiplied by 0 (opposite) to 2 (the same), by 1 at `alike`, the likeness from which the
embedder's own catalog entry takes two crops for one person.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import numpy.typing as npt

from edge_agent.tracking.association import Flags, Floats, Indices

Vectors = npt.NDArray[np.float32]
Look = Callable[[Floats], Vectors]
"""Unit rows (K, D), one per box (K, 4: corners in pixels) of the frame at hand; zeros tell
nothing."""

ALIKE = 0.54
"""Of the bundled embedder."""
MEET = 0.05
"""Overlap of the grown boxes from which a detection may be a track's."""
EVERY_S = 1.0
KEPT = 0.9
"""Share of what was known that stays when a track is looked at again."""


LEAST_LENGTH = 1e-6


class Glance:
    """The sure detections of one frame; each is looked at once, and only if it has to be."""

    def __init__(self, look: Look, corners: Floats) -> None:
        self._look = look
        self._corners = corners
        self._known: dict[int, Vectors] = {}

    def at(self, columns: Iterable[int]) -> list[Vectors]:
        """Embeddings of these detections."""
        wanted = list(columns)
        fresh = [each for each in dict.fromkeys(wanted) if each not in self._known]
        if fresh:
            self._known.update(zip(fresh, self._look(self._corners[:, fresh].T), strict=True))
        return [self._known[each] for each in wanted]

    def __contains__(self, column: int) -> bool:
        return column in self._known


class Looks:
    """What is remembered, by track id."""

    def __init__(self, alike: float) -> None:
        self.known: dict[int, Vectors] = {}
        self.looked_s: dict[int, float] = {}
        self._alike = alike

    def factor(self, glance: Glance, overlap: Floats, ids: list[int], lost: Flags) -> Floats:
        """(N, M) by which to multiply `overlap` (N tracks, M sure detections)."""
        factor = np.ones_like(overlap)
        meet = overlap > MEET
        doubted = (meet.sum(axis=0) > 1) | (meet.sum(axis=1) > 1)[:, None] | lost[:, None]
        columns = np.flatnonzero((meet & doubted).any(axis=0))
        rows = [row for row, track_id in enumerate(ids) if track_id in self.known]
        if not len(columns) or not rows:
            return factor
        known = np.stack([self.known[ids[row]] for row in rows])
        seen = np.stack(glance.at(columns.tolist()))
        told = 1 + (known @ seen.T - self._alike) / (1 - self._alike)
        told[:, ~seen.any(axis=1)] = 1.0
        factor[np.array(rows)[:, None], columns] = np.maximum(told, 0.0)
        return factor

    def remember(self, glance: Glance, ids: list[int], columns: Indices, at_s: float) -> None:
        """These tracks were found as these detections: look at those whose time has come."""
        due = [
            (track_id, column)
            for track_id, column in zip(ids, columns.tolist(), strict=True)
            if column in glance or not 0 <= at_s - self.looked_s.get(track_id, -np.inf) < EVERY_S
        ]
        seen = glance.at(column for _, column in due)
        for (track_id, _), vector in zip(due, seen, strict=True):
            if vector.any():
                self.looked_s[track_id] = at_s
                self.known[track_id] = _mixed(self.known.get(track_id), vector)

    def forget(self, ended: Iterable[int]) -> None:
        """These tracks have ended."""
        for track_id in ended:
            self.known.pop(track_id, None)
            self.looked_s.pop(track_id, None)


def _mixed(before: Vectors | None, now: Vectors) -> Vectors:
    """What is known of a track after one more look, at unit length."""
    if before is None:
        return now
    mixed = KEPT * before + (1 - KEPT) * now
    length = float(np.linalg.norm(mixed))
    return before if length < LEAST_LENGTH else (mixed / length).astype(np.float32)
