"""One video file as frames: MP4, MKV, HEVC, GIF and what else FFmpeg reads."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt

from contracts.errors import SourceError
from trinetra.ahead import ahead

Image = npt.NDArray[np.uint8]
AHEAD = 8
"""Frames that are decoded before anyone asks for them."""


@dataclass(frozen=True)
class ClipFrame:
    """One decoded image (BGR, upright): `index` from 1, `at_s` seconds since the first frame."""

    index: int
    at_s: float
    image: Image


class Clip:
    """An opened video; `frames` is how many it claims to have, 0 if it does not say.

    `SourceError` where the file is missing, is no video or holds no frame.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._container = _opened(path)
        if not self._container.streams.video:
            self.close()
            raise SourceError(f"{path}: holds no video")
        self._stream = self._container.streams.video[0]
        self._stream.thread_type = "AUTO"
        self.fps = float(self._stream.average_rate or self._stream.guessed_rate or 25)
        self.frames = self._stream.frames or self._guessed_frames()
        self.damaged = 0
        """Packets so far that could not be decoded."""
        self._rest = self._decoded()
        first = next(self._rest, None)
        if first is None:
            self.close()
            raise SourceError(f"{path}: no frame of it can be decoded")
        self._first = first
        self.height, self.width = first.image.shape[:2]

    def read(self) -> Generator[ClipFrame, None, None]:
        """All frames in order, once; a thread decodes the next ones. Close it before the clip."""
        yield self._first
        yield from ahead(self._rest, AHEAD)

    def close(self) -> None:
        """Let go of the file."""
        self._container.close()

    def _guessed_frames(self) -> int:
        length = self._container.duration
        return round(length / av.time_base * self.fps) if length else 0

    def _decoded(self) -> Iterator[ClipFrame]:
        begun_s: float | None = None
        at_s = -1.0
        index = 0
        for packet in self._container.demux(self._stream):
            try:
                images = packet.decode()
            except av.error.InvalidDataError:
                self.damaged += 1
                continue
            for image in images:
                stamp_s = index / self.fps if image.time is None else float(image.time)
                begun_s = stamp_s if begun_s is None else begun_s
                at_s = max(stamp_s - begun_s, at_s + 1e-3)
                index += 1
                yield ClipFrame(index, at_s, _upright(image))


def _opened(path: Path) -> Any:
    if path.parts and path.parts[0] in ("rtsp:", "rtsps:"):
        raise SourceError("a camera is watched with `trinetra run --source`, not tracked as a clip")
    if path.is_dir():
        raise SourceError(f"{path}: is a folder, not a video")
    try:
        return av.open(str(path))
    except FileNotFoundError:
        raise SourceError(f"{path}: no such file") from None
    except PermissionError:
        raise SourceError(f"{path}: may not be read") from None
    except (av.error.FFmpegError, OSError, ValueError):
        raise SourceError(f"{path}: is not a video that can be read") from None


def _upright(frame: Any) -> Image:
    """The picture as a person sees it: telephones store a turn instead of turned pixels."""
    image: Image = frame.to_ndarray(format="bgr24")
    quarter_turns = round(frame.rotation / 90) % 4
    return np.ascontiguousarray(np.rot90(image, quarter_turns)) if quarter_turns else image
