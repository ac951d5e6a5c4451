"""Lost tracks of one camera: does this new track go on where that one ended?

A new track may go on a lost one for 10 s, if the two look alike (cosine 0.65) and nobody would
have had to run from the one's last place to the other's first.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.optimize import linear_sum_assignment

from edge_agent.identity.identities import View
from edge_agent.identity.settings import IdentityRules
from edge_agent.identity.tracklet import Tracklet, picture_step

BODY_M = 1.7
SLACK_M = 0.5
SIGMAS = 3.0


def within_reach(before: Tracklet, after: Tracklet, rules: IdentityRules) -> bool:
    """True if a walking person could be at both: on the floor, else in one camera's picture."""
    gap_s = max(after.start_s - before.last_s, 0.0)
    old, new = before.trail.last, after.trail.first
    if old is not None and new is not None:
        step_s = max(new.at_s - old.at_s, gap_s) + (
            rules.align_s if before.camera != after.camera else 0.0
        )
        slack_m = SLACK_M + SIGMAS * float(np.hypot(old.sigma_m, new.sigma_m))
        return old.distance_m(new) <= rules.speed_m_s * step_s + slack_m
    if before.camera != after.camera:
        return True
    step = picture_step(before, after)
    return step is None or step * BODY_M <= rules.speed_m_s * gap_s + SLACK_M


def continued(
    lost: Sequence[Tracklet], fresh: Sequence[Tracklet], rules: IdentityRules, view: View
) -> list[tuple[Tracklet, Tracklet]]:
    """Pairs (lost, fresh) that are one person, each track in one pair at most."""
    likeness = np.zeros((len(lost), len(fresh)))
    for row, before in enumerate(lost):
        for column, after in enumerate(fresh):
            likeness[row, column] = _likeness(before, after, rules, view)
    rows, columns = linear_sum_assignment(likeness, maximize=True)
    return [
        (lost[row], fresh[column])
        for row, column in zip(rows, columns, strict=True)
        if likeness[row, column] > 0
    ]


def _likeness(before: Tracklet, after: Tracklet, rules: IdentityRules, view: View) -> float:
    """Cosine of a pair that passes every gate, else 0."""
    gap_s = after.start_s - before.last_s
    if before.camera != after.camera or not 0 <= gap_s <= rules.reconcile_s or after.is_rest:
        return 0.0
    old, new = before.features.mean(), after.features.mean()
    if old is None or new is None or not within_reach(before, after, rules):
        return 0.0
    cosine = float(view(before.camera, old) @ view(after.camera, new))
    return cosine if cosine >= rules.reconcile_cosine else 0.0
