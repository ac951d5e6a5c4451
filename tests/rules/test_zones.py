"""Zone visits: who was inside, from when until when."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.geometry import Point, Polygon
from edge_agent.rules.zones import HANDOVER_S, LEAVE_S, STALE_S, Visit, ZoneWatch

SQUARE = Polygon(((0.0, 0.0), (4.0, 0.0), (4.0, 4.0), (0.0, 4.0)))
IN, OUT = (2.0, 2.0), (6.0, 2.0)
FRAME_S = 0.1


def feed(
    watch: ZoneWatch, places: list[Point], *, track_id: int = 1, start_s: float = 100.0
) -> list[Visit]:
    """Visits told while one track is seen at the places, ten a second."""
    told: list[Visit] = []
    for index, place in enumerate(places):
        at_s = start_s + index * FRAME_S
        visit = watch.update(track_id, place, at_s)
        told += [visit] if visit else []
        told += watch.expire(at_s)
    return told


def test_a_visit_lasts_from_the_first_to_the_last_sighting_inside() -> None:
    told = feed(ZoneWatch(SQUARE), [OUT] * 5 + [IN] * 61 + [OUT] * 20)
    assert len(told) == 1
    assert told[0].entered_at_s == pytest.approx(100.5)
    assert told[0].dwell_s == pytest.approx(6.0)
    assert not told[0].censored


def test_shorter_than_the_threshold_is_no_visit() -> None:
    watch = ZoneWatch(SQUARE, 5.0)
    assert feed(watch, [OUT, *[IN] * 49, *[OUT] * 20]) == []
    assert watch.flush(200.0) == []


def test_flicker_at_the_border_neither_splits_nor_lengthens() -> None:
    flicker = [IN, IN, OUT, OUT, OUT] * 12
    told = feed(ZoneWatch(SQUARE), [OUT, *flicker, IN, *[OUT] * 20])
    assert [visit.dwell_s for visit in told] == [pytest.approx(6.0)]


def test_outside_for_a_second_ends_the_visit_and_the_next_one_is_another() -> None:
    away = int(LEAVE_S / FRAME_S) + 1
    told = feed(ZoneWatch(SQUARE), [OUT, *[IN] * 60, *[OUT] * away, *[IN] * 60, *[OUT] * away])
    assert len(told) == 2


def test_still_inside_at_a_stop_is_censored_not_dropped() -> None:
    watch = ZoneWatch(SQUARE)
    assert feed(watch, [OUT, *[IN] * 61]) == []
    (visit,) = watch.flush(107.0)
    assert visit.censored
    assert visit.dwell_s == pytest.approx(6.0)
    assert watch.flush(108.0) == []


def test_already_inside_when_first_seen_is_censored() -> None:
    (visit,) = feed(ZoneWatch(SQUARE), [IN] * 60 + [OUT] * 20)
    assert visit.censored


def test_lost_inside_without_an_heir_is_censored_after_the_wait() -> None:
    watch = ZoneWatch(SQUARE)
    feed(watch, [OUT, *[IN] * 60])
    watch.ended(1, 106.5)
    assert watch.expire(106.0 + HANDOVER_S) == []
    (visit,) = watch.expire(106.1 + HANDOVER_S)
    assert visit.censored


def test_ended_just_outside_is_a_true_end() -> None:
    watch = ZoneWatch(SQUARE)
    feed(watch, [OUT, *[IN] * 60, OUT])
    watch.ended(1, 107.0)
    assert [visit.censored for visit in watch.expire(107.0)] == [False]


@pytest.mark.parametrize("told_late", [False, True], ids=["ended before", "ended after"])
def test_a_broken_track_is_one_visit(*, told_late: bool) -> None:
    watch = ZoneWatch(SQUARE)
    feed(watch, [OUT, *[IN] * 40], track_id=1)
    if not told_late:
        watch.ended(1, 104.5)
    told = feed(watch, [(2.3, 2.1)] * 5, track_id=2, start_s=105.0)
    if told_late:
        watch.ended(1, 105.4)
    told += feed(watch, [IN] * 20 + [OUT] * 20, track_id=2, start_s=105.5)
    assert len(told) == 1
    assert told[0].track_id == 1
    assert told[0].entered_at_s == pytest.approx(100.1)
    assert told[0].left_at_s == pytest.approx(107.4)
    assert not told[0].censored


@pytest.mark.parametrize(
    ("place", "start_s", "why"),
    [((3.9, 3.9), 105.0, "too far"), (IN, 107.0, "too late"), (IN, 103.0, "both seen at once")],
)
def test_a_stranger_does_not_go_on_with_a_visit(place: Point, start_s: float, why: str) -> None:
    watch = ZoneWatch(SQUARE, reach=1.0)
    feed(watch, [OUT, *[IN] * 40], track_id=1)
    watch.update(2, place, start_s)
    watch.ended(1, 107.5)
    watch.expire(107.5)
    visits = watch.flush(110.0)
    assert [v.track_id for v in visits if v.dwell_s > 0] == [], why
    watch = ZoneWatch(SQUARE, 0.0, reach=1.0)
    feed(watch, [OUT, *[IN] * 40], track_id=1)
    watch.update(2, place, start_s)
    watch.ended(1, 107.5)
    assert sorted(v.track_id for v in watch.flush(110.0)) == [1, 2], why


def test_who_walked_in_is_no_heir() -> None:
    watch = ZoneWatch(SQUARE, 0.0)
    feed(watch, [OUT, *[IN] * 40], track_id=1)
    feed(watch, [OUT, IN, IN], track_id=2, start_s=104.5)
    watch.ended(1, 105.0)
    assert len(watch.flush(110.0)) == 2


def test_inside_counts_people_now() -> None:
    watch = ZoneWatch(SQUARE)
    feed(watch, [IN], track_id=1)
    feed(watch, [IN], track_id=2)
    feed(watch, [OUT], track_id=3)
    assert watch.inside == 2
    feed(watch, [OUT], track_id=2, start_s=100.1)
    assert watch.inside == 1


def test_a_track_whose_end_was_never_told_is_closed() -> None:
    watch = ZoneWatch(SQUARE)
    feed(watch, [OUT, *[IN] * 60])
    (visit,) = watch.expire(106.0 + STALE_S + 0.1)
    assert visit.censored
    assert watch.state.known == {}


_place = st.tuples(st.floats(-1, 5), st.floats(-1, 5))


@given(places=st.lists(_place, max_size=80), ended=st.booleans())
def test_visits_lie_within_the_track_in_order_and_never_overlap(
    places: list[Point], *, ended: bool
) -> None:
    watch = ZoneWatch(SQUARE, 0.0)
    told = feed(watch, places)
    if ended:
        watch.ended(1, 100.0 + len(places) * FRAME_S)
    told += watch.flush(200.0)
    inside = [100.0 + i * FRAME_S for i, p in enumerate(places) if SQUARE.contains(p)]
    assert bool(told) == bool(inside)
    last_s = -math.inf
    for visit in told:
        assert last_s + LEAVE_S <= visit.entered_at_s <= visit.left_at_s
        assert visit.entered_at_s in inside
        assert visit.left_at_s in inside
        last_s = visit.left_at_s
    assert sum(visit.dwell_s for visit in told) <= FRAME_S * len(places)


@given(
    cuts=st.lists(st.tuples(st.integers(1, 15), st.integers(1, 15)), min_size=1, max_size=6),
    told_late=st.booleans(),
)
def test_a_stay_in_many_pieces_is_one_visit(
    cuts: list[tuple[int, int]], *, told_late: bool
) -> None:
    """Each piece is seen for some frames, then lost for some; ends are told early or late."""
    watch = ZoneWatch(SQUARE, 0.0)
    told = feed(watch, [OUT], track_id=1, start_s=99.9)
    at_s, ends = 100.0, []
    for number, (seen, lost) in enumerate(cuts, 1):
        told += feed(watch, [IN] * seen, track_id=number, start_s=at_s)
        at_s += (seen + lost) * FRAME_S
        if told_late:
            ends.append(number)
        elif number < len(cuts):
            watch.ended(number, at_s - 0.5 * FRAME_S)
    last = len(cuts)
    told += feed(watch, [IN, OUT], track_id=last, start_s=at_s)
    for number in ends:
        watch.ended(number, at_s + 0.2)
    told += watch.flush(at_s + 1)
    assert len(told) == 1
    assert told[0].entered_at_s == pytest.approx(100.0)
    assert told[0].left_at_s == pytest.approx(at_s)
    assert not told[0].censored
