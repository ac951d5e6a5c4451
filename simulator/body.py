"""A person's mesh: the skeleton's tubes as faces with colours, posed on demand."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from simulator.clothes import paint
from simulator.looks import Look
from simulator.skeleton import Pose, tubes_of
from simulator.tubes import ANGLES, FRONT, SEGMENTS, Array, Tube

PHASES = 48


class Figure:
    """One person's mesh: `faces` (F, 4) indexes into posed vertices, `colours` (F, 3) BGR 0..1."""

    def __init__(self, look: Look) -> None:
        self.look = look
        self._scale = look.height_m / 1.75
        self._paint = paint(look)
        self._posed: dict[tuple[int, int, int, int], Array] = {}
        self.faces = _faces(tubes_of(look, Pose()))
        rng = np.random.default_rng([look.seed, 5])
        colours = np.concatenate([part.reshape(-1, 3) for part in self._paint])
        folds = rng.normal(1.0, 0.035, (len(colours), 1))
        self.colours = np.clip(colours * folds, 0.02, 1.0)
        # cloth over the legs is drawn as if nearer, or thighs would show through it
        lifts = [0.2 if index == self._skirt_index() else 0.0 for index in range(len(self._paint))]
        sizes = [len(part) * SEGMENTS for part in self._paint]
        self.lift_m = np.repeat(lifts, sizes)

    def _skirt_index(self) -> int:
        if self.look.bottom != "skirt" and not self.look.coat:
            return -1
        return len(self._paint) - (2 if self.look.bag != "none" else 1)

    def vertices(self, pose: Pose) -> Array:
        """Vertices (V, 3) in the body frame, metres; poses are rounded and remembered."""
        key = (
            round(pose.phase * PHASES / (2 * np.pi)) % PHASES,
            round(pose.gait * 5),
            round(pose.reach * 8),
            round(pose.phone * 4),
        )
        known = self._posed.get(key)
        if known is None:
            rounded = Pose(key[0] * 2 * np.pi / PHASES, key[1] / 5, key[2] / 8, key[3] / 4)
            known = self._posed[key] = self._pose(rounded)
        return known

    def _pose(self, pose: Pose) -> Array:
        tubes = tubes_of(self.look, pose)
        centres = np.concatenate([tube.centres for tube in tubes])
        first = np.concatenate([tube.first for tube in tubes])
        second = np.concatenate([tube.second for tube in tubes])
        rings = (
            centres[:, None]
            + first[:, None] * FRONT[None, :, None]
            + second[:, None] * np.sin(ANGLES)[None, :, None]
        )
        points: Array = rings.reshape(-1, 3) * self._scale
        points[:, 2] -= points[:, 2].min()
        return points


def _faces(tubes: list[Tube]) -> npt.NDArray[np.intp]:
    """Quads between neighbouring rings of each tube, all turning the same way seen from outside."""
    quads = []
    start = 0
    around = np.arange(SEGMENTS)
    following = (around + 1) % SEGMENTS
    for tube in tubes:
        axis = np.cross(tube.first[1:-1], tube.second[1:-1]).mean(0)
        inverted = axis @ (tube.centres[-1] - tube.centres[0]) < 0
        one, two = (following, around) if inverted else (around, following)
        for ring in range(len(tube.centres) - 1):
            low = start + ring * SEGMENTS
            high = low + SEGMENTS
            quads.append(np.stack([low + one, low + two, high + two, high + one], axis=1))
        start += len(tube.centres) * SEGMENTS
    return np.concatenate(quads)
