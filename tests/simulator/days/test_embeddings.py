"""Embeddings are as hard to tell apart as those of real embedders, and no harder."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

import numpy as np
import pytest

from simulator.days import load_scenario, simulate_day
from simulator.days.appearance import Wardrobe
from simulator.days.detecting import Detector
from simulator.days.watching import watches_of
from trinetra.evaluation.reid import LabelledCrops, rank

PEOPLE, EACH, EVERY_FRAMES = 100, 3, 20


class Crops(NamedTuple):
    """Embeddings (N, 128) of customers who are mostly seen, and whose, where and when (s)."""

    rows: np.ndarray
    person: np.ndarray
    camera: np.ndarray
    at_s: np.ndarray

    def at(self, which: np.ndarray) -> Crops:
        return Crops(*(column[which] for column in self))


@pytest.fixture(scope="module")
def crops() -> Crops:
    """Forty minutes of a busy noon, a frame of every 1.3 s."""
    noon = datetime(2026, 3, 3, 12)  # noqa: DTZ001 - local time of the store
    day = simulate_day(load_scenario("busy"), 5, start=noon, seconds=2400)
    watches, wardrobe = watches_of(day), Wardrobe(day)
    detector = Detector(day, watches)
    staff = np.array([person.staff for person in day.life.people])
    parts = []
    for t in day.chunks(15.0, 120.0):
        times = t[::EVERY_FRAMES]
        for watch in watches:
            found = detector.rows(watch, times)
            good = (found.person >= 0) & (found.other < 0) & (found.visible > 0.5)
            r = found.at(np.flatnonzero(good & ~staff[found.person]))
            rows = wardrobe.embed(watch.number, r.entity, r.other, r.visible, r.turn, r.content)
            parts.append((rows, r.person, np.full(len(rows), watch.number), times[r.frame]))
    return Crops(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def some(crops: Crops) -> Crops:
    """Three crops per camera of a hundred people whom two cameras saw, as Market-1501 has them."""
    rng = np.random.default_rng(1)
    people = [p for p in np.unique(crops.person) if np.ptp(crops.camera[crops.person == p])]
    kept = []
    for person in rng.choice(people, PEOPLE, replace=False):
        for camera in range(3):
            mine = np.flatnonzero((crops.person == person) & (crops.camera == camera))
            kept += rng.permutation(mine)[:EACH].tolist()
    return crops.at(np.array(kept))


def rank1(crops: Crops) -> float:
    names = [str(number) for number in range(len(crops.rows))]
    labels = LabelledCrops(names, crops.person, crops.camera, [b""] * len(names))
    return rank(labels, crops.rows).rank1


def averages(crops: Crops) -> Crops:
    """One row for each person on each camera."""
    _, group = np.unique(crops.person * 10 + crops.camera, return_inverse=True)
    rows = np.stack([crops.rows[group == g].mean(0) for g in range(group.max() + 1)])
    first = np.array([np.flatnonzero(group == g)[0] for g in range(group.max() + 1)])
    return crops.at(first)._replace(rows=rows / np.linalg.norm(rows, axis=1, keepdims=True))


def test_rows_have_length_one(crops: Crops) -> None:
    np.testing.assert_allclose(np.linalg.norm(crops.rows, axis=1), 1, atol=1e-5)
    assert crops.rows.dtype == np.float32


def test_cosines_are_spread_like_those_of_real_embedders(crops: Crops) -> None:
    """See the table in simulator/days/appearance.py."""
    few = some(crops)
    upper = np.triu_indices(len(few.rows), 1)
    cosine = (few.rows @ few.rows.T)[upper]
    same = (few.person[:, None] == few.person)[upper]
    across = (few.camera[:, None] != few.camera)[upper]
    mine, others = cosine[same & across], cosine[~same & across]
    assert mine.mean() == pytest.approx(0.53, abs=0.04)
    assert mine.std() == pytest.approx(0.145, abs=0.03)
    assert others.mean() == pytest.approx(0.19, abs=0.04)
    assert others.std() == pytest.approx(0.115, abs=0.02)
    assert 0.42 < np.quantile(others, 0.99) < 0.56
    assert others.max() > 0.65  # look-alikes
    assert cosine[~same & ~across].mean() > others.mean() + 0.01  # a camera's shift


def test_single_crops_are_found_as_often_as_by_a_real_embedder(crops: Crops) -> None:
    alone = rank1(some(crops))
    assert 0.70 < alone < 0.85
    people = np.unique(some(crops).person)
    together = rank1(averages(crops.at(np.isin(crops.person, people))))
    assert alone + 0.04 < together < 0.97


def test_crops_of_one_track_grow_unlike_with_time(crops: Crops) -> None:
    order = np.lexsort((crops.at_s, crops.camera, crops.person))
    here = crops.at(order)
    means = []
    for apart in (1, 3, 9):
        same = (here.person[apart:] == here.person[:-apart]) & (
            here.camera[apart:] == here.camera[:-apart]
        )
        same &= here.at_s[apart:] - here.at_s[:-apart] < apart * 1.4
        cosine = (here.rows[apart:] * here.rows[:-apart]).sum(1)[same]
        means.append(float(cosine.mean()))
    assert means[0] > means[1] + 0.04 > means[2] + 0.05
    assert means[0] == pytest.approx(0.75, abs=0.05)
