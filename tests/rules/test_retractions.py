"""Two tracks that were one person: what was counted twice is taken back once."""

from __future__ import annotations

from collections import Counter

import pytest

from contracts.events import LineCrossed, Retraction, VisitClosed, ZoneVisit
from edge_agent.messages import IdentityAssigned, TrackedBox, TracksJoined, TracksUpdated
from edge_agent.rules.engine import RuleEngine
from edge_agent.rules.facts import Fact
from edge_agent.rules.occupancy import Tally
from tests.rules.plans import shop

START_S = 1_750_000_040.0
IN, OUT = (0.3, 0.4, 0.5, 0.6), (0.6, 0.5, 0.4, 0.3)


class Street:
    """The shop's door, and everything that was told of it."""

    def __init__(self, extra: str = "") -> None:
        self.rules = RuleEngine(shop(extra), Tally(reset_at_s=0.0), START_S, 0.0)
        self.facts: list[Fact] = []
        self.at_s = START_S

    def walk(self, *walkers: tuple[int, float, tuple[float, ...]], pause_s: float = 0.0) -> None:
        """Tracks (id, x, ys of the feet) in the same frames, ten a second."""
        self.at_s += pause_s
        for index in range(max(len(ys) for *_, ys in walkers)):
            self.at_s += 0.1
            boxes = [
                TrackedBox(i, x - 0.05, ys[index] - 0.3, x + 0.05, ys[index], 0.9, True)
                for i, x, ys in walkers
                if index < len(ys)
            ]
            self.facts += self.rules.tracks(
                TracksUpdated("left", 0, self.at_s, self.at_s, boxes, [])
            )

    def join(self, kept: int, gone: int) -> list[Fact]:
        told = self.rules.identity(TracksJoined("left", kept, "left", gone, "ada", self.at_s))
        self.facts += told
        return told

    def name(self, track_id: int, identity: str = "ada") -> list[Fact]:
        told = self.rules.identity(IdentityAssigned("left", track_id, identity, 0.9))
        self.facts += told
        return told

    @property
    def counted(self) -> Counter[str]:
        """Directions of crossings that were not taken back."""
        gone = [f.payload.event_id for f in self.facts if isinstance(f.payload, Retraction)]
        assert len(gone) == len(set(gone))
        crossings = {f.id: f.payload for f in self.facts if isinstance(f.payload, LineCrossed)}
        assert set(gone) <= {f.id for f in self.facts}
        return Counter(c.direction for key, c in crossings.items() if key not in gone)

    @property
    def tally(self) -> tuple[int, int]:
        tally = self.rules.occupancy.tally
        return tally.entries, tally.exits


@pytest.mark.parametrize("how", ["joined", "named"])
def test_a_doubled_box_is_one_entry(how: str) -> None:
    street = Street()
    street.walk((1, 0.5, IN), (2, 0.51, IN))
    assert street.counted == {"in": 2}
    told = street.join(1, 2) if how == "joined" else [*street.name(1), *street.name(2)]
    (fact,) = told
    assert isinstance(fact.payload, Retraction)
    assert fact.payload.reason == "two tracks were one person"
    assert street.counted == {"in": 1}
    assert street.tally == (1, 0)


def test_what_was_taken_back_is_not_taken_back_again() -> None:
    street = Street()
    street.walk((1, 0.5, IN), (2, 0.51, IN))
    assert len(street.join(1, 2)) == 1
    assert street.join(1, 2) == street.join(2, 1) == []
    assert street.name(1) == street.name(2) == []
    assert street.tally == (1, 0)


def test_what_was_counted_for_the_track_that_went_is_taken_back() -> None:
    street = Street()
    street.walk((1, 0.5, IN), (2, 0.51, IN))
    street.join(2, 1)
    assert [f.payload.event_id for f in street.facts if isinstance(f.payload, Retraction)] == [
        f.id for f in street.facts if isinstance(f.payload, LineCrossed) and f.payload.track_id == 1
    ]


def test_a_crossing_after_the_join_is_told_and_taken_back_in_order() -> None:
    street = Street()
    street.walk((1, 0.5, (0.3, 0.3)), (2, 0.5, (0.3, 0.3)))
    street.join(1, 2)
    street.walk((1, 0.5, IN), (2, 0.51, IN))
    kinds = [type(fact.payload) for fact in street.facts]
    assert kinds == [LineCrossed, LineCrossed, Retraction]
    assert street.counted == {"in": 1}


def test_two_people_seen_side_by_side_stay_two_whatever_their_identity() -> None:
    street = Street()
    street.walk((1, 0.4, IN), (2, 0.6, IN))
    assert street.join(1, 2) == []
    assert street.counted == {"in": 2}


def test_who_came_back_in_between_entered_twice() -> None:
    street = Street()
    street.walk((1, 0.5, (*IN, *OUT)))
    street.walk((2, 0.5, IN), pause_s=2.0)
    assert street.join(1, 2) == []
    assert street.counted == {"in": 2, "out": 1}


def test_who_went_out_on_the_other_track_in_between_entered_twice() -> None:
    street = Street()
    street.walk((1, 0.5, IN))
    street.walk((2, 0.5, (*OUT, *IN)), pause_s=2.5)
    assert street.join(1, 2) == []
    assert street.counted == {"in": 2, "out": 1}


