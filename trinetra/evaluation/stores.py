"""Several simulated days at once, each in a process of its own."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from queue import Empty, Queue
from typing import Any

from contracts.errors import ConfigError
from trinetra.evaluation.mistakes import save_mistakes
from trinetra.evaluation.store import StoreOptions, evaluate_store
from trinetra.evaluation.store_score import Compared, figures, together

LOOK_S = 0.5
LEAST_NEWS = 0.01
Report = Callable[[str, float], None]
"""Is told a scenario's name and the share of all that is done."""


@dataclass(frozen=True)
class Scored:
    """One day's figures: as told, and as they can be pooled."""

    told: dict[str, Any]
    compared: Compared


def evaluate_stores(
    options: Sequence[StoreOptions],
    on_progress: Report = lambda _name, _share: None,
    *,
    save: Path | None = None,
    processes: int | None = None,
) -> dict[str, Any]:
    """Several scenarios; the top level pools them (maps: mean), `scenarios` has each.

    `save` is a folder for what was wrong in each. `processes` are as many as there are cores.

    Raises:
        ConfigError, ModelError: as `evaluate_store`, for the first scenario that cannot be run.
    """
    if not options:
        raise ConfigError("no scenario to evaluate")
    count = min(processes or os.cpu_count() or 1, len(options))
    if count == 1:
        scored = [
            _score(each, save, _part(on_progress, index, len(options)))
            for index, each in enumerate(options)
        ]
    else:
        scored = _at_once(options, save, on_progress, count)
    if len(scored) == 1:
        return scored[0].told
    return {
        "scenario": "all",
        "level": scored[0].told["level"],
        **figures(together([each.compared for each in scored])),
        "scenarios": {each.told["scenario"]: each.told for each in scored},
    }


def _at_once(
    options: Sequence[StoreOptions], save: Path | None, on_progress: Report, count: int
) -> list[Scored]:
    context = get_context("spawn")
    with context.Manager() as manager:
        news: Queue[tuple[str, int, float]] = manager.Queue()
        with (
            _one_thread_each(),
            ProcessPoolExecutor(count, mp_context=context) as pool,
        ):
            jobs = [
                pool.submit(_in_process, each, save, news, index)
                for index, each in enumerate(options)
            ]
            try:
                _follow(jobs, news, on_progress)
                return [job.result() for job in jobs]
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise


def _follow(
    jobs: Sequence[Future[Scored]], news: Queue[tuple[str, int, float]], on_progress: Report
) -> None:
    """Pass news on until all jobs are done or one has failed."""
    shares = [0.0] * len(jobs)
    while True:
        done, left = wait(jobs, timeout=0)
        if not left or any(job.exception() for job in done):
            return
        try:
            name, index, share = news.get(timeout=LOOK_S)
        except Empty:
            continue
        shares[index] = share
        on_progress(name, sum(shares) / len(shares))


def _in_process(
    options: StoreOptions, save: Path | None, news: Queue[tuple[str, int, float]], index: int
) -> Scored:
    name, told = str(options.scenario), 0.0

    def report(share: float) -> None:
        nonlocal told
        if share - told >= LEAST_NEWS:
            told = share
            news.put((name, index, share))

    scored = _score(options, save, report)
    news.put((name, index, 1.0))
    return scored


def _score(
    options: StoreOptions, save: Path | None, on_progress: Callable[[float], None]
) -> Scored:
    result = evaluate_store(options, on_progress)
    if save is not None:
        save_mistakes(result, save / result.day.scenario.name)
    return Scored(result.told, result.compared)


def _part(on_progress: Report, index: int, count: int) -> Callable[[float], None]:
    return lambda share: on_progress("", (index + share) / count)


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Processes started here use one thread for sums: there are as many processes as cores."""
    before = os.environ.get("OMP_NUM_THREADS")
    os.environ["OMP_NUM_THREADS"] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ["OMP_NUM_THREADS"]
        else:
            os.environ["OMP_NUM_THREADS"] = before
