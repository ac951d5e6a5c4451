"""`trinetra eval`: accuracy against ground truth, one row per kind."""

from __future__ import annotations

from trinetra.lazy import Row, group

KINDS: tuple[Row, ...] = (
    Row(
        "mot",
        "trinetra.evaluation.mot_command:mot",
        "Tracks against the boxes of real people: HOTA, IDF1, MOTA.",
        "eval",
    ),
)

app = group("eval", "Accuracy against ground truth.", KINDS)
