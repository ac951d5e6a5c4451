"""Visits against truth: how many came, how long they stayed, and for whom both is known.

A visit is found by its identity: the one that was paired with it (`identity_score`). Staff are
left out, and so is what the window's begin or end cuts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from contracts.events import VisitClosed
from simulator.days.records import DayVisit
from trinetra.evaluation.estimates import Ratio


def visit_ratios(
    truth: Sequence[DayVisit],
    told: Sequence[VisitClosed],
    numbers: Mapping[tuple[int, int], int],
    of_visit: Mapping[int, str],
) -> dict[str, Ratio]:
    """Net error of visits that began (%), linked share, mean error of linked ones (seconds).

    A visit is linked if its identity was seen to come in and to go out again. `numbers` are those
    of (person, visit), `of_visit` the identity of each number. Resampling draws visits.
    """
    customers = [visit for visit in truth if not visit.staff]
    came = sum(visit.entered_at is not None for visit in customers)
    counted = sum(visit.entered_at is not None and visit.staff is not True for visit in told)
    found: dict[str, list[VisitClosed]] = defaultdict(list)
    for visit in told:
        found[visit.identity].append(visit)
    errors = [
        _error_s(visit, found[of_visit.get(numbers.get((visit.person, visit.visit), -1), "")])
        for visit in customers
        if visit.entered_at is not None and visit.exited_at is not None
    ]
    linked = np.array([error is not None for error in errors], dtype=float)
    off_s = np.array([0.0 if error is None else error for error in errors])
    return {
        "visit_error_pct": Ratio(np.array([float(counted - came)]), np.array([float(came)]), 100.0),
        "visit_linked_share": Ratio(linked, np.ones(len(errors))),
        "visit_mae_s": Ratio(off_s, linked),
    }


def _error_s(real: DayVisit, told: Sequence[VisitClosed]) -> float | None:
    """How far the visit's length is off; None if it was not linked."""
    assert real.entered_at is not None
    assert real.exited_at is not None
    lengths = [
        (each.exited_at - each.entered_at).total_seconds()
        for each in told
        if each.entered_at is not None and each.exited_at is not None
    ]
    if not lengths:
        return None
    return abs(max(lengths) - (real.exited_at - real.entered_at))
