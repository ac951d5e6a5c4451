"""The tracker of one clip or sequence with the cues that were asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge_agent.tracking.bytetrack import Tracker, Tracks
from edge_agent.tracking.picture_motion import PictureMotion
from edge_agent.tracking.sighted import SightedTracker
from models.detections import Detections
from models.embedder import Embedder
from trinetra.delayed import LEAST_DELAY_S, Rows, delayed
from trinetra.rejoined import JUDGED_S, Rejoiner

Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Cues:
    """What helps the tracker besides boxes; all of it off unless asked for.

    `moving_camera` and `appearance` act at once. `delayed_s` asks for the delayed output beside
    the online one, `join` for lost tracks joined in it.
    """

    moving_camera: bool = False
    appearance: bool = False
    delayed_s: float | None = None
    join: bool = False

    @property
    def embed(self) -> bool:
        """Whether an embedder is needed."""
        return self.appearance or self.join

    @property
    def pictures(self) -> bool:
        """Whether frames are needed."""
        return self.embed or self.moving_camera

    @property
    def delay_s(self) -> float | None:
        """After how many seconds the delayed output is final; None if there is none."""
        if self.delayed_s is None:
            return None
        return max(self.delayed_s, LEAST_DELAY_S, JUDGED_S if self.join else 0.0)


class Follower:
    """Takes frames in turn; `embedder` is needed where `Cues.embed` says so."""

    def __init__(
        self,
        threshold: float,
        cues: Cues,
        embedder: Embedder | None = None,
        make: Callable[..., Tracker] = Tracker,
    ) -> None:
        """`threshold` is the detector's; `make` is called with it and perhaps `alike`."""
        tracker = make(threshold) if embedder is None else make(threshold, alike=embedder.threshold)
        self._cues = cues
        self._plain = tracker
        self._sighted = SightedTracker(
            tracker,
            PictureMotion() if cues.moving_camera else None,
            embedder if cues.appearance else None,
        )
        self._rejoiner = Rejoiner(embedder) if cues.join and embedder else None
        self._rows: list[list[float]] = []

    @property
    def refused(self) -> int:
        """Detections so far that could be of nobody."""
        return self._plain.refused

    def update(self, index: int, frame: Pixels, found: Detections, at_s: float) -> Tracks:
        """The tracks of frame `index` (from 1), boxes in its pixels."""
        tracks = self._sighted.update(frame, found, at_s)
        if self._rejoiner is not None:
            self._rejoiner.see(frame, tracks, at_s)
        self._keep(index, tracks)
        return tracks

    def update_blind(
        self, index: int, size: tuple[int, int] | None, found: Detections, at_s: float
    ) -> Tracks:
        """The same where there is no frame to look at, only its size (width, height)."""
        tracks = self._plain.update(found, at_s, size=size)
        self._keep(index, tracks)
        return tracks

    def delayed(self, fps: float) -> Rows:
        """The delayed output: rows of frame, id, x, y, w, h, score."""
        if self._cues.delayed_s is None:
            raise ValueError("no delayed output was asked for")
        rows = np.array(self._rows).reshape(-1, 7)
        if self._rejoiner is not None:
            rows[:, 1] = [self._rejoiner.first_id(int(track_id)) for track_id in rows[:, 1]]
        return delayed(rows, fps, max(self._cues.delayed_s, LEAST_DELAY_S))

    def _keep(self, index: int, tracks: Tracks) -> None:
        if self._cues.delayed_s is not None:
            self._rows += mot_rows(index, tracks)


def mot_rows(frame: int, tracks: Tracks) -> list[list[float]]:
    """A frame's confirmed tracks as rows: frame, id, x, y, w, h, score."""
    chosen = tracks.confirmed
    rows = zip(tracks.track_id[chosen], tracks.xyxy[chosen], tracks.score[chosen], strict=True)
    return [
        [frame, int(track_id), x1, y1, x2 - x1, y2 - y1, score]
        for track_id, (x1, y1, x2, y2), score in rows
    ]
