"""What holds for every path through a door."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import assume, given
from hypothesis import strategies as st

from contracts.geometry import Line, LinePair, Point
from edge_agent.rules.lines import LineCounter
from tests.rules.walks import DOOR, down, walk

WIDE = LinePair(outer=Line((-9, 0.45), (9, 0.45)), inner=Line((-9, 0.55), (9, 0.55)))
"""A door as wide as the picture: nobody walks round it."""

_part = st.floats(0, 1, allow_nan=False, width=32)
_paths = st.lists(st.tuples(_part, _part), max_size=40)
_confirmed_from = st.integers(0, 5)


def _settled(path: list[Point]) -> list[Point]:
    """The path and one more frame at its end, which proves a jump there."""
    return [*path, *path[-1:]]


@given(path=_paths, confirmed_from=_confirmed_from)
def test_seen_in_a_mirror_in_stays_in(path: list[Point], confirmed_from: int) -> None:
    mirrored = [(1 - x, y) for x, y in path]
    plain = walk(LineCounter(DOOR), path, confirmed_from=confirmed_from)
    assert walk(LineCounter(DOOR), mirrored, confirmed_from=confirmed_from) == plain


@given(path=_paths, confirmed_from=_confirmed_from)
def test_a_door_turned_round_swaps_in_and_out(path: list[Point], confirmed_from: int) -> None:
    turned = LinePair(outer=DOOR.inner, inner=DOOR.outer)
    plain = walk(LineCounter(DOOR), path, confirmed_from=confirmed_from)
    swapped = walk(LineCounter(turned), path, confirmed_from=confirmed_from)
    assert swapped == [{"in": "out", "out": "in"}[direction] for direction in plain]


@given(path=_paths)
def test_in_and_out_take_turns_where_nobody_can_walk_round(path: list[Point]) -> None:
    told = walk(LineCounter(WIDE), path)
    assert all(first != second for first, second in pairwise(told))
    assert told.count("in") - told.count("out") in (-1, 0, 1)


@given(path=_paths.filter(bool))
def test_net_count_is_where_the_walk_began_and_ended(path: list[Point]) -> None:
    sides = [(y > 0.55) - (y < 0.45) for _, y in path]
    told = walk(LineCounter(WIDE), _settled(path))
    if sides[0] and sides[-1]:
        assert told.count("in") - told.count("out") == (sides[-1] - sides[0]) / 2


@given(ys=st.lists(st.floats(0.3, 0.549), max_size=60))
def test_a_walk_that_never_passes_the_inner_line_counts_nothing(ys: list[float]) -> None:
    counter = LineCounter(DOOR)
    assert walk(counter, down(*ys)) == []
    assert counter.flush() == []


@given(line=st.sampled_from([0.45, 0.55]), jitter=st.lists(st.floats(-0.099, 0.099), max_size=60))
def test_jitter_below_the_pairs_distance_around_one_line_counts_nothing(
    line: float, jitter: list[float]
) -> None:
    counter = LineCounter(DOOR)
    assert walk(counter, down(*(line + amount for amount in jitter))) == []
    assert counter.flush() == []


@given(
    noise=st.lists(st.floats(-0.04, 0.04), min_size=31, max_size=31),
    confirmed_from=st.integers(0, 8),
    missed=st.sets(st.integers(0, 30), max_size=12),
)
def test_a_noisy_walk_through_the_door_counts_once(
    noise: list[float], confirmed_from: int, missed: set[int]
) -> None:
    path = [(0.5 + noise[-i - 1], 0.2 + 0.02 * i + noise[i]) for i in range(31)]
    seen = [place for index, place in enumerate(path) if index not in missed]
    assume(seen[0][1] < 0.45 and seen[-1][1] > 0.55)
    told = walk(LineCounter(DOOR), _settled(seen), confirmed_from=confirmed_from)
    assert told == ["in"]


@given(
    broken_at=st.integers(12, 19),
    gap=st.integers(1, 4),
    late_end=st.booleans(),
    confirmed_from=st.integers(0, 2),
)
def test_a_track_broken_inside_the_door_counts_once(
    broken_at: int, gap: int, late_end: bool, confirmed_from: int
) -> None:
    """0.02 a frame: between the lines from index 13 to 17; the gap passes at most 0.1."""
    path = down(*(0.2 + 0.02 * i + 0.001 for i in range(31)))
    counter = LineCounter(WIDE)
    told = walk(counter, path[:broken_at], track_id=1)
    if not late_end:
        told += [d for d in [counter.forget(1)] if d]
    told += walk(
        counter,
        path[broken_at + gap :],
        track_id=2,
        start_s=100.0 + (broken_at + gap) * 0.1,
        confirmed_from=confirmed_from,
    )
    told += [d for d in [counter.forget(1), counter.forget(2)] if d]
    assert told == ["in"]
