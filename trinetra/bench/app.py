"""`trinetra bench`: one row per benchmark, imported only when it runs."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import NamedTuple

import typer

from contracts.errors import TrinetraError


class Bench(NamedTuple):
    """A row: `target` is `module:function`, a function with Typer's options."""

    name: str
    target: str
    help: str


BENCHES: tuple[Bench, ...] = ()
"""`Bench("tracker", "trinetra.bench.tracker:bench", "Time per frame beside the peers.")`, …"""


def build(benches: tuple[Bench, ...] = BENCHES) -> typer.Typer:
    """The group of all rows."""
    group = typer.Typer(no_args_is_help=True)
    group.callback()(_nothing)
    for bench in benches:
        passed_on = {"ignore_unknown_options": True, "allow_extra_args": True}
        settings = {**passed_on, "help_option_names": []}
        group.command(bench.name, help=bench.help, context_settings=settings)(_runner(bench))
    return group


def _runner(bench: Bench) -> Callable[[typer.Context], None]:
    """A command that imports the row's target and hands it every word that follows."""

    def run(ctx: typer.Context) -> None:
        single = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
        single.command(help=bench.help)(_load(bench))
        single(args=ctx.args, prog_name=f"trinetra bench {bench.name}")

    return run


def _load(bench: Bench) -> Callable[..., None]:
    module, _, name = bench.target.partition(":")
    try:
        found: Callable[..., None] = getattr(importlib.import_module(module), name)
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] == "trinetra":
            raise
        raise TrinetraError(
            f"`trinetra bench {bench.name}` needs {error.name}: pip install {error.name}"
        ) from None
    return found


def _nothing() -> None:
    """Speed against the limit and against peers."""


app = build()
