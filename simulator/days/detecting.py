"""What a detector makes of what a camera sees (L1): noise, misses, merges, false alarms.

Every figure depends on (seed, camera, person, time) alone. Scores follow visibility and size;
box noise is partly white and partly slow; who is mostly hidden is missed, cut or merged with
whoever hides them.
"""

from __future__ import annotations

import numpy as np

from simulator.days.day import Day
from simulator.days.false_alarms import Alarms
from simulator.days.motion import Moment, Motion
from simulator.days.noise import Noise
from simulator.days.occlusion import (
    LEAST_SHARE,
    Scene,
    clipped,
    hidden_by_people,
    in_picture,
    visible_share,
)
from simulator.days.paths import Array
from simulator.days.rows import Ints, Rows, Seen
from simulator.days.sight import Bodies, Boxes
from simulator.days.watching import Watch

LEAST_SCORE = 0.1
SMALLEST_PX = 8.0
GUESS = 0.2
"""Share of hidden feet that a detector adds to what it sees; most draw the visible part."""
CHANNEL_X, CHANNEL_Y, CHANNEL_W, CHANNEL_H = range(10, 14)
CHANNEL_FEET, CHANNEL_SCORE, CHANNEL_MISS = range(14, 17)

GUESS_BEHIND = 0.5
"""The same for feet behind other people, more: where those stand is no edge of the picture."""


