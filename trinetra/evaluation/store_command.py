"""`trinetra eval store`: options, progress bar and table."""

from __future__ import annotations

import json
import os
import re
import sys
from dataclasses import replace
from datetime import time
from pathlib import Path
from typing import Annotated, Any, cast

import typer
from rich.console import Console
from rich.table import Table

from contracts.errors import ConfigError
from trinetra.evaluation.progress import bar_on_stderr
from trinetra.evaluation.store import SCENARIOS, Level, StoreOptions
from trinetra.evaluation.stores import evaluate_stores
from trinetra.track import MIRROR

FIGURES = (
    "crossing_precision",
    "crossing_recall",
    "crossing_recall_all",
    "crossings_unseen_share",
    "footfall_error_pct",
    "footfall_error_pct_all",
    "visit_error_pct",
    "visit_linked_share",
    "visit_mae_s",
    "identity_f1",
    "identity_f1_without_staff",
    "pair_precision",
    "pair_recall",
    "occupancy_mae",
    "queue_mae",
    "wait_mae_s",
    "dwell_mae_s",
    "dwell_precision",
    "dwell_recall",
    "dwell_error_pct",
    "heatmap_spearman",
    "heatmap_spearman_cells",
    "heatmap_emd_m",
)


Scenario = Annotated[
    str,
    typer.Option(
        metavar="NAME|FILE",
        help="A bundled scenario, or a TOML file of one.",
        show_default=", ".join(SCENARIOS),
    ),
]
Minutes = Annotated[
    float | None,
    typer.Option(
        min=0.5,
        max=1440,
        help="Length of the window.",
        show_default="30, longer if faults come later, but not over midnight",
    ),
]
Start = Annotated[
    str,
    typer.Option(
        metavar="HH:MM",
        help="Local time at which the window begins.",
        show_default="the hour of most faults, else the busiest",
    ),
]
LevelName = Annotated[
    str,
    typer.Option(
        help="detections: of simulated cameras (L1). frames: rendered pictures through "
        "detector and embedder, which takes some 20 times as long (L2)."
    ),
]
Fps = Annotated[
    float | None,
    typer.Option(min=1, max=30, help="Of rendered pictures.", show_default="10"),
]


def store(
    scenario: Scenario = "",
    seed: Annotated[int, typer.Option(min=0, help="Equal seeds give equal days.")] = 1,
    minutes: Minutes = None,
    start: Start = "",
    level: LevelName = "detections",
    fps: Fps = None,
    model: Annotated[
        str, typer.Option(help="Detector for rendered pictures.", show_default="bundled")
    ] = "",
    embedder: Annotated[
        str, typer.Option(help="Embedder for rendered pictures.", show_default="bundled")
    ] = "",
    save: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write what was wrong, as tables, with likely causes."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """A simulated store's numbers against what really happened there.

    What simulated cameras see goes through the real tracker, identity and rules. Every figure has
    a 95 % interval from resampling five-minute blocks (identities: visits). Crossings are
    compared over the minutes that the agent says it measured; `_all` takes all minutes, and
    `crossings_unseen_share` says how many crossings lay in the others. Several scenarios are
    played at once, one per core.
    """
    names = [scenario] if scenario else list(SCENARIOS)
    if level not in ("detections", "frames"):
        raise ConfigError(f"--level {level}: expected detections or frames")
    for option, value in (("--fps", fps), ("--model", model), ("--embedder", embedder)):
        if value and level != "frames":
            raise ConfigError(f"{option}: only rendered pictures have one, use --level frames")
    common = StoreOptions(
        names[0],
        seed=seed,
        minutes=minutes,
        start=_time_of(start) if start else None,
        level=cast(Level, level),
        fps=fps or StoreOptions.fps,
        model=model or None,
        embedder=embedder or None,
        mirror=Path(os.environ[MIRROR]) if os.environ.get(MIRROR) else None,
    )
    chosen = [replace(common, scenario=name) for name in names]
    with bar_on_stderr("%") as report:
        told = evaluate_stores(
            chosen, lambda name, share: report(name, 100 * share, 100), save=save
        )
    if as_json:
        sys.stdout.write(json.dumps(told) + "\n")
    else:
        _show(told)


def _time_of(text: str) -> time:
    if not re.fullmatch(r"\d\d:\d\d", text):
        raise ConfigError(f"--start {text}: expected HH:MM")
    try:
        return time.fromisoformat(text)
    except ValueError:
        raise ConfigError(f"--start {text}: no time of day") from None


def _show(told: dict[str, Any]) -> None:
    days = told.get("scenarios", {told["scenario"]: told})
    columns = dict(days) if len(days) == 1 else {**days, "all": told}
    table = Table("figure", *columns)
    for name in FIGURES:
        table.add_row(name, *(_cell(each, name) for each in columns.values()))
    for name in ("crossings", "missed", "false", "not_measured"):
        table.add_row(name, *(str(each["counts"][name]) for each in columns.values()))
    Console().print(table)


def _cell(told: dict[str, Any], name: str) -> str:
    value, interval = told.get(name), told["intervals"].get(name)
    if value is None:
        return "–"
    bounds = f" ({interval[0]:.2f} … {interval[1]:.2f})" if interval else ""
    return f"{value:.3f}{bounds}"
