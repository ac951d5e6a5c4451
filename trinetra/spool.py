"""`trinetra spool`: look into the durable queue without touching it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from contracts.errors import SpoolError

app = typer.Typer(no_args_is_help=True, help="The durable queue: inspect, verify.")

Folder = Annotated[Path, typer.Argument(help="The spool, or the agent's data_dir.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]


@app.command()
def inspect(directory: Folder, json: Json = False) -> None:
    """Count segments and records: what waits, what the gateway has."""
    from edge_agent.spool import audit

    _show(audit.inspect(_spool_in(directory)), as_json=json)


@app.command()
def verify(directory: Folder, json: Json = False) -> None:
    """Check every record; exit code 1 if one is damaged."""
    from edge_agent.spool import audit

    found = audit.verify(_spool_in(directory))
    _show(found, as_json=json)
    if found["damaged"] or found["bad_events"]:
        raise SpoolError(f"{directory}: damaged records in {found['damaged_files']}")


def _spool_in(directory: Path) -> Path:
    inner = directory / "spool"
    return inner if inner.is_dir() else directory


def _show(facts: dict[str, object], *, as_json: bool) -> None:
    if as_json:
        typer.echo(msgspec.json.encode(facts).decode())
        return
    table = Table(show_header=False)
    for name, value in facts.items():
        table.add_row(name.replace("_", " "), str(value))
    Console().print(table)
