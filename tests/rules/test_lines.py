"""One sentence of the counting rule per test."""

from __future__ import annotations

import pytest

from contracts.errors import ConfigError
from contracts.geometry import Line, LinePair
from edge_agent.rules.lines import STALE_S, LineCounter, pair_around
from tests.rules.walks import DOOR, FRAME_S, down, walk


@pytest.mark.parametrize(
    ("ys", "told", "why"),
    [
        ((0.3, 0.4, 0.5, 0.6), ["in"], "outer then inner"),
        ((0.7, 0.6, 0.5, 0.4), ["out"], "inner then outer"),
        ((0.3, 0.5, 0.4, 0.3), [], "U-turn between the lines"),
        ((0.7, 0.5, 0.6, 0.7), [], "U-turn from the shop's side"),
        ((0.44, 0.46, 0.44, 0.46, 0.44, 0.46, 0.6), ["in"], "hovers on the outer line, then in"),
        ((0.4, 0.5, 0.56, 0.54, 0.56, 0.54, 0.56), ["in"], "hovers on the inner line: once"),
        ((0.4, 0.5, 0.6, 0.5, 0.4), ["in", "out"], "in and out again are two crossings"),
        ((0.4, 0.5, 0.6, 0.5, 0.4, 0.5, 0.6), ["in", "out", "in"], "re-entry is new"),
        ((0.5, 0.6, 0.7), [], "first seen between the lines: nothing"),
        ((0.5, 0.4, 0.5, 0.6), ["in"], "first seen between, later the whole pair"),
        ((0.449, 0.5, 0.551), ["in"], "a track may begin right at the door"),
        ((0.3, 0.7, 0.8), ["in"], "runs over both lines in one step"),
        ((0.3, 0.7, 0.3, 0.2), [], "one flickering box over both lines and back"),
        ((0.3, 0.7, 0.5, 0.3), [], "flicker that comes back in two steps"),
        ((0.3, 0.7, 0.5, 0.7), ["in"], "jump, hesitation, in"),
        ((0.3, 0.45, 0.55, 0.7, 0.7), ["in"], "exactly on both lines on the way"),
        ((0.3, 0.45, 0.3), [], "exactly on a line and back"),
    ],
)
def test_path_counts(ys: tuple[float, ...], told: list[str], why: str) -> None:
    assert walk(LineCounter(DOOR), down(*ys)) == told, why


def test_beyond_the_ends_of_the_segments_does_not_count() -> None:
    assert walk(LineCounter(DOOR), down(0.3, 0.5, 0.7, 0.8, x=0.1)) == []


def test_walking_round_the_door_and_out_through_it_is_one_out() -> None:
    path = [(0.1, 0.3), (0.1, 0.7), (0.5, 0.7), (0.5, 0.5), (0.5, 0.3)]
    assert walk(LineCounter(DOOR), path) == ["out"]


def test_a_slanted_run_passes_the_lines_in_the_order_of_the_step() -> None:
    slanted = LinePair(outer=Line((0.4, 0.2), (0.4, 0.8)), inner=Line((0.6, 0.8), (0.6, 0.2)))
    assert walk(LineCounter(slanted), [(0.1, 0.3), (0.9, 0.7), (0.95, 0.7)]) == ["in"]
    assert walk(LineCounter(slanted), [(0.9, 0.7), (0.1, 0.3), (0.05, 0.3)]) == ["out"]


def test_direction_of_the_segments_does_not_matter() -> None:
    flipped = LinePair(
        outer=Line(DOOR.outer.end, DOOR.outer.start), inner=Line(DOOR.inner.end, DOOR.inner.start)
    )
    assert walk(LineCounter(flipped), down(0.3, 0.5, 0.7)) == ["in"]


def test_tentative_steps_are_remembered_and_told_at_confirmation() -> None:
    path = down(0.4, 0.5, 0.52, 0.6)
    assert walk(LineCounter(DOOR), path, confirmed_from=2) == ["in"]
    assert walk(LineCounter(DOOR), [*path, (0.5, 0.7)], confirmed_from=4) == ["in"]


