"""A progress bar on the error stream of a terminal; nothing where that is none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

Report = Callable[[str, float, float], None]


@contextmanager
def bar_on_stderr(unit: str) -> Iterator[Report]:
    """Gives a function to be told what is worked on, how much is done, and how much there is."""
    console = Console(stderr=True)
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:.0f}/{task.total:.0f} " + unit),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
        transient=True,
    ) as bar:
        task = bar.add_task("reading", total=1)

        def report(name: str, done: float, total: float) -> None:
            bar.update(task, description=name, completed=done, total=total)

        yield report
