"""Small videos with painted people, and the fake detector that finds them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from models.detections import Detections
from trinetra.clip import Image

SIZE = (320, 240)


def painted(*corners: tuple[int, int]) -> Image:
    """A dark frame with a white person of 40 × 100 px at each (left, top)."""
    frame = np.full((SIZE[1], SIZE[0], 3), 40, np.uint8)
    for left, top in corners:
        frame[max(top, 0) : top + 100, max(left, 0) : left + 40] = 255
    return frame


def write_clip(
    path: Path, people: Callable[[int], list[tuple[int, int]]], *, frames: int = 40, fps: int = 10
) -> Path:
    """A video (by its suffix: mp4, mkv, gif) whose frame i shows `people(i)`."""
    codec, pixels = ("gif", "rgb8") if path.suffix == ".gif" else ("libx264", "yuv420p")
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=Fraction(fps))
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height = SIZE
        stream.pix_fmt = pixels
        for index in range(frames):
            frame = av.VideoFrame.from_ndarray(painted(*people(index)), format="bgr24")
            container.mux(stream.encode(frame.reformat(format=pixels)))
        container.mux(stream.encode(None))
    return path


class BrightBoxes:
    """A detector for painted frames: every white rectangle is a person."""

    name = "bright-boxes"
    engine = "fake"
    threshold = 0.5
    input_size = (640, 640)

    def __init__(self) -> None:
        self.batches: list[int] = []

    def detect(self, frames: Sequence[Image]) -> list[Detections]:
        self.batches.append(len(frames))
        return [self._one(frame) for frame in frames]

    def _one(self, frame: Image) -> Detections:
        mask = (frame[..., 0] > 200).astype(np.uint8)
        _, _, stats, _ = cv2.connectedComponentsWithStats(mask)
        rows = [(x, y, x + w, y + h) for x, y, w, h, area in stats[1:] if area > 500]
        xyxy = np.array(rows, dtype=np.float32).reshape(-1, 4)
        return Detections(xyxy, np.full(len(xyxy), 0.9, np.float32))
