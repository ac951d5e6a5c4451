"""The `trinetra` command: one table of subcommands, each imported only when it runs."""

from __future__ import annotations

import errno
import importlib
import importlib.metadata
import sys
from typing import Any, NamedTuple

import typer

from contracts.errors import TrinetraError


class Command(NamedTuple):
    """A row: `target` is `module:attribute`, a function or a `typer.Typer` group."""

    name: str
    target: str
    help: str
    extra: str = ""


COMMANDS: tuple[Command, ...] = (
    Command(
        "demo",
        "trinetra.demo:demo",
        "A simulated store, end to end, measured against truth.",
        "cloud,reports",
    ),
    Command("track", "trinetra.track:track", "One video in; tracks, events, annotated video out."),
    Command("run", "trinetra.run:run", "The agent, in the foreground."),
    Command("status", "trinetra.status:status", "What the agent on this machine is doing."),
    Command("models", "trinetra.models:app", "The model catalog: list, pull, verify, benchmark."),
    Command(
        "eval", "trinetra.evaluation.app:app", "Accuracy against truth: mot, reid, store.", "eval"
    ),
    Command("bench", "trinetra.bench.app:app", "Speed against the limit and against peers."),
    Command("simulate", "trinetra.simulate:simulate", "A store's days with their truth.", "eval"),
    Command("calibrate", "trinetra.calibrate:calibrate", "Floor calibration and its error in cm."),
    Command("spool", "trinetra.spool:app", "The durable queue: inspect, verify."),
    Command("gateway", "trinetra.gateway:gateway", "Receive batches from the edge.", "cloud"),
    Command("dagster", "trinetra.dagster_ui:dagster", "The data platform and its UI.", "cloud"),
    Command(
        "dashboards", "trinetra.dashboards:dashboards", "The managers' reports.", "cloud,reports"
    ),
)


def build(called: str) -> typer.Typer:
    """The whole command, in which only the subcommand `called` is imported."""
    app = typer.Typer(
        add_completion=False,
        pretty_exceptions_enable=False,
        help="Retail analytics from the cameras that a shop already has.",
        epilog="Errors are one line; add --debug to any command for the traceback.",
    )
    app.callback(invoke_without_command=True)(_root)
    for row in COMMANDS:
        target = _load(row) if row.name == called else _only_listed
        if isinstance(target, typer.Typer):
            app.add_typer(target, name=row.name, help=row.help)
        else:
            app.command(row.name, help=target.__doc__ or row.help)(target)
    return app


def _load(row: Command) -> Any:
    module, _, attribute = row.target.partition(":")
    try:
        return getattr(importlib.import_module(module), attribute)
    except ModuleNotFoundError as error:
        if not row.extra or (error.name or "").split(".")[0] == "trinetra":
            raise
        raise TrinetraError(
            f"`trinetra {row.name}` needs {error.name}: pip install 'trinetra[{row.extra}]'"
        ) from None


def _only_listed() -> None:
    raise AssertionError("a command that was not asked for ran")


def _root(version: bool = typer.Option(False, "--version", help="Print the version.")) -> None:
    if version:
        typer.echo(importlib.metadata.version("trinetra"))


def main() -> None:
    """Entry point: exit code 0, 1 for an error, 2 for wrong use, 130 for Ctrl-C."""
    debug = "--debug" in sys.argv
    arguments = [argument for argument in sys.argv[1:] if argument != "--debug"]
    sys.exit(_run(arguments or ["--help"], debug=debug))


def _run(arguments: list[str], *, debug: bool) -> int:
    called = next((word for word in arguments if not word.startswith("-")), "")
    try:
        build(called)(args=arguments, prog_name="trinetra")
    except KeyboardInterrupt:
        return 130
    except TrinetraError as error:
        if debug:
            raise
        return _fail(str(error))
    except OSError as error:
        if debug:
            raise
        full = "no space left on the disk" if error.errno == errno.ENOSPC else str(error)
        return _fail(full)
    except Exception as error:
        if debug:
            raise
        return _fail(f"unexpected {type(error).__name__}: {error} (add --debug for the traceback)")
    return 0


def _fail(message: str) -> int:
    sys.stderr.write(f"trinetra: {' '.join(message.split())}\n")
    return 1
