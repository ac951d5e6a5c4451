"""What a camera and a tracker do to a walk changes no count: an oracle knows the walk itself.

The oracle is the definition, written down a second time: a person who was last wholly outside
(or inside) the pair and is now wholly on its other side has crossed once.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.events import Direction
from edge_agent.rules.lines import CounterState, LineCounter
from tests.rules.walks import DOOR, FRAME_S

OUTER, INNER = 0.45, 0.55
APART = INNER - OUTER


def truth_of(ys: list[float]) -> Counter[Direction]:
    """Crossings of someone whose feet were at these places in turn."""
    counts: Counter[Direction] = Counter()
    side = 0
    for y in ys:
        now = -1 if y < OUTER else 1 if y > INNER else 0
        if now and side and now != side:
            counts["in" if now > 0 else "out"] += 1
        side = now or side
    return counts


@st.composite
def walks(draw: st.DrawFn) -> list[float]:
    """A walk along the way through the door: legs between places well off the lines."""
    stops = draw(st.lists(st.sampled_from([0.25, 0.39, 0.5, 0.61, 0.75]), min_size=2, max_size=6))
    begin = draw(st.sampled_from([0.25, 0.75]))
    ys = [begin]
    for stop in [*stops, draw(st.sampled_from([0.25, 0.75]))]:
        speed = draw(st.sampled_from([0.008, 0.015, 0.025]))
        steps = max(1, round(abs(stop - ys[-1]) / speed))
        ys += [ys[-1] + (stop - ys[-1]) * (i + 1) / steps for i in range(steps)]
        ys += [stop] * draw(st.integers(0, 12))
    return [*ys, *ys[-1:] * 3]


@dataclass
class Seen:
    """One person as the tracker tells it: per frame (track id, x, y) or None."""

    frames: list[tuple[int, float, float] | None]
    confirmed_from: dict[int, int] = field(default_factory=dict)


def count(*people: Seen, late_ends: bool = True, restarts: frozenset[int] = frozenset()) -> Counter:  # type: ignore[type-arg]
    """What the counter tells of these people in the same frames."""
    counter, told, seen = LineCounter(DOOR), Counter[Direction](), Counter[int]()
    alive: dict[int, int] = {}
    for index in range(max(len(person.frames) for person in people)):
        if index in restarts:
            body = msgspec.msgpack.encode(counter.state)
            counter = LineCounter(DOOR)
            counter.state = msgspec.msgpack.decode(body, type=CounterState)
        for person in people:
            sight = person.frames[index] if index < len(person.frames) else None
            if sight is None:
                continue
            track_id, x, y = sight
            sure = seen[track_id] >= person.confirmed_from.get(track_id, 0)
            way = counter.update(track_id, (x, y), 100 + index * FRAME_S, sure)
            told.update([way] if way else [])
            seen[track_id] += 1
            alive[track_id] = index
        limit = 25 if late_ends else 0
        for track_id in [key for key, last in alive.items() if index - last > limit]:
            way = counter.forget(track_id)
            told.update([way] if way else [])
            del alive[track_id]
    told.update(way for _, way in counter.flush())
    return told


def plain(ys: list[float], track_id: int = 1, x: float = 0.5) -> Seen:
    return Seen([(track_id, x, y) for y in ys])


_noise = st.lists(st.floats(-0.044, 0.044), min_size=7, max_size=7)


@given(ys=walks())
def test_a_walk(ys: list[float]) -> None:
    assert count(plain(ys)) == truth_of(ys)


@given(ys=walks(), noise=_noise)
def test_jitter_of_less_than_the_pair_s_distance(ys: list[float], noise: list[float]) -> None:
    assert APART > 2 * 0.044
    seen = plain([y + noise[i % 7] for i, y in enumerate(ys)])
    assert count(seen) == truth_of(ys)


@given(hover=st.sampled_from([OUTER, INNER]), noise=_noise, frames=st.integers(10, 80))
def test_hovering_on_a_line_and_going_back(hover: float, noise: list[float], frames: int) -> None:
    side = 0.25 if hover == OUTER else 0.75
    way = [side + (hover - side) * i / 15 for i in range(15)]
    ys = [*way, *(hover + noise[i % 7] for i in range(frames)), *reversed(way)]
    assert count(plain(ys)) == Counter()


@given(ys=walks(), at=st.integers(0, 200), to=st.floats(0.2, 0.8))
def test_a_box_that_flickers_once(ys: list[float], at: int, to: float) -> None:
    """One frame shows the feet anywhere; in the pair they may not show on its far side."""
    at = 1 + at % (len(ys) - 4)
    shown = list(ys)
    if not OUTER - 0.03 <= ys[at] <= INNER + 0.03:
        shown[at] = to
    assert count(plain(shown)) == truth_of(ys)


@settings(max_examples=200)
@given(
    ys=walks(),
    cuts=st.lists(st.tuples(st.integers(12, 60), st.integers(0, 3)), max_size=5),
    tentative=st.integers(0, 3),
    late_ends=st.booleans(),
    noise=st.lists(st.floats(-0.008, 0.008), min_size=7, max_size=7),
)
def test_an_id_that_switches_anywhere(
    ys: list[float],
    cuts: list[tuple[int, int]],
    tentative: int,
    late_ends: bool,
    noise: list[float],
) -> None:
    """Old ids are lost, new ones born up to three frames later, before, in or behind the pair."""
    frames: list[tuple[int, float, float] | None] = []
    plan = [*cuts, (10_000, 0)]
    track_id, until, lost = 1, plan[0][0], 0
    for index, y in enumerate(ys):
        if index >= until:
            lost = plan[track_id - 1][1]
            until += plan[track_id][0]
            track_id += 1
        frames.append(None if lost else (track_id, 0.5, y + noise[index % 7]))
        lost = max(0, lost - 1)
    seen = Seen(frames, dict.fromkeys(range(2, 9), tentative))
    assert count(seen, late_ends=late_ends) == truth_of(ys)


@given(ys=walks(), lag=st.floats(0, 0.03), swaps=st.lists(st.integers(1, 150), max_size=6))
def test_two_side_by_side_whose_ids_are_switched(
    ys: list[float], lag: float, swaps: list[int]
) -> None:
    ahead, behind = ys, [y - lag for y in ys]
    one: list[tuple[int, float, float] | None] = []
    other: list[tuple[int, float, float] | None] = []
    for index, (a, b) in enumerate(zip(ahead, behind, strict=True)):
        swapped = sum(index >= swap for swap in swaps) % 2
        one.append((1 + swapped, 0.4, a))
        other.append((2 - swapped, 0.6, b))
    told = count(Seen(one), Seen(other))
    whole = truth_of(ahead) + truth_of(behind)
    assert told["in"] - told["out"] == whole["in"] - whole["out"]
    if min(abs(y - 0.5) for y in ys) > 0.05 or 0.5 not in ys:  # nobody stands between the lines
        assert told == whole


@given(into=walks(), out=walks(), shift=st.integers(0, 30))
def test_in_and_out_at_the_same_time(into: list[float], out: list[float], shift: int) -> None:
    late = Seen([None] * shift + [(2, 0.62, y) for y in out])
    assert count(plain(into, x=0.3), late) == truth_of(into) + truth_of(out)


@given(ys=walks(), confirmed_from=st.integers(0, 40))
def test_late_confirmation(ys: list[float], confirmed_from: int) -> None:
    """A track that is confirmed late tells at least where it came out; never the wrong way."""
    told = count(Seen([(1, 0.5, y) for y in ys], {1: confirmed_from}))
    whole = truth_of(ys)
    young = truth_of(ys[: confirmed_from + 1])
    if confirmed_from >= len(ys):
        assert told == Counter()
    else:
        assert told["in"] - told["out"] == whole["in"] - whole["out"]
        assert sum(whole.values()) - sum(young.values()) <= sum(told.values())
        assert told <= whole


@given(ys=walks(), edge=st.sampled_from([0.58, 0.6, 0.7]), away=st.integers(0, 1))
def test_feet_that_leave_the_picture(ys: list[float], edge: float, away: int) -> None:
    """The box is cut at the picture's edge behind the door; far outside nobody is seen."""
    frames: list[tuple[int, float, float] | None] = []
    track_id, gone = 1, False
    for y in ys:
        if away and y > 0.74:
            gone = True
            frames.append(None)
            continue
        track_id, gone = track_id + gone, False
        frames.append((track_id, 0.5, min(y, edge)))
    assert count(Seen(frames)) == truth_of(ys)


@settings(max_examples=60)
@given(ys=walks(), noise=_noise, restarts=st.frozensets(st.integers(0, 200), max_size=12))
def test_a_restart_between_any_two_frames(
    ys: list[float], noise: list[float], restarts: frozenset[int]
) -> None:
    seen = plain([y + noise[i % 7] for i, y in enumerate(ys)])
    assert count(seen, restarts=restarts) == truth_of(ys)
