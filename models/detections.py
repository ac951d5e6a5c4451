"""What a detector found in one frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Detections:
    """Boxes of one frame, best score first.

    ``xyxy`` is ``[N, 4]`` float32: x1, y1, x2, y2 in pixels of the source image; ``score`` is
    ``[N]`` float32 in 0..1.  Which class they show is the model's (here: person).  ``refused``
    counts what the network said that cannot be a box: not finite, no area inside the frame.
    """

    xyxy: FloatArray
    score: FloatArray
    refused: int = 0

    def __post_init__(self) -> None:
        if self.xyxy.shape != (len(self.score), 4) or self.score.ndim != 1:
            raise ValueError(f"boxes {self.xyxy.shape} do not fit scores {self.score.shape}")

    def __len__(self) -> int:
        return len(self.score)

    @classmethod
    def empty(cls) -> Detections:
        """No detection at all."""
        return cls(np.zeros((0, 4), np.float32), np.zeros(0, np.float32))

    def above(self, threshold: float) -> Detections:
        """Those with a score of at least ``threshold``."""
        keep = self.score >= threshold
        return Detections(self.xyxy[keep], self.score[keep], self.refused)

    def scaled(self, sx: float, sy: float) -> Detections:
        """The same boxes in an image ``sx`` times as wide and ``sy`` times as high."""
        factor = np.array([sx, sy, sx, sy], np.float32)
        return Detections(self.xyxy * factor, self.score, self.refused)
