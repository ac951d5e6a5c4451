"""Person crops for identity: only good ones, and not the same person all the time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import cv2
import numpy as np
import numpy.typing as npt

from edge_agent.messages import CropReady
from edge_agent.tracking.association import Floats
from edge_agent.tracking.bytetrack import Tracks

EVERY_S = 1.0
MIN_WIDTH, MIN_HEIGHT = 24, 64
MOST_HEIGHT = 256
MARGIN_PX = 2.0
MOST_COVERED = 0.4


class CropGate:
    """Crops of one camera; remembers when each track was last cropped."""

    def __init__(self, camera: str) -> None:
        self._camera = camera
        self._cropped_s: dict[int, float] = {}

    def crops(
        self, frame: npt.NDArray[np.uint8], tracks: Tracks, at_s: float
    ) -> Iterator[CropReady]:
        """Crops worth an embedding: confirmed, large, whole, hardly covered, once a second."""
        for row in self.chosen(tracks, (frame.shape[1], frame.shape[0]), at_s):
            yield _crop(frame, tracks.xyxy[row], self._camera, int(tracks.track_id[row]), at_s)

    def chosen(self, tracks: Tracks, size: tuple[int, int], at_s: float) -> list[int]:
        """Rows of `tracks` that are cropped now from a frame of `size` (width, height)."""
        self.forget(tracks.ended.tolist())
        rows = []
        for row in np.flatnonzero(tracks.confirmed & _worth(tracks.xyxy, *size)).tolist():
            track_id = int(tracks.track_id[row])
            if not 0 <= at_s - self._cropped_s.get(track_id, -np.inf) < EVERY_S:
                self._cropped_s[track_id] = at_s
                rows.append(row)
        return rows

    def forget(self, track_ids: Iterable[int]) -> None:
        """These tracks have ended."""
        for track_id in track_ids:
            self._cropped_s.pop(track_id, None)


def _worth(xyxy: Floats, width: int, height: int) -> npt.NDArray[np.bool_]:
    """Which boxes (N, 4) show one whole person large enough."""
    wide, high = xyxy[:, 2] - xyxy[:, 0], xyxy[:, 3] - xyxy[:, 1]
    inside = (xyxy[:, :2] >= -MARGIN_PX).all(axis=1)
    inside &= (xyxy[:, 2] <= width + MARGIN_PX) & (xyxy[:, 3] <= height + MARGIN_PX)
    return (
        inside & (wide >= MIN_WIDTH) & (high >= MIN_HEIGHT) & (covered_share(xyxy) <= MOST_COVERED)
    )


def covered_share(xyxy: Floats) -> Floats:
    """Largest share of each box (N, 4) that lies under one other box."""
    low = np.maximum(xyxy[:, None, :2], xyxy[None, :, :2])
    high = np.minimum(xyxy[:, None, 2:], xyxy[None, :, 2:])
    common = np.maximum(high - low, 0).prod(axis=2)
    np.fill_diagonal(common, 0)
    area = (xyxy[:, 2:] - xyxy[:, :2]).prod(axis=1)
    share: Floats = common.max(axis=1, initial=0) / np.maximum(area, 1e-9)
    return share


def _crop(
    frame: npt.NDArray[np.uint8], box: Floats, camera: str, track_id: int, at_s: float
) -> CropReady:
    bounds = [frame.shape[1], frame.shape[0]] * 2
    x1, y1, x2, y2 = np.clip(np.rint(box), 0, bounds).astype(int)
    pixels = frame[y1:y2, x1:x2]
    if pixels.shape[0] > MOST_HEIGHT:
        width = max(1, round(pixels.shape[1] * MOST_HEIGHT / pixels.shape[0]))
        size = (min(width, MOST_HEIGHT), MOST_HEIGHT)
        pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
    height, width = pixels.shape[:2]
    return CropReady(camera, track_id, at_s, width, height, pixels.tobytes())