def test_a_track_that_is_never_confirmed_counts_nothing() -> None:
    counter = LineCounter(DOOR)
    assert walk(counter, down(0.4, 0.5, 0.6, 0.7), confirmed_from=99) == []
    assert counter.forget(1) is None


def test_a_run_over_both_lines_is_told_when_the_track_ends_before_the_next_frame() -> None:
    counter = LineCounter(DOOR)
    assert walk(counter, down(0.3, 0.7)) == []
    assert counter.forget(1) == "in"
    assert counter.forget(1) is None


def test_flush_tells_what_waits_for_proof() -> None:
    counter = LineCounter(DOOR)
    walk(counter, down(0.3, 0.7), track_id=4)
    walk(counter, down(0.3, 0.5), track_id=5)
    assert counter.flush() == [(4, "in")]


def test_lost_in_the_door_for_half_a_second_and_back() -> None:
    counter = LineCounter(DOOR)
    assert walk(counter, down(0.4, 0.5)) == []
    assert walk(counter, down(0.52, 0.6), start_s=100.6) == ["in"]


def test_lost_before_the_door_and_found_behind_it_under_the_same_id() -> None:
    counter = LineCounter(DOOR)
    assert walk(counter, down(0.4, 0.44)) == []
    assert walk(counter, down(0.6, 0.62), start_s=101.0) == ["in"]


def test_an_id_that_comes_back_after_a_long_time_is_another_track() -> None:
    counter = LineCounter(DOOR)
    walk(counter, down(0.3, 0.4))
    assert walk(counter, down(0.7, 0.8), start_s=100.2 + STALE_S + 1) == []


