"""`trinetra models`: what the catalog knows and what of it is on this machine."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn
from rich.table import Table

from contracts.errors import ModelError
from models.catalog import (
    BUNDLED,
    DEFAULT_DETECTOR,
    DEFAULT_EMBEDDER,
    ModelEntry,
    catalog,
    find,
    resolve,
)
from models.catalog import verify as verify_file
from trinetra.run import MIRROR

app = typer.Typer(no_args_is_help=True)
_Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]


@app.command("list")
def list_models(as_json: _Json = False) -> None:
    """Every model of the catalog: licence, size, threshold, and where its file is."""
    rows = [_row(entry) for entry in catalog().values()]
    if as_json:
        typer.echo(json.dumps({"models": rows}))
        return
    table = Table()
    for column in rows[0]:
        table.add_column(column)
    for row in rows:
        table.add_row(*(str(value) for value in row.values()))
    Console().print(table)


@app.command()
def pull(name: Annotated[str, typer.Argument(help="A name of the catalog.")]) -> None:
    """Fetch a model from the mirror or its public source, and check every byte."""
    find(name)
    with Progress(
        TextColumn("{task.description}"), BarColumn(), DownloadColumn(), console=_stderr()
    ) as bar:
        task = bar.add_task(name, total=None)

        def on_progress(done: int, total: int | None) -> None:
            bar.update(task, completed=done, total=total)

        found = resolve(name, mirror=_mirror(), on_progress=on_progress)
    typer.echo(found.path)


@app.command()
def benchmark(
    model: Annotated[
        str, typer.Argument(help="A name of the catalog or a path to an .onnx.")
    ] = DEFAULT_DETECTOR,
    input_size: Annotated[
        str, typer.Option(help="WxH or N that frames are fitted into.", show_default="the model's")
    ] = "",
    threads: Annotated[int, typer.Option(min=1, max=64, help="Threads of each engine.")] = 1,
    rounds: Annotated[int, typer.Option(min=2, max=10_000, help="Runs of each row.")] = 30,
    as_json: _Json = False,
) -> None:
    """Time a model on every engine and precision here, and say which `auto` would take.

    A 640x360 picture goes through letterbox, network and NMS (crops of it through an embedder),
    alone and four at a time; engines take turns, each in its own process.
    """
    from trinetra import models_benchmark  # the catalog's commands need none of what these need
    from trinetra.track import parse_size

    found = resolve(model, mirror=_mirror())
    size = parse_size(input_size, "--input-size", square=True) or found.entry.input.size
    told = models_benchmark.benchmark(found, size, threads, rounds, shown=not as_json)
    if as_json:
        typer.echo(json.dumps(told))
    else:
        models_benchmark.show(told)


@app.command()
def verify() -> None:
    """Check the sha256 of every model file that is on this machine."""
    wrong = 0
    for entry in catalog().values():
        path = _place(entry)
        if path is None:
            typer.echo(f"absent   {entry.name}")
            continue
        try:
            verify_file(entry, path)
            typer.echo(f"ok       {entry.name}")
        except ModelError as error:
            wrong += 1
            typer.echo(f"ALTERED  {entry.name}: {error}")
    if wrong:
        raise ModelError(f"{wrong} model file(s) are not what the catalog says")


def _row(entry: ModelEntry) -> dict[str, Any]:
    path = _place(entry)
    bundled = path is not None and path.parent == BUNDLED
    return {
        "name": entry.name
        + (" (default)" if entry.name in (DEFAULT_DETECTOR, DEFAULT_EMBEDDER) else ""),
        "task": entry.task,
        "licence": entry.licence,
        "MB": round(entry.bytes / 1e6, 2),
        "threshold": entry.threshold,
        "file": "bundled" if bundled else "here" if path else "pull" if entry.url else "mirror",
    }


def _place(entry: ModelEntry) -> Path | None:
    cache = Path.home() / ".cache" / "trinetra" / "models"
    for folder in (BUNDLED, _mirror(), cache):
        if folder is not None and (folder / entry.file).is_file():
            return folder / entry.file
    return None


def _mirror() -> Path | None:
    return Path(os.environ[MIRROR]) if os.environ.get(MIRROR) else None


def _stderr() -> Console:
    return Console(stderr=True)
