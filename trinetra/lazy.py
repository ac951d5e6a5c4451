"""A group of subcommands as a table: a row's module is imported when the row runs, not before."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable
from typing import NamedTuple

import typer

from contracts.errors import TrinetraError


class Row(NamedTuple):
    """One subcommand: `target` is `module:function`, a function with Typer's options."""

    name: str
    target: str
    help: str
    extra: str = ""


def group(parent: str, about: str, rows: Iterable[Row]) -> typer.Typer:
    """The group `trinetra parent` with one subcommand per row."""
    app = typer.Typer(no_args_is_help=True)
    app.callback(help=about)(_nothing)
    passed_on = {"ignore_unknown_options": True, "allow_extra_args": True}
    for row in rows:
        run = _runner(f"trinetra {parent} {row.name}", row)
        app.command(row.name, help=row.help, context_settings={**passed_on, **NO_HELP})(run)
    return app


NO_HELP: dict[str, list[str]] = {"help_option_names": []}
"""`--help` is for the function that the row leads to."""


def _runner(called: str, row: Row) -> Callable[[typer.Context], None]:
    """A command that imports the row's target and hands it every word that follows."""

    def run(ctx: typer.Context) -> None:
        single = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
        single.command(help=row.help)(_load(called, row))
        single(args=ctx.args, prog_name=called)

    return run


def _load(called: str, row: Row) -> Callable[..., None]:
    module, _, name = row.target.partition(":")
    try:
        found: Callable[..., None] = getattr(importlib.import_module(module), name)
    except ModuleNotFoundError as error:
        missing = (error.name or "").split(".")[0]
        if missing == "trinetra":
            raise
        wanted = f"'trinetra[{row.extra}]'" if row.extra else missing
        raise TrinetraError(f"`{called}` needs {missing}: pip install {wanted}") from None
    return found


def _nothing() -> None:
    """The group itself does nothing."""