class TestBrokenTrack:
    """The id switches in the middle of the door."""

    @pytest.mark.parametrize("ended_first", [True, False], ids=["ended", "still lost"])
    def test_new_id_between_the_lines_counts_once(self, *, ended_first: bool) -> None:
        counter = LineCounter(DOOR)
        assert walk(counter, down(0.4, 0.46, 0.5), track_id=1) == []
        told = [counter.forget(1)] if ended_first else []
        told += walk(counter, down(0.51, 0.53, 0.56, 0.6), track_id=2, start_s=100.7)
        told += [] if ended_first else [counter.forget(1)]
        assert [t for t in told if t] == ["in"]

    def test_new_id_behind_the_inner_line_counts_once(self) -> None:
        counter = LineCounter(DOOR)
        walk(counter, down(0.4, 0.5), track_id=1)
        assert walk(counter, down(0.58, 0.6, 0.62), track_id=2, start_s=100.8) == ["in"]

    def test_twice_broken(self) -> None:
        counter = LineCounter(DOOR)
        walk(counter, down(0.4, 0.47), track_id=1)
        walk(counter, down(0.48, 0.49), track_id=2, start_s=100.5)
        assert walk(counter, down(0.5, 0.52, 0.6), track_id=3, start_s=101.0) == ["in"]

    def test_tentative_heir(self) -> None:
        counter = LineCounter(DOOR)
        walk(counter, down(0.4, 0.5), track_id=1)
        path = down(0.52, 0.54, 0.56, 0.58)
        assert walk(counter, path, track_id=2, start_s=100.5, confirmed_from=3) == ["in"]

    def test_only_one_heir(self) -> None:
        counter = LineCounter(DOOR)
        walk(counter, down(0.4, 0.5), track_id=1)
        first = walk(counter, down(0.5, 0.52, 0.6), track_id=2, start_s=100.5)
        second = walk(counter, down(0.5, 0.52, 0.6), track_id=3, start_s=100.6)
        assert first + second == ["in"]

    def test_the_old_id_that_comes_back_does_not_count_again(self) -> None:
        counter = LineCounter(DOOR)
        walk(counter, down(0.4, 0.5), track_id=1)
        assert walk(counter, down(0.5, 0.52, 0.6), track_id=2, start_s=100.5) == ["in"]
        assert walk(counter, down(0.58, 0.6, 0.7), track_id=1, start_s=101.0) == []

    @pytest.mark.parametrize(
        ("place", "gap_s", "why"),
        [(0.75, 0.5, "too far away"), (0.5, 2.0, "too late")],
    )
    def test_a_stranger_inherits_nothing(self, place: float, gap_s: float, why: str) -> None:
        counter = LineCounter(DOOR)
        walk(counter, down(0.4, 0.5), track_id=1)
        path = [(place, 0.5), (place, 0.52), (place, 0.6), (place, 0.7)]
        start_s = 100.0 + FRAME_S + gap_s
        assert walk(counter, path, track_id=2, start_s=start_s) == [], why

    def test_a_neighbour_who_is_still_seen_passes_nothing_on(self) -> None:
        counter = LineCounter(DOOR)
        told = []
        for index, (old, new) in enumerate([(0.5, 0.51), (0.5, 0.52), (0.5, 0.6), (0.5, 0.62)]):
            at_s = 100.3 + index * FRAME_S
            told.append(counter.update(2, (0.52, new), at_s, True))
            told.append(counter.update(1, (0.5, old), at_s, True))
        assert told == [None] * 8

    def test_a_neighbour_who_was_last_seen_in_the_first_frame_passes_nothing_on(self) -> None:
        counter = LineCounter(DOOR)
        walk(counter, down(0.4, 0.46, 0.5), track_id=1)
        path = down(0.51, 0.53, 0.56, 0.6, x=0.52)
        assert walk(counter, path, track_id=2, start_s=100.0 + 2 * FRAME_S) == []

    def test_two_people_on_both_sides_are_not_joined_over_the_door(self) -> None:
        counter = LineCounter(DOOR)
        walk(counter, down(0.43, 0.44, 0.43, 0.44), track_id=1)
        assert walk(counter, down(0.56, 0.57, 0.6), track_id=2, start_s=100.7) == []

    def test_who_walks_up_to_the_door_is_found_again_behind_it(self) -> None:
        counter = LineCounter(DOOR)
        walk(counter, down(0.34, 0.36, 0.38, 0.4, 0.42, 0.44), track_id=1)
        assert walk(counter, down(0.56, 0.58, 0.6), track_id=2, start_s=101.1) == ["in"]

    def test_who_turned_away_from_the_door_is_not_found_behind_it(self) -> None:
        counter = LineCounter(DOOR)
        walk(counter, down(0.42, 0.44, 0.43, 0.42, 0.41, 0.4), track_id=1)
        assert walk(counter, down(0.56, 0.58, 0.6), track_id=2, start_s=100.9) == []


def test_memory_does_not_grow() -> None:
    counter = LineCounter(DOOR)
    for track_id in range(2_000):
        walk(counter, down(0.4, 0.5, 0.6), track_id=track_id, start_s=100.0 + track_id)
        if track_id % 2:
            counter.forget(track_id)
    assert len(counter.state.walks) + len(counter.state.gone) < 20


def test_pair_around_a_line_counts_from_its_left_to_its_right() -> None:
    pair = pair_around(Line((0.0, 0.5), (1.0, 0.5)), 0.1)
    assert pair.outer.start == pytest.approx((0.0, 0.45))
    assert pair.inner.end == pytest.approx((1.0, 0.55))
    assert walk(LineCounter(pair), down(0.3, 0.5, 0.7)) == ["in"]


@pytest.mark.parametrize(("end", "width"), [((0.5, 0.5), 0.1), ((1.0, 0.5), 0.0)])
def test_pair_around_refuses_what_is_no_line(end: tuple[float, float], width: float) -> None:
    with pytest.raises(ConfigError):
        pair_around(Line((0.5, 0.5), end), width)
