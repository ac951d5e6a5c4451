"""Whether one person is one identity, on all cameras jointly.

Truth are sightings: one visit of one person on one camera from begin to end. Measured are marks:
a moment on a camera at which a track of some identity lay on some visit's person. Identities and
visits are paired one to one so that the time they share is greatest (IDF1, Ristani et al. 2016,
in seconds instead of frames and over all cameras).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

import numpy as np
from scipy.optimize import linear_sum_assignment

from trinetra.evaluation.estimates import Ratio

NOBODY = -1
"""Instead of a visit: the track lay on nobody (a false alarm)."""


class Mark(NamedTuple):
    """`seconds` for which a track of `identity` ("" = unknown) lay on `visit`'s person."""

    camera: str
    track_id: int
    identity: str
    visit: int
    seconds: float


@dataclass(frozen=True)
class IdentityScore:
    """`f1`, `precision`, `recall` of seconds; `pair_*` of pairs of tracks, across cameras only.

    `f1_apart` is `f1` without the visits that were to be left out. Resampling draws visits.
    `of_visit` says which identity each visit was paired with.
    """

    f1: Ratio
    f1_apart: Ratio
    precision: Ratio
    recall: Ratio
    pair_precision: Ratio
    pair_recall: Ratio
    unknown_share: float | None
    of_visit: Mapping[int, str]


def score_identities(
    visible_s: Mapping[int, float], marks: Sequence[Mark], apart: Collection[int] = ()
) -> IdentityScore:
    """Score marks against the seconds for which each visit's person could be seen, all cameras.

    A person may be marked longer than visible (the tracker bridges what truth calls hidden); the
    visible time is then taken as long as the marked. `apart` are visits that `f1_apart` leaves out.
    """
    shared = _shared(marks)
    visits = sorted({*visible_s, *(visit for _, visit in shared if visit != NOBODY)})
    identities = sorted({identity for identity, _ in shared})
    of_visit = _paired(shared, identities, visits)
    known = _by_visit(shared, identities, of_visit)
    right = np.array([shared.get((of_visit.get(visit, ""), visit), 0.0) for visit in visits])
    marked: dict[int, float] = defaultdict(float)
    for mark in marks:
        marked[mark.visit] += mark.seconds
    there = np.array([max(visible_s.get(v, 0.0), marked.get(v, 0.0)) for v in visits])
    claimed = np.array([known.get(visit, 0.0) for visit in [*visits, NOBODY]])
    right, there = np.append(right, 0.0), np.append(there, 0.0)
    pairs = _pair_ratios(marks, visits)
    total_s = sum(mark.seconds for mark in marks)
    unknown_s = sum(mark.seconds for mark in marks if not mark.identity)
    kept = np.array([visit not in apart for visit in [*visits, NOBODY]])
    return IdentityScore(
        f1_apart=Ratio(2 * right[kept], (claimed + there)[kept]),
        f1=Ratio(2 * right, claimed + there),
        precision=Ratio(right, claimed),
        recall=Ratio(right, there),
        pair_precision=pairs[0],
        pair_recall=pairs[1],
        unknown_share=unknown_s / total_s if total_s else None,
        of_visit=of_visit,
    )


def _shared(marks: Iterable[Mark]) -> dict[tuple[str, int], float]:
    """Seconds that each known identity shares with each visit."""
    shared: dict[tuple[str, int], float] = defaultdict(float)
    for mark in marks:
        if mark.identity:
            shared[mark.identity, mark.visit] += mark.seconds
    return shared


def _paired(
    shared: Mapping[tuple[str, int], float], identities: Sequence[str], visits: Sequence[int]
) -> dict[int, str]:
    """The identity of each visit, one to one, for the greatest shared time."""
    table = np.zeros((len(identities), len(visits)))
    rows = {identity: row for row, identity in enumerate(identities)}
    columns = {visit: column for column, visit in enumerate(visits)}
    for (identity, visit), seconds in shared.items():
        if visit != NOBODY:
            table[rows[identity], columns[visit]] = seconds
    chosen = zip(*linear_sum_assignment(table, maximize=True), strict=True)
    return {visits[j]: identities[i] for i, j in chosen if table[i, j] > 0}


def _by_visit(
    shared: Mapping[tuple[str, int], float],
    identities: Iterable[str],
    of_visit: Mapping[int, str],
) -> dict[int, float]:
    """Seconds claimed by identities, booked on the visit that each belongs to.

    One that was paired with nobody is booked where it lay longest.
    """
    owner = {identity: visit for visit, identity in of_visit.items()}
    total: dict[str, float] = defaultdict(float)
    longest: dict[str, tuple[float, int]] = {}
    for (identity, visit), seconds in shared.items():
        total[identity] += seconds
        longest[identity] = max(longest.get(identity, (0.0, NOBODY)), (seconds, visit))
    booked: dict[int, float] = defaultdict(float)
    for identity in identities:
        booked[owner.get(identity, longest[identity][1])] += total[identity]
    return booked


def _pair_ratios(marks: Iterable[Mark], visits: Sequence[int]) -> tuple[Ratio, Ratio]:
    """Precision and recall of "these two tracks of different cameras are one person".

    A track is its longest visit's and has its longest identity; a pair is booked half and half.
    """
    tracks = _tracks(marks)
    index = {visit: i for i, visit in enumerate([*visits, NOBODY])}
    right, said, real = (np.zeros(len(index)) for _ in range(3))
    same_person = _pairs(tracks, key=1)
    same_identity = _pairs(tracks, key=2)
    for pairs, total in ((same_person, real), (same_identity, said)):
        for a, b in pairs:
            total[index[tracks[a][1]]] += 0.5
            total[index[tracks[b][1]]] += 0.5
    for a, _ in same_person & same_identity:
        right[index[tracks[a][1]]] += 1.0
    return Ratio(right, said), Ratio(right, real)


def _pairs(tracks: Sequence[tuple[str, int, str]], key: int) -> set[tuple[int, int]]:
    """Pairs of tracks on different cameras that agree in column `key`."""
    groups: dict[Hashable, list[int]] = defaultdict(list)
    for index, track in enumerate(tracks):
        if track[key] not in ("", NOBODY):
            groups[track[key]].append(index)
    return {
        (a, b)
        for group in groups.values()
        for a, b in combinations(group, 2)
        if tracks[a][0] != tracks[b][0]
    }


def _tracks(marks: Iterable[Mark]) -> list[tuple[str, int, str]]:
    """(camera, longest visit, longest identity) of every track."""
    visits: dict[tuple[str, int], dict[int, float]] = defaultdict(lambda: defaultdict(float))
    names: dict[tuple[str, int], dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for mark in marks:
        visits[mark.camera, mark.track_id][mark.visit] += mark.seconds
        names[mark.camera, mark.track_id][mark.identity] += mark.seconds
    return [
        (key[0], max(lain, key=lambda v: lain[v]), max(names[key], key=lambda n: names[key][n]))
        for key, lain in sorted(visits.items())
    ]
