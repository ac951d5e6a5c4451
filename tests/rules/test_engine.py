"""The rules of a whole store: messages in, facts out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

import pytest

from contracts.events import (
    CameraStatus,
    CoverageMinute,
    GeometryChanged,
    HeatmapTile,
    LineCrossed,
    OccupancySampled,
    Payload,
    ZoneVisit,
)
from contracts.store import StoreConfig, parse_store
from edge_agent.messages import CameraReport, IdentityAssigned, TrackedBox, TracksUpdated
from edge_agent.rules.engine import RuleEngine
from edge_agent.rules.facts import Fact
from edge_agent.rules.occupancy import Tally
from tests.rules.plans import shop

START_S = 1_750_000_040.0  # 20 s after a whole minute
P = TypeVar("P", bound=Payload)


def engine(config: StoreConfig | None = None) -> RuleEngine:
    return RuleEngine(config or shop(), Tally(reset_at_s=0.0), START_S, 0.0)


def frame(
    at_s: float,
    feet: tuple[float, float] | None = None,
    *,
    camera: str = "left",
    track_id: int = 1,
    ended: Iterable[int] = (),
    confirmed: bool = True,
) -> TracksUpdated:
    """One frame with at most one person whose feet are at a fraction of the picture."""
    boxes = []
    if feet:
        x, y = feet
        boxes = [TrackedBox(track_id, x - 0.05, y - 0.3, x + 0.05, y, 0.9, confirmed)]
    return TracksUpdated(camera, 0, at_s, at_s, boxes, list(ended))


def of(kind: type[P], facts: Iterable[Fact]) -> list[P]:
    return [fact.payload for fact in facts if isinstance(fact.payload, kind)]


def stroll(
    rules: RuleEngine, ys: list[float], *, x: float = 0.5, camera: str = "left"
) -> list[Fact]:
    """Someone walks down the picture, ten frames a second."""
    facts = []
    for index, y in enumerate(ys):
        facts += rules.tracks(frame(START_S + index * 0.1, (x, y), camera=camera))
    return facts


def test_a_person_through_the_door_is_a_crossing_and_occupancy() -> None:
    rules = engine()
    rules.identity(IdentityAssigned("left", 1, "a1b2", 0.9))
    facts = stroll(rules, [0.3, 0.4, 0.5, 0.6])
    (crossing,) = of(LineCrossed, facts)
    assert (crossing.door, crossing.direction, crossing.identity) == ("main", "in", "a1b2")
    assert [(fact.subject, fact.at_s) for fact in facts] == [("door/main", START_S + 0.3)]
    (sample,) = of(OccupancySampled, rules.tick(START_S + 1, 1.0))
    assert (sample.occupancy, sample.entries, sample.exits) == (1, 1, 0)


def test_the_other_cameras_people_do_not_pass_this_cameras_door() -> None:
    assert of(LineCrossed, stroll(engine(), [0.3, 0.4, 0.5, 0.6], camera="right")) == []


def test_a_run_through_the_door_that_ends_the_track_counts() -> None:
    rules = engine()
    assert stroll(rules, [0.3, 0.7]) == []
    facts = rules.tracks(frame(START_S + 1, ended=[1]))
    assert [c.direction for c in of(LineCrossed, facts)] == ["in"]
    assert rules.gauges["occupancy"] == 1


def test_a_stay_in_a_zone_on_the_floor_is_a_visit() -> None:
    rules = engine()
    facts = stroll(rules, [0.4] + [0.6] * 16 + [0.4] * 12, x=0.1)
    (visit,) = of(ZoneVisit, facts)
    assert (visit.zone, visit.dwell_s, visit.censored) == ("till", 1.5, False)
    assert visit.entered_at.timestamp() == pytest.approx(START_S + 0.1)
    assert rules.gauges['zone_people{zone="till"}'] == 0


def test_a_zone_in_the_picture_needs_no_floor() -> None:
    rules = engine()
    facts = stroll(rules, [0.1] * 60, x=0.9, camera="right") + rules.finish(START_S + 6, 6.0)
    (visit,) = of(ZoneVisit, facts)
    assert visit.zone == "shelf"
    assert visit.censored


def test_presence_becomes_tiles_of_confirmed_people_whose_feet_are_seen() -> None:
    rules = engine()
    stroll(rules, [0.51] * 11, x=0.1)
    for index in range(11):
        at_s = START_S + index * 0.1
        rules.tracks(frame(at_s, (0.3, 0.3), track_id=2, confirmed=False))
        rules.tracks(frame(at_s, (0.3, 1.0), track_id=3))
    facts = rules.finish(START_S + 1, 1.0)
    (tile,) = of(HeatmapTile, facts)
    assert (tile.camera, tile.cell_m, tile.x, tile.y) == ("left", 0.5, [1], [4])
    assert tile.seconds == [pytest.approx(1.0)]
    assert tile.window_end.timestamp() == START_S + 1


def test_camera_states_and_minutes_are_told() -> None:
    rules = engine()
    facts = []
    for second in range(1, 45):
        now_s = START_S + second
        for camera in ("left", "right"):
            report = CameraReport(camera, "live", now_s, 10, 1.0)
            facts += rules.camera(report, now_s, float(second))
        facts += rules.tick(now_s, float(second))
    assert [(s.camera, s.state) for s in of(CameraStatus, facts)] == [
        ("left", "live"),
        ("right", "live"),
    ]
    minutes = of(CoverageMinute, facts)
    assert [(m.camera, m.expected_s, m.observed_s) for m in minutes] == [
        ("left", 40.0, 40.0),
        ("right", 40.0, 40.0),
    ]
    assert len(of(OccupancySampled, facts)) == 2


def test_the_plan_is_told_at_the_start() -> None:
    (fact,) = engine().begin(START_S)
    plan = fact.payload
    assert isinstance(plan, GeometryChanged)
    assert (plan.width_m, plan.depth_m, plan.cell_m) == (8.0, 4.0, 0.5)
    assert len(plan.seen_cells) == 8
    assert {len(row) for row in plan.seen_cells} == {16}
    assert [shape.name for shape in plan.fixtures] == ["shelf"]
    (door,) = plan.doors
    assert door.camera == "left"
    assert door.points_m == [
        pytest.approx(point) for point in [(1.0, 1.8), (4.0, 1.8), (4.0, 2.2), (1.0, 2.2)]
    ]
    till, shelf = plan.zones
    assert till.points_m == [(0, 2), (4, 2), (4, 4), (0, 4)]
    assert shelf.points_m[0] == pytest.approx((5.5, 0.0))


def test_a_store_without_plan_and_doors_measures_less_and_invents_nothing() -> None:
    config = parse_store(
        '[store]\nid = "s"\nname = "S"\ntime_zone = "UTC"\n'
        '[[cameras]]\nid = "left"\nurl = "clip.mp4"\n'
        '[[zones]]\nname = "z"\ncamera = "left"\npolygon = [[0, 0], [1, 0], [1, 1]]\n'
    )
    rules = engine(config)
    (fact,) = rules.begin(START_S)
    assert isinstance(fact.payload, GeometryChanged)
    assert fact.payload.seen_cells == []
    assert fact.payload.zones[0].points_m == []
    stroll(rules, [0.3, 0.5, 0.7])
    facts = rules.tick(START_S + 60, 60.0) + rules.finish(START_S + 60, 60.0)
    assert of(OccupancySampled, facts) == []
    assert of(HeatmapTile, facts) == []


@pytest.mark.parametrize("at_s", [0.0, -5.0, 1e12])
def test_times_out_of_range_and_unknown_cameras_are_counted_and_dropped(at_s: float) -> None:
    rules = engine()
    assert rules.tracks(frame(at_s, (0.5, 0.5))) == []
    assert rules.camera(CameraReport("left", "live", at_s, 1, 1.0), START_S, 0.0) == []
    assert rules.tracks(frame(START_S, (0.5, 0.5), camera="nowhere")) == []
    assert rules.refused == 3


def test_the_same_messages_give_the_same_facts() -> None:
    first, second = engine(), engine()
    path = [0.2 + 0.02 * index for index in range(30)]
    assert stroll(first, path) == stroll(second, path)
    assert first.finish(START_S + 4, 4.0) == second.finish(START_S + 4, 4.0)
