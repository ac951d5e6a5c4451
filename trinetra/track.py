"""`trinetra track`: one video in; tracks, events, an annotated video and a summary out."""

from __future__ import annotations

import math
import os
import re
import signal
import sys
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from contracts.errors import ConfigError
from models.runtime.engines import REFERENCE
from models.tiling import parse_tiles
from trinetra.clip import Clip
from trinetra.clip_places import parse_line, parse_zone
from trinetra.clip_tracking import TrackOptions, track_clip
from trinetra.delayed import LEAST_DELAY_S
from trinetra.following import Cues

MIRROR = "TRINETRA_MODEL_MIRROR"

LINE_HELP = """Count crossings: NAME=x1,y1,x2,y2 in pixels; may be repeated. Walk from the first
point to the second: whoever passes from your left hand to your right is IN. So a line drawn from
left to right, --line door=100,400,500,400, counts people who walk down the picture as in; swap
the points to turn it round. The video shows an arrow to the in side."""
ZONE_HELP = """Watch an area: NAME=x1,y1,x2,y2,x3,y3[,...] in pixels; may be repeated. A person is
where the feet are: the middle of the box's lower edge."""


Out = Annotated[
    Path | None, typer.Option(help="Folder for the results.", show_default="out/<clip>")
]
SourceSize = Annotated[
    str,
    typer.Option(
        help="WxH that lines, zones and written tracks use, when the clip is a resized copy.",
        show_default="the clip's own",
    ),
]
Model = Annotated[
    str,
    typer.Option(
        help="Name in the catalog or path to an .onnx; for real shops: rtmdet-nano-person.",
        show_default="bundled",
    ),
]
InputSize = Annotated[
    str,
    typer.Option(
        help="WxH or N that frames are fitted into for the network: larger finds smaller "
        "people and takes longer.",
        show_default="the model's",
    ),
]
Tiles = Annotated[
    str,
    typer.Option(
        help="COLUMNSxROWS of overlapping tiles, such as 3x2, or auto: small people in large "
        "pictures for a network of fixed input; with others a larger --input-size costs less.",
    ),
]
MovingCamera = Annotated[
    bool,
    typer.Option(
        "--moving-camera",
        help="Let the picture tell how the camera moves: for hand-held and panning cameras.",
    ),
]
Delayed = Annotated[
    float | None,
    typer.Option(
        min=LEAST_DELAY_S,
        metavar="SECONDS",
        help="Write tracks_delayed.txt, too: gaps filled, paths smoothed, final so much later.",
    ),
]
Join = Annotated[
    bool,
    typer.Option("--join", help="With --delayed: join lost tracks that look alike, up to 10 s."),
]
MinDwell = Annotated[float, typer.Option(min=0, help="Seconds inside a zone that make a visit.")]
Threads = Annotated[int, typer.Option(min=0, max=64, help="Threads of the network; 0 = all cores.")]
Runtime = Annotated[
    str, typer.Option(help="Engine of the network; auto measures which is fastest here.")
]
Precision = Annotated[str, typer.Option(help="fp32, fp16, int8 (a quantized file), or auto.")]
Appearance = Annotated[
    bool,
    typer.Option("--appearance", help="Tell people by their looks where boxes are in doubt."),
]
NoVideo = Annotated[bool, typer.Option("--no-video", help="Do not write the annotated video.")]


