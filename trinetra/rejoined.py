"""Lost tracks of one clip: a new track that goes on a lost one gets its id.

The rule is the edge agent's (`edge_agent.identity.reconcile`: 10 s, cosine 0.65, within walking
distance), for one camera without a floor plan. One thing is different: who left the picture over
its border and comes back is somebody new, as in the MOT benchmarks; a store's identity joins them.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from edge_agent.identity.appearance import Feature, Vector, unit
from edge_agent.identity.reconcile import continued
from edge_agent.identity.settings import IdentityRules
from edge_agent.identity.tracklet import Tracklet
from edge_agent.messages import TrackedBox
from edge_agent.tracking.bytetrack import Tracks
from edge_agent.tracking.crops import CropGate
from edge_agent.tracking.sighted import Embeds

CAMERA = "clip"
JUDGED_S = 2.0
"""A track is compared when it is so old, or ends: by then it has shown itself."""
BORDER = 0.02
"""How near to the picture's side or foot a box is cut by it, in heights of the picture."""


class Rejoiner:
    """Watches a clip's tracks and learns which of them are one person's."""

    def __init__(self, embedder: Embeds) -> None:
        self._embedder = embedder
        self._gate = CropGate(CAMERA)
        self._rules = IdentityRules()
        self._fresh: dict[int, Tracklet] = {}
        self._going: dict[int, Tracklet] = {}
        self._lost: dict[int, Tracklet] = {}
        self._goes_on: dict[int, int] = {}
        self._aspect = 1.0

    @property
    def remembered(self) -> int:
        """Tracks that may still go on, or be gone on with."""
        return len(self._going) + len(self._lost)

    def see(self, frame: npt.NDArray[np.uint8], tracks: Tracks, at_s: float) -> None:
        """Take the tracks of one frame (BGR, boxes in its pixels)."""
        self._place(tracks, frame.shape[1], frame.shape[0], at_s)
        crops = list(self._gate.crops(frame, tracks, at_s))
        pictures = [
            np.frombuffer(crop.pixels, np.uint8).reshape(crop.height, crop.width, 3)
            for crop in crops
        ]
        if crops:
            for crop, look in zip(crops, self._embedder.embed(pictures), strict=True):
                self._going[crop.track_id].features.add(Feature(at_s, look, crop.quality))
        ended = [track_id for track_id in tracks.ended.tolist() if track_id in self._going]
        due = {i for i, each in self._fresh.items() if at_s - each.start_s >= JUDGED_S}
        self._judge(due | (set(ended) & self._fresh.keys()))
        for track_id in ended:
            self._lost[track_id] = self._going.pop(track_id)
        self._forget(at_s)

    def first_id(self, track_id: int) -> int:
        """The id under which this track's person was first seen."""
        while track_id in self._goes_on:
            track_id = self._goes_on[track_id]
        return track_id

    def _place(self, tracks: Tracks, width: int, height: int, at_s: float) -> None:
        """Boxes in heights of the picture for both axes, so that a step is as long any way."""
        self._aspect = width / height
        corners = tracks.xyxy / height
        for row in np.flatnonzero(tracks.confirmed).tolist():
            track_id, score = int(tracks.track_id[row]), float(tracks.score[row])
            x1, y1, x2, y2 = corners[row].tolist()
            if track_id not in self._going:
                self._going[track_id] = Tracklet((CAMERA, track_id), at_s)
                self._fresh[track_id] = self._going[track_id]
            box = TrackedBox(track_id, x1, y1, x2, y2, score, True)
            self._going[track_id].see(box, None, at_s)

    def _judge(self, due: set[int]) -> None:
        """Which lost tracks do these go on?"""
        fresh = [self._fresh.pop(track_id) for track_id in sorted(due)]
        inside = [each for each in fresh if not self._at_border(each.first_box)]
        lost = [each for each in self._lost.values() if not self._at_border(each.last_box)]
        for before, after in continued(lost, inside, self._rules, _view):
            self._goes_on[after.key[1]] = before.key[1]
            del self._lost[before.key[1]]

    def _at_border(self, box: TrackedBox | None) -> bool:
        if box is None:
            return True
        return box.x1 < BORDER or box.x2 > self._aspect - BORDER or box.y2 > 1 - BORDER

    def _forget(self, at_s: float) -> None:
        longest_s = self._rules.reconcile_s + JUDGED_S
        for track_id in [i for i, each in self._lost.items() if at_s - each.last_s > longest_s]:
            del self._lost[track_id]


def _view(_: str, look: Vector) -> Vector:
    told = unit(look)
    return look if told is None else told
