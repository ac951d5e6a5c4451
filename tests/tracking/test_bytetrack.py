from __future__ import annotations

from random import Random

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.tracking.bytetrack import Tracker, Tracks
from edge_agent.tracking.found import Limits, rescaled
from edge_agent.tracking.table import TrackerState
from models.detections import Detections
from tests.tracking.scenes import calm, detections, frames, walker

RATE_HZ = 10


def follow(tracker: Tracker, seen: list[Detections], start_s: float = 0.0) -> list[Tracks]:
    return [tracker.update(each, start_s + i / RATE_HZ) for i, each in enumerate(seen)]


def same(a: Tracks, b: Tracks) -> bool:
    return all(
        np.array_equal(getattr(a, name), getattr(b, name))
        for name in ("track_id", "xyxy", "score", "confirmed", "ended")
    )


def test_one_person_keeps_one_id_and_is_confirmed_on_the_second_frame() -> None:
    seen = [detections([]), *(detections([walker(i / RATE_HZ)]) for i in range(30))]
    tracks = follow(Tracker(0.5), seen)[1:]
    assert {int(i) for each in tracks for i in each.track_id} == {1}
    assert [bool(each.confirmed[0]) for each in tracks[:3]] == [False, True, True]
    left = walker(29 / RATE_HZ)[0]
    assert tracks[-1].xyxy[0, 0] == pytest.approx(left, abs=2.0)


def test_whoever_is_in_the_first_frame_was_there_before() -> None:
    assert Tracker(0.5).update(detections([walker(0)]), 0.0).confirmed.all()


def test_two_people_who_pass_each_other_keep_their_ids() -> None:
    tracker = Tracker(0.5)
    for i in range(40):
        at_s = i / RATE_HZ
        right, left = walker(at_s, y=100), walker(at_s, x=400, y=130, speed=-60)
        tracks = tracker.update(detections([right, left]), at_s)
        if i == 1:
            first = dict(zip(tracks.track_id, tracks.xyxy[:, 1], strict=True))
    last = dict(zip(tracks.track_id, tracks.xyxy[:, 1], strict=True))
    assert first.keys() == last.keys()
    assert all(abs(first[i] - last[i]) < 10 for i in first)


def test_a_hidden_person_comes_back_with_the_same_id_within_the_patience() -> None:
    tracker = Tracker(0.5)
    follow(tracker, [detections([walker(i / RATE_HZ)]) for i in range(10)])
    for i in range(10, 18):
        assert len(tracker.update(detections([]), i / RATE_HZ)) == 0
    back = tracker.update(detections([walker(1.8)]), 1.8)
    assert back.track_id.tolist() == [1]
    assert back.confirmed.all()


@pytest.mark.parametrize("rate_hz", [2, 5, 30])
def test_a_walker_is_followed_at_any_frame_rate(rate_hz: int) -> None:
    seen = [detections([walker(step / rate_hz)]) for step in range(4 * rate_hz)]
    tracker = Tracker(0.5)
    tracks = [tracker.update(each, step / rate_hz) for step, each in enumerate(seen)]
    assert {int(i) for each in tracks for i in each.track_id} == {1}, "1.5 widths a second"


@pytest.mark.parametrize("rate_hz", [5, 10, 30])
def test_a_lost_track_ages_out_in_seconds_at_any_frame_rate(rate_hz: int) -> None:
    tracker = Tracker(0.5)
    for i in range(rate_hz):
        tracker.update(detections([walker(0)]), i / rate_hz)
    last_s = (rate_hz - 1) / rate_hz
    ended_at = None
    for i in range(rate_hz, 5 * rate_hz):
        if tracker.update(detections([]), i / rate_hz).ended.tolist() == [1]:
            ended_at = i / rate_hz
    assert ended_at is not None
    patience_s = Limits().patience_s
    assert patience_s < ended_at - last_s <= patience_s + 1.01 / rate_hz


def test_a_single_flash_is_never_confirmed_and_ends_at_once() -> None:
    tracker = Tracker(0.5)
    tracker.update(detections([]), 0.0)
    flash = tracker.update(detections([walker(0)]), 0.1)
    assert not flash.confirmed.any()
    assert tracker.update(detections([]), 0.2).ended.tolist() == [1]


def test_a_weak_detection_keeps_a_track_but_starts_none() -> None:
    tracker = Tracker(0.5)
    follow(tracker, [detections([walker(0)]) for _ in range(3)])
    weak = tracker.update(detections([walker(0), (300, 100, 340, 200)], 0.25), 0.3)
    assert weak.track_id.tolist() == [1]


def test_a_part_of_a_person_begins_no_track_of_its_own() -> None:
    whole, upper_half, child = (100, 100, 140, 200), (101, 101, 139, 150), (105, 140, 130, 198)
    tracker = Tracker(0.5)
    for step in range(3):
        tracks = tracker.update(detections([whole, upper_half, child]), step / RATE_HZ)
    assert tracks.track_id.tolist() == [1, 2]
    assert tracks.xyxy[1].tolist() == pytest.approx(child, abs=1), "another head is another person"


def test_scores_are_judged_by_the_detectors_own_threshold() -> None:
    assert Tracker(0.25).update(detections([walker(0)], 0.5), 0.0).track_id.tolist() == [1]
    assert len(Tracker(0.6).update(detections([walker(0)], 0.5), 0.0)) == 0


