"""Who came in hidden behind somebody is counted once; who was there before is not."""

from __future__ import annotations

import pytest

from contracts.geometry import Line, LinePair
from edge_agent.messages import TrackedBox
from edge_agent.rules.followers import Followers

PAIR = LinePair(outer=Line((0.2, 0.40), (0.8, 0.40)), inner=Line((0.2, 0.50), (0.8, 0.50)))
PARENT, CHILD, OTHER = 1, 2, 3
TALL = 0.25


class Door:
    """Feeds `Followers`, ten frames a second."""

    def __init__(self) -> None:
        self.followers = Followers(PAIR)
        self.told: list[tuple[int, float]] = []

    def stand(self, track_id: int, x: float, y: float, at_s: float) -> None:
        box = TrackedBox(track_id, x - 0.04, y - TALL, x + 0.04, y, 0.9, True)
        came_s = self.followers.seen(box, at_s)
        if came_s is not None:
            self.told.append((track_id, came_s))
            self.followers.crossed(track_id, came_s, inward=True)

    def walk(self, track_id: int, x: float, ys: tuple[float, float], *times: float) -> None:
        begin_s, end_s = times
        steps = round((end_s - begin_s) * 10)
        for step in range(steps + 1):
            share = step / steps
            y = ys[0] + share * (ys[1] - ys[0])
            self.stand(track_id, x, y, begin_s + step / 10)

    def parent_comes(self) -> None:
        self.walk(PARENT, 0.5, (0.3, 0.52), 0.0, 2.0)
        self.followers.crossed(PARENT, 2.0, inward=True)


def together(door: Door, born: tuple[float, float], until: float = 0.75) -> None:
    """The parent goes on, and from 2.5 s on somebody is seen at `born`."""
    for step in range(21):
        at_s = 2.1 + step / 10
        door.stand(PARENT, 0.5, 0.53 + 0.01 * step, at_s)
        if at_s >= 2.5:
            share = (at_s - 2.5) / 1.6
            door.stand(CHILD, born[0], born[1] + share * (until - born[1]), at_s)


@pytest.mark.parametrize("born", [(0.56, 0.54), (0.5, 0.46), (0.44, 0.6)])
def test_who_appears_beside_someone_who_just_came_in_came_in_too(
    born: tuple[float, float],
) -> None:
    door = Door()
    door.parent_comes()
    together(door, born)
    assert door.told == [(CHILD, 2.0)]


def test_who_was_seen_outside_is_the_lines_business() -> None:
    door = Door()
    door.parent_comes()
    together(door, (0.56, 0.35))
    assert door.told == []


def test_who_comes_from_the_pictures_edge_came_from_the_shop() -> None:
    door = Door()
    door.parent_comes()
    together(door, (0.05, 0.55))
    assert door.told == []


def test_who_goes_towards_the_door_does_not_come_in() -> None:
    door = Door()
    door.parent_comes()
    together(door, (0.56, 0.6), until=0.52)
    assert door.told == []


def test_a_track_that_was_lost_there_goes_on() -> None:
    door = Door()
    door.parent_comes()
    door.stand(OTHER, 0.56, 0.54, 2.05)
    together(door, (0.56, 0.54))
    assert door.told == []


def test_without_someone_who_came_in_nobody_follows() -> None:
    for inward, came_s in ((True, -3.0), (False, 2.0)):
        door = Door()
        door.walk(PARENT, 0.5, (0.3, 0.52), 0.0, 2.0)
        door.followers.crossed(PARENT, came_s, inward=inward)
        together(door, (0.56, 0.54))
        assert door.told == []


def test_nothing_is_kept_for_ever() -> None:
    door = Door()
    door.parent_comes()
    door.stand(OTHER, 0.5, 0.6, 100.0)
    assert set(door.followers.state.traces) == {OTHER}
