"""Visits: what all tracks of one identity did."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from contracts.events import UNKNOWN, Direction
from edge_agent.rules.people import MERGE_S, MOST_EARLY, STAFF_STAY_S, UNNAMED_S, Passage, People

NOON_S = 1_750_000_000.0
DOOR, FLOOR, BACK = ("door", 1), ("floor", 5), ("back", 9)


def passage(direction: Direction, at_s: float, *, staff: bool | None = None) -> Passage:
    return Passage(f"{direction}{at_s}", "main", direction, at_s, staff)


def test_tracks_of_one_identity_are_one_visit_in_order() -> None:
    people = People()
    people.seen(DOOR, NOON_S).passages.append(passage("in", NOON_S + 2))
    people.assign(DOOR, "ada")
    people.seen(DOOR, NOON_S + 4)
    people.seen(FLOOR, NOON_S + 10).zones.append((NOON_S + 30, "bread"))
    people.seen(FLOOR, NOON_S + 60).zones += [(NOON_S + 12, "milk"), (NOON_S + 50, "bread")]
    people.assign(FLOOR, "ada")
    people.seen(BACK, NOON_S + 90).passages.append(passage("out", NOON_S + 95))
    people.assign(BACK, "ada")
    ((visit, last_s),) = people.close_all()
    assert visit.identity == "ada"
    assert (visit.entry_door, visit.exit_door) == ("main", "main")
    assert visit.entered_at is not None
    assert visit.exited_at is not None
    assert (visit.exited_at - visit.entered_at).total_seconds() == 93
    assert visit.zones == ["milk", "bread"]
    assert (visit.cameras, visit.sightings) == (["door", "floor", "back"], 3)
    assert (visit.staff, last_s) == (False, NOON_S + 90)
    assert people.state.tracks == {}


def test_what_was_not_linked_is_none() -> None:
    people = People()
    people.seen(FLOOR, NOON_S)
    people.assign(FLOOR, "ada")
    ((visit, _),) = people.close_all()
    assert (visit.entered_at, visit.exited_at, visit.entry_door, visit.staff) == (None,) * 2 + (
        "",
        None,
    )


def test_a_visit_that_ends_with_an_entry_has_no_exit() -> None:
    people = People()
    people.seen(DOOR, NOON_S).passages += [passage("out", NOON_S + 9), passage("in", NOON_S + 20)]
    people.assign(DOOR, "ada")
    ((visit, _),) = people.close_all()
    assert (visit.entered_at, visit.exited_at) == (None, None)


def test_who_comes_back_within_three_hours_is_on_one_visit() -> None:
    people = People()
    people.seen(DOOR, NOON_S)
    people.assign(DOOR, "ada")
    assert people.due(NOON_S + MERGE_S - 60) == []
    people.seen(BACK, NOON_S + MERGE_S - 50)
    people.assign(BACK, "ada")
    assert people.due(NOON_S + MERGE_S + 60) == []
    ((visit, _),) = people.due(NOON_S + 2 * MERGE_S)
    assert visit.sightings == 2


def test_the_next_visit_is_another_one() -> None:
    people = People()
    people.seen(DOOR, NOON_S)
    people.assign(DOOR, "ada")
    assert len(people.due(NOON_S + MERGE_S)) == 1
    people.seen(BACK, NOON_S + MERGE_S + 100)
    people.assign(BACK, "ada")
    ((visit, _),) = people.close_all()
    assert visit.sightings == 1


def test_an_identity_that_comes_before_its_track_waits() -> None:
    people = People()
    people.assign(DOOR, "ada")
    people.seen(DOOR, NOON_S)
    assert people.identity_of(DOOR) == "ada"
    for track_id in range(2 * MOST_EARLY):
        people.assign(("ghost", track_id), "x")
    assert len(people.state.early) == MOST_EARLY


def test_a_new_identity_takes_the_track_along() -> None:
    people = People()
    people.seen(DOOR, NOON_S)
    people.assign(DOOR, "ada")
    people.assign(DOOR, "bob")
    assert [closed.visit.identity for closed in people.close_all()] == ["bob"]


def test_a_staff_door_or_a_long_stay_is_staff() -> None:
    people = People()
    people.seen(DOOR, NOON_S).passages.append(passage("in", NOON_S, staff=True))
    people.assign(DOOR, "ada")
    people.seen(FLOOR, NOON_S)
    people.seen(FLOOR, NOON_S + STAFF_STAY_S)
    people.assign(FLOOR, "bob")
    people.seen(BACK, NOON_S).passages += [
        passage("in", NOON_S),
        passage("out", NOON_S + 600),
        passage("in", NOON_S + STAFF_STAY_S - 600),
        passage("out", NOON_S + STAFF_STAY_S + 60),
    ]
    people.seen(BACK, NOON_S + STAFF_STAY_S + 60)
    people.assign(BACK, "eve")
    staff = {closed.visit.identity: closed.visit.staff for closed in people.close_all()}
    assert staff == {"ada": True, "bob": True, "eve": False}


def test_tracks_that_nobody_names_are_forgotten() -> None:
    people = People()
    people.seen(DOOR, NOON_S)
    people.due(NOON_S + UNNAMED_S + 1)
    assert people.state.tracks == {}
    assert people.identity_of(DOOR) == UNKNOWN


_who = st.tuples(st.sampled_from(["a", "b"]), st.integers(1, 6))
_step = st.tuples(_who, st.sampled_from(["seen", "x", "y", "z"]), st.floats(0, 4000))


@given(steps=st.lists(_step, max_size=60))
def test_every_named_track_is_in_exactly_one_visit(
    steps: list[tuple[tuple[str, int], str, float]],
) -> None:
    people, at_s, closed = People(), NOON_S, []
    sightings: dict[tuple[str, int], int] = {}
    for who, what, wait_s in steps:
        at_s += wait_s
        closed += people.due(at_s)
        if what == "seen":
            sightings[who] = 1
            people.seen(who, at_s)
        else:
            people.assign(who, what)
        members = [m for names in people.state.members.values() for m in names]
        assert len(members) == len(set(members))
        assert set(members) <= set(people.state.tracks)
        assert all(people.state.members.values())
    closed += people.close_all()
    for identity in "xyz":
        mine = [c.visit for c in closed if c.visit.identity == identity]
        for before, after in pairwise(mine):
            assert (after.first_seen_at - before.last_seen_at).total_seconds() >= 0
        assert all(visit.first_seen_at <= visit.last_seen_at for visit in mine)


def test_unknown_after_a_name_takes_the_track_out_of_its_visit() -> None:
    people = People()
    for who in (DOOR, FLOOR):
        people.seen(who, NOON_S).passages.append(passage("in", NOON_S + who[1]))
        people.assign(who, "ada")
    people.unassign(FLOOR)
    assert people.identity_of(FLOOR) == UNKNOWN
    assert not people.same(DOOR, FLOOR)
    ((visit, _),) = people.close_all()
    assert (visit.cameras, visit.sightings) == (["door"], 1)


def test_a_name_taken_back_before_its_track_is_seen_is_forgotten() -> None:
    people = People()
    people.assign(DOOR, "ada")
    people.unassign(DOOR)
    people.seen(DOOR, NOON_S)
    assert people.identity_of(DOOR) == UNKNOWN
    assert people.state.members == {}
