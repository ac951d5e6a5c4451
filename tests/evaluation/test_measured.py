"""Facts become tables: retracted ones do not count, kinds do not mix."""

from __future__ import annotations

import numpy as np
import pytest

from contracts.events import (
    CoverageMinute,
    HeatmapTile,
    LineCrossed,
    OccupancySampled,
    Payload,
    QueueEpisode,
    Retraction,
    ZoneVisit,
)
from contracts.store import Camera, Store, StoreConfig, Zone
from edge_agent.rules.facts import Fact
from edge_agent.rules.occupancy import utc
from trinetra.evaluation.measured import Measured, measured_of

BEGIN_S = 1_000_200.0
SQUARE = ((0.1, 0.1), (0.9, 0.1), (0.9, 0.9))
CONFIG = StoreConfig(
    store=Store(id="s", name="S", time_zone="UTC"),
    cameras=(Camera(id="c", url="rtsp://c"),),
    zones=(
        Zone(name="shelf", camera="c", polygon=SQUARE),
        Zone(name="till", camera="c", kind="service", polygon=SQUARE, serves="line"),
        Zone(name="line", camera="c", kind="queue", polygon=SQUARE),
    ),
)


def fact(payload: Payload, at_s: float = BEGIN_S + 5, name: str = "") -> Fact:
    return Fact(payload, "subject", at_s, name)


def gathered(*facts: Fact) -> Measured:
    return measured_of(facts, CONFIG, BEGIN_S, BEGIN_S + 600, (2, 3))


def crossing(track: int) -> LineCrossed:
    return LineCrossed(door="main", camera="c", direction="in", track_id=track)


def test_a_retracted_crossing_never_happened() -> None:
    found = gathered(
        fact(crossing(1), name="a"),
        fact(crossing(2), name="b"),
        fact(Retraction(event_id="a", reason="one person"), name="r"),
    )
    assert [passage.who for passage in found.happened.passages] == [2]
    assert found.retracted == 1


def test_visits_of_queues_and_tills_are_no_zone_visits() -> None:
    times = {"entered_at": utc(BEGIN_S), "left_at": utc(BEGIN_S + 9)}
    visits = [
        fact(ZoneVisit(zone=zone, camera="c", track_id=1, dwell_s=9, **times))  # type: ignore[arg-type]
        for zone in ("shelf", "till", "line")
    ]
    wait = QueueEpisode(
        zone="line",
        camera="c",
        track_id=1,
        joined_at=utc(BEGIN_S),
        left_at=utc(BEGIN_S + 30),
        wait_s=30,
    )
    found = gathered(*visits, fact(wait)).happened
    assert [(stay.zone, stay.seconds) for stay in found.stays] == [("shelf", 9)]
    assert [(stay.zone, stay.seconds) for stay in found.queues] == [("line", 30)]


def test_tiles_add_up_in_their_block() -> None:
    def tile(at_s: float) -> Fact:
        return fact(
            HeatmapTile(
                camera="c",
                kind="presence",
                cell_m=0.25,
                window_start=utc(at_s),
                window_end=utc(at_s + 60),
                x=[0, 2, 2],
                y=[0, 1, 1],
                seconds=[1.0, 2.0, 3.0],
            )
        )

    heat = gathered(tile(BEGIN_S), tile(BEGIN_S + 60), tile(BEGIN_S + 300)).happened.heat
    assert heat.shape == (2, 2, 3)
    assert heat[0].tolist() == [[2, 0, 0], [0, 0, 10]]
    assert np.array_equal(heat[1], heat[0] / 2)


def test_coverage_is_the_observed_share_of_each_minute() -> None:
    minute = CoverageMinute(
        camera="c", minute=utc(BEGIN_S), expected_s=60, observed_s=45, frames=450
    )
    assert gathered(fact(minute)).coverage == {("c", BEGIN_S): pytest.approx(0.75)}


def test_occupancy_is_told_at_its_time() -> None:
    sample = OccupancySampled(occupancy=4, entries=6, exits=2)
    assert gathered(fact(sample)).happened.occupancy == [(BEGIN_S + 5, 4)]
