"""`trinetra eval reid`: options, progress bar and table."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from trinetra.evaluation.progress import bar_on_stderr
from trinetra.evaluation.reid import evaluate_reid
from trinetra.track import MIRROR

FIGURES = ("rank1", "rank5", "mAP", "queries", "gallery")


def reid(
    crops: Annotated[
        Path, typer.Argument(metavar="ZIP_OR_DIR", help="Crops named PERSON_cCAMERA….")
    ],
    model: Annotated[
        str,
        typer.Option(
            help="Embedder of the catalog, two joined by +, or an .onnx.", show_default="bundled"
        ),
    ] = "",
    normalize: Annotated[
        bool, typer.Option("--normalize", help="Take each camera's mean out first.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Whether the same person is found again on another camera: rank-1, rank-5, mAP.

    The first crop of each person and camera is a query; all other crops are the gallery, without
    those of the same person on the same camera (Market-1501's protocol).
    """
    mirror = Path(os.environ[MIRROR]) if os.environ.get(MIRROR) else None
    with bar_on_stderr("crops") as on_progress:
        found = evaluate_reid(
            crops,
            model or None,
            normalize=normalize,
            mirror=mirror,
            on_progress=lambda done, total: on_progress(crops.name, done, total),
        )
    if as_json:
        sys.stdout.write(json.dumps(found) + "\n")
    else:
        _show(found)


def _show(found: dict[str, Any]) -> None:
    table = Table("model", *FIGURES)
    name = f"{found['model']}{', camera means out' if found['normalize'] else ''}"
    table.add_row(name, *(_cell(found[key]) for key in FIGURES))
    Console().print(table)


def _cell(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:.3f}"
