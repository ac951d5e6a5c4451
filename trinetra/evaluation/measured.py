"""From the rules' facts to what was measured: retracted ones left out, one table per kind."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from contracts.events import (
    CoverageMinute,
    HeatmapTile,
    LineCrossed,
    OccupancySampled,
    QueueEpisode,
    Retraction,
    VisitClosed,
    ZoneVisit,
)
from contracts.store import StoreConfig
from edge_agent.rules.facts import Fact
from trinetra.evaluation.estimates import block_of, blocks_in
from trinetra.evaluation.happened import Happened, Headcount, Passage, Stay


@dataclass(frozen=True)
class Measured:
    """`happened`, and beside it: the visits, and each camera-minute's covered share.

    `coverage` is by (camera, UNIX second at which the minute begins).
    """

    happened: Happened
    visits: Sequence[VisitClosed]
    coverage: dict[tuple[str, float], float]
    retracted: int


def measured_of(
    facts: Iterable[Fact], config: StoreConfig, begin_s: float, end_s: float, shape: tuple[int, int]
) -> Measured:
    """Gather the facts of `begin_s` to `end_s`; `shape` is that of the heatmap (rows, columns)."""
    told = list(facts)
    wrong = {fact.payload.event_id for fact in told if isinstance(fact.payload, Retraction)}
    kept = [fact for fact in told if fact.id not in wrong]
    kinds = {zone.name: zone.kind for zone in config.zones}
    zone_visits = [f.payload for f in kept if isinstance(f.payload, ZoneVisit)]
    queues = [f.payload for f in kept if isinstance(f.payload, QueueEpisode)]
    happened = Happened(
        begin_s,
        end_s,
        passages=[
            Passage(f.payload.door, f.payload.direction, f.at_s, f.payload.track_id)
            for f in kept
            if isinstance(f.payload, LineCrossed)
        ],
        stays=[
            Stay(v.zone, _seconds(v.entered_at), _seconds(v.left_at), v.track_id)
            for v in zone_visits
            if kinds.get(v.zone) == "zone"
        ],
        queues=[
            Stay(q.zone, _seconds(q.joined_at), _seconds(q.left_at), q.track_id) for q in queues
        ],
        occupancy=[
            Headcount(f.at_s, f.payload.occupancy)
            for f in kept
            if isinstance(f.payload, OccupancySampled)
        ],
        heat=_heat(kept, begin_s, end_s, shape),
    )
    return Measured(
        happened,
        [f.payload for f in kept if isinstance(f.payload, VisitClosed)],
        {
            (f.payload.camera, _seconds(f.payload.minute)): f.payload.observed_s
            / f.payload.expected_s
            for f in kept
            if isinstance(f.payload, CoverageMinute) and f.payload.expected_s > 0
        },
        len(wrong),
    )


def _heat(
    facts: Iterable[Fact], begin_s: float, end_s: float, shape: tuple[int, int]
) -> np.ndarray:
    blocks = blocks_in(begin_s, end_s)
    heat = np.zeros((blocks, *shape))
    for fact in facts:
        tile = fact.payload
        if isinstance(tile, HeatmapTile):
            block = block_of(_seconds(tile.window_start), begin_s, blocks)
            np.add.at(heat[block], (tile.y, tile.x), tile.seconds)
    return heat


def _seconds(time: datetime) -> float:
    return time.timestamp()
