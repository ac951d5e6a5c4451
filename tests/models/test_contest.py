"""Engines are tried in processes of their own: one that fails costs only itself."""

from __future__ import annotations

import numpy as np
import pytest

from models.catalog import resolve
from models.runtime.agreement import distance
from models.runtime.contest import Result, hold_contest
from models.runtime.engines import find_engine
from models.runtime.entry import Entry, Rows
from tests.models.fake_engines import row
from tests.models.test_detector import entry


@pytest.fixture(scope="module")
def contest(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Result]:
    """The reference and every kind of bad engine, side by side."""
    engines = [find_engine("onnxruntime"), *map(row, ("Quick", "Lying", "Crashing", "refusing"))]
    engines.append(row("hanging", patience_s=0.5))
    waits: list[int] = []
    entries = [
        Entry.of(
            resolve("person-trinetra-nano"), (engine, "fp32"),
            input_size=(320, 320), threads=1, batch=1, cache_dir=tmp_path_factory.mktemp("cache"),
        )
        for engine in engines
    ]  # fmt: skip
    results = hold_contest(entries, 2, on_wait=lambda: waits.append(1))
    assert waits, "whoever waits is told so"
    return {result.engine: result for result in results}


def test_an_engine_that_answers_alike_agrees(contest: dict[str, Result]) -> None:
    for name in ("onnxruntime", "Quick"):
        assert contest[name].agrees
        assert len(contest[name].times_ms) == 2
    assert contest["Quick"].best_ms < contest["onnxruntime"].best_ms


def test_a_liar_is_timed_but_not_believed(contest: dict[str, Result]) -> None:
    assert contest["Lying"].far == 1.0
    assert not contest["Lying"].agrees


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Crashing", "crashed (signal 11)"),
        ("refusing", "no such operator"),
        ("hanging", "no answer within 0.5 s"),
    ],
)
def test_one_that_fails_costs_only_itself(
    name: str, words: str, contest: dict[str, Result]
) -> None:
    assert words in contest[name].error
    assert not contest[name].agrees
    assert contest[name].times_ms == ()


BOX = [10.0, 10.0, 50.0, 110.0, 0.9]


@pytest.mark.parametrize(
    ("seen", "far"),
    [
        ([BOX], 0.0),
        ([[*BOX[:4], 0.87]], 0.03),
        ([[10.0, 10.0, 50.0, 100.0, 0.9]], 0.025),
        ([[60.0, 10.0, 100.0, 110.0, 0.9]], 1.0),
        ([], 1.0),
        ([BOX, [200.0, 10.0, 240.0, 110.0, 0.8]], 1.0),
        ([BOX, [200.0, 10.0, 240.0, 110.0, 0.2]], 0.0),
    ],
    ids=["same", "score", "shorter", "elsewhere", "nobody", "one more", "one more, unsure"],
)
def test_boxes_are_as_far_as_their_worst_pair(seen: Rows, far: float) -> None:
    assert distance(entry(), [[BOX], [BOX]], [[BOX], seen]) == pytest.approx(far, abs=1e-6)


def test_where_nobody_is_sure_the_best_box_counts_and_without_one_nothing_is_known() -> None:
    faint = [*BOX[:4], 0.2]
    assert distance(entry(), [[faint]], [[[*BOX[:4], 0.15]]]) == pytest.approx(0.05, abs=1e-6)
    assert distance(entry(), [[faint]], [[]]) == 1.0
    assert distance(entry(), [[]], [[]]) is None


def test_vectors_are_as_far_as_their_angle() -> None:
    model = resolve("person-embed-trinetra").entry
    assert distance(model, [[[1.0, 0.0]]], [[[1.0, 0.0]]]) == 0.0
    turned = [float(np.cos(0.1)), float(np.sin(0.1))]
    assert distance(model, [[[1.0, 0.0]]], [[turned]]) == pytest.approx(0.05, abs=1e-3)
    assert distance(model, [[[1.0, 0.0]]], [[[1.0, 0.0, 0.0]]]) == 1.0