@calm
@given(st.floats(0.05, 0.95))
def test_rescaling_keeps_order_and_puts_the_threshold_at_0_6(threshold: float) -> None:
    scaled = rescaled(np.array([0.0, threshold / 2, threshold, 1.0]), threshold)
    assert scaled[2] == pytest.approx(0.6)
    assert (np.diff(scaled) > 0).all()


def test_boxes_without_finite_size_are_refused_and_counted() -> None:
    bad = [
        (np.nan, 0, 10, 10),
        (0, 0, np.inf, 10),
        (10, 10, 10, 50),
        (50, 10, 20, 60),
    ]
    tracker = Tracker(0.5)
    for i in range(3):
        tracks = tracker.update(detections([*bad, walker(0)]), i / RATE_HZ)
    assert tracks.track_id.tolist() == [1]
    assert tracker.refused == 12
    assert tracker.update(detections([walker(0)], float("nan")), 0.3).track_id.size == 0
    assert tracker.refused == 13


def test_a_clock_that_jumps_back_neither_breaks_nor_ends_tracks() -> None:
    tracker = Tracker(0.5)
    follow(tracker, [detections([walker(0)]) for _ in range(5)], start_s=1_000.0)
    tracks = follow(tracker, [detections([walker(0)]) for _ in range(5)], start_s=10.0)
    assert all(each.track_id.tolist() == [1] for each in tracks)
    assert np.isfinite(tracks[-1].xyxy).all()


def test_each_tracker_counts_for_itself() -> None:
    for _ in range(2):
        tracks = follow(Tracker(0.5), [detections([walker(0)])] * 2)
        assert tracks[-1].track_id.tolist() == [1]


@calm
@given(frames())
def test_ids_are_unique_in_a_frame_and_never_used_again(seen: list[Detections]) -> None:
    tracker = Tracker(0.4)
    ended: set[int] = set()
    highest = 0
    for tracks in follow(tracker, [*seen, *[detections([])] * 25]):
        ids = tracks.track_id.tolist()
        assert len(ids) == len(set(ids))
        assert not ended & set(ids)
        fresh = [i for i in ids if i > highest]
        assert fresh == list(range(highest + 1, highest + 1 + len(fresh)))
        highest = max([highest, *ids])
        assert not ended & set(tracks.ended.tolist())
        ended |= set(tracks.ended.tolist())
    assert ended == set(range(1, highest + 1)), "every id that was given out ends once"


@calm
@given(frames(), st.randoms(use_true_random=False))
def test_the_order_of_detections_changes_nothing(seen: list[Detections], random: Random) -> None:
    mixed = []
    for each in seen:
        order = list(range(len(each)))
        random.shuffle(order)
        mixed.append(Detections(each.xyxy[order], each.score[order]))
    plain, shuffled = follow(Tracker(0.4), seen), follow(Tracker(0.4), mixed)
    assert all(same(a, b) for a, b in zip(plain, shuffled, strict=True))


@calm
@given(frames(), st.integers(0, 12))
def test_a_restored_tracker_goes_on_as_if_nothing_had_happened(
    seen: list[Detections], cut: int
) -> None:
    whole = Tracker(0.4)
    expected = follow(whole, seen)
    first = Tracker(0.4)
    follow(first, seen[:cut])
    wire = msgspec.msgpack.encode(first.state())
    second = Tracker(0.4)
    second.restore(msgspec.msgpack.decode(wire, type=TrackerState))
    rest = [second.update(each, (cut + i) / RATE_HZ) for i, each in enumerate(seen[cut:])]
    assert all(same(a, b) for a, b in zip(expected[cut:], rest, strict=True))


def test_a_state_whose_columns_do_not_fit_is_refused() -> None:
    tracker = Tracker(0.5)
    tracker.update(detections([walker(0)]), 0.0)
    broken = msgspec.structs.replace(tracker.state(), score=[])
    with pytest.raises(ValueError, match="length"):
        Tracker(0.5).restore(broken)


@calm
@given(
    st.lists(
        st.tuples(
            st.lists(st.floats(width=32), min_size=4, max_size=4),
            st.floats(width=32),
        ),
        max_size=12,
    ),
    st.floats(),
)
def test_whatever_comes_in_the_state_stays_sound(
    junk: list[tuple[list[float], float]], at_s: float
) -> None:
    tracker = Tracker(0.5)
    follow(tracker, [detections([walker(0)])] * 3)
    boxes = np.array([box for box, _ in junk], dtype=np.float32).reshape(-1, 4)
    score = np.array([each for _, each in junk], dtype=np.float32)
    with np.errstate(all="raise"):
        tracker.update(Detections(boxes, score), at_s)
    assert tracker.refused <= len(junk)
    tracks = follow(tracker, [detections([walker(0)])] * 3, start_s=tracker.state().at_s or 0.0)
    assert np.isfinite(tracks[-1].xyxy).all()
    assert tracks[-1].confirmed.any()


def test_five_hundred_people_in_a_frame_are_followed() -> None:
    rng = np.random.default_rng(0)
    corner = rng.uniform(0, 5000, (500, 2))
    boxes = np.concatenate((corner, corner + np.array((40, 100))), axis=1).astype(np.float32)
    tracker = Tracker(0.5)
    for step in range(3):
        tracks = tracker.update(Detections(boxes, np.full(500, 0.9, np.float32)), step / RATE_HZ)
    assert tracks.confirmed.sum() > 450
    assert len(set(tracks.track_id.tolist())) == len(tracks)
