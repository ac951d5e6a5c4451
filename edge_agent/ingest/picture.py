"""From a decoded frame to BGR at the analysis size, the cheap way, and is it a picture at all."""

from __future__ import annotations

import zlib
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]
MIN_SIGMA = 5.0
MIN_MEAN = 2.0
MAX_MEAN = 253.0
_LUMA_STEP = 4
_PLANAR = ("yuv420p", "yuvj420p")


class Converter:
    """Resizes the Y, U and V planes and converts the small picture: a third of the usual cost.

    Buffers are reused: what `bgr` returns is overwritten by the next call.
    """

    def __init__(self, width: int, height: int) -> None:
        self._size = (width, height)
        self._even = width % 2 == 0 and height % 2 == 0
        self._bgr: Pixels = np.empty((height, width, 3), np.uint8)
        self._yuv: Pixels = np.empty((height * 3 // 2, width), np.uint8)
        levels = np.arange(256)
        self._luma_levels = np.round(levels * 219 / 255 + 16).astype(np.uint8)
        self._chroma_levels = np.round((levels - 128) * 224 / 255 + 128).astype(np.uint8)

    def bgr(self, frame: Any) -> Pixels:
        """`frame` (av.VideoFrame) as uint8 (height, width, 3) at the analysis size."""
        if not (self._even and frame.format.name in _PLANAR):
            width, height = self._size
            made: Pixels = frame.to_ndarray(format="bgr24", width=width, height=height)
            return made
        full_range = frame.format.name == "yuvj420p" or int(frame.color_range) == 2
        for plane, target, chroma in zip(frame.planes, self._targets(), (0, 1, 1), strict=True):
            source = _rows(plane)
            if source.shape == target.shape:
                np.copyto(target, source)
            else:
                cv2.resize(source, target.shape[::-1], dst=target)
            if full_range:  # OpenCV's conversion expects the limited range of broadcasts
                cv2.LUT(target, self._chroma_levels if chroma else self._luma_levels, dst=target)
        cv2.cvtColor(self._yuv, cv2.COLOR_YUV2BGR_I420, dst=self._bgr)
        return self._bgr

    def _targets(self) -> tuple[Pixels, Pixels, Pixels]:
        width, height = self._size
        flat, luma = self._yuv.reshape(-1), width * height
        chroma = flat[luma:].reshape(2, height // 2, width // 2)
        return flat[:luma].reshape(height, width), chroma[0], chroma[1]


def luma_sample(bgr: Pixels) -> Pixels:
    """Every fourth pixel's green, which is nearly its brightness; contiguous."""
    return np.ascontiguousarray(bgr[::_LUMA_STEP, ::_LUMA_STEP, 1])


def shows_nothing(sample: Pixels) -> bool:
    """True for a black, white or even picture: a covered lens, a lost signal."""
    mean, sigma = cv2.meanStdDev(sample)
    return bool(sigma[0, 0] < MIN_SIGMA or mean[0, 0] < MIN_MEAN or mean[0, 0] > MAX_MEAN)


def fingerprint(sample: Pixels) -> int:
    """A number that is the same for identical pictures."""
    return zlib.crc32(sample.data)


def _rows(plane: Any) -> Pixels:
    """A plane's bytes as (height, width), without copying."""
    whole = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
    return whole[: plane.height, : plane.width]
