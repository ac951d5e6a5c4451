"""Which truth a measurement belongs to, one to one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from scipy.optimize import linear_sum_assignment

from trinetra.evaluation.happened import Passage, Stay

WITHIN_S = 2.0
LEAST_OVERLAP_S = 1.0


class Pairs(NamedTuple):
    """Indices into truth and measured: those that belong together, and those left over."""

    both: list[tuple[int, int]]
    missed: list[int]
    false: list[int]


def match_passages(
    truth: Sequence[Passage], measured: Sequence[Passage], within_s: float = WITHIN_S
) -> Pairs:
    """Passages of the same door and direction at most `within_s` apart.

    Going through both in order of time and pairing whatever fits gives the most pairs that any
    one-to-one matching can have, since every passage reaches equally far.
    """
    both: list[tuple[int, int]] = []
    theirs = _grouped(measured)
    for key, ours in _grouped(truth).items():
        others = theirs.get(key, [])
        i = j = 0
        while i < len(ours) and j < len(others):
            late_s = measured[others[j]].at_s - truth[ours[i]].at_s
            if abs(late_s) <= within_s:
                both.append((ours[i], others[j]))
                i, j = i + 1, j + 1
            elif late_s > 0:
                i += 1
            else:
                j += 1
    return _left_over(both, len(truth), len(measured))


def match_stays(truth: Sequence[Stay], measured: Sequence[Stay]) -> Pairs:
    """Stays in the same zone that share the most time in all, a second at least."""
    both: list[tuple[int, int]] = []
    for zone in {stay.zone for stay in truth}:
        ours = [i for i, stay in enumerate(truth) if stay.zone == zone]
        others = [j for j, stay in enumerate(measured) if stay.zone == zone]
        common = _common_s([truth[i] for i in ours], [measured[j] for j in others])
        for a, b in zip(*linear_sum_assignment(common, maximize=True), strict=True):
            if common[a, b] >= LEAST_OVERLAP_S:
                both.append((ours[a], others[b]))
    return _left_over(both, len(truth), len(measured))


def _common_s(truth: Sequence[Stay], measured: Sequence[Stay]) -> np.ndarray:
    """Seconds that each pair shares."""
    ours = np.array([(stay.begin_s, stay.end_s) for stay in truth]).reshape(-1, 2)
    theirs = np.array([(stay.begin_s, stay.end_s) for stay in measured]).reshape(-1, 2)
    begin = np.maximum(ours[:, None, 0], theirs[None, :, 0])
    end = np.minimum(ours[:, None, 1], theirs[None, :, 1])
    return np.asarray(np.maximum(end - begin, 0.0))


def _grouped(passages: Iterable[Passage]) -> dict[tuple[str, str], list[int]]:
    """Indices by door and direction, in order of time."""
    found: dict[tuple[str, str], list[int]] = defaultdict(list)
    for index, passage in sorted(enumerate(passages), key=lambda item: item[1].at_s):
        found[passage.door, passage.direction].append(index)
    return found


def _left_over(both: list[tuple[int, int]], truth: int, measured: int) -> Pairs:
    ours, theirs = {i for i, _ in both}, {j for _, j in both}
    return Pairs(
        sorted(both),
        [i for i in range(truth) if i not in ours],
        [j for j in range(measured) if j not in theirs],
    )
