"""`trinetra bench simulate` on half an hour of a corner shop."""

from __future__ import annotations

from pathlib import Path

from tests.simulator.commands import TINY, told
from trinetra.bench.simulate import bench


def test_the_benchmark_counts_the_same_whatever_the_number_of_processes(tiny: str) -> None:
    Path(tiny).write_text(TINY.replace("fps = 5", "fps = 1"))
    found = [
        told(bench, "--scenario", tiny, "--visits", "20", "--processes", count)
        for count in ("1", "2")
    ]
    same = ("visits", "cameras", "fps", "frames", "boxes")
    assert [found[0][key] for key in same] == [found[1][key] for key in same]
    assert found[0]["frames"] == 3 * 90 * 60
    assert found[0]["boxes"] > 300
    assert found[0]["seconds"] < found[0]["limit_s"] == 300
