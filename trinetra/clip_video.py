"""The annotated video: H.264 in MP4, which every player and browser shows."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from contracts.errors import TrinetraError
from trinetra.clip import Image

LONGEST_SIDE = 1920
TICKS_PER_S = 90_000


def video_size(width: int, height: int) -> tuple[int, int]:
    """Width and height to encode: even, and 1920 at most."""
    scale = min(1.0, LONGEST_SIDE / max(width, height))
    return max(2, round(width * scale / 2) * 2), max(2, round(height * scale / 2) * 2)


class VideoWriter:
    """Writes BGR images of one size with the times they were taken at."""

    def __init__(self, path: Path, size: tuple[int, int], fps: float) -> None:
        self._size = size
        self._container = av.open(str(path), "w", options={"movflags": "+faststart"})
        rate = Fraction(min(max(fps, 1.0), 120.0)).limit_denominator(1001)
        stream = self._container.add_stream("libx264", rate=rate)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        stream.options = {"preset": "veryfast", "crf": "23"}
        stream.codec_context.time_base = Fraction(1, TICKS_PER_S)
        self._stream = stream
        self._last = -1

    def write(self, image: Image, at_s: float) -> None:
        """Add an image (any size; it is fitted) shown from `at_s` on."""
        if (image.shape[1], image.shape[0]) != self._size:
            image = cv2.resize(image, self._size, interpolation=cv2.INTER_AREA).astype(
                np.uint8, copy=False
            )
        frame = av.VideoFrame.from_ndarray(image, format="bgr24")
        self._last = max(round(at_s * TICKS_PER_S), self._last + 1)
        frame.pts = self._last
        frame.time_base = Fraction(1, TICKS_PER_S)
        self._mux(frame)

    def finish(self) -> None:
        """Write what the encoder still holds, and close."""
        self._mux(None)
        self.close()

    def close(self) -> None:
        """Close the file as it is; again does nothing."""
        try:
            self._container.close()
        except av.error.FFmpegError as error:
            raise _told(error) from None

    def _mux(self, frame: av.VideoFrame | None) -> None:
        try:
            for packet in self._stream.encode(frame):
                self._container.mux(packet)
        except av.error.FFmpegError as error:
            raise _told(error) from None


def _told(error: av.error.FFmpegError) -> TrinetraError:
    reason = (error.strerror or type(error).__name__).lower()
    return TrinetraError(f"the annotated video cannot be written: {reason}")
