"""Heatmaps against truth: order of the cells, and how far presence would have to be moved."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.stats import spearmanr, wasserstein_distance_nd

from trinetra.evaluation.estimates import Floats, Interval, resampled

RANK_RESAMPLES = 200
MOVE_RESAMPLES = 20
POOLED_M = 1.0


def ranks(truth: Floats, measured: Floats, seen: npt.NDArray[np.bool_]) -> float | None:
    """Spearman's ρ of two maps (rows, columns) over the cells that are seen; None where flat."""
    a, b = truth[seen], measured[seen]
    if not len(a) or np.ptp(a) == 0 or np.ptp(b) == 0:
        return None
    return float(spearmanr(a, b).statistic)


def moved_m(truth: Floats, measured: Floats, cell_m: float) -> float | None:
    """Earth mover's distance in metres between two maps, each taken as a distribution.

    What both have in a cell stays there (moving it never pays, distance being a metric), so only
    the differences go through the linear program (`scipy.stats.wasserstein_distance_nd`).
    """
    if truth.sum() <= 0 or measured.sum() <= 0:
        return None
    more = measured / measured.sum() - truth / truth.sum()
    share = float(more.clip(min=0).sum())
    if share < 1e-9:
        return 0.0
    from_, to = np.argwhere(more > 0), np.argwhere(more < 0)
    distance = wasserstein_distance_nd(from_ * cell_m, to * cell_m, more[more > 0], -more[more < 0])
    return share * float(distance)


def rank_interval(truth: Floats, measured: Floats, seen: npt.NDArray[np.bool_]) -> Interval:
    """Interval of `ranks`; maps are (blocks, rows, columns) and blocks are resampled."""
    return resampled(
        len(truth),
        lambda drawn: ranks(truth[drawn].sum(axis=0), measured[drawn].sum(axis=0), seen),
        RANK_RESAMPLES,
    )


def moved_interval(truth: Floats, measured: Floats, cell_m: float) -> Interval:
    """Interval of `moved_m`; maps are (blocks, rows, columns) and blocks are resampled."""
    return resampled(
        len(truth),
        lambda drawn: moved_m(truth[drawn].sum(axis=0), measured[drawn].sum(axis=0), cell_m),
        MOVE_RESAMPLES,
    )


def pooled(maps: Floats, step: int) -> Floats:
    """Maps (…, rows, columns) summed over step × step cells; the border is padded with zeros."""
    rows, columns = (-(-side // step) * step for side in maps.shape[-2:])
    padded = np.zeros((*maps.shape[:-2], rows, columns))
    padded[..., : maps.shape[-2], : maps.shape[-1]] = maps
    blocks = padded.reshape(*maps.shape[:-2], rows // step, step, columns // step, step)
    return np.asarray(blocks.sum(axis=(-3, -1)))
