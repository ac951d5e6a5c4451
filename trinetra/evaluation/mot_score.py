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
) -> dict[str, dict[str, float]]:
    """Per sequence and `combined`: HOTA, AssA, DetA, IDF1, MOTA in percent, IDSW, FP, FN.

    `benchmark` holds for all sequences or is given by name. `on_sequence` is called after each.
    """
    metrics = {"HOTA": HOTA(), "Identity": _quiet(Identity), "CLEAR": _quiet(CLEAR)}
    found: dict[str, dict[str, Any]] = {name: {} for name in metrics}
    for name, sequence in sequences.items():
        rules = benchmark if isinstance(benchmark, str) else benchmark[name]
        seen = _prepared(sequence, rules)
        for key, metric in metrics.items():
            found[key][name] = metric.eval_sequence(seen)
        on_sequence()
    result = {name: _figures({key: found[key][name] for key in metrics}) for name in sequences}
    combined = {key: metric.combine_sequences(found[key]) for key, metric in metrics.items()}
    return {**result, "combined": _figures(combined)}


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


def _figures(found: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    hota, identity, clear = found["HOTA"], found["Identity"], found["CLEAR"]
    percent = {
        "HOTA": np.mean(hota["HOTA"]),
        "AssA": np.mean(hota["AssA"]),
        "DetA": np.mean(hota["DetA"]),
        "IDF1": identity["IDF1"],
        "MOTA": clear["MOTA"],
    }
    counts = {"IDSW": clear["IDSW"], "FP": clear["CLR_FP"], "FN": clear["CLR_FN"]}
    figures = {key: round(100 * float(value), 2) for key, value in percent.items()}
    return figures | {key: int(value) for key, value in counts.items()}
