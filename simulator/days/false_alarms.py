"""Boxes where nobody is: short flashes anywhere, and mannequins that look like people at times."""

from __future__ import annotations

import numpy as np

from simulator.days.day import Day
from simulator.days.noise import Noise
from simulator.days.paths import Array
from simulator.days.rows import Ints, Rows
from simulator.days.sight import Bodies
from simulator.days.watching import Watch

LASTS_S = 0.5
SCORE = (0.16, 0.5)
CHANNEL = 30
FIRST_ENTITY = 2


class Alarms:
    """The false alarms of one camera on one day; `entity` numbers them from -2 downwards."""

    def __init__(self, day: Day, watch: Watch, noise: Noise) -> None:
        self._noise = noise
        rng = np.random.default_rng([day.seed, day.date.toordinal(), 7, watch.number])
        hours = 24 * 1.1
        count = int(rng.poisson(day.scenario.sensing.false_per_hour * hours))
        first = day.local("00:00")
        self._begin = first + np.sort(rng.uniform(0, hours * 3600, count))
        self._end = self._begin + rng.exponential(LASTS_S, count) + 0.05
        wide, tall = watch.size
        height = tall * rng.uniform(0.1, 0.35, count)
        width = height * rng.uniform(0.3, 0.6, count)
        left = rng.uniform(0, 1, count) * (wide - width)
        bottom = rng.uniform(0.4, 1, count) * tall
        boxes = np.column_stack([left, bottom - height, left + width, bottom])
        self._boxes = np.clip(boxes, 0, [wide, tall, wide, tall])
        self._score = rng.uniform(*SCORE, count)
        self._mannequins = day.scenario.mannequins
        self._watch = watch

    def rows(self, t: Array, content: Ints) -> Rows:
        """False alarms at the times `t` (T,)."""
        low, high = np.searchsorted(self._begin, [t.min() - 20.0, t.max()])
        near = np.arange(low, high)
        on = (t[:, None] >= self._begin[near]) & (t[:, None] < self._end[near])
        frame, which = np.nonzero(on)
        boxes, score, entity = self._boxes[near[which]], self._score[near[which]], near[which]
        shaken = boxes + self._noise.white(
            CHANNEL, entity[:, None] * 4 + np.arange(4), content[frame][:, None]
        )
        parts = [(frame, shaken, score, -FIRST_ENTITY - len(self._mannequins) - entity)]
        parts += [self._mannequin(index, t, content) for index in range(len(self._mannequins))]
        frame, boxes, score, entity = (np.concatenate(each) for each in zip(*parts, strict=True))
        nobody = np.full(len(frame), -1, np.int64)
        return Rows(
            frame=frame,
            xyxy=boxes.astype(np.float32),
            score=score.astype(np.float32),
            person=nobody,
            entity=entity,
            other=nobody,
            visible=np.full(len(frame), 0.6, np.float32),
            turn=np.zeros(len(frame), np.float32),
            content=content[frame],
        )

    def _mannequin(self, index: int, t: Array, content: Ints) -> tuple[Ints, Array, Array, Ints]:
        """It never moves, and its score wanders about its mean."""
        figure = self._mannequins[index]
        view = self._watch.view(float(t[0]))
        at = np.array([figure.at])
        body = Bodies(at[:, 0], at[:, 1], np.zeros(1), np.array([figure.height_m]), np.zeros(1))
        seen = view.boxes(body)
        wide, tall = self._watch.size
        box = np.clip(seen.shown[0], 0, [wide, tall, wide, tall])
        who = index + 1000 * self._watch.number
        score = figure.score + 0.12 * self._noise.slow(CHANNEL + 1, who, t, 8.0)
        score = score + 0.03 * self._noise.white(CHANNEL + 1, who, content)
        whole = (box[2] - box[0] > 4) & (box[3] - box[1] > 12) & (seen.share[0] > 0.4)
        frame = np.flatnonzero((score > 0.1) & whole)
        shaken = box + 0.7 * self._noise.white(
            CHANNEL + 2, np.arange(4) + 4 * who, content[frame][:, None]
        )
        entity = np.full(len(frame), -FIRST_ENTITY - index, np.int64)
        return frame, shaken, np.clip(score[frame], 0, 0.95), entity
