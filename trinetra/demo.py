"""`trinetra demo`: the whole product on a simulated store, measured against what happened."""

from __future__ import annotations

import contextlib
import os
import sys
import webbrowser
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from trinetra.dashboards import start_dashboards
from trinetra.demo_run import DemoResult, Options, Stages, whole_way
from trinetra.run import MIRROR


def demo(
    seconds: Annotated[int, typer.Option(min=10, max=3600, help="How long people walk.")] = 60,
    headless: Annotated[
        bool, typer.Option("--headless", help="Open no report, only print.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
    seed: Annotated[int, typer.Option(help="Another seed, other people.")] = 7,
    model: Annotated[str, typer.Option(help="Detector [default: the bundled one]")] = "",
    folder: Annotated[Path, typer.Option("--dir", help="Where the demo writes.")] = Path(
        "out/demo"
    ),
    files: Annotated[bool, typer.Option("--files", help="Video files instead of RTSP.")] = False,
) -> None:
    """A simulated store with cameras → agent → gateway → Dagster → report, measured against truth.

    People are rendered and the detector finds them in the pixels; the truth is only used for the
    table at the end. Without --headless the report stays open until Ctrl-C.
    """
    options = Options(
        folder=folder,
        seconds=seconds,
        seed=seed,
        model=model,
        mirror=str(Path(os.environ[MIRROR]).resolve()) if os.environ.get(MIRROR) else "",
        rtsp=not files,
    )
    bars = _Bars(Console(stderr=True, quiet=as_json or not sys.stderr.isatty()))
    stages = Stages(bars.begin, bars.move)
    with contextlib.ExitStack() as stack:
        with bars.progress:
            result, url = stack.enter_context(whole_way(options, stages))
            bars.done()
        if as_json:
            typer.echo(msgspec.json.encode(result).decode())
        else:
            _print(result)
        if not (headless or as_json):
            _show_report(url)


class _Bars:
    """One progress bar for each stage, on stderr."""

    def __init__(self, console: Console) -> None:
        self.progress = Progress(
            TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=console
        )
        self._task: TaskID | None = None

    def begin(self, text: str) -> None:
        """The stage before is done; the next one has begun."""
        self.done()
        self._task = self.progress.add_task(text, total=None)

    def move(self, share: float) -> None:
        """Share of the stage that is done, 0..1."""
        if self._task is not None:
            self.progress.update(self._task, completed=share, total=1.0)

    def done(self) -> None:
        """Fill the bar of the last stage."""
        if self._task is not None:
            self.progress.update(self._task, completed=1.0, total=1.0)


def _print(result: DemoResult) -> None:
    console = Console()
    console.print(_table(result))
    correlation = result.errors["heatmap_spearman"]
    shown = "none" if correlation is None else f"{correlation:.2f}"
    events, timings = result.events, result.timings
    console.print(f"heatmap: rank correlation with the truth {shown} (1 m cells)")
    console.print(
        f"events: {events['spooled']} spooled, {events['gold']} reached gold, "
        f"{events['missing']} missing, {events['duplicated']} doubled"
    )
    console.print(f"detector: {result.detector}; cameras: {result.cameras} by {result.source}")
    console.print(f"time: {timings['total_s']:.0f} s from start to this table")


def _table(result: DemoResult) -> Table:
    table = Table(title=f"{result.seconds} s of a simulated store", title_justify="left")
    table.add_column("")
    for column in ("truth", "measured", "error"):
        table.add_column(column, justify="right")
    truth, measured = result.truth, result.measured
    for name in ("entries", "exits", "occupancy"):
        table.add_row(name, str(truth[name]), str(measured[name]), _gap(truth, measured, name))
    for name, zone in truth["zones"].items():
        seen = measured["zones"].get(name, {"visits": 0, "dwell_s": 0.0})
        table.add_row(
            f"visits: {name}", str(zone["visits"]), str(seen["visits"]), _gap(zone, seen, "visits")
        )
        table.add_row(
            f"dwell: {name}",
            f"{zone['dwell_s']:.0f} s",
            f"{seen['dwell_s']:.0f} s",
            _gap(zone, seen, "dwell_s"),
        )
    table.add_row(
        "presence on the plan",
        f"{truth['presence_s']:.0f} s",
        f"{measured['presence_s']:.0f} s",
        _gap(truth, measured, "presence_s"),
    )
    return table


def _gap(truth: dict[str, float], measured: dict[str, float], key: str) -> str:
    off = measured[key] - truth[key]
    if off == 0:
        return "exact"
    share = f" ({100 * off / truth[key]:+.0f} %)" if truth[key] else ""
    return f"{off:+.0f}{share}"


def _show_report(url: str) -> None:
    """Serve the report until Ctrl-C; a run that nobody watches ends at once."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        typer.echo("no terminal: the report is not opened (`trinetra dashboards` shows it)")
        return
    with start_dashboards(url) as reports, contextlib.suppress(KeyboardInterrupt):
        typer.echo(f"report: {reports.url} (Ctrl-C ends the demo)")
        webbrowser.open(reports.url)
        reports.wait()
