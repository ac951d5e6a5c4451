"""Which crossings repeat another one, once two tracks are known to be one person."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from contracts.events import Direction
from edge_agent.messages import TrackedBox

SAME_WAY_S = 3.0
"""One identity on two tracks passes a door the same way twice: counted twice within this."""
JOINED_S = 10.0
"""The same for tracks that were joined explicitly: their likeness was looked at."""
OPPOSITE_S = 2.0
"""Nobody walks in and out again this fast on two tracks: one of them was no person."""
APART = 0.5
"""Boxes that share less than this of the smaller one are two people."""


class Crossing(msgspec.Struct):
    """A crossing that was told; `apart` are tracks that were seen elsewhere in that frame.

    `missed` says that the tally had nobody inside who could leave.
    """

    id: str
    door: str
    camera: str
    track_id: int
    direction: Direction
    at_s: float
    missed: bool
    apart: list[int]


def apart_from(box: TrackedBox, others: Iterable[TrackedBox]) -> list[int]:
    """Ids of the boxes that show somebody else than `box` does."""
    return [o.track_id for o in others if o.track_id != box.track_id and _shared(box, o) < APART]


def repeat_among(
    kept: list[Crossing], gone: list[Crossing], *, joined: bool, overlap: bool
) -> list[Crossing]:
    """Those of `gone` that count again what was counted for `kept`.

    Between two crossings the same way a person must have come back; if nobody saw it and the
    time was short, they are one. Opposite ones are an artefact only where both tracks were
    seen at the time (`overlap`). Whom the camera saw in two places at once is two people.
    """
    within_s = JOINED_S if joined else SAME_WAY_S
    repeats: list[Crossing] = []
    for crossing in gone:
        mine = [k for k in kept if k.door == crossing.door and not _two_people(k, crossing)]
        between = [*mine, *(g for g in gone if g is not crossing and g not in repeats)]
        near = min(mine, key=lambda k: abs(k.at_s - crossing.at_s), default=None)
        if near is None:
            continue
        apart_s = abs(near.at_s - crossing.at_s)
        if near.direction == crossing.direction:
            again = apart_s <= within_s and not _came_back(near, crossing, between)
        else:
            again = overlap and apart_s <= OPPOSITE_S
        repeats += [crossing] if again else []
    return repeats


def _came_back(one: Crossing, other: Crossing, between: Iterable[Crossing]) -> bool:
    first_s, last_s = sorted((one.at_s, other.at_s))
    return any(
        c.door == one.door and c.direction != one.direction and first_s < c.at_s < last_s
        for c in between
    )


def _two_people(one: Crossing, other: Crossing) -> bool:
    return other.track_id in one.apart or one.track_id in other.apart


def _shared(one: TrackedBox, other: TrackedBox) -> float:
    """Intersection over the smaller area; 0 for boxes without one."""
    width = min(one.x2, other.x2) - max(one.x1, other.x1)
    height = min(one.y2, other.y2) - max(one.y1, other.y1)
    smaller = min(
        (one.x2 - one.x1) * (one.y2 - one.y1), (other.x2 - other.x1) * (other.y2 - other.y1)
    )
    return width * height / smaller if min(width, height, smaller) > 0 else 0.0
