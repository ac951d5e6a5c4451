"""What one camera shows when it is fullest: the rendered picture and the detections in it."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

import cv2
import numpy as np

from simulator.backdrop import backdrop_of
from simulator.body import Figure
from simulator.cameras import camera_of
from simulator.days.day import Day, simulate_day
from simulator.days.detecting import Detector
from simulator.days.rows import Rows
from simulator.days.scene import world_of
from simulator.days.watching import Watch, watches_of
from simulator.patch import Image
from simulator.render import Renderer
from simulator.textures import Style

LOOKS = 200
CLEAR = 0.6
FOUND, FALSE = (60, 255, 60), (40, 40, 255)


class Snapshot(NamedTuple):
    """The picture (H, W, 3) BGR of `camera` at `at_s` (UNIX s); boxes of nobody are red."""

    camera: str
    at_s: float
    picture: Image


def fullest(day: Day) -> Snapshot:
    """Look LOOKS times into every camera and keep where most people are clearly seen."""
    watches = watches_of(day)
    watch, at_s = _fullest(day, watches)
    start = datetime.fromtimestamp(at_s, day.zone)
    second = simulate_day(day.scenario, day.seed, start=start, seconds=1.0)
    picture = _rendered(second, watch)
    rows = Detector(second, [watch]).rows(watch, np.array([second.begins_at]))
    return Snapshot(watch.camera, second.begins_at, _with_boxes(picture, rows))


def _fullest(day: Day, watches: list[Watch]) -> tuple[Watch, float]:
    detector = Detector(day, watches)
    last = max(day.begins_at, day.ends_at - 1.5)
    best = (-1, watches[0], day.begins_at)
    for at_s in np.linspace(day.begins_at, last, LOOKS).tolist():
        for watch in watches:
            seen = detector.seen(watch, np.array([at_s]))
            count = int((seen.visible > CLEAR).sum())
            if count > best[0]:
                best = (count, watch, at_s)
    return best[1:]


def _rendered(second: Day, watch: Watch) -> Image:
    """The first frame that L2 has of the window."""
    world, style = world_of(second), Style()
    camera = camera_of(second.scenario.plan.cameras[watch.number])
    renderer = Renderer(camera, backdrop_of(world.scenario, camera, style), style, world.seed)
    people = [(who, Figure(world.appearances[who.person])) for who in world.people_at(0)]
    return renderer.draw(people, 0)[0]


def _with_boxes(picture: Image, rows: Rows) -> Image:
    """Every detection, the surer the brighter."""
    drawn = picture.copy()
    for box, score, person in zip(rows.xyxy, rows.score, rows.person, strict=True):
        x0, y0, x1, y1 = (round(float(edge)) for edge in box)
        colour = [(0.4 + 0.6 * float(score)) * part for part in (FOUND if person >= 0 else FALSE)]
        cv2.rectangle(drawn, (x0, y0), (x1, y1), colour, 2, cv2.LINE_AA)
    return drawn
