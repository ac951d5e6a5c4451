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
    Row(
        "reid",
        "trinetra.evaluation.reid_command:reid",
        "Whether the same person is found again by looks: rank-1, mAP.",
    ),
    Row(
        "store",
        "trinetra.evaluation.store_command:store",
        "A simulated store's numbers against what really happened there.",
        "eval",
    ),
)

app = group("eval", "Accuracy against ground truth.", KINDS)
