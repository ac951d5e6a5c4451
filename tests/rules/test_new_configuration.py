"""What goes on and what is closed when the rules get another configuration."""

from __future__ import annotations

from dataclasses import dataclass

from msgspec import structs

from contracts.events import CoverageMinute, LineCrossed, ZoneVisit
from contracts.store import Camera, Door, Store, StoreConfig, Zone
from edge_agent.messages import CameraReport, TrackedBox, TracksUpdated
from edge_agent.rules.engine import RuleEngine
from edge_agent.rules.facts import Fact
from edge_agent.rules.occupancy import Tally

START_S = 1_750_000_020.0
LEFT = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))
WHOLE = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))


def shop(
    cameras: tuple[str, ...] = ("a", "b"), **zones: tuple[str, tuple[tuple[float, float], ...]]
) -> StoreConfig:
    """Cameras, a door at the first, and zones by name: (camera, polygon)."""
    return StoreConfig(
        store=Store(id="shop", name="Shop", time_zone="UTC"),
        cameras=tuple(Camera(id=name, url=f"rtsp://10.0.0.1/{name}") for name in cameras),
        doors=(
            Door(name="door", camera="b", outer=((0, 0.2), (1, 0.2)), inner=((0, 0.3), (1, 0.3))),
        ),
        zones=tuple(
            Zone(name=name, camera=camera, polygon=polygon, min_dwell_s=1.0)
            for name, (camera, polygon) in zones.items()
        ),
    )


@dataclass
class Shop:
    """An engine that is fed seconds, and given other configurations as the worker does."""

    engine: RuleEngine
    at_s: float = START_S

    def stand(self, camera: str, place: tuple[float, float], seconds: float) -> list[Fact]:
        """Track 1 of a camera stands at a place."""
        facts: list[Fact] = []
        for _ in range(int(seconds * 10)):
            self.at_s += 0.1
            x, y = place
            box = TrackedBox(1, x - 0.01, y - 0.2, x + 0.01, y, 0.9, True)
            facts += self.engine.tracks(TracksUpdated(camera, 0, self.at_s, self.at_s, [box], []))
        return facts

    def report(self, camera: str) -> None:
        news = CameraReport(camera, "live", self.at_s, 10, 1.0)
        self.engine.camera(news, self.at_s, self.at_s)

    def adopt(self, config: StoreConfig) -> list[Fact]:
        facts = self.engine.leave(config, self.at_s, self.at_s)
        state = self.engine.state()
        self.engine = RuleEngine(config, state.tally, self.at_s, self.at_s)
        self.engine.restore(structs.replace(state))
        return facts


def begin(config: StoreConfig) -> Shop:
    return Shop(RuleEngine(config, Tally(reset_at_s=START_S), START_S, START_S))


def visits(facts: list[Fact]) -> list[tuple[str, float, bool]]:
    found = [f.payload for f in facts if isinstance(f.payload, ZoneVisit)]
    return [(visit.zone, round(visit.dwell_s), visit.censored) for visit in found]


def test_a_visit_in_a_zone_that_stays_goes_on() -> None:
    one = begin(shop(x=("a", LEFT)))
    one.stand("a", (0.8, 0.5), 1)
    one.stand("a", (0.2, 0.5), 5)
    assert visits(one.adopt(shop(x=("a", LEFT), y=("b", LEFT)))) == []
    one.stand("a", (0.2, 0.5), 5)
    assert visits(one.stand("a", (0.8, 0.5), 2)) == [("x", 10, False)]


def test_a_zone_that_changed_or_went_is_closed_and_begins_anew() -> None:
    one = begin(shop(x=("a", LEFT), y=("a", WHOLE)))
    one.stand("a", (0.8, 0.5), 1)
    one.stand("a", (0.2, 0.5), 5)
    told = visits(one.adopt(shop(x=("a", WHOLE))))
    assert sorted(told) == [("x", 5, True), ("y", 6, True)]
    assert one.engine.gauges['zone_people{zone="x"}'] == 0
    one.stand("a", (0.2, 0.5), 1)
    assert one.engine.gauges['zone_people{zone="x"}'] == 1
    assert 'zone_people{zone="y"}' not in one.engine.gauges


def test_occupancy_and_a_walk_through_a_door_go_on() -> None:
    one = begin(shop())
    one.stand("b", (0.5, 0.1), 1)
    one.stand("b", (0.5, 0.25), 0.5)
    one.adopt(shop(x=("a", LEFT)))
    facts = one.stand("b", (0.5, 0.5), 1)
    assert [f.payload.direction for f in facts if isinstance(f.payload, LineCrossed)] == ["in"]
    one.adopt(shop())
    assert one.engine.gauges["occupancy"] == 1


def test_a_camera_that_goes_has_its_last_minute_and_a_new_one_its_first() -> None:
    one = begin(shop(("a", "b")))
    for _ in range(20):
        one.at_s += 1
        one.report("a")
        one.report("b")
    facts = one.adopt(shop(("b", "c")))
    minutes = [f.payload for f in facts if isinstance(f.payload, CoverageMinute)]
    assert [(m.camera, m.expected_s, m.observed_s) for m in minutes] == [("a", 20.0, 20.0)]
    one.at_s += 10
    one.report("b")
    one.report("c")
    last = one.engine.finish(one.at_s, one.at_s)
    found = {f.payload.camera: f.payload for f in last if isinstance(f.payload, CoverageMinute)}
    assert set(found) == {"b", "c"}
    assert found["b"].expected_s == 30.0
    assert found["c"].expected_s == 10.0
