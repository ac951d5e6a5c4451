"""Queue episodes: who waited, for how long, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.geometry import Point
from contracts.store import Zone
from edge_agent.rules.queues import JOIN_S, TRANSFER_S, Episode, Queues, Who
from edge_agent.rules.zones import ZoneWatch

FRAME_S = 0.2
OUT: Point = (9.0, 0.5)
LINE, TILL, LINE2, TILL2 = (0.5, 1.5), (0.5, 0.5), (3.5, 1.5), (3.5, 0.5)


def square(x: float, y: float) -> tuple[Point, ...]:
    return ((x, y), (x + 1, y), (x + 1, y + 1), (x, y + 1))


ZONES = (
    Zone(name="line", camera="a", kind="queue", polygon_m=square(0, 1)),
    Zone(name="till", camera="a", kind="service", serves="line", polygon_m=square(0, 0)),
    Zone(name="line2", camera="a", kind="queue", polygon_m=square(3, 1)),
    Zone(name="till2", camera="b", kind="service", serves="line2", polygon_m=square(3, 0)),
)


@dataclass
class Shop:
    """Two queues; the second till has a camera of its own."""

    at_s: float = 1000.0
    one: set[frozenset[Who]] = field(default_factory=set)
    blind: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.watches = [(zone, ZoneWatch(zone.area, 0.0, reach=1.0)) for zone in ZONES]
        self.queues = Queues(
            self.watches,
            same=lambda one, other: frozenset({one, other}) in self.one,
            blind=lambda camera: camera in self.blind,
        )
        self.told: list[Episode] = []

    def stand(self, seconds: float, **people: Point) -> list[Episode]:
        """Everyone named (`a1` is track 1 of camera a) stands at a place; others are not seen."""
        for _ in range(round(seconds / FRAME_S)):
            self.at_s += FRAME_S
            for zone, watch in self.watches:
                for name, place in people.items():
                    if name[0] == zone.camera:
                        visit = watch.update(int(name[1:]), place, self.at_s)
                        if visit:
                            self.queues.closed(zone, visit)
                for visit in watch.expire(self.at_s):
                    self.queues.closed(zone, visit)
            self.told += self.queues.expire(self.at_s)
        return self.told

    def end(self, name: str) -> None:
        for zone, watch in self.watches:
            if zone.camera == name[0]:
                watch.ended(int(name[1:]), self.at_s)

    def stop(self) -> list[Episode]:
        for zone, watch in self.watches:
            for visit in watch.flush(self.at_s):
                self.queues.closed(zone, visit)
        self.told += self.queues.flush()
        return self.told


def test_waits_and_is_served() -> None:
    shop = Shop()
    shop.stand(2, a1=OUT)
    shop.stand(30, a1=LINE)
    assert shop.stand(20, a1=TILL) == []
    (episode,) = shop.stand(5, a1=OUT)
    assert (episode.zone, episode.outcome, episode.censored) == ("line", "served", False)
    assert episode.left_s - episode.joined_s == pytest.approx(30, abs=0.3)
    assert episode.service_s == pytest.approx(20, abs=0.3)


def test_passing_through_is_not_queueing() -> None:
    shop = Shop()
    shop.stand(1, a1=OUT)
    shop.stand(JOIN_S - 1, a1=LINE)
    shop.stand(20, a1=TILL)
    assert shop.stand(10, a1=OUT) == []
    assert shop.queues.state.waits == []


def test_leaves_without_service() -> None:
    shop = Shop()
    shop.stand(1, a1=OUT)
    shop.stand(12, a1=LINE)
    assert shop.stand(TRANSFER_S - 1, a1=OUT) == []
    (episode,) = shop.stand(2, a1=OUT)
    assert (episode.outcome, episode.service_s, episode.censored) == ("abandoned", None, False)


def test_walking_past_the_till_on_the_way_out_is_no_service() -> None:
    shop = Shop()
    shop.stand(1, a1=OUT)
    shop.stand(12, a1=LINE)
    shop.stand(2, a1=TILL)
    assert [e.outcome for e in shop.stand(10, a1=OUT)] == ["abandoned"]


def test_changing_the_queue_keeps_one_wait() -> None:
    shop = Shop()
    shop.one = {frozenset({("a", 1), ("b", 7)})}
    shop.stand(1, a1=OUT)
    shop.stand(15, a1=LINE)
    shop.stand(3, a1=OUT)
    shop.stand(15, a1=LINE2)
    shop.stand(20, a1=OUT, b7=TILL2)
    (episode,) = shop.stand(6, a1=OUT, b7=OUT)
    assert (episode.zone, episode.outcome) == ("line2", "served")
    assert episode.left_s - episode.joined_s == pytest.approx(33, abs=0.5)


def test_a_till_that_another_camera_watches_needs_the_identity() -> None:
    shop = Shop()
    shop.stand(1, a1=OUT)
    shop.stand(15, a1=LINE2)
    assert [e.outcome for e in shop.stand(10, a1=OUT, b7=TILL2)] == ["abandoned"]


def test_nobody_knows_what_happened_at_a_till_whose_camera_is_blind() -> None:
    shop = Shop()
    shop.blind = {"b"}
    shop.stand(1, a1=OUT)
    shop.stand(15, a1=LINE2)
    assert [e.outcome for e in shop.stand(10, a1=OUT)] == ["unknown"]


def test_lost_in_the_queue_is_unknown() -> None:
    shop = Shop()
    shop.stand(1, a1=OUT)
    shop.stand(15, a1=LINE)
    shop.end("a1")
    (episode,) = shop.stand(10)
    assert (episode.outcome, episode.censored) == ("unknown", True)


def test_a_track_that_breaks_on_the_way_to_the_till_is_found_there() -> None:
    shop = Shop()
    shop.stand(1, a1=OUT)
    shop.stand(15, a1=(0.5, 1.2))
    shop.end("a1")
    shop.stand(1)
    shop.stand(20, a2=(0.5, 0.7))
    (episode,) = shop.stand(8, a2=OUT)
    assert (episode.outcome, episode.track_id) == ("served", 1)


def test_a_track_that_breaks_in_the_queue_is_one_wait() -> None:
    shop = Shop()
    shop.stand(1, a1=OUT)
    shop.stand(8, a1=LINE)
    shop.end("a1")
    shop.stand(1)
    shop.stand(8, a2=LINE)
    shop.stand(10, a2=TILL)
    (episode,) = shop.stand(8, a2=OUT)
    assert episode.outcome == "served"
    assert episode.left_s - episode.joined_s == pytest.approx(17, abs=0.5)


def test_lost_at_the_till_is_served_with_a_service_of_unknown_length() -> None:
    shop = Shop()
    shop.stand(1, a1=OUT)
    shop.stand(15, a1=LINE)
    shop.stand(10, a1=TILL)
    shop.end("a1")
    (episode,) = shop.stand(10)
    assert (episode.outcome, episode.service_s, episode.censored) == ("served", None, False)


def test_who_was_there_first_when_watching_began_is_censored() -> None:
    shop = Shop()
    shop.stand(15, a1=LINE)
    shop.stand(10, a1=TILL)
    assert [e.censored for e in shop.stand(8, a1=OUT)] == [True]


def test_still_waiting_at_a_stop_is_unknown_and_censored() -> None:
    shop = Shop()
    shop.stand(1, a1=OUT)
    shop.stand(15, a1=LINE)
    (episode,) = shop.stop()
    assert (episode.outcome, episode.censored) == ("unknown", True)
    assert shop.queues.state.waits == []


def test_two_people_in_line_are_served_one_after_the_other() -> None:
    shop = Shop()
    shop.stand(1, a1=OUT, a2=OUT)
    shop.stand(12, a1=LINE, a2=(0.5, 1.9))
    shop.stand(12, a1=TILL, a2=LINE)
    shop.stand(12, a1=OUT, a2=TILL)
    told = shop.stand(8, a1=OUT, a2=OUT)
    waits = {e.track_id: round(e.left_s - e.joined_s) for e in told}
    assert waits == {1: 12, 2: 24}
    assert {e.outcome for e in told} == {"served"}


def test_the_length_counts_those_who_wait() -> None:
    shop = Shop()
    shop.stand(2, a1=OUT, a2=OUT)
    shop.stand(JOIN_S + 1, a1=LINE, a2=OUT)
    shop.stand(2, a1=LINE, a2=LINE)
    assert shop.queues.lengths(shop.at_s) == {"line": 1, "line2": 0}


Run = tuple[str, float, float]
"""Zone, first and last sighting in it."""


def runs_of(steps: list[tuple[Point, float]], begin_s: float) -> list[Run]:
    """Where one person was seen from when until when, in frames."""
    names = {OUT: "", LINE: "line", TILL: "till", LINE2: "line2"}
    runs: list[Run] = []
    at_s = begin_s
    for place, seconds in steps:
        first_s, at_s = at_s + FRAME_S, at_s + round(seconds / FRAME_S) * FRAME_S
        if runs and runs[-1][0] == names[place]:
            runs[-1] = (names[place], runs[-1][1], at_s)
        else:
            runs.append((names[place], first_s, at_s))
    return runs


def episodes_of(runs: list[Run]) -> list[tuple[str, str, float, float]]:
    """What is right for them, written down from the definition: zone, outcome, joined, left."""
    told: list[tuple[str, str, float, float]] = []
    wait: Run | None = None
    stood_s = 0.0

    def end(outcome: str, left_s: float) -> None:
        if wait and stood_s >= JOIN_S - 1e-6:
            told.append((wait[0], outcome, wait[1], left_s))

    for zone, first_s, last_s in runs:
        if wait and first_s > wait[2] + TRANSFER_S + 1e-6:
            end("abandoned", wait[2])
            wait = None
        if zone in ("line", "line2"):
            stood_s = last_s - first_s + (stood_s if wait else 0.0)
            wait = (zone, wait[1] if wait else first_s, last_s)
        elif zone == "till" and wait and last_s - first_s >= 5.0 - 1e-6:
            end("served", first_s)
            wait = None
    if wait:
        end("abandoned" if runs[-1][2] > wait[2] + TRANSFER_S + 1e-6 else "unknown", wait[2])
    return told


@settings(max_examples=80, deadline=None)
@given(
    steps=st.lists(
        st.tuples(st.sampled_from([OUT, LINE, TILL, LINE2]), st.sampled_from([1.6, 6, 11, 14])),
        max_size=12,
    )
)
def test_one_person_s_episodes_are_what_the_definition_says(
    steps: list[tuple[Point, float]],
) -> None:
    shop = Shop()
    shop.stand(1, a1=OUT)
    begin_s = shop.at_s
    for place, seconds in steps:
        shop.stand(seconds, a1=place)
    told = sorted(shop.stop(), key=lambda episode: episode.joined_s)
    right = episodes_of(runs_of(steps, begin_s))
    assert [(e.zone, e.outcome) for e in told] == [(zone, outcome) for zone, outcome, *_ in right]
    for episode, (_, _, joined_s, left_s) in zip(told, right, strict=True):
        assert episode.joined_s == pytest.approx(joined_s, abs=0.01)
        assert episode.left_s == pytest.approx(left_s, abs=0.01)
