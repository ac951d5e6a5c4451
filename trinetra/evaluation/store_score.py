"""One simulated day's figures with their intervals, and several days' together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from trinetra.evaluation.count_score import (
    crossing_ratios,
    occupancy_ratio,
    queue_ratio,
    stay_ratios,
)
from trinetra.evaluation.estimates import Interval, Ratio, pooled
from trinetra.evaluation.happened import Happened
from trinetra.evaluation.heat_score import (
    POOLED_M,
    moved_interval,
    moved_m,
    rank_interval,
    ranks,
)
from trinetra.evaluation.heat_score import pooled as coarser
from trinetra.evaluation.identity_score import IdentityScore
from trinetra.evaluation.matching import match_passages

STAYS = ("mae_s", "precision", "recall", "error_pct")


@dataclass(frozen=True)
class Compared:
    """A day's figures: `ratios` can be pooled over days, `maps` are (value, interval)."""

    ratios: Mapping[str, Ratio]
    maps: Mapping[str, tuple[float | None, Interval]]
    counts: Mapping[str, int]


def compare(
    truth: Happened,
    measured: Happened,
    *,
    cell_m: float,
    seen: npt.NDArray[np.bool_],
    identity: IdentityScore | None = None,
) -> Compared:
    """Everything about one day; `seen` (rows, columns) are the cells that a camera sees."""
    pairs = match_passages(truth.passages, measured.passages)
    dwell = stay_ratios(truth.stays, measured.stays, truth)
    wait = stay_ratios(truth.queues, measured.queues, truth)
    ratios = {
        **crossing_ratios(truth, measured, pairs),
        "occupancy_mae": occupancy_ratio(truth, measured),
        "queue_mae": queue_ratio(truth, measured),
        **{f"dwell_{name}": ratio for name, ratio in zip(STAYS, dwell, strict=True)},
        **{f"wait_{name}": ratio for name, ratio in zip(STAYS, wait, strict=True)},
    }
    if identity:
        ratios |= {
            "identity_f1": identity.f1,
            "identity_f1_without_staff": identity.f1_apart,
            "identity_precision": identity.precision,
            "identity_recall": identity.recall,
            "pair_precision": identity.pair_precision,
            "pair_recall": identity.pair_recall,
        }
    counts = {
        "crossings": len(truth.passages),
        "missed": len(pairs.missed),
        "false": len(pairs.false),
        "stays": len(truth.stays),
        "queue_episodes": len(truth.queues),
    }
    return Compared(ratios, _maps(truth, measured, cell_m, seen), counts)


def figures(compared: Compared, digits: int = 4) -> dict[str, Any]:
    """Values by name, and `intervals` (95 %) by the same names; null where nothing was there."""
    values = {name: ratio.value for name, ratio in compared.ratios.items()}
    intervals = {name: ratio.interval() for name, ratio in compared.ratios.items()}
    values |= {name: value for name, (value, _) in compared.maps.items()}
    intervals |= {name: interval for name, (_, interval) in compared.maps.items()}
    return {
        **{name: _round(value, digits) for name, value in values.items()},
        "intervals": {
            name: [_round(bound, digits) for bound in interval] if interval else None
            for name, interval in intervals.items()
        },
        "counts": dict(compared.counts),
    }


def together(days: Sequence[Compared]) -> Compared:
    """Several days as one: sums of the ratios' units; the mean of each map's figure."""
    names = {name for day in days for name in day.ratios}
    ratios = {
        name: pooled(day.ratios[name] for day in days if name in day.ratios)
        for name in sorted(names)
    }
    maps: dict[str, tuple[float | None, Interval]] = {}
    for name in days[0].maps:
        values = [value for value, _ in (day.maps[name] for day in days) if value is not None]
        maps[name] = (float(np.mean(values)) if values else None, None)
    counts = {name: sum(day.counts[name] for day in days) for name in days[0].counts}
    return Compared(ratios, maps, counts)


def _maps(
    truth: Happened, measured: Happened, cell_m: float, seen: npt.NDArray[np.bool_]
) -> dict[str, tuple[float | None, Interval]]:
    """Order of cells of the plan's own size and of 1 m, and the earth mover's distance at 1 m."""
    step = max(1, round(POOLED_M / cell_m))
    wide = coarser(seen.astype(float), step) > 0
    ours, theirs = truth.heat * seen, measured.heat * seen
    total, other = ours.sum(axis=0), theirs.sum(axis=0)
    a, b = coarser(ours, step), coarser(theirs, step)
    side_m = step * cell_m
    return {
        "heatmap_spearman": (ranks(a.sum(axis=0), b.sum(axis=0), wide), rank_interval(a, b, wide)),
        "heatmap_spearman_cells": (ranks(total, other, seen), rank_interval(ours, theirs, seen)),
        "heatmap_emd_m": (
            moved_m(a.sum(axis=0), b.sum(axis=0), side_m),
            moved_interval(a, b, side_m),
        ),
    }


def _round(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
