"""Measure detectors: ``python -m models.training.evaluate MODEL... --assets ../shared/assets``.

Needs no torch.  Prints one Markdown table, or with ``--pool`` one score over all chosen sets:
the threshold of a catalog entry is the best F1 of the held-out sets, pooled.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from models.detector import Detector, load_detector
from models.evaluation import Score, score
from models.training.benchmark_sets import BenchmarkSet, benchmark_sets


def measure(detector: Detector, *benchmarks: BenchmarkSet) -> Score:
    """Average precision of a detector over the images of some sets, one image at a time."""
    return score(
        (detector.detect([image])[0], truth)
        for benchmark in benchmarks
        for image, truth in benchmark.read()
    )


def cell(result: Score) -> str:
    """``AP50 (precision/recall/threshold)`` at the best F1."""
    return f"{result.ap50:.3f} ({result.precision:.2f}/{result.recall:.2f}/{result.threshold:.2f})"


def main() -> None:
    """Evaluate every model at every size on every set that is there."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="+", help="catalog names or .onnx paths")
    parser.add_argument("--assets", type=Path, required=True)
    parser.add_argument("--work", type=Path, default=Path("work"), help="held-out training data")
    parser.add_argument("--sizes", type=int, nargs="+", default=[416, 640])
    parser.add_argument("--only", default="", help="sets whose name matches this expression")
    parser.add_argument("--pool", action="store_true", help="one score over all chosen sets")
    args = parser.parse_args()
    columns = [(name, size) for name in args.models for size in args.sizes]
    titles = " | ".join(f"{Path(name).stem} {size}" for name, size in columns)
    print(f"| set | boxes | {titles} |")
    print("|---|---|" + "---|" * len(columns))
    detectors = [
        load_detector(name, input_size=(size, size), mirror=args.assets / "models", threads=1)
        for name, size in columns
    ]
    chosen = [b for b in benchmark_sets(args.assets, args.work) if re.search(args.only, b.name)]
    for group in [chosen] if args.pool else [[b] for b in chosen]:
        results = [measure(detector, *group) for detector in detectors]
        row = " | ".join(cell(result) for result in results)
        name = " + ".join(b.name for b in group)
        print(f"| {name} | {results[0].boxes} | {row} |", flush=True)


if __name__ == "__main__":
    main()
