"""Video files with known frames."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.uint8]


def picture(index: int, width: int = 320, height: int = 240) -> Picture:
    """A shaded background with a bright square that moves one step each frame."""
    shade = np.linspace(30, 200, width, dtype=np.uint8)
    made = np.repeat(np.repeat(shade[None, :, None], height, 0), 3, 2)
    left = (index * 8) % (width - 40)
    made[height // 3 : height // 3 + 40, left : left + 40] = (40, 230, 250)
    return made


def write_clip(
    path: Path, *, seconds: float, fps: int, width: int = 320, height: int = 240
) -> Path:
    """An H.264 file with `picture(0)`, `picture(1)`, …"""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(fps))
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.options = {"preset": "ultrafast", "tune": "zerolatency", "g": str(fps)}
        for index in range(round(seconds * fps)):
            shown = av.VideoFrame.from_ndarray(picture(index, width, height), format="bgr24")
            container.mux(stream.encode(shown))
        container.mux(stream.encode())
    return path
