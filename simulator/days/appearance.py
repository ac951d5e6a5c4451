"""Embeddings that keep identity (L1): unit vectors that a Re-ID network might give.

An embedding is the normalized sum of what all people share, the person's own part, the
camera's shift, the pose towards the camera, the occasion (how this sighting happens to look:
light, bags, what is in front) and noise of the frame that grows as less is seen. Norms are in
the scenario's `appearance`, relative to the own part; directions have the falling spectrum of a
real embedder's.

The parts are sized by cosines of real embedders on crops of 100 people of Market-1501
(`reid/market_test100.zip`, read as by `trinetra eval reid`; mean ± deviation, 99th percentile):

                                 person-embed-trinetra  retail-0248         here, an hour of `busy`
    same person, other camera    0.53 ± 0.14            0.53 ± 0.15         0.54 ± 0.15
    same camera, 2 to 8 s later  0.69 ± 0.15            0.70 ± 0.15         0.66 ± 0.16
    other person, other camera   0.23 ± 0.11 (0.54)     0.15 ± 0.12 (0.45)  0.20 ± 0.12 (0.49)
    rank-1, 100 people           0.65                   0.76                0.78

How long each part lasts follows the first embedder on the true boxes of PETS09-S2L1: cosine with
the same person's crop 0.14, 0.6, 1, 2, 4, 16 s later 0.91, 0.82, 0.79, 0.73, 0.69, 0.55; here
0.92, 0.82, 0.77, 0.74, 0.67, 0.63. A track's average is better than its crops (rank-1 0.88), but
an occasion is one of its own for as long as it lasts.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from simulator.days.day import Day
from simulator.days.noise import SIZE, Noise, address

SIZE_D = 128
SPECTRUM_D = 36.0
"""Variance falls by 1/e every so many dimensions."""
STYLES = 16
"""Kinds of clothes that many wear, whatever the number of people."""
STAFF_APART = 0.6
"""Norm of what is one's own below the same jacket: trousers, hair, build."""
UNLIKE = 0.45
"""How much one occasion's noise is unlike another's: sigma of a log-normal factor."""
WORSE = 1.2
"""How much noise grows until nothing is seen, of what it is where all is."""
OCCASION_S = 45.0
MOVE_S = 3.0
STEP_S = 0.5
FRAME_SHARES = {STEP_S: 0.45, MOVE_S: 0.35, 0.0: 0.2}
"""Variance of a frame's noise by how long it lasts; 0 is new in every frame."""
CHANNEL = 50
COMMON, CAMERA, POSE, FACES = range(4)
OCCASION, NOBODY = CHANNEL + 3, CHANNEL + 2

Vectors = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

_FALLING = np.exp(-np.arange(SIZE_D) / SPECTRUM_D)
AMPLITUDE = np.sqrt(_FALLING / _FALLING.sum()).astype(np.float32)
"""Deviation of each dimension (128,) of a random vector of expected length 1."""


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
        """Unit rows (N, 128); the columns are those of `rows.Rows`."""
        rules = self._rules
        own = self._of(entity, camera)
        mixed = other >= 0
        if mixed.any():
            own[mixed] = 0.6 * own[mixed] + 0.5 * self._own[other[mixed]]
        known = np.maximum(entity, 0)
        pose = np.cos(turn)[:, None] * (self._pose[2 * known] + self._faces[0])
        pose += np.sin(turn)[:, None] * (self._pose[2 * known + 1] + self._faces[1])
        total = own + rules.common * self._common + rules.camera_shift * self._shift[camera]
        total += rules.pose * np.sqrt(0.5) * pose
        seen_by = entity * 31 + camera
        luck = self._noise.slow(OCCASION, seen_by, content / self._fps, OCCASION_S)
        poor = np.exp(UNLIKE * luck - UNLIKE**2)[:, None]
        total += rules.occasion * poor * self._lasting(OCCASION, seen_by, content, OCCASION_S)
        strength = rules.noise * poor * (1 + WORSE * (1 - visible))[:, None]
        total += strength * self._frame_noise(seen_by, content)
        return np.asarray(total / np.linalg.norm(total, axis=1, keepdims=True), np.float32)

    def _of(self, entity: Ints, camera: int) -> Vectors:
        """A person's own part; things that are nobody have a look of their own."""
        own = self._own[np.maximum(entity, 0)].copy()
        nobody = entity < 0
        if nobody.any():
            start = address(NOBODY, entity[nobody], camera) % (SIZE - SIZE_D)
            own[nobody] = self._strips(start)
        return own

    def _frame_noise(self, who: Ints, content: Ints) -> Vectors:
        """Noise vectors of expected length 1 with parts of different duration."""
        total = np.zeros((len(who), SIZE_D), np.float32)
        for channel, (lasts_s, share) in enumerate(FRAME_SHARES.items(), CHANNEL):
            part = self._lasting(channel, who, content, lasts_s)
            total += np.float32(share**0.5) * part
        return total

    def _lasting(self, channel: int, who: Ints, content: Ints, lasts_s: float) -> Vectors:
        """Random vectors that go on in time: a new one every `lasts_s`, mixed between."""
        if not lasts_s:
            return self._strips(address(channel, who, content) % (SIZE - SIZE_D))
        place = content / self._fps / lasts_s
        knot = np.floor(place).astype(np.int64)
        share = (place - knot).astype(np.float32)[:, None]
        starts = (address(channel, who, when) % (SIZE - SIZE_D) for when in (knot, knot + 1))
        before, after = (self._strips(start) for start in starts)
        mixed = before * (1 - share) + after * share
        return np.asarray(mixed / np.sqrt(share**2 + (1 - share) ** 2))

    def _strips(self, start: Ints) -> Vectors:
        """Random vectors (N, 128) of expected length 1, cut out of the table of noise."""
        windows = np.lib.stride_tricks.sliding_window_view(self._noise.table, SIZE_D)
        return np.asarray(windows[start] * AMPLITUDE)


def _people(day: Day) -> Vectors:
    """Own parts (people, 128): most follow a style, all staff wear the same."""
    people, rules = day.life.people, day.scenario.appearance
    seeds = [day.seed, day.date.toordinal()]
    own = _looks([*seeds, 11], len(people))
    styles = _looks([*seeds, 12], STYLES + 1)
    rng = np.random.default_rng([*seeds, 13])
    staff = np.array([person.staff for person in people], bool)
    alike = (rng.random(len(people)) < rules.lookalike_share) | staff
    style = np.where(staff, STYLES, rng.integers(0, STYLES, len(people)))[alike]
    apart = rng.uniform(rules.lookalike_apart, 1.0, len(people))
    apart = np.where(staff, STAFF_APART, apart)[alike, None].astype(np.float32)
    own[alike] = apart * own[alike] + np.sqrt(1 - apart**2) * styles[style]
    return own


def _looks(seed: list[int], count: int) -> Vectors:
    """Random vectors (count, 128) of expected length 1: some are more of a look than others."""
    drawn = np.random.default_rng(seed).standard_normal((max(count, 1), SIZE_D))
    return np.asarray(drawn * AMPLITUDE, np.float32)


def _vectors(seed: list[int], count: int) -> Vectors:
    """Random unit vectors (count, 128)."""
    drawn = _looks(seed, count)
    return np.asarray(drawn / np.linalg.norm(drawn, axis=1, keepdims=True), np.float32)
