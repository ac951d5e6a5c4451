"""Person crops for identity: only good ones, and not the same person all the time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import cv2
import numpy as np
import numpy.typing as npt

from edge_agent.messages import CropReady
from edge_agent.tracking.association import Floats
from edge_agent.tracking.bytetrack import Tracks
from edge_agent.tracking.quality import box_quality, sharpness

EVERY_S = 1.0
LEAST_QUALITY = 0.3
MOST_HEIGHT = 256


class CropGate:
    """Crops of one camera; remembers when each track was last cropped."""

    def __init__(self, camera: str) -> None:
        self._camera = camera
        self._cropped_s: dict[int, float] = {}

    def crops(
        self, frame: npt.NDArray[np.uint8], tracks: Tracks, at_s: float
    ) -> Iterator[CropReady]:
        """Crops worth an embedding, with their quality: of confirmed tracks, once a second."""
        size = (frame.shape[1], frame.shape[0])
        rows = self.chosen(tracks, size, at_s)
        quality = box_quality(tracks.xyxy, *size) if rows else np.zeros(0)
        for row in rows:
            track_id = int(tracks.track_id[row])
            pixels = crop_of(frame, tracks.xyxy[row])
            worth = float(quality[row]) * sharpness(pixels)
            if worth < LEAST_QUALITY:
                self.forget([track_id])  # the next frame may be sharp
                continue
            high, wide = pixels.shape[:2]
            yield CropReady(self._camera, track_id, at_s, wide, high, pixels.tobytes(), worth)

    def chosen(self, tracks: Tracks, size: tuple[int, int], at_s: float) -> list[int]:
        """Rows of `tracks` that are due for a crop and worth one, as far as the boxes tell.

        `size` is the frame's (width, height).
        """
        self.forget(tracks.ended.tolist())
        good = tracks.confirmed & (box_quality(tracks.xyxy, *size) >= LEAST_QUALITY)
        rows = []
        for row in np.flatnonzero(good).tolist():
            track_id = int(tracks.track_id[row])
            if not 0 <= at_s - self._cropped_s.get(track_id, -np.inf) < EVERY_S:
                self._cropped_s[track_id] = at_s
                rows.append(row)
        return rows

    def forget(self, track_ids: Iterable[int]) -> None:
        """These tracks have ended, or wait for no crop."""
        for track_id in track_ids:
            self._cropped_s.pop(track_id, None)


def crop_of(frame: npt.NDArray[np.uint8], box: Floats) -> npt.NDArray[np.uint8]:
    """What the frame shows of a box, at most ``MOST_HEIGHT`` high."""
    bounds = [frame.shape[1], frame.shape[0]] * 2
    x1, y1, x2, y2 = np.clip(np.rint(box), 0, bounds).astype(int)
    pixels = frame[y1:y2, x1:x2]
    if pixels.shape[0] <= MOST_HEIGHT:
        return pixels
    wide = max(1, round(pixels.shape[1] * MOST_HEIGHT / pixels.shape[0]))
    size = (min(wide, MOST_HEIGHT), MOST_HEIGHT)
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
