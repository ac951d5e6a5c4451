"""A scenario of half an hour, and what a command prints about it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import typer
from typer.testing import CliRunner

TINY = """
name = "tiny"
like = "corner"
[calendar]
opens = "12:00"
closes = "12:30"
by_hour = [0,0,0,0,0,0,0,0,0,0,0,0,1,0,0,0,0,0,0,0,0,0,0,0]
[visits]
per_day = 20
[sensing]
fps = 5
"""


def told(command: Callable[..., None], *arguments: str) -> dict[str, Any]:
    """What a command prints as its one JSON object."""
    app = typer.Typer()
    app.command()(command)
    result = CliRunner().invoke(app, [*arguments, "--json"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found