def test_long_after_each_other_are_two_crossings() -> None:
    street = Street()
    street.walk((1, 0.5, IN))
    street.walk((2, 0.5, IN), pause_s=60.0)
    assert street.join(1, 2) == []
    assert street.counted == {"in": 2}


def test_an_opposite_crossing_of_a_ghost_is_an_artefact() -> None:
    street = Street()
    street.walk((1, 0.5, (0.4, 0.5, 0.56, 0.56, 0.56)), (2, 0.5, (0.56, 0.56, 0.54, 0.5, 0.44)))
    assert street.counted == {"in": 1, "out": 1}
    assert len(street.join(1, 2)) == 1
    assert street.counted == {"in": 1}
    assert street.tally == (1, 0)
    assert street.rules.occupancy.tally.occupancy == 1


def test_a_turn_on_two_tracks_one_after_the_other_is_a_turn() -> None:
    street = Street()
    street.walk((1, 0.5, IN))
    street.walk((2, 0.5, OUT), pause_s=0.5)
    assert street.join(1, 2) == []
    assert street.counted == {"in": 1, "out": 1}


def test_the_same_visit_of_a_zone_on_two_tracks_is_one() -> None:
    street = Street()
    still, away = (0.9,) * 30, (0.3,) * 15
    street.walk((1, 0.1, (0.3, 0.3, *still, *away)), (2, 0.1, (0.3, 0.3, *still[3:], *away)))
    visits = [f for f in street.facts if isinstance(f.payload, ZoneVisit)]
    assert len(visits) == 2
    (fact,) = street.join(1, 2)
    assert isinstance(fact.payload, Retraction)
    assert fact.payload.event_id == next(
        f.id for f in visits if isinstance(f.payload, ZoneVisit) and f.payload.track_id == 2
    )
    assert street.join(1, 2) == []


def test_a_visit_knows_only_the_crossing_that_counts() -> None:
    street = Street()
    street.walk((1, 0.5, IN), (2, 0.51, IN))
    street.join(1, 2)
    street.walk((1, 0.5, OUT), (2, 0.51, OUT), pause_s=30.0)
    street.facts += street.rules.finish(street.at_s, 100.0)
    (visit,) = [f.payload for f in street.facts if isinstance(f.payload, VisitClosed)]
    assert visit.entered_at is not None
    assert visit.exited_at is not None
    assert visit.sightings == 2
    assert street.counted == {"in": 1, "out": 1}


def test_exactly_once_also_over_a_restart() -> None:
    street = Street()
    street.walk((1, 0.5, IN), (2, 0.51, IN))
    fresh = RuleEngine(shop(), Tally(reset_at_s=0.0), street.at_s, 0.0)
    fresh.restore(street.rules.state())
    street.rules = fresh
    assert len(street.join(1, 2)) == 1
    again = RuleEngine(shop(), Tally(reset_at_s=0.0), street.at_s, 0.0)
    again.restore(street.rules.state())
    street.rules = again
    assert street.join(1, 2) == []
    assert street.tally == (1, 0)


def test_staff_doors_count_neither_before_nor_after() -> None:
    config = (
        '[[doors]]\nname = "back"\ncamera = "left"\nstaff_only = true\n'
        "outer = [[0.2, 0.75], [0.8, 0.75]]\ninner = [[0.2, 0.85], [0.8, 0.85]]\n"
    )
    street = Street(config)
    street.walk((1, 0.5, (0.7, 0.8, 0.9)), (2, 0.5, (0.7, 0.8, 0.9)))
    staff = [f.payload.staff for f in street.facts if isinstance(f.payload, LineCrossed)]
    assert staff == [True, True]
    assert street.tally == (0, 0)
    assert len(street.join(1, 2)) == 1
    assert street.tally == (0, 0)


@pytest.mark.parametrize(
    "news",
    [
        TracksJoined("left", 1, "nowhere", 2, "ada", START_S),
        TracksJoined("nowhere", 1, "left", 2, "ada", START_S),
        TracksJoined("left", 1, "left", 2, "ada", float("nan")),
        TracksJoined("left", 1, "left", 1, "ada", START_S),
        IdentityAssigned("nowhere", 1, "ada", 0.5),
        IdentityAssigned("left", 1, "UNKNOWN", 0.5),
    ],
)
def test_nonsense_changes_nothing(news: IdentityAssigned | TracksJoined) -> None:
    street = Street()
    street.walk((1, 0.5, IN))
    assert street.rules.identity(news) == []
    assert street.counted == {"in": 1}


def test_who_is_unknown_again_was_not_counted_twice() -> None:
    street = Street()
    street.walk((1, 0.4, IN))
    street.name(1)
    street.walk((2, 0.4, IN), pause_s=1.0)
    street.name(2, "bob")
    assert street.name(2, "UNKNOWN") == []
    street.name(1, "bob")
    assert street.counted == {"in": 2}, "track 2 is nobody's by now"
    visits = [f.payload for f in street.rules.finish(street.at_s, 100.0)]
    assert [v.sightings for v in visits if isinstance(v, VisitClosed)] == [1]
