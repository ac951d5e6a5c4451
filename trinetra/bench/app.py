"""`trinetra bench`: one row per benchmark, imported only when it runs."""

from __future__ import annotations

from trinetra.lazy import Row, group

BENCHES: tuple[Row, ...] = (
    Row("tracker", "trinetra.bench.tracker:bench", "Time per frame beside other trackers."),
    Row("gallery", "trinetra.bench.gallery:bench", "One query against 10,000 templates."),
    Row("simulate", "trinetra.bench.simulate:bench", "One store-day of detections (L1).", "eval"),
)
"""`Row("tracker", "trinetra.bench.tracker:bench", "Time per frame beside the peers.")`, …"""

app = group("bench", "Speed against the limit and against peers.", BENCHES)
