"""HOTA, IDF1 and MOTA of tracks against ground truth, with TrackEval's own code."""

from __future__ import annotations

import contextlib
import io
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from trackeval.datasets import MotChallenge2DBox
from trackeval.metrics import CLEAR, HOTA, Identity

Rows = npt.NDArray[np.float64]


class Sequence(NamedTuple):
    """Rows as in MOT files: frame from 1, id, x, y, w, h, …; `length` in frames."""

    truth: Rows
    tracks: Rows
    length: int


def scores(sequences: Mapping[str, Sequence], benchmark: str) -> dict[str, dict[str, float]]:
    """Per sequence and `combined`: HOTA, AssA, DetA, IDF1, MOTA in percent, IDSW, FP, FN.

    `benchmark` MOT17 leaves out what the ground truth marks as distractors, MOT15 has none.
    """
    metrics = {"HOTA": HOTA(), "Identity": _quiet(Identity), "CLEAR": _quiet(CLEAR)}
    found: dict[str, dict[str, Any]] = {name: {} for name in metrics}
    with tempfile.TemporaryDirectory() as folder:
        dataset = _dataset(Path(folder), sequences, benchmark)
        for name in sequences:
            raw = dataset.get_raw_seq_data("ours", name)
            seen = dataset.get_preprocessed_seq_data(raw, "pedestrian")
            for key, metric in metrics.items():
                found[key][name] = metric.eval_sequence(seen)
    result = {name: _figures({key: found[key][name] for key in metrics}) for name in sequences}
    combined = {key: metric.combine_sequences(found[key]) for key, metric in metrics.items()}
    return {**result, "combined": _figures(combined)}


def _quiet(metric: type[Any]) -> Any:
    return metric({"PRINT_CONFIG": False})


def _dataset(folder: Path, sequences: Mapping[str, Sequence], benchmark: str) -> Any:
    for name, sequence in sequences.items():
        _write(folder / "gt" / name / "gt" / "gt.txt", sequence.truth)
        _write(folder / "trackers" / "ours" / "data" / f"{name}.txt", sequence.tracks)
    with contextlib.redirect_stdout(io.StringIO()):
        return MotChallenge2DBox(
            {
                "GT_FOLDER": str(folder / "gt"),
                "TRACKERS_FOLDER": str(folder / "trackers"),
                "TRACKERS_TO_EVAL": ["ours"],
                "BENCHMARK": benchmark,
                "SEQ_INFO": {name: sequence.length for name, sequence in sequences.items()},
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