def track(
    video: Annotated[Path, typer.Argument(help="MP4, MKV, GIF … whatever FFmpeg reads.")],
    out: Out = None,
    source_size: SourceSize = "",
    model: Model = "",
    line: Annotated[list[str] | None, typer.Option(help=LINE_HELP)] = None,
    zone: Annotated[list[str] | None, typer.Option(help=ZONE_HELP)] = None,
    min_dwell: MinDwell = 1.0,
    input_size: InputSize = "",
    tiles: Tiles = "1x1",
    threads: Threads = 0,
    runtime: Runtime = REFERENCE,
    precision: Precision = "fp32",
    every: Annotated[int, typer.Option(min=1, help="Detect on every Nth frame only.")] = 1,
    moving_camera: MovingCamera = False,
    appearance: Appearance = False,
    delayed: Delayed = None,
    join: Join = False,
    no_video: NoVideo = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Track people through one video.

    Writes tracks.txt (MOTChallenge format), events.jsonl (times are seconds of the clip since
    1970-01-01T00:00:00Z), annotated.mp4 and summary.json; all of them or, on an error, none.
    """
    check_delay(delayed, join=join)
    options = TrackOptions(
        video=video,
        out=out or Path("out") / video.stem,
        source_size=parse_size(source_size, "--source-size"),
        model=model or None,
        mirror=Path(os.environ[MIRROR]) if os.environ.get(MIRROR) else None,
        lines=tuple(parse_line(text) for text in line or ()),
        zones=tuple(parse_zone(text) for text in zone or ()),
        input_size=parse_size(input_size, "--input-size", square=True),
        tiles=parse_tiles(tiles),
        threads=threads or os.cpu_count() or 1,
        runtime=runtime,
        precision=precision,
        every=every,
        with_video=not no_video,
        min_dwell_s=min_dwell,
        cues=Cues(moving_camera, appearance, delayed, join),
    )
    signal.signal(signal.SIGTERM, _interrupted)
    summary = with_progress(options, shown=not as_json)
    if as_json:
        sys.stdout.write(msgspec.json.encode(summary).decode() + "\n")
    else:
        show(summary)


def check_delay(delayed_s: float | None, *, join: bool) -> None:
    """`ConfigError` for a delay without end, or looks that would join nothing."""
    if delayed_s is not None and not math.isfinite(delayed_s):
        raise ConfigError(f"--delayed {delayed_s}: expected seconds, such as 1.5")
    if join and delayed_s is None:
        raise ConfigError("--join changes the delayed output only: give --delayed SECONDS, too")


def parse_size(text: str, option: str, *, square: bool = False) -> tuple[int, int] | None:
    """`1280x720`, or `640` where a square is meant; None for nothing, `ConfigError` else."""
    if not text:
        return None
    found = re.fullmatch(r"(\d{1,5})(?:x(\d{1,5}))?", text)
    if not found or not (found[2] or square) or int(found[1]) < 1 or int(found[2] or 1) < 1:
        raise ConfigError(f"{option} {text}: expected WIDTHxHEIGHT, such as 1280x720")
    return int(found[1]), int(found[2] or found[1])


def with_progress(options: TrackOptions, *, shown: bool) -> dict[str, Any]:
    """`track_clip` with a bar on a terminal."""
    console = Console(stderr=True)
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed}/{task.total} frames"),
        TextColumn("{task.fields[rate]:.1f} fps"),
        TimeRemainingColumn(),
        console=console,
        disable=not (shown and console.is_terminal),
        transient=True,
    )
    task = bar.add_task(options.video.name, total=None, rate=0.0)

    def on_begin(clip: Clip) -> None:
        bar.update(task, total=clip.frames or None)

    def on_frame(index: int) -> None:
        bar.update(task, completed=index, rate=bar.tasks[0].speed or 0.0)

    with bar:
        return track_clip(options, on_begin, on_frame)


def show(summary: dict[str, Any]) -> None:
    """The summary as a person reads it."""
    width, height = summary["source_size"]
    clip = f"{summary['frames']} frames, {summary['seconds']:.1f} s, {width}x{height}"
    rows = [("clip", f"{summary['video']} ({clip})"), ("people", str(summary["people"]))]
    for name, counts in summary["lines"].items():
        rows.append((f"line {name}", f"in {counts['in']}, out {counts['out']}"))
    for name, zone in summary["zones"].items():
        mean = f"mean dwell {zone['dwell_mean_s']:.1f} s"
        rows.append((f"zone {name}", f"visits {zone['visits']}, {mean}"))
    speed = f"{summary['ms_per_frame']['all']:.0f} ms a frame"
    rows.append(("model", f"{summary['model']}, {speed}"))
    rows += [(name, path) for name, path in summary["outputs"].items() if path]
    width = max(len(label) for label, _ in rows)
    for label, text in rows:
        typer.echo(f"{label:<{width}}  {text}")


def _interrupted(*_: object) -> None:
    raise KeyboardInterrupt
