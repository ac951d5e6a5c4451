"""`trinetra simulate`: days of a store with their truth, as events, detections or frames."""

from __future__ import annotations

import sys
import time
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import typer

from contracts.errors import ConfigError
from simulator.days import DayScenario, load_scenario, names
from simulator.days.hours import FIRST_YEAR, LAST_YEAR
from trinetra.simulate_levels import Window, detections, events, frames

LEVELS = {"events": events, "detections": detections, "frames": frames}
DEFAULT_SECONDS = {"detections": 600.0, "frames": 60.0}
DEFAULT_DAYS = 7
MOST_DAYS = 1100


Scenario = Annotated[
    str, typer.Argument(help=f"Name ({', '.join(names())}) or path of a TOML file of days.")
]
Out = Annotated[Path, typer.Option(help="Empty or new folder for everything written.")]
Level = Annotated[
    Literal["events", "detections", "frames"],
    typer.Option(
        help="events: batches for the cloud, whole days; detections: boxes and true boxes "
        "per camera; frames: rendered, encoded video."
    ),
]
Start = Annotated[
    str,
    typer.Option(
        help="Local date, or date and time: 2026-03-03T17:00. A window of seconds begins "
        "in the busiest hour if no time is given.",
        show_default="the scenario's date",
    ),
]
Days = Annotated[
    int | None,
    typer.Option(min=1, max=MOST_DAYS, help="Whole local days (events).", show_default="7"),
]
Seconds = Annotated[
    float | None,
    typer.Option(
        min=1, help="Length of the window (detections, frames).", show_default="600 or 60"
    ),
]


def simulate(
    scenario: Scenario,
    out: Out,
    level: Level = "events",
    seed: Annotated[int, typer.Option(min=0, help="Equal seeds give equal files.")] = 1,
    start: Start = "",
    days: Days = None,
    seconds: Seconds = None,
    picture: Annotated[
        bool,
        typer.Option("--picture", help="Draw paths, a view, arrivals and queues of the first day."),
    ] = False,
    embeddings: Annotated[
        bool, typer.Option("--embeddings", help="Write an embedding beside every detection.")
    ] = False,
    images: Annotated[
        bool,
        typer.Option("--images", help="Write the frames as images, too, for trinetra eval mot."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Simulate a store's days and write them with their truth.

    Everything follows from the scenario, the seed and the date: the same people walk the same
    ways on all three levels. Truth is written as Parquet, boxes in the MOTChallenge format.
    """
    _refuse_unused(level, days=days, seconds=seconds, embeddings=embeddings, images=images)
    read = load_scenario(scenario)
    window = Window(
        scenario=read,
        seed=seed,
        start=begin_of(read, start, whole_days=level == "events"),
        days=days or DEFAULT_DAYS,
        seconds=seconds or DEFAULT_SECONDS.get(level, 0.0),
        out=_empty(out),
        picture=picture,
        embeddings=embeddings,
        images=images,
    )
    began = time.perf_counter()
    summary = LEVELS[level](window, shown=not as_json)
    told: dict[str, Any] = {
        "scenario": read.name,
        "level": level,
        "seed": seed,
        "start": window.start.isoformat(),
        **summary,
        "out": str(out),
        "took_s": round(time.perf_counter() - began, 2),
    }
    _tell(told, as_json=as_json)


def _tell(told: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(msgspec.json.encode(told).decode() + "\n")
        return
    wide = max(map(len, told))
    for name, value in told.items():
        typer.echo(f"{name:<{wide}}  {value}")


def _refuse_unused(
    level: str, *, days: int | None, seconds: float | None, embeddings: bool, images: bool
) -> None:
    if level == "events" and seconds is not None:
        raise ConfigError("--seconds: events are simulated by whole days, use --days")
    if level != "events" and days is not None:
        raise ConfigError(f"--days: {level} are simulated by the second, use --seconds")
    if embeddings and level != "detections":
        raise ConfigError("--embeddings: only detections have embeddings")
    if images and level != "frames":
        raise ConfigError("--images: only frames have images")


def begin_of(scenario: DayScenario, text: str, *, whole_days: bool) -> datetime:
    """Local begin of what is simulated; `ConfigError` for what is no date or time."""
    calendar = scenario.calendar
    wanted = text or calendar.date
    try:
        begin = datetime.fromisoformat(wanted)
    except ValueError:
        raise ConfigError(
            f"--start {wanted[:40]}: expected 2026-03-03 or 2026-03-03T17:00"
        ) from None
    if not FIRST_YEAR <= begin.year <= LAST_YEAR:
        raise ConfigError(
            f"--start {wanted[:40]}: expected a year from {FIRST_YEAR} to {LAST_YEAR}"
        )
    if begin.tzinfo is not None:
        raise ConfigError("--start is local time of the store: leave out the offset")
    if whole_days:
        return datetime.combine(begin.date(), datetime.min.time())
    if len(wanted) > len(date.min.isoformat()):
        return begin
    busiest = max(range(24), key=lambda hour: calendar.by_hour[hour])
    return begin.replace(hour=busiest)


def _empty(out: Path) -> Path:
    """A folder that nothing older can be mixed up in."""
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ConfigError(f"--out {out}: expected an empty or new folder")
    out.mkdir(parents=True, exist_ok=True)
    return out
