"""HOTA, IDF1 and MOTA of tracks against ground truth, with TrackEval's own code."""

from __future__ import annotations

import contextlib
import io
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from trackeval.datasets import MotChallenge2DBox
from trackeval.metrics import CLEAR, HOTA, Identity

Rows = npt.NDArray[np.float64]
Benchmark = Literal["MOT15", "MOT17"]
"""MOT17 leaves out what the ground truth marks as distractors, MOT15 has none."""
Figures = dict[str, float | None]
PERCENTS = ("HOTA", "AssA", "DetA", "IDF1", "MOTA")
COUNTS = ("IDSW", "FP", "FN")
KEPT = 7
"""Columns of a track that are scored: frame, id, x, y, w, h, score."""


class Sequence(NamedTuple):
    """Rows as in MOT files: frame from 1, id, x, y, w, h, …; `length` in frames."""

    truth: Rows
    tracks: Rows
    length: int


def scores(
    sequences: Mapping[str, Sequence],
    benchmark: Benchmark | Mapping[str, Benchmark],
    on_sequence: Callable[[], None] = lambda: None,
) -> dict[str, Figures]:
    """Per sequence and `combined`: HOTA, AssA, DetA, IDF1, MOTA in percent, IDSW, FP, FN.

    Of nobody no share can be found: the percents of a sequence whose truth shows no one are
    None, and `combined` leaves it out (all of it is None where nobody is left).
    `benchmark` holds for all sequences or is given by name. `on_sequence` is called after each.
    """
    metrics = {"HOTA": HOTA(), "Identity": _quiet(Identity), "CLEAR": _quiet(CLEAR)}
    found: dict[str, dict[str, Any]] = {name: {} for name in metrics}
    peopled: dict[str, bool] = {}
    for name, sequence in sequences.items():
        rules = benchmark if isinstance(benchmark, str) else benchmark[name]
        seen = _prepared(sequence, rules)
        peopled[name] = seen["num_gt_dets"] > 0
        for key, metric in metrics.items():
            found[key][name] = metric.eval_sequence(seen)
        on_sequence()
    result: dict[str, Figures] = {}
    for name in sequences:
        figures = _figures({key: found[key][name] for key in metrics})
        result[name] = figures if peopled[name] else figures | dict.fromkeys(PERCENTS)
    return {**result, "combined": _combined(metrics, found, peopled)}


def _combined(
    metrics: Mapping[str, Any], found: Mapping[str, dict[str, Any]], peopled: Mapping[str, bool]
) -> Figures:
    """All sequences with somebody in them as one."""
    if not any(peopled.values()):
        return dict.fromkeys((*PERCENTS, *COUNTS))
    chosen = {
        key: {name: each for name, each in found[key].items() if peopled[name]} for key in metrics
    }
    return _figures({key: metrics[key].combine_sequences(chosen[key]) for key in metrics})


def _quiet(metric: type[Any]) -> Any:
    return metric({"PRINT_CONFIG": False})


def _prepared(sequence: Sequence, benchmark: Benchmark) -> Any:
    """The sequence as TrackEval's metrics take it, through its own reader and rules."""
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        dataset = _dataset(Path(folder), sequence, benchmark)
        raw = dataset.get_raw_seq_data("ours", "sequence")
        return dataset.get_preprocessed_seq_data(raw, "pedestrian")


def _dataset(folder: Path, sequence: Sequence, benchmark: Benchmark) -> Any:
    _write(folder / "gt" / "sequence" / "gt" / "gt.txt", sequence.truth)
    tracks = sequence.tracks.reshape(-1, sequence.tracks.shape[-1])[:, :KEPT]
    _write(folder / "trackers" / "ours" / "data" / "sequence.txt", tracks)
    return MotChallenge2DBox(
        {
            "GT_FOLDER": str(folder / "gt"),
            "TRACKERS_FOLDER": str(folder / "trackers"),
            "TRACKERS_TO_EVAL": ["ours"],
            "BENCHMARK": benchmark,
            "SEQ_INFO": {"sequence": sequence.length},
            "SKIP_SPLIT_FOL": True,
            "PRINT_CONFIG": False,
        }
    )


def _write(path: Path, rows: Iterable[Iterable[float]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(",".join(f"{value:.10g}" for value in row) + "\n" for row in rows))


def _figures(found: Mapping[str, Mapping[str, Any]]) -> Figures:
    hota, identity, clear = found["HOTA"], found["Identity"], found["CLEAR"]
    shares = (
        np.mean(hota["HOTA"]),
        np.mean(hota["AssA"]),
        np.mean(hota["DetA"]),
        identity["IDF1"],
        clear["MOTA"],
    )
    percents = (round(100 * float(share), 2) for share in shares)
    counts = (int(clear[key]) for key in ("IDSW", "CLR_FP", "CLR_FN"))
    figures: Figures = dict(zip(PERCENTS, percents, strict=True))
    return figures | dict(zip(COUNTS, counts, strict=True))
