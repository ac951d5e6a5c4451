"""How a frame is fitted into a network's input, and the way back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Place = Literal["top-left", "centre", "stretch"]


@dataclass(frozen=True)
class Letterbox:
    """A frame of ``frame`` (width, height) pixels, resized to ``resized``, ``corner`` (x, y) away.

    The rest of the input, of size ``input_size`` (width, height), is padding.
    """

    frame: tuple[int, int]
    resized: tuple[int, int]
    input_size: tuple[int, int]
    corner: tuple[int, int] = (0, 0)

    @classmethod
    def fit(
        cls,
        frame: tuple[int, int],
        bound: tuple[int, int],
        stride: int | None,
        place: Place = "top-left",
    ) -> Letterbox:
        """Largest resize of ``frame`` inside ``bound`` that keeps its aspect ratio.

        With a ``stride`` the input shrinks to the next multiples of it, so that little is spent on
        padding (16:9 in 416x416 becomes 416x256); without one it is ``bound`` itself.  The frame
        lies in the top left corner, in the ``centre`` (an odd pixel goes right and below, as in
        Ultralytics), or is ``stretch``ed over the whole bound, whatever its aspect ratio.
        """
        if place == "stretch":
            return cls(frame, bound, bound)
        scale = min(bound[0] / frame[0], bound[1] / frame[1])
        wide = min(bound[0], max(1, round(frame[0] * scale)))
        high = min(bound[1], max(1, round(frame[1] * scale)))
        size = bound
        if stride is not None:
            size = (-(-wide // stride) * stride, -(-high // stride) * stride)
        if place == "centre":
            return cls(frame, (wide, high), size, ((size[0] - wide) // 2, (size[1] - high) // 2))
        return cls(frame, (wide, high), size)

    def to_frame(self, xyxy: NDArray[np.float32]) -> NDArray[np.float32]:
        """Boxes ``[N, 4]`` from input pixels to frame pixels, cut at the frame's edges."""
        sx, sy = self.frame[0] / self.resized[0], self.frame[1] / self.resized[1]
        corner = np.array(self.corner * 2, np.float32)
        boxes = (xyxy - corner) * np.array([sx, sy, sx, sy], np.float32)
        boxes[:, 0::2] = boxes[:, 0::2].clip(0, self.frame[0])
        boxes[:, 1::2] = boxes[:, 1::2].clip(0, self.frame[1])
        return boxes.astype(np.float32)
