"""`trinetra bench tracker`: time per frame of our tracker and of others on the same people."""

from __future__ import annotations

import gc
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from typing import Annotated

import msgspec
import numpy as np
import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

from edge_agent.tracking.bytetrack import Tracker
from models.detections import Detections
from trinetra.bench.tracker_peers import Peer, peers

CROWDS = (10, 50, 200)
RATE_HZ = 15.0
WARM_UP = 30
SIZE = (1920, 1080)
OURS = "trinetra"


def bench(
    frames: Annotated[int, typer.Option(min=1, help="Measured frames of a run.")] = 100,
    runs: Annotated[int, typer.Option(min=1, help="Runs; the median counts.")] = 3,
    seed: Annotated[int, typer.Option(min=0)] = 7,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Processor time per frame with 10, 50 and 200 people, all trackers in the same run.

    People walk through a 1080p picture at 15 frames a second; one in twenty is missed in a
    frame, scores lie between 0.3 and 0.95. The trackers take turns in every run.
    """
    others, left_out = peers(RATE_HZ)
    makers: list[Peer] = [Peer(OURS, OURS, _ours), *others]
    told = {str(people): _timed(makers, walkers(people, frames, seed), runs) for people in CROWDS}
    best = {people: _families(makers, row) for people, row in told.items()}
    faster = _times_faster(best["50"])
    if as_json:
        report = {
            "us_per_frame": best,
            "every_tracker": told,
            "left_out": left_out,
            "times_faster_at_50": faster,
            "runs": runs,
            "frames": frames,
        }
        sys.stdout.write(msgspec.json.encode(report).decode() + "\n")
        return
    _print(told, left_out, faster)


def walkers(people: int, frames: int, seed: int) -> list[Detections]:
    """Detections of so many people who walk about, for warm-up and measured frames."""
    rng = np.random.default_rng(seed)
    at = rng.uniform((0, 0), SIZE, (people, 2))
    speed = rng.normal(0, 60, (people, 2)) / RATE_HZ
    size = rng.uniform(0.7, 1.3, (people, 1)) * (50, 130)
    seen = []
    for _ in range(WARM_UP + frames):
        at = at + speed
        speed = np.where((at < 0) | (at > SIZE), -speed, speed)
        found = rng.random(people) > 0.05
        middle = (at + rng.normal(0, 2, at.shape))[found]
        corners = np.concatenate((middle - size[found] / 2, middle + size[found] / 2), axis=1)
        score = rng.uniform(0.3, 0.95, len(middle))
        seen.append(Detections(corners.astype(np.float32), score.astype(np.float32)))
    return seen


def _ours() -> Callable[[int, Detections], object]:
    tracker = Tracker(0.6)
    return lambda index, found: tracker.update(found, index / RATE_HZ)


def _timed(makers: Sequence[Peer], seen: list[Detections], runs: int) -> dict[str, float]:
    """Median over the runs of each tracker's microseconds per frame."""
    took: dict[str, list[float]] = {peer.name: [] for peer in makers}
    console = Console(stderr=True)
    for _ in track(range(runs), "Tracking", console=console, transient=True):
        for peer in makers:
            took[peer.name].append(_one_run(peer, seen))
    return {name: round(statistics.median(each), 1) for name, each in took.items()}


def _one_run(peer: Peer, seen: list[Detections]) -> float:
    """Processor time, so that other programs on the machine count little."""
    update = peer.start()
    for index in range(WARM_UP):
        update(index, seen[index])
    gc.collect()
    began = time.thread_time()
    for index in range(WARM_UP, len(seen)):
        update(index, seen[index])
    return (time.thread_time() - began) / (len(seen) - WARM_UP) * 1e6


def _families(makers: Sequence[Peer], row: dict[str, float]) -> dict[str, float]:
    """The fastest tracker of every package."""
    best: dict[str, float] = {}
    for peer in makers:
        best[peer.package] = min(best.get(peer.package, float("inf")), row[peer.name])
    return best


def _times_faster(best: dict[str, float]) -> float | None:
    others = [took for package, took in best.items() if package != OURS]
    return round(min(others) / best[OURS], 2) if others else None


def _print(
    told: dict[str, dict[str, float]], left_out: dict[str, str], faster: float | None
) -> None:
    table = Table("tracker", *(f"{people} people, µs" for people in told))
    for name in next(iter(told.values())):
        table.add_row(name, *(f"{row[name]:.0f}" for row in told.values()))
    console = Console()
    console.print(table)
    if faster is not None:
        console.print(f"{faster} times faster than the fastest other with 50 people")
    for name, why in left_out.items():
        console.print(f"left out: {name}: {why}")
