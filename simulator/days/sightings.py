"""Who could be seen by which camera from when to when."""

from __future__ import annotations

import numpy as np

from simulator.days.day import Day
from simulator.days.records import Sighting
from simulator.days.sight import Bodies
from simulator.days.watching import Watch, watches_of

SIGHT_FPS = 2.0
LEAST_SHARE = 0.35
LEAST_PX = 20.0
GAP_S = 2.0


def sightings_of(day: Day) -> list[Sighting]:
    """All sightings of a day, by camera and time; gaps under two seconds are bridged."""
    found: list[Sighting] = []
    for watch in watches_of(day):
        found += _of_camera(day, watch)
    return found


def _of_camera(day: Day, watch: Watch) -> list[Sighting]:
    paths = day.motion.paths
    heights = np.array([day.height_of(int(person)) for person in paths.person])
    open_runs: dict[int, tuple[float, float]] = {}
    found: list[Sighting] = []

    def close(path: int) -> None:
        begin, end = open_runs.pop(path)
        found.append(
            Sighting(
                camera=watch.camera,
                person=int(paths.person[path]),
                visit=day.visit_of.get(int(paths.trip[path]), -1),
                from_at=begin,
                to_at=end,
            )
        )

    for t in day.chunks(SIGHT_FPS, 60.0):
        moment = day.motion.at(t)
        view = watch.view(float(t[0]))
        boxes = view.boxes(
            Bodies(moment.x, moment.y, moment.facing, heights[moment.path], moment.moving)
        )
        middle_x = (boxes.shown[..., 0] + boxes.shown[..., 2]) / 2
        middle_y = (boxes.shown[..., 1] + boxes.shown[..., 3]) / 2
        with np.errstate(invalid="ignore"):
            seen = (boxes.share > LEAST_SHARE) & (middle_x > 0) & (middle_x < watch.size[0])
            seen &= (middle_y > 0) & (middle_y < watch.size[1])
            seen &= boxes.whole[..., 3] - boxes.whole[..., 1] > LEAST_PX
        seen &= watch.comes(t)[:, None]
        for row, column in np.argwhere(seen).tolist():
            path, at_s = int(moment.path[column]), float(t[row])
            if path in open_runs and at_s - open_runs[path][1] > GAP_S:
                close(path)
            open_runs[path] = (open_runs.get(path, (at_s, at_s))[0], at_s)
    for path in list(open_runs):
        close(path)
    return sorted(found, key=lambda each: (each.from_at, each.person))
