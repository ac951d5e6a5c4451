"""Crossings, footfall, occupancy, dwell and queues against truth: sums per five-minute block."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from trinetra.evaluation.estimates import Floats, Ratio, block_of, blocks_in
from trinetra.evaluation.happened import Happened, Headcount, Stay
from trinetra.evaluation.matching import Pairs, match_stays

QUEUE_STEP_S = 5.0


def crossing_ratios(truth: Happened, measured: Happened, pairs: Pairs) -> dict[str, Ratio]:
    """Precision and recall of crossings, and the footfall's net error in percent."""
    at = _blocks(truth)
    right = at(truth.passages[i].at_s for i, _ in pairs.both)
    missed = at(truth.passages[i].at_s for i in pairs.missed)
    # a matched measurement counts in its truth's block: within 2 s both may lie on either side
    false = at(measured.passages[j].at_s for j in pairs.false)
    came = at(passage.at_s for passage in truth.passages if passage.direction == "in")
    counted = at(passage.at_s for passage in measured.passages if passage.direction == "in")
    return {
        "crossing_precision": Ratio(right, right + false),
        "crossing_recall": Ratio(right, right + missed),
        "footfall_error_pct": Ratio(counted - came, came, 100.0),
    }


def occupancy_ratio(truth: Happened, measured: Happened) -> Ratio:
    """Mean error of people inside at the times at which they were measured."""
    at, count = _blocks(truth), blocks_in(truth.begin_s, truth.end_s)
    samples = [each for each in measured.occupancy if truth.begin_s <= each.at_s <= truth.end_s]
    real = people_at(truth.occupancy, [each.at_s for each in samples])
    off = np.abs(np.array([each.people for each in samples]) - real)
    total = np.zeros(count)
    for each, error in zip(samples, off, strict=True):
        total[block_of(each.at_s, truth.begin_s, count)] += error
    return Ratio(total, at(each.at_s for each in samples))


def people_at(steps: Sequence[Headcount], times: Sequence[float]) -> Floats:
    """People inside at each time; nobody before the first step."""
    ordered = sorted(steps)
    index = np.searchsorted([step.at_s for step in ordered], times, side="right")
    return np.array([0, *(step.people for step in ordered)], dtype=float)[index]


def stay_ratios(truth: Sequence[Stay], measured: Sequence[Stay], day: Happened) -> list[Ratio]:
    """[mean error of matched stays in seconds, precision, recall, net error of all seconds, %].

    Stays that are cut, and what was measured of them, are left out.
    """
    pairs = match_stays(truth, measured)
    both = [(truth[i], measured[j]) for i, j in pairs.both if not truth[i].cut]
    missed = [truth[i] for i in pairs.missed if not truth[i].cut]
    false = [measured[j] for j in pairs.false]
    at = _blocks(day)
    right = at(real.begin_s for real, _ in both)
    error = _summed(day, ((real.begin_s, told.seconds - real.seconds) for real, told in both))
    there = [*(real for real, _ in both), *missed]
    told = [*(told for _, told in both), *false]
    seconds = _summed(day, ((stay.begin_s, stay.seconds) for stay in there))
    seen = _summed(day, ((stay.begin_s, stay.seconds) for stay in told))
    return [
        Ratio(error, right),
        Ratio(right, right + at(stay.begin_s for stay in false)),
        Ratio(right, right + at(stay.begin_s for stay in missed)),
        Ratio(seen - seconds, seconds, 100.0),
    ]


def queue_ratio(truth: Happened, measured: Happened) -> Ratio:
    """Mean error of the number of people waiting, over all times (5 s apart) and queues."""
    count = blocks_in(truth.begin_s, truth.end_s)
    times = np.arange(truth.begin_s + QUEUE_STEP_S / 2, truth.end_s, QUEUE_STEP_S)
    blocks = np.array([block_of(time, truth.begin_s, count) for time in times], dtype=int)
    off, seen = np.zeros(count), np.zeros(count)
    zones = {stay.zone for stay in (*truth.queues, *measured.queues)}
    for zone in zones.union(truth.queue_zones):
        error = np.abs(
            waiting_at(measured.queues, zone, times) - waiting_at(truth.queues, zone, times)
        )
        np.add.at(off, blocks, error)
        np.add.at(seen, blocks, 1.0)
    return Ratio(off, seen)


def waiting_at(queues: Sequence[Stay], zone: str, times: Floats) -> Floats:
    """People waiting in one queue at each time."""
    mine = [stay for stay in queues if stay.zone == zone]
    begun = np.searchsorted(np.sort([stay.begin_s for stay in mine]), times, side="right")
    over = np.searchsorted(np.sort([stay.end_s for stay in mine]), times, side="right")
    return np.asarray(begun - over, dtype=float)


def _blocks(day: Happened) -> Callable[[Iterable[float]], Floats]:
    """Counts times by block."""
    return lambda times: _summed(day, ((time, 1.0) for time in times))


def _summed(day: Happened, amounts: Iterable[tuple[float, float]]) -> Floats:
    """Absolute amounts summed up by the block of their time."""
    count = blocks_in(day.begin_s, day.end_s)
    total = np.zeros(count)
    for at_s, amount in amounts:
        total[block_of(at_s, day.begin_s, count)] += abs(amount)
    return total
