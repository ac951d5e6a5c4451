"""`trinetra models benchmark`: every installed engine on one model, in turns."""

from __future__ import annotations

from typing import Any

import numpy as np
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from models.catalog import ResolvedModel
from models.runtime.agreement import TOLERANCE
from models.runtime.base import Precision
from models.runtime.choice import Wish, best, candidates
from models.runtime.contest import Result, hold_contest
from models.runtime.engines import AUTO, ENGINES, REFERENCE, Engine
from models.runtime.entry import Entry
from models.runtime.machine import cpu_name, gpu_name
from models.runtime.profiles import PROFILES


def benchmark(
    model: ResolvedModel, size: tuple[int, int], threads: int, rounds: int, *, shown: bool
) -> dict[str, Any]:
    """Times per frame of every way to run ``model``, and the one that `auto` would take.

    ``size`` is the bound that frames are fitted into; ``shown`` asks for a progress bar.

    Raises:
        ModelError: no engine runs the model.
    """
    wish = Wish(runtime=AUTO, precision=AUTO, threads=threads)
    ways = candidates(model, wish, ENGINES)
    results = _measured(model, wish, ways, size, rounds, shown=shown)
    alone = [result for result in results if result.batch == 1]
    engine, precision = best(alone, [(engine.name, precision) for engine, precision in ways])
    return {
        "model": model.entry.name,
        "input_size": size,
        "threads": threads,
        "rounds": rounds,
        "cpu": cpu_name(),
        "gpu": gpu_name(),
        "results": [_row(result) for result in results],
        "chosen": {"engine": engine, "precision": precision},
    }


def _measured(
    model: ResolvedModel,
    wish: Wish,
    ways: list[tuple[Engine, Precision]],
    size: tuple[int, int],
    rounds: int,
    *,
    shown: bool,
) -> list[Result]:
    """All ways with each batch size, with a bar on a terminal."""
    console = Console(stderr=True)
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}/{task.total}"),
        TimeRemainingColumn(), console=console, transient=True,
        disable=not (shown and console.is_terminal),
    )  # fmt: skip
    task = bar.add_task(model.entry.name, total=len(ways) * len(PROFILES) * rounds)
    results: list[Result] = []
    with bar:
        for batch in PROFILES:
            entries = [
                Entry.of(
                    model, way,
                    input_size=size, threads=wish.threads, batch=batch, cache_dir=wish.folder,
                )
                for way in ways
            ]  # fmt: skip
            results += hold_contest(entries, rounds, on_turn=lambda: bar.advance(task))
    return results


def _row(result: Result) -> dict[str, Any]:
    per_frame = np.array(result.times_ms) / result.batch
    measured = len(per_frame) > 0
    return {
        "engine": result.engine,
        "precision": result.precision,
        "batch": result.batch,
        "ms_p50": round(float(np.percentile(per_frame, 50)), 2) if measured else None,
        "ms_p99": round(float(np.percentile(per_frame, 99)), 2) if measured else None,
        "ms_best": round(result.best_ms, 2) if measured else None,
        "distance": None if result.far is None else round(result.far, 5),
        "agrees": result.agrees,
        "error": result.error or None,
    }


def show(told: dict[str, Any]) -> None:
    """The same as a person reads it."""
    wide, high = told["input_size"]
    typer.echo(f"{told['model']}, {wide}x{high}, {told['threads']} thread(s), {told['cpu']}")
    table = Table()
    for title in ("engine", "type", "batch", "ms p50", "p99", "best", "distance", ""):
        table.add_column(title, no_wrap=True)
    for row in told["results"]:
        said = "failed" if row["error"] else "" if row["agrees"] else "differs"
        way = {"engine": row["engine"], "precision": row["precision"]}
        if way == told["chosen"] and row["batch"] == 1:
            said = "auto"
        cells = [row[key] for key in list(row)[:7]]
        table.add_row(*("-" if cell is None else str(cell) for cell in cells), said)
    Console().print(table)
    for row in told["results"]:
        if row["error"] and row["batch"] == PROFILES[0]:
            typer.echo(f"{row['engine']} {row['precision']}: {row['error']}")
    limits = ", ".join(f"{name} {limit:g}" for name, limit in TOLERANCE.items())
    typer.echo(f"ms per frame; distance to {REFERENCE} in fp32, in scores: at most {limits}")
