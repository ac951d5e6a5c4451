"""How the camera moved since the last frame, told by what stands still in the picture.

Corners outside of people are followed by sparse optical flow (Lucas and Kanade, pyramids by
Bouguet 2000) in a small grey picture; one shift, turn and scale fits most of them (RANSAC), as
in BoT-SORT (Aharon et al. 2022). After a jolt too long for the flow it looks again from the shift
that both pictures' phases agree on. A camera that stands still pays little: it is looked at once
a second, and frame by frame only from the first motion until `AWAKE_S` after the last.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt

from edge_agent.tracking.kalman import Floats

WIDTH = 320
"""Width in pixels of the grey picture."""
LOOK_S = 1.0
AWAKE_S = 2.0
STILL_PX = 0.3
"""Corners of the grey picture that move less than this are noise."""
MOST_CORNERS = 200
LEAST_CORNERS = 12
LEAST_AGREE = 0.5
QUALITY, APART_PX, WINDOW, LEVELS, RANSAC_PX = 0.01, 7, (15, 15), 3, 1.5
PEOPLE_MARGIN = 0.1

Pixels = npt.NDArray[np.uint8]
Corners = npt.NDArray[np.float32]


class PictureMotion:
    """One camera's motion, frame by frame."""

    def __init__(self) -> None:
        self.looks = 0
        """Frames so far for which the flow was computed."""
        self._grey: Pixels | None = None
        self._people = np.empty((0, 4))
        self._looked_s = self._moved_s = -math.inf

    def look(self, frame: Pixels, people: Floats, at_s: float) -> Floats | None:
        """(2, 3): where the last frame's pixels are in this one; None if as far as known there.

        `frame` is BGR, `people` (N, 4) are the boxes found in it, in its pixels.
        """
        if not math.isfinite(at_s):
            at_s = self._looked_s
        if at_s < self._looked_s:  # the clock went back
            self._looked_s = self._moved_s = -math.inf
        before, people_before = self._grey, self._people
        due = at_s - self._moved_s < AWAKE_S or at_s - self._looked_s >= LOOK_S
        if before is None and not due:
            return None
        scale = max(1.0, frame.shape[1] / WIDTH)
        self._grey, self._people = _small(frame, scale), people / scale
        if before is None or before.shape != self._grey.shape:
            return None
        self.looks += 1
        self._looked_s = at_s
        moved = flow(before, self._grey, people_before)
        if moved is not None and _farthest(moved, before) >= STILL_PX:
            self._moved_s = at_s
            moved[:, 2] *= scale
            return moved
        if at_s - self._moved_s >= AWAKE_S:
            self._grey = None
        return None


def flow(before: Pixels, after: Pixels, people: Floats) -> Floats | None:
    """(2, 3) shift, turn and scale from one grey picture to the next; None if they do not tell."""
    mask = np.full(before.shape, 255, np.uint8)
    grown = (people[:, 2:] - people[:, :2]) * PEOPLE_MARGIN
    boxes = np.concatenate((people[:, :2] - grown, people[:, 2:] + grown), axis=1)
    limit = [before.shape[1], before.shape[0]] * 2
    for x1, y1, x2, y2 in np.clip(np.nan_to_num(boxes), 0, limit).astype(int).tolist():
        mask[y1:y2, x1:x2] = 0
    found = cv2.goodFeaturesToTrack(before, MOST_CORNERS, QUALITY, APART_PX, mask=mask)
    if found is None or len(found) < LEAST_CORNERS:
        return None
    corners = found.astype(np.float32, copy=False)
    fitted = _fitted(before, after, corners, corners)
    if fitted is None:
        (x, y), _ = cv2.phaseCorrelate(before.astype(np.float64), after.astype(np.float64))
        fitted = _fitted(before, after, corners, corners + np.array((x, y), np.float32))
    return fitted


def _fitted(before: Pixels, after: Pixels, corners: Corners, guess: Corners) -> Floats | None:
    """What most corners did, looked for from where they are guessed to be."""
    found, known, _ = cv2.calcOpticalFlowPyrLK(
        before,
        after,
        corners,
        guess.copy(),
        winSize=WINDOW,
        maxLevel=LEVELS,
        flags=cv2.OPTFLOW_USE_INITIAL_FLOW,
    )
    good = known.reshape(-1) == 1
    if np.count_nonzero(good) < LEAST_CORNERS:
        return None
    fitted, agree = cv2.estimateAffinePartial2D(
        corners[good], found[good], ransacReprojThreshold=RANSAC_PX
    )
    if fitted is None or np.count_nonzero(agree) < max(LEAST_CORNERS, LEAST_AGREE * good.sum()):
        return None
    return np.asarray(fitted, dtype=np.float64)


def _small(frame: Pixels, scale: float) -> Pixels:
    size = (round(frame.shape[1] / scale), round(frame.shape[0] / scale))
    small = frame if scale == 1.0 else cv2.resize(frame, size, interpolation=cv2.INTER_AREA)
    return cv2.cvtColor(small, cv2.COLOR_BGR2GRAY).astype(np.uint8, copy=False)


def _farthest(moved: Floats, grey: Pixels) -> float:
    """How far the corner of the picture moves that moves most, in pixels."""
    high, wide = grey.shape
    corners = np.array([[0, wide, 0, wide], [0, 0, high, high], [1, 1, 1, 1]], dtype=np.float64)
    return float(np.abs(moved @ corners - corners[:2]).max())
