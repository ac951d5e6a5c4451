"""`trinetra eval mot`: options, progress bar and table."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Annotated, Any, cast

import typer
from rich.console import Console
from rich.table import Table

from contracts.errors import ConfigError
from trinetra.delayed import LEAST_DELAY_S
from trinetra.evaluation.mot import MotOptions, evaluate_mot
from trinetra.evaluation.mot_score import Benchmark
from trinetra.evaluation.progress import bar_on_stderr
from trinetra.following import Cues
from trinetra.track import MIRROR, check_delay, parse_size

FIGURES = ("HOTA", "DetA", "AssA", "IDF1", "MOTA", "IDSW", "FP", "FN")


def mot(
    folder: Annotated[Path, typer.Argument(help="Every */seqinfo.ini below it is a sequence.")],
    detections: Annotated[
        str, typer.Option(metavar="STEM", help="Track the given boxes of det/STEM.txt.")
    ] = "",
    model: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="Detect on img1/ with this model of the catalog or this .onnx.",
            show_default="bundled",
        ),
    ] = "",
    tracks: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Score ready results: DIR/SEQUENCE.txt.")
    ] = None,
    second_half: Annotated[
        bool,
        typer.Option("--second-half", help="Only frames after floor(N/2), renumbered from 1."),
    ] = False,
    input_size: Annotated[
        str,
        typer.Option(help="WxH or N that images are fitted into.", show_default="the model's"),
    ] = "",
    threshold: Annotated[
        float | None,
        typer.Option(
            min=0.01,
            max=0.99,
            help="Score from which a detection is sure.",
            show_default="0.6 for given ones, else the model's",
        ),
    ] = None,
    benchmark: Annotated[
        str,
        typer.Option(
            help="MOT17 leaves out distractors that the ground truth marks, MOT15 knows none.",
            show_default="by the ground truth's columns",
        ),
    ] = "",
    moving_camera: Annotated[
        bool, typer.Option("--moving-camera", help="Let img1/ tell how the camera moved.")
    ] = False,
    appearance: Annotated[
        bool, typer.Option("--appearance", help="Let looks in img1/ help where boxes are in doubt.")
    ] = False,
    delayed: Annotated[
        float | None,
        typer.Option(
            min=LEAST_DELAY_S,
            metavar="SECONDS",
            help="Measure the delayed output: gaps filled and paths smoothed.",
        ),
    ] = None,
    join: Annotated[
        bool,
        typer.Option("--join", help="With --delayed: join lost tracks by their looks in img1/."),
    ] = False,
    threads: Annotated[int, typer.Option(min=1, max=64, help="Threads of the network.")] = 1,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write the tracks (MOTChallenge form).")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Tracks against ground truth in MOTChallenge form: HOTA, IDF1, MOTA by TrackEval.

    Boxes come from `--detections` (given), `--model` (our detector) or `--tracks` (ready results).
    """
    if sum(map(bool, (detections, model, tracks))) > 1:
        raise ConfigError("--detections, --model and --tracks exclude each other: give one")
    check_delay(delayed, join=join)
    if tracks and (moving_camera or appearance or delayed is not None):
        raise ConfigError("--tracks are ready: there is nothing left to track in another way")
    if benchmark not in ("", "MOT15", "MOT17"):
        raise ConfigError(f"--benchmark {benchmark}: expected MOT15 or MOT17")
    options = MotOptions(
        root=folder,
        detections=detections or None,
        tracks=tracks,
        model=model or None,
        mirror=Path(os.environ[MIRROR]) if os.environ.get(MIRROR) else None,
        input_size=parse_size(input_size, "--input-size", square=True),
        threshold=threshold,
        second_half=second_half,
        benchmark=cast(Benchmark, benchmark) if benchmark else None,
        threads=threads,
        out=out,
        cues=Cues(moving_camera, appearance, delayed, join),
    )
    with bar_on_stderr("frames") as on_progress:
        found = evaluate_mot(options, on_progress)
    if as_json:
        sys.stdout.write(json.dumps(found) + "\n")
    else:
        _show(found)


def _show(found: dict[str, Any]) -> None:
    late = f", {found['delay_s']:g} s late" if found["delay_s"] else ""
    table = Table("sequence", *FIGURES, caption=f"detections: {found['detections']}{late}")
    for name, figures in found["sequences"].items():
        table.add_row(name, *(_cell(figures[key]) for key in FIGURES))
    table.add_section()
    table.add_row("combined", *(_cell(found["combined"][key]) for key in FIGURES))
    Console().print(table)
    if found["combined"]["refused"]:
        typer.echo(f"refused: {found['combined']['refused']} detections that could be of nobody")
    for name, figures in found["sequences"].items():
        if figures["HOTA"] is None:
            typer.echo(f"not in combined: {name}, whose ground truth shows nobody", err=True)
    for name, reason in found["skipped"].items():
        typer.echo(f"skipped {name}: {reason}", err=True)


def _cell(value: float | None) -> str:
    if value is None:
        return "–"
    return str(value) if isinstance(value, int) else f"{value:.2f}"
