"""What `trinetra simulate` writes on each level."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import cv2
import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from contracts.errors import TrinetraError
from simulator import film, store_file
from simulator.days import Day, DayScenario, DayTruth, simulate_day, store_config, truth_of_day
from simulator.days.detection_files import write_detections
from simulator.days.event_files import batches_of, days_of, write_batch
from simulator.days.picture import picture_of
from simulator.days.scene import people_of, world_of
from simulator.days.truth_files import write_truth
from simulator.truth import write_boxes

SHADES = 8
"""Steps of colour in a picture: half the size, and nobody sees it."""
IMAGES = "img1"
"""Where `eval mot` looks for a sequence's frames."""
QUALITY = 95
Report = Callable[[float], None]
"""How much is done, in the bar's unit."""


@dataclass(frozen=True)
class Window:
    """What to simulate and where to write it; `start` is local, without a time zone."""

    scenario: DayScenario
    seed: int
    start: datetime
    days: int
    seconds: float
    out: Path
    picture: bool
    embeddings: bool
    images: bool


def events(window: Window, *, shown: bool) -> dict[str, Any]:
    """Batches of whole days and the truth of each, one day in memory at a time."""
    days = days_of(window.scenario, window.seed, window.start.date(), window.days)
    counted = {"days": 0, "batches": 0, "events": 0, "entries": 0, "transactions": 0}
    with _bar("simulating", window.days, "days", shown=shown) as report:
        for batch, day, truth in batches_of(days):
            write_batch(window.out, batch)
            counted["batches"] += 1
            counted["events"] += batch.records
            if truth is None:
                continue
            write_truth(window.out / "truth" / f"date={day.date}", truth)
            if window.picture and counted["days"] == 0:
                _draw(window, day, truth)
            counted["days"] += 1
            counted["entries"] += truth.entries()
            counted["transactions"] += len(truth.transactions)
            report(counted["days"])
    return counted


def detections(window: Window, *, shown: bool) -> dict[str, Any]:
    """Detections and true boxes of a window, and its truth."""
    day, truth = _measured(window, fps=window.scenario.sensing.fps)
    with _bar("detecting", day.seconds, "s", shown=shown) as report:
        written = write_detections(window.out, day, embeddings=window.embeddings, report=report)
    return {"seconds": day.seconds, "entries": truth.entries(), **written}


def frames(window: Window, *, shown: bool) -> dict[str, Any]:
    """Video of every camera with true boxes, and the window's truth."""
    day, truth = _measured(window, fps=window.scenario.plan.fps)
    world = world_of(day)
    with _bar("rendering", world.frames * len(world.scenario.cameras), "frames", shown=shown) as go:
        films = film.film_world(world, window.out / "video", lambda done, _: go(done))
    seconds = world.frames / world.fps
    people = people_of(day)
    for name, each in films.items():
        rows = [
            msgspec.structs.replace(box, person=int(people[box.person])) for box in each.boxes.rows
        ]
        boxes = msgspec.structs.replace(each.boxes, rows=rows)
        if window.images:
            _write_images(each.mp4, window.out / name / IMAGES)
        images = IMAGES if window.images else ""
        write_boxes(window.out / name, boxes, world.fps, world.frames, images=images)
    return {
        "seconds": seconds,
        "entries": truth.entries(),
        "people": len(world.looks),
        "frames": world.frames * len(films),
        "true_boxes": sum(len(each.boxes.rows) for each in films.values()),
    }


def _write_images(film: Path, folder: Path) -> None:
    """The film's frames as they were encoded, from 000001.jpg."""
    folder.mkdir(parents=True)
    video = cv2.VideoCapture(str(film))
    try:
        number = 0
        while (read := video.read())[0]:
            number += 1
            path = folder / f"{number:06}.jpg"
            if not cv2.imwrite(str(path), read[1], [cv2.IMWRITE_JPEG_QUALITY, QUALITY]):
                raise TrinetraError(f"{path}: the image cannot be written")
    finally:
        video.release()


def _measured(window: Window, *, fps: float) -> tuple[Day, DayTruth]:
    day = simulate_day(window.scenario, window.seed, start=window.start, seconds=window.seconds)
    truth = truth_of_day(day)
    write_truth(window.out / "truth", truth)
    _write_store(window, fps)
    if window.picture:
        _draw(window, day, truth)
    return day, truth


def _write_store(window: Window, fps: float) -> None:
    """The `store.toml` that an installer would have written, for video beside it."""
    urls = {lens.id: f"video/{lens.id}.mp4" for lens in window.scenario.plan.cameras}
    config = store_config(window.scenario, urls, fps=fps)
    (window.out / "store.toml").write_text(store_file.store_toml(config), encoding="utf-8")


def _draw(window: Window, day: Day, truth: DayTruth) -> None:
    path = window.out / "picture.png"
    picture = picture_of(day, truth) // SHADES * SHADES
    if not cv2.imwrite(str(path), picture, [cv2.IMWRITE_PNG_COMPRESSION, 9]):
        raise TrinetraError(f"{path}: the picture cannot be written")


@contextmanager
def _bar(what: str, total: float, unit: str, *, shown: bool) -> Iterator[Report]:
    """A progress bar on the error stream of a terminal; nothing where that is none."""
    console = Console(stderr=True)
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:.0f}/{task.total:.0f} " + unit),
        TimeRemainingColumn(),
        console=console,
        disable=not (shown and console.is_terminal),
        transient=True,
    ) as bar:
        task = bar.add_task(what, total=total)
        yield lambda done: bar.update(task, completed=done)
