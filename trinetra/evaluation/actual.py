"""From a simulated day's truth to the tables that are compared."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from contracts.store import StoreConfig
from simulator.days import DayTruth
from trinetra.evaluation.camera_stage import MARK_S, Sight
from trinetra.evaluation.happened import Happened, Headcount, Passage, Stay
from trinetra.evaluation.identity_score import NOBODY, Mark


class Part(NamedTuple):
    """A track's identity from `since_s` on (UNIX seconds), until the next part."""

    since_s: float
    identity: str


Identities = dict[tuple[str, int], list[Part]]
"""The parts of each track, oldest first, by camera and track id."""


def happened_in(truth: DayTruth, config: StoreConfig) -> Happened:
    """What a perfect agent with these cameras would measure.

    Doors that no camera watches are left out, and so are stays shorter than a visit. People
    inside are customers: staff come and go by a door that nobody counts.
    """
    least_s = {zone.name: zone.min_dwell_s for zone in config.zones if zone.kind == "zone"}
    return Happened(
        truth.begins_at,
        truth.ends_at,
        passages=[
            Passage(each.door, each.direction, each.at, each.person)
            for each in truth.crossings
            if each.watched
        ],
        stays=[
            Stay(each.zone, each.entered_at, each.left_at, each.person, each.censored)
            for each in truth.zone_stays
            if each.zone in least_s and each.dwell_s >= least_s[each.zone]
        ],
        queues=[
            Stay(each.zone, each.joined_at, each.left_at, each.person, each.censored)
            for each in truth.queue_episodes
        ],
        occupancy=[Headcount(step.at, step.customers) for step in truth.occupancy],
        queue_zones=[zone.name for zone in config.zones if zone.kind == "queue"],
        heat=truth.heatmap_blocks,
    )


@dataclass(frozen=True)
class Who:
    """Whose visit a person is on at a time; a person on several visits by the nearest sighting."""

    visits: Mapping[int, Sequence[tuple[float, float, int]]]
    visible_s: Mapping[int, float]
    staff: frozenset[int]
    """Visits of people at work."""
    numbers: Mapping[tuple[int, int], int]
    """Of a person on the visit that the simulator's truth calls so."""

    def visit(self, person: int, at_s: float) -> int:
        """Number of the visit; `NOBODY` for a false alarm."""
        spans = self.visits.get(person)
        if not spans:
            return NOBODY
        return min(spans, key=lambda span: max(span[0] - at_s, at_s - span[1], 0.0))[2]


def who_is_who(truth: DayTruth) -> Who:
    """Numbers every person's visit (passers-by count, too) and adds up for how long it is seen."""
    numbers: dict[tuple[int, int], int] = {}
    visits: dict[int, list[tuple[float, float, int]]] = defaultdict(list)
    visible_s: dict[int, float] = defaultdict(float)
    at_work = {visit.person for visit in truth.visits if visit.staff}
    for seen in truth.sightings:
        number = numbers.setdefault((seen.person, seen.visit), len(numbers))
        visits[seen.person].append((seen.from_at, seen.to_at, number))
        visible_s[number] += seen.to_at - seen.from_at
    staff = frozenset(number for (person, _), number in numbers.items() if person in at_work)
    return Who(visits, visible_s, staff, numbers)


def marks_of(sights: Iterable[Sight], identities: Identities, who: Who, unknown: str) -> list[Mark]:
    """What the tracks lay on, under the identities that were told of those parts in the end."""
    marks = []
    for sight in sights:
        if sight.track_id < 0:
            continue
        parts = identities.get((sight.camera, sight.track_id), ())
        now = [part.identity for part in parts if part.since_s <= sight.at_s]
        identity = now[-1] if now else unknown
        marks.append(
            Mark(
                sight.camera,
                sight.track_id,
                "" if identity == unknown else identity,
                who.visit(sight.person, sight.at_s) if sight.person >= 0 else NOBODY,
                MARK_S,
            )
        )
    return marks