class Detector:
    """The simulated detector of one day."""

    def __init__(self, day: Day, watches: list[Watch]) -> None:
        self._day, self._rules = day, day.scenario.sensing
        self._noise = Noise(day.seed)
        self._alarms = {watch.camera: Alarms(day, watch, self._noise) for watch in watches}
        self._heights = heights_of(day, day.motion)
        self._midnight = day.midnight
        self._moment: tuple[tuple[float, float, int], Moment] | None = None

    def rows(self, watch: Watch, t: Array) -> Rows:
        """Detections at the true times `t` (T,) of frames, whatever the camera's clock says."""
        shown = watch.shown(t)
        content = np.round((shown - self._midnight) * self._rules.fps).astype(np.int64)
        scene = self._scene(watch, self._at(shown))
        found = self._detected(watch, scene, shown, content)
        alarms = self._alarms[watch.camera].rows(shown, content)
        order = np.argsort(np.concatenate([found.frame, alarms.frame]), kind="stable")
        return found.with_(alarms).at(order)

    def seen(self, watch: Watch, t: Array) -> Seen:
        """Who is really in the picture in the frames at `t`, by frame."""
        scene = self._scene(watch, self._at(watch.shown(t)))
        cut = clipped(scene.boxes.shown, watch.size)
        covered, *_ = self._hidden(scene, cut, scene.key * 31 + watch.number, t)
        visible = visible_share(scene, cut, covered)
        frame, column = np.nonzero(visible > 0)
        return Seen(
            frame=frame,
            xyxy=scene.boxes.whole[frame, column],
            person=scene.person[column],
            visible=visible[frame, column],
        )

    def _at(self, t: Array) -> Moment:
        """Where everyone is; the cameras ask for the same times one after the other."""
        key = (float(t[0]), float(t[-1]), len(np.unique(t)))
        if self._moment is None or self._moment[0] != key:
            self._moment = (key, self._day.motion.at(t))
        return self._moment[1]

    def _scene(self, watch: Watch, moment: Moment) -> Scene:
        view = watch.view(float(moment.t[0]))
        heights = self._heights[moment.path]
        boxes = view.boxes(Bodies(moment.x, moment.y, moment.facing, heights, moment.moving))
        in_view = in_picture(boxes, watch.size)
        seen = np.flatnonzero(in_view.any(0))
        kept = Boxes(*(getattr(boxes, name)[:, seen] for name in Boxes.__annotations__))
        path = moment.path[seen]
        paths = self._day.motion.paths
        return Scene(kept, in_view[:, seen], paths.key[path], paths.person[path])

    def _detected(self, watch: Watch, scene: Scene, t: Array, content: Ints) -> Rows:
        boxes, who = scene.boxes, scene.key * 31 + watch.number
        cut = clipped(boxes.shown, watch.size)
        covered, feet_hidden, merged_into = self._hidden(scene, cut, who, t)
        visible = visible_share(scene, cut, covered)
        tall = boxes.whole[..., 3] - boxes.whole[..., 1]
        score = self._scores(visible, tall, who, t, content)
        guess = GUESS + 0.1 * self._noise.white(CHANNEL_FEET, who, 0)
        guess = np.clip(guess + 0.08 * self._noise.slow(CHANNEL_FEET, who, t[:, None], 2.0), 0, 1)
        xyxy = boxes.shown.copy()
        lifted = feet_hidden * (cut[..., 3] - cut[..., 1]) * (1 - guess - GUESS_BEHIND)
        xyxy[..., 3] = np.minimum(xyxy[..., 3], cut[..., 3]) - np.maximum(lifted, 0.0)
        below = (boxes.whole[..., 3] - boxes.shown[..., 3]) * guess
        xyxy[..., 3] += np.where(boxes.shown[..., 3] < watch.size[1] - 2, below, 0.0)
        xyxy += self._jitter(visible, tall, who, t, content)
        frame, column = np.nonzero((score >= LEAST_SCORE) & (merged_into < 0))
        other = np.full(scene.in_view.shape, -1, np.int64)
        gone_frame, gone = np.nonzero((merged_into >= 0) & (visible > 0))
        taker = merged_into[gone_frame, gone]
        other[gone_frame, taker] = scene.person[gone]
        _grow(xyxy, cut, gone_frame, gone, taker)
        final = clipped(xyxy[frame, column], watch.size)
        good = (final[:, 2] - final[:, 0] > SMALLEST_PX / 2) & (
            final[:, 3] - final[:, 1] > SMALLEST_PX
        )
        frame, column = frame[good], column[good]
        return Rows(
            frame=frame,
            xyxy=final[good].astype(np.float32),
            score=score[frame, column].astype(np.float32),
            person=scene.person[column],
            entity=scene.person[column],
            other=other[frame, column],
            visible=visible[frame, column].astype(np.float32),
            turn=boxes.turn[frame, column].astype(np.float32),
            content=content[frame],
        )

    def _hidden(self, scene: Scene, cut: Array, who: Ints, t: Array) -> tuple[Array, Array, Ints]:
        return hidden_by_people(scene, cut, who, t, self._noise, self._rules.merge_overlap)

    def _scores(self, visible: Array, tall: Array, who: Ints, t: Array, content: Ints) -> Array:
        """Scores (T, V), 0 where nothing was found; misses come in small runs."""
        noise, frames = self._noise, content[:, None]
        near = 1 / (1 + np.exp(-(tall - 24) / 6))
        mean = 0.93 * near * np.clip((visible - LEAST_SHARE) / 0.6, 0, 1) ** 0.55
        score = mean + 0.05 * noise.slow(CHANNEL_SCORE, who, t[:, None], 0.5)
        score += 0.025 * noise.white(CHANNEL_SCORE, who, frames)
        slot = np.floor(t[:, None] / 0.2).astype(np.int64)
        chance = noise.uniform(CHANNEL_MISS, who, slot)
        rate = self._rules.miss_rate * (1 + 6 * (1 - visible) + 4 * (1 - near))
        score = np.where(chance < rate, score * 0.35, score)
        score = np.where(chance < rate / 2, 0.0, score)
        score = np.where(visible > LEAST_SHARE, np.clip(score, 0, 0.99), 0.0)
        return np.asarray(score)

    def _jitter(self, visible: Array, tall: Array, who: Ints, t: Array, content: Ints) -> Array:
        """Noise of the box (T, V, 4) in pixels: centre, width, height."""
        size = self._rules.box_jitter * tall * (1 + 1.5 * (1 - visible))
        drawn = [
            0.8 * self._noise.slow(channel, who, t[:, None], 0.35)
            + 0.45 * self._noise.white(channel, who, content[:, None])
            for channel in (CHANNEL_X, CHANNEL_Y, CHANNEL_W, CHANNEL_H)
        ]
        x, y, w, h = (size * each for each in drawn)
        x, y = x * 0.6, y * 0.5
        return np.stack([x - w / 2, y - h * 0.6, x + w / 2, y + h * 0.6], axis=-1)


def heights_of(day: Day, motion: Motion) -> Array:
    """Body height of every path's person, (P,)."""
    return np.array([day.height_of(int(person)) for person in motion.paths.person])


def _grow(xyxy: Array, cut: Array, frames: Ints, gone: Ints, taker: Ints) -> None:
    """The box of `taker` takes in that of `gone`."""
    mine, lost = xyxy[frames, taker], cut[frames, gone]
    xyxy[frames, taker] = np.concatenate(
        [np.minimum(mine[:, :2], lost[:, :2]), np.maximum(mine[:, 2:], lost[:, 2:])], axis=1
    )
