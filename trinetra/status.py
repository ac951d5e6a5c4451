"""`trinetra status`: what the agent on this machine is doing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
from rich.console import Console
from rich.table import Table

from contracts.errors import AgentError


def status(
    data_dir: Annotated[Path, typer.Option(help="The agent's data folder.")] = Path("var"),
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Workers, cameras, spool and upload of the running agent."""
    health = read_health(data_dir)
    if as_json:
        typer.echo(json.dumps(health))
    else:
        _print(health)


def read_health(data_dir: Path) -> dict[str, Any]:
    """The agent's own `/health`; `AgentError` when none runs on `data_dir`."""
    try:
        facts = json.loads((data_dir / "agent.json").read_text())
        answer = httpx.get(f"http://127.0.0.1:{facts['port']}/health", timeout=3.0)
        health: dict[str, Any] = answer.json()
    except (OSError, ValueError, KeyError, httpx.HTTPError):
        raise AgentError(
            f"no agent answers for {data_dir}: start one with `trinetra run`"
        ) from None
    return health


def _print(health: dict[str, Any]) -> None:
    console = Console()
    console.print(f"agent: [bold]{health.get('status', 'unknown')}[/]")
    for title in ("workers", "cameras"):
        rows = health.get(title) or []
        if not rows:
            continue
        table = Table(title=title, title_justify="left")
        for column in rows[0]:
            table.add_column(column)
        for row in rows:
            table.add_row(*(str(row.get(column, "")) for column in rows[0]))
        console.print(table)
    for title in ("spool", "upload"):
        if health.get(title):
            console.print(f"{title}: " + ", ".join(f"{k} {v}" for k, v in health[title].items()))
