"""What really happened in a day, by the definitions of the metrics' registry.

Crossing: the feet pass both lines of a door's pair in order. Zone stay: the feet are in the
zone, absences up to a second bridged; it is a visit if it lasts `min_dwell_s`. Queue episode:
a stay of at least ten seconds in a queue zone, `served` if the zone that serves it came next.
Occupancy: customers beyond the doors. Heatmap: seconds on each cell where a camera sees
people's feet.
"""

from __future__ import annotations

import math

import numpy as np

from simulator.days.day import Day
from simulator.days.facts import occupancy_of, queues_of, sales_of, seen_of, trips_of, visits_of
from simulator.days.passages import Passages
from simulator.days.paths import Array
from simulator.days.records import CELL_M, HEAT_BLOCK_S, DayTruth
from simulator.days.sightings import sightings_of
from simulator.days.stays import TRUTH_FPS, Stays

CHUNK_S = 60.0
"""A whole part of HEAT_BLOCK_S."""


def truth_of_day(day: Day) -> DayTruth:
    """Measure a day exactly, at 10 positions a second."""
    passages, stays = Passages(day), Stays(day)
    seen = seen_of(day)
    blocks = np.zeros((max(1, math.ceil(day.seconds / HEAT_BLOCK_S - 1e-9)), *seen.shape))
    for t in day.chunks(TRUTH_FPS, CHUNK_S):
        moment = day.motion.at(t)
        passages.add(moment)
        stays.add(moment)
        _heat(blocks[int((t[0] - day.begins_at + 1e-6) // HEAT_BLOCK_S)], moment.x, moment.y)
    crossings = passages.crossings()
    zone_stays = stays.found()
    return DayTruth(
        scenario=day.scenario.name,
        seed=day.seed,
        begins_at=day.begins_at,
        ends_at=day.ends_at,
        crossings=crossings,
        visits=visits_of(day, crossings),
        zone_stays=zone_stays,
        queue_episodes=queues_of(day, zone_stays),
        occupancy=occupancy_of(day, crossings, passages.inside_at_first()),
        transactions=sales_of(day),
        sightings=sightings_of(day),
        heatmap_blocks=blocks * seen,
        seen=seen,
        restarts=day.restarts,
        trips=trips_of(day),
    )


def _heat(heatmap: Array, x: Array, y: Array) -> None:
    rows, columns = heatmap.shape
    here = ~np.isnan(x)
    i, j = np.floor(y[here] / CELL_M).astype(int), np.floor(x[here] / CELL_M).astype(int)
    good = (i >= 0) & (i < rows) & (j >= 0) & (j < columns)
    counts = np.bincount(i[good] * columns + j[good], minlength=rows * columns)
    heatmap += counts.reshape(rows, columns) / TRUTH_FPS
