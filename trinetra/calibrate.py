"""`trinetra calibrate`: how well each camera's point pairs put it on the plan."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from contracts.calibration import Calibration, calibration_of
from contracts.errors import ConfigError
from contracts.store import Camera, load_store

_FOUR_FIT = "four pairs always fit: add a fifth, or better two more, to measure the error"


def calibrate(
    config: Annotated[Path, typer.Option("--config", help="The store.toml to look at.")],
    camera: Annotated[str, typer.Option("--camera", help="Only this camera.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Floor calibration: error of every point pair in cm, and the pair that looks wrong."""
    chosen = _chosen(load_store(config).cameras, camera)
    found = {
        row.id: calibration_of(row.image_points, row.floor_points, row.size)
        for row in chosen
        if row.image_points
    }
    if as_json:
        typer.echo(json.dumps({"cameras": {name: _json(row) for name, row in found.items()}}))
        return
    console = Console()
    for row in chosen:
        if row.id in found:
            _show(console, row.id, found[row.id])
        else:
            console.print(f"[bold]{row.id}[/bold]: no point pairs, so not on the plan")


def _chosen(cameras: tuple[Camera, ...], name: str) -> list[Camera]:
    chosen = [row for row in cameras if name in ("", row.id)]
    if not chosen:
        raise ConfigError(f"no camera is called {name[:40]!r}")
    return chosen


def _json(found: Calibration) -> dict[str, Any]:
    builtin: dict[str, Any] = msgspec.to_builtins(found)
    return {"pair_count": len(found.pairs), **builtin}


def _show(console: Console, name: str, found: Calibration) -> None:
    pairs = Table(title=f"{name}: point pairs", title_justify="left")
    for column in ("pair", "picture", "plan, m", "error, cm", "error, px", "left out, cm"):
        pairs.add_column(column, justify="right")
    for pair in found.pairs:
        pairs.add_row(
            f"[red]{pair.number}[/red]" if pair.number == found.suspect else str(pair.number),
            f"{pair.image[0]:.3f}, {pair.image[1]:.3f}",
            f"{pair.floor_m[0]:.2f}, {pair.floor_m[1]:.2f}",
            f"{pair.error_cm:.1f}",
            f"{pair.error_px:.1f}",
            _cm(pair.left_out_cm),
        )
    console.print(pairs)
    console.print(_verdict(found))
    floor = Table(title=f"{name}: floor error by height in the picture", title_justify="left")
    for column in ("height", "feet 1 px off, cm", "clicks 1 px off, cm"):
        floor.add_column(column, justify="right")
    for row in found.floor:
        floor.add_row(f"{row.height:.0%}", _cm(row.pixel_cm), _cm(row.click_cm))
    console.print(floor)
    if found.horizon is not None:
        console.print(f"above {found.horizon:.0%} of the picture's height there is no floor\n")


def _verdict(found: Calibration) -> str:
    if not found.checked:
        return _FOUR_FIT
    text = f"median {found.median_cm:.1f} cm, largest {found.max_cm:.1f} cm"
    if found.suspect is None:
        return text
    return f"{text}; [red]pair {found.suspect} looks wrong[/red]: the others agree without it"


def _cm(value: float | None) -> str:
    return "no floor" if value is None else f"{value:.1f}"
