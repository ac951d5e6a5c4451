"""`trinetra bench simulate`: how long one store-day of detections takes (L1)."""

from __future__ import annotations

import multiprocessing
import os
import sys
import time
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.progress import Progress

from simulator.days import Day, DayScenario, frames, load_scenario, simulate_day, truth_of_day

LIMIT_S = 300.0
PARTS = 8
Counted = dict[str, int]


def bench(
    scenario: Annotated[str, typer.Option(help="Scenario of days.")] = "busy",
    visits: Annotated[
        int, typer.Option(min=1, max=20_000, help="Expected visits of the day.")
    ] = 1500,
    processes: Annotated[
        int, typer.Option(min=1, max=64, help="Processes; each takes parts of the day.")
    ] = 2,
    seed: Annotated[int, typer.Option(min=0)] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Time to simulate the detections of one day of opening hours, and to measure its truth.

    Every frame of every camera is made and counted; embeddings are made when they are asked
    for, so not here. Equal seeds give equal counts whatever the number of processes.
    """
    jobs = _jobs(scenario, visits, seed)
    began = time.perf_counter()
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        done = list(_watched(pool.imap_unordered(_detections, jobs), not as_json))
        took_s = time.perf_counter() - began
        began = time.perf_counter()
        entries = sum(pool.imap_unordered(_truth, jobs))
    told = {
        "scenario": scenario,
        "visits": entries,
        "cameras": len(load_scenario(scenario).plan.cameras),
        "fps": load_scenario(scenario).sensing.fps,
        "frames": sum(part["frames"] for part in done),
        "boxes": sum(part["boxes"] for part in done),
        "processes": processes,
        "cores": os.cpu_count(),
        "seconds": round(took_s, 1),
        "limit_s": LIMIT_S,
        "truth_s": round(time.perf_counter() - began, 1),
    }
    if as_json:
        sys.stdout.write(msgspec.json.encode(told).decode() + "\n")
        return
    for name, value in told.items():
        typer.echo(f"{name:<10} {value}")


Job = tuple[str, int, int, float, float]
"""Scenario, visits, seed, begin of the part (UNIX s) and its length."""


def _jobs(name: str, visits: int, seed: int) -> list[Job]:
    day = simulate_day(_scenario(name, visits), seed)
    length = day.seconds / PARTS
    return [(name, visits, seed, day.begins_at + i * length, length) for i in range(PARTS)]


def _scenario(name: str, visits: int) -> DayScenario:
    """The scenario with so many visits expected on its own date."""
    read = load_scenario(name)
    weekday = datetime.fromisoformat(read.calendar.date).weekday()
    factor = read.calendar.by_weekday[weekday] or 1.0
    wanted = msgspec.structs.replace(read.visits, per_day=visits / factor)
    return msgspec.structs.replace(read, visits=wanted)


def _day(job: Job) -> Day:
    name, visits, seed, begin, length = job
    scenario = _scenario(name, visits)
    zone = simulate_day(scenario, seed).zone
    return simulate_day(scenario, seed, start=datetime.fromtimestamp(begin, zone), seconds=length)


def _detections(job: Job) -> Counted:
    counted = {"frames": 0, "boxes": 0}
    for frame in frames(_day(job)):
        counted["frames"] += 1
        counted["boxes"] += len(frame.score)
    return counted


def _truth(job: Job) -> int:
    return truth_of_day(_day(job)).entries()


def _watched(parts: Iterable[Counted], shown: bool) -> Iterator[Counted]:
    console = Console(stderr=True)
    hidden = not (shown and console.is_terminal)
    with Progress(console=console, disable=hidden, transient=True) as bar:
        yield from bar.track(parts, total=PARTS, description="simulating a day")
