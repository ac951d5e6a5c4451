"""Scoring of a store's day: perfect on equal tables, exactly as wrong as the mistakes put in."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from trinetra.evaluation.count_score import (
    crossing_ratios,
    people_at,
    queue_ratio,
    stay_ratios,
    waiting_at,
)
from trinetra.evaluation.estimates import Ratio, pooled
from trinetra.evaluation.happened import Happened, Headcount, Passage, Stay
from trinetra.evaluation.heat_score import moved_m, ranks
from trinetra.evaluation.identity_score import NOBODY, Mark, score_identities
from trinetra.evaluation.matching import match_passages, match_stays
from trinetra.evaluation.store_score import compare, figures, together

HOUR_S = 3600.0
SEEN = np.ones((4, 6), bool)


def day(seed: int = 1, people: int = 40) -> Happened:
    """An hour in which everyone comes, stays in a zone, queues and goes; times 7 s apart."""
    rng = np.random.default_rng(seed)
    came = 60.0 + 50.0 * np.arange(people) + rng.uniform(0, 5, people)
    went = came + rng.uniform(200, 900, people)
    passages = [Passage("main", "in", float(t), i) for i, t in enumerate(came)]
    passages += [Passage("main", "out", float(t), i) for i, t in enumerate(went)]
    steps, inside = [], 0
    for passage in sorted(passages, key=lambda p: p.at_s):
        inside += 1 if passage.direction == "in" else -1
        steps.append(Headcount(passage.at_s, inside))
    stays = [Stay("shelf", float(t) + 10, float(t) + 60, i) for i, t in enumerate(came)]
    queues = [Stay("till", float(t) - 90, float(t) - 20, i) for i, t in enumerate(went)]
    heat = rng.random((12, 4, 6)) * 50
    return Happened(0.0, HOUR_S, passages, stays, queues, steps, ("till",), heat)


def sampled(truth: Happened) -> Happened:
    """The truth as an agent would say it: occupancy once a minute."""
    times = np.arange(0.0, HOUR_S, 60.0)
    people = people_at(truth.occupancy, list(times))
    pairs = zip(times, people, strict=True)
    return replace(truth, occupancy=[Headcount(float(t), int(n)) for t, n in pairs])


def told(truth: Happened, measured: Happened) -> dict:  # type: ignore[type-arg]
    return figures(compare(truth, measured, cell_m=1.0, seen=SEEN))


def test_the_same_day_has_no_error() -> None:
    found = told(day(), sampled(day()))
    ones = ("crossing_precision", "crossing_recall", "dwell_precision", "dwell_recall")
    zeros = ("footfall_error_pct", "occupancy_mae", "queue_mae", "dwell_mae_s", "wait_mae_s")
    assert [found[name] for name in ones] == [1.0] * 4
    assert [found[name] for name in zeros] == [0.0] * 5
    assert found["heatmap_spearman"] == pytest.approx(1)
    assert found["heatmap_emd_m"] == 0
    assert found["intervals"]["crossing_recall"] == [1.0, 1.0]


@given(st.sets(st.integers(0, 79), max_size=20))
def test_every_turned_direction_is_one_miss_and_one_false_crossing(turned: set[int]) -> None:
    truth = day()
    other = {"in": "out", "out": "in"}
    passages = [
        p._replace(direction=other[p.direction]) if i in turned else p
        for i, p in enumerate(truth.passages)
    ]
    pairs = match_passages(truth.passages, passages, within_s=0.0)
    assert len(pairs.missed) == len(pairs.false) == len(turned)


@given(st.sets(st.integers(0, 79), max_size=20), st.integers(0, 15))
def test_each_lost_and_each_invented_crossing_counts_once(lost: set[int], invented: int) -> None:
    truth = day()
    kept = [p for i, p in enumerate(truth.passages) if i not in lost]
    kept += [Passage("side", "in", 100.0 * i) for i in range(invented)]
    pairs = match_passages(truth.passages, kept)
    assert (len(pairs.missed), len(pairs.false)) == (len(lost), invented)
    right = len(truth.passages) - len(lost)
    found = crossing_ratios(truth, replace(truth, passages=kept), pairs)
    assert found["crossing_recall"].value == pytest.approx(right / len(truth.passages))
    assert found["crossing_precision"].value == pytest.approx(right / (right + invented))


times = st.lists(st.floats(0, 60), max_size=12)


@given(times, times)
def test_no_other_matching_has_more_pairs(ours: list[float], theirs: list[float]) -> None:
    truth = [Passage("main", "in", t) for t in ours]
    measured = [Passage("main", "in", t) for t in theirs]
    pairs = match_passages(truth, measured)
    fits = np.array([[abs(a - b) <= 2.0 for b in theirs] for a in ours]).reshape(
        len(ours), len(theirs)
    )
    best = linear_sum_assignment(fits.astype(float), maximize=True)
    assert len(pairs.both) == fits[best].sum()
    assert len({i for i, _ in pairs.both}) == len({j for _, j in pairs.both}) == len(pairs.both)
    assert all(fits[pair] for pair in pairs.both)


def test_a_crossing_told_too_late_is_missed_and_false() -> None:
    truth = [Passage("main", "in", 10.0)]
    assert match_passages(truth, [Passage("main", "in", 12.0)]).both == [(0, 0)]
    assert match_passages(truth, [Passage("main", "in", 12.1)]).both == []


def test_mistakes_that_cancel_in_footfall_are_seen_in_recall() -> None:
    truth = day()
    moved = [p._replace(at_s=p.at_s + 20) if p.who == 3 else p for p in truth.passages]
    found = told(truth, replace(truth, passages=moved))
    assert found["footfall_error_pct"] == 0
    assert found["crossing_recall"] < 1


def test_occupancy_is_compared_where_it_was_measured() -> None:
    truth, one_more = day(), sampled(day())
    more = [Headcount(each.at_s, each.people + 1) for each in one_more.occupancy]
    assert told(truth, replace(one_more, occupancy=more))["occupancy_mae"] == 1
    assert told(truth, replace(one_more, occupancy=[]))["occupancy_mae"] is None


@given(st.floats(-9, 30))
def test_dwell_is_off_by_what_every_stay_is_off(longer_s: float) -> None:
    truth = day()
    stays = [stay._replace(end_s=stay.end_s + longer_s) for stay in truth.stays]
    error_s, precision, recall, net_pct = stay_ratios(truth.stays, stays, truth)
    assert error_s.value == pytest.approx(abs(longer_s))
    assert net_pct.value == pytest.approx(2 * longer_s)
    assert precision.value == recall.value == 1


def test_a_stay_in_another_zone_is_not_the_same_stay() -> None:
    assert match_stays([Stay("a", 0, 9)], [Stay("b", 0, 9)]).both == []
    pairs = match_stays([Stay("a", 0, 9), Stay("a", 8, 20)], [Stay("a", 7, 21)])
    assert pairs.both == [(1, 0)]


def test_queue_length_is_people_waiting_over_time() -> None:
    queues = [Stay("till", 0, 10), Stay("till", 5, 20), Stay("other", 0, 20)]
    assert waiting_at(queues, "till", np.array([1.0, 7.0, 15.0, 25.0])).tolist() == [1, 2, 1, 0]
    truth = Happened(0, 600, queues=[Stay("till", 0, 600)])
    assert queue_ratio(truth, Happened(0, 600)).value == 1
    invented = Happened(0, 600, queues=[Stay("till", 0, 600), Stay("ghost", 0, 600)])
    assert queue_ratio(truth, invented).value == 0.5


def test_presence_moved_by_two_metres_is_two_metres_away() -> None:
    there, moved = np.zeros((4, 6)), np.zeros((4, 6))
    there[1, 1] = 30
    moved[1, 3] = 60
    assert moved_m(there, moved, 1.0) == pytest.approx(2)
    assert moved_m(there, (there + moved / 2) / 2, 0.25) == pytest.approx(0.25)
    assert moved_m(there, np.zeros((4, 6)), 1.0) is None


def test_unseen_cells_have_no_rank() -> None:
    truth = np.arange(24.0).reshape(4, 6)
    wrong = truth.copy()
    wrong[0] = 99
    seen = np.ones((4, 6), bool)
    seen[0] = False
    assert ranks(truth, wrong, seen) == pytest.approx(1)
    assert ranks(truth, wrong, np.ones((4, 6), bool)) < 0.9  # type: ignore[operator]
    assert ranks(truth, np.ones((4, 6)), seen) is None


def marks_of(names: dict[tuple[str, int], str]) -> list[Mark]:
    """Ten seconds on each camera for each visit; `names` gives the identities."""
    return [
        Mark(camera, visit, name, visit, 10.0) for (camera, visit), name in sorted(names.items())
    ]


CAMERAS = ("door", "aisle", "till")
RIGHT = {(camera, visit): f"id{visit}" for camera in CAMERAS for visit in range(6)}
VISIBLE = dict.fromkeys(range(6), 30.0)


def test_one_identity_per_visit_is_perfect() -> None:
    score = score_identities(VISIBLE, marks_of(RIGHT))
    assert score.f1.value == score.pair_precision.value == score.pair_recall.value == 1
    assert score.f1.interval() == (1.0, 1.0)
    assert score.unknown_share == 0


@given(st.sets(st.integers(0, 5), max_size=5))
def test_each_broken_identity_costs_a_third(broken: set[int]) -> None:
    names = {
        key: f"x{key[1]}" if key[0] == "till" and key[1] in broken else name
        for key, name in RIGHT.items()
    }
    score = score_identities(VISIBLE, marks_of(names))
    assert score.f1.value == pytest.approx(1 - len(broken) / 18)
    assert score.pair_precision.value == 1
    assert score.pair_recall.value == pytest.approx(1 - 2 * len(broken) / 18)


def test_two_people_under_one_identity_are_half_wrong() -> None:
    names = {key: "id0" if key[1] == 1 else name for key, name in RIGHT.items()}
    score = score_identities(VISIBLE, marks_of(names))
    assert score.f1.value == pytest.approx(5 / 6)
    assert score.pair_recall.value == 1
    assert score.pair_precision.value == pytest.approx(18 / (12 + 15 - 3))


def test_what_is_unknown_is_missing_but_not_wrong() -> None:
    names = {key: "" if key[0] == "till" else name for key, name in RIGHT.items()}
    score = score_identities(VISIBLE, marks_of(names))
    assert score.precision.value == 1
    assert score.recall.value == pytest.approx(2 / 3)
    assert score.unknown_share == pytest.approx(1 / 3)


def test_a_named_false_alarm_costs_precision() -> None:
    ghost = Mark("door", 99, "ghost", NOBODY, 180.0)
    score = score_identities(VISIBLE, [*marks_of(RIGHT), ghost])
    assert score.precision.value == pytest.approx(0.5)
    assert score.recall.value == 1


def test_nobody_there_has_no_figure() -> None:
    score = score_identities({}, [])
    assert score.f1.value is None
    assert score.f1.interval() is None
    empty = Happened(0.0, HOUR_S, heat=np.zeros((12, 4, 6)))
    found = told(empty, empty)
    assert found["crossing_recall"] is None
    assert found["heatmap_spearman"] is None
    assert found["queue_mae"] is None


def test_days_together_are_all_their_units() -> None:
    truth = day()
    half = replace(truth, passages=[p for p in truth.passages if p.direction == "in"])
    days = [compare(truth, other, cell_m=1.0, seen=SEEN) for other in (truth, half)]
    assert figures(together(days))["crossing_recall"] == pytest.approx(0.75)
    assert figures(together(days))["counts"]["missed"] == 40


def test_the_interval_covers_the_true_share_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(5)
    inside = 0
    for _ in range(200):
        hits = rng.binomial(10, 0.9, 30).astype(float)
        low, high = Ratio(hits, np.full(30, 10.0)).interval() or (0.0, 0.0)
        inside += low <= 0.9 <= high
    assert 0.88 <= inside / 200 <= 0.99


def test_pooling_adds_units() -> None:
    parts = [Ratio(np.array([1.0, 2.0]), np.array([2.0, 2.0])), Ratio(np.zeros(1), np.ones(1))]
    whole = pooled(parts)
    assert whole.value == pytest.approx(3 / 5)
    assert len(whole.top) == 3
    assert all(a.scale == b.scale for a, b in itertools.pairwise([*parts, whole]))


def test_who_is_left_out_counts_in_the_one_figure_only() -> None:
    names = {key: f"x{key}" if key[1] == 0 else name for key, name in RIGHT.items()}
    score = score_identities(VISIBLE, marks_of(names), apart={0})
    assert score.f1_apart.value == 1
    assert score.f1.value == pytest.approx(16 / 18)


def test_an_empty_queue_that_was_told_empty_is_right_not_unknown() -> None:
    assert queue_ratio(Happened(0, 600, queue_zones=["till"]), Happened(0, 600)).value == 0
