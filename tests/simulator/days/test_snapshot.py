"""The fullest view shows people where L1 says that they are."""

from __future__ import annotations

from datetime import datetime

import numpy as np

from simulator.backdrop import backdrop_of
from simulator.cameras import camera_of
from simulator.days import Day, simulate_day
from simulator.days.detecting import Detector
from simulator.days.snapshot import fullest
from simulator.days.watching import watches_of
from simulator.render import Renderer
from simulator.textures import Style


def test_people_are_drawn_where_they_are_detected(day: Day) -> None:
    shot = fullest(day)
    lens = next(lens for lens in day.scenario.plan.cameras if lens.id == shot.camera)
    camera, style = camera_of(lens), Style()
    backdrop = backdrop_of(day.scenario.plan, camera, style)
    empty, _ = Renderer(camera, backdrop, style, day.seed).draw([], 0)
    changed = np.abs(shot.picture.astype(int) - empty.astype(int)).mean(-1) > 25
    start = datetime.fromtimestamp(shot.at_s, day.zone)
    second = simulate_day(day.scenario, day.seed, start=start, seconds=1)
    watch = watches_of(second, [shot.camera])
    rows = Detector(second, watch).rows(watch[0], np.array([second.begins_at]))
    assert (rows.visible > 0.6).sum() >= 6
    inside = np.zeros(changed.shape, bool)
    for x0, y0, x1, y1 in rows.xyxy[rows.score > 0.5].astype(int).tolist():
        middle = changed[y0 + 3 : y1 - 3, x0 + 3 : x1 - 3]
        assert middle.mean() > 0.2
        inside[y0:y1, x0:x1] = True
    assert changed[inside].mean() > 8 * changed[~inside].mean()
