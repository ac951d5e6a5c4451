"""Embeddings that keep identity (L1): unit vectors that a Re-ID network might give.

An embedding is the normalized sum of what all people share, the person's own part, the
camera's shift, the pose towards the camera and noise that grows as the view gets worse.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from simulator.days.day import Day
from simulator.days.noise import SIZE, Noise, address

SIZE_D = 128
CLUSTER = 5
SLOW_S = 1.5
CHANNEL = 50
COMMON, CAMERA, POSE, FACES = range(4)

Vectors = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]


class Wardrobe:
    """How everyone of a day looks to every camera."""

    def __init__(self, day: Day) -> None:
        self._rules, self._fps = day.scenario.appearance, day.scenario.sensing.fps
        self._noise = Noise(day.seed)
        self._own = _people(day)
        self._pose = _vectors([day.seed, POSE], len(day.life.people) * 2)
        self._faces = _vectors([day.seed, FACES], 2)
        self._common = _vectors([day.seed, COMMON], 1)[0]
        self._shift = _vectors([day.seed, CAMERA], len(day.scenario.plan.cameras))

    def embed(
        self,
        camera: int,
        entity: Ints,
        other: Ints,
        visible: npt.NDArray[np.float32],
        turn: npt.NDArray[np.float32],
        content: Ints,
    ) -> Vectors:
        """Unit rows (N, 128); the columns are those of `detecting.Rows`."""
        rules = self._rules
        own = self._of(entity, camera)
        mixed = other >= 0
        if mixed.any():
            own[mixed] = 0.6 * own[mixed] + 0.5 * self._own[other[mixed]]
        known = np.maximum(entity, 0)
        pose = np.cos(turn)[:, None] * (self._pose[2 * known] + self._faces[0])
        pose += np.sin(turn)[:, None] * (self._pose[2 * known + 1] + self._faces[1])
        strength = rules.noise * (0.55 + 1.6 * (1 - visible))
        total = own + rules.common * self._common + rules.camera_shift * self._shift[camera]
        total += rules.pose * 0.7 * pose
        total += strength[:, None] * self._blur(entity * 31 + camera, content)
        return np.asarray(total / np.linalg.norm(total, axis=1, keepdims=True), np.float32)

    def _of(self, entity: Ints, camera: int) -> Vectors:
        """A person's own part; things that are nobody have a look of their own."""
        own = self._own[np.maximum(entity, 0)].copy()
        nobody = entity < 0
        if nobody.any():
            start = address(CHANNEL + 2, entity[nobody], camera) % (SIZE - SIZE_D)
            own[nobody] = self._strips(start)
        return own

    def _blur(self, who: Ints, content: Ints) -> Vectors:
        """Noise vectors of expected length 1: half of it slow, half new in every frame."""
        place = content / self._fps / SLOW_S
        knot = np.floor(place).astype(np.int64)
        share = (place - knot).astype(np.float32)[:, None]
        starts = [
            address(CHANNEL + extra, who, when) % (SIZE - SIZE_D)
            for extra, when in ((0, knot), (0, knot + 1), (1, content))
        ]
        before, after, white = (self._strips(start) for start in starts)
        slow = (before * (1 - share) + after * share) / np.sqrt(share**2 + (1 - share) ** 2)
        return np.asarray(0.75 * slow + 0.66 * white)

    def _strips(self, start: Ints) -> Vectors:
        """Random vectors (N, 128) of expected length 1, cut out of the table of noise."""
        windows = np.lib.stride_tricks.sliding_window_view(self._noise.table, SIZE_D)
        return np.asarray(windows[start] / np.sqrt(np.float32(SIZE_D)))


def _people(day: Day) -> Vectors:
    """Own parts (people, 128) of length 1: some look alike, all staff wear the same."""
    people, rules = day.life.people, day.scenario.appearance
    seeds = [day.seed, day.date.toordinal()]
    own = _vectors([*seeds, 11], len(people))
    groups = max(1, round(len(people) * rules.lookalike_share / CLUSTER))
    shared = _vectors([*seeds, 12], groups + 1)
    rng = np.random.default_rng([*seeds, 13])
    staff = np.array([person.staff for person in people], bool)
    alike = (rng.random(len(people)) < rules.lookalike_share) | staff
    group = np.where(staff, groups, rng.integers(0, groups, len(people)))
    apart = rules.lookalike_apart
    own[alike] = apart * own[alike] + np.sqrt(1 - apart**2) * shared[group[alike]]
    return np.asarray(own / np.linalg.norm(own, axis=1, keepdims=True), np.float32)


def _vectors(seed: list[int], count: int) -> Vectors:
    """Random unit vectors (count, 128)."""
    drawn = np.random.default_rng(seed).standard_normal((max(count, 1), SIZE_D))
    return np.asarray(drawn / np.linalg.norm(drawn, axis=1, keepdims=True), np.float32)
