"""The demo's comparison: exact on equal readings, honest on wrong ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trinetra.demo_score import pooled, score, spearman


def reading(**changes: Any) -> dict[str, Any]:
    heatmap = np.arange(48.0).reshape(6, 8)
    base: dict[str, Any] = {
        "entries": 10,
        "exits": 6,
        "occupancy": 4,
        "doors": {"north": {"in": 7, "out": 2}, "south": {"in": 3, "out": 4}},
        "zones": {"till": {"visits": 3, "dwell_s": 30.0}},
        "heatmap": heatmap,
    }
    return {**base, **changes}


def test_equal_readings_have_no_error() -> None:
    found = score(reading(), reading(), cell_m=0.25)
    assert found.errors == {
        "footfall_pct": 0.0,
        "exits_pct": 0.0,
        "crossings_wrong": 0.0,
        "occupancy": 0.0,
        "zone_dwell_pct": 0.0,
        "heatmap_spearman": pytest.approx(1.0),
        "heatmap_spearman_cells": pytest.approx(1.0),
        "heatmap_seconds_pct": 0.0,
    }


def test_mistakes_that_cancel_are_seen_per_door() -> None:
    swapped = {"north": {"in": 6, "out": 2}, "south": {"in": 4, "out": 4}}
    found = score(reading(), reading(doors=swapped), cell_m=0.25)
    assert found.errors["footfall_pct"] == 0.0
    assert found.errors["crossings_wrong"] == 2.0


def test_nothing_measured_is_everything_missed() -> None:
    nothing = reading(entries=0, exits=0, occupancy=0, doors={}, zones={}, heatmap=np.zeros((6, 8)))
    found = score(reading(), nothing, cell_m=0.25)
    assert found.errors["footfall_pct"] == -100.0
    assert found.errors["crossings_wrong"] == 16.0
    assert found.errors["zone_dwell_pct"] == 100.0
    assert found.errors["heatmap_spearman"] is None


def test_a_flat_map_has_no_rank() -> None:
    assert spearman(np.zeros((2, 2)), np.ones((2, 2))) is None


@given(
    rows=st.integers(1, 9), columns=st.integers(1, 9), step=st.integers(1, 4), seed=st.integers(0)
)
def test_pooling_keeps_every_second(rows: int, columns: int, step: int, seed: int) -> None:
    grid = np.random.default_rng(seed % 2**32).random((rows, columns))
    assert pooled(grid, step).sum() == pytest.approx(grid.sum())
