"""`trinetra bench`: one row per benchmark, imported only when it runs."""

from __future__ import annotations

import importlib
from typing import Any

import typer

BENCHES: tuple[tuple[str, str, str], ...] = ()
"""(name, `module:function`, help)."""

app = typer.Typer(no_args_is_help=True)
