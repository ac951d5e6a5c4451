"""A tracker that also looks at the pictures: how the camera moved, what people look like."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Protocol

import numpy as np
import numpy.typing as npt

from edge_agent.tracking.bytetrack import Tracker, Tracks
from edge_agent.tracking.crops import crop_of
from edge_agent.tracking.found import sound
from edge_agent.tracking.kalman import Floats
from edge_agent.tracking.looks import Vectors
from edge_agent.tracking.picture_motion import PictureMotion
from models.detections import Detections

Pixels = npt.NDArray[np.uint8]
LEAST_SIDE_PX = 4


class Embeds(Protocol):
    """What is needed of an embedder."""

    size: int

    def embed(self, crops: Sequence[Pixels]) -> Vectors:
        """Unit rows (N, `size`) of BGR crops."""
        ...


class SightedTracker:
    """Gives `tracker` what the pictures tell; each of the two cues may be left out."""

    def __init__(
        self, tracker: Tracker, camera: PictureMotion | None = None, embedder: Embeds | None = None
    ) -> None:
        self.embedded = 0
        """Crops that were embedded so far."""
        self._tracker = tracker
        self._camera = camera
        self._embedder = embedder

    def update(self, frame: Pixels, detections: Detections, at_s: float) -> Tracks:
        """Take a BGR frame and what was detected in it, boxes in its pixels."""
        size = (frame.shape[1], frame.shape[0])
        moved = None
        if self._camera is not None:
            people = detections.xyxy[sound(detections, size)].astype(np.float64)
            moved = self._camera.look(frame, people, at_s)
        look = None if self._embedder is None else partial(self._look, self._embedder, frame)
        return self._tracker.update(detections, at_s, size=size, moved=moved, look=look)

    def _look(self, embedder: Embeds, frame: Pixels, boxes: Floats) -> Vectors:
        """Embeddings (K, D) of the frame's boxes; zeros where there is next to nothing to see."""
        crops = [crop_of(frame, box) for box in boxes]
        rows = [row for row, crop in enumerate(crops) if min(crop.shape[:2]) >= LEAST_SIDE_PX]
        looks = np.zeros((len(crops), embedder.size), np.float32)
        if rows:
            looks[rows] = embedder.embed([crops[row] for row in rows])
        self.embedded += len(rows)
        return looks
