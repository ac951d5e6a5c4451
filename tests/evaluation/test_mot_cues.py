"""`trinetra eval mot` with frames and with time: each cue changes the figure it is for."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from contracts.errors import ConfigError
from tests.evaluation import sequences
from trinetra.evaluation.app import app

SIZE = (320, 240)


def measure(*arguments: str | Path) -> dict:  # type: ignore[type-arg]
    result = CliRunner().invoke(app, ["mot", *map(str, arguments), "--json"])
    assert result.exception is None, result.exception
    found: dict = json.loads(result.stdout)  # type: ignore[type-arg]
    return found


def pan(frame: int) -> float:
    """Where the camera looks, pixels to the right: it jerks to and fro."""
    return 100.0 + 28 * (frame % 2) + frame


def shifted(text: str) -> str:
    """The same rows as the jerking camera sees them."""
    lines = []
    for line in text.splitlines():
        frame, track, x, rest = line.split(",", 3)
        lines.append(f"{frame},{track},{float(x) - pan(int(frame)) + 100},{rest}\n")
    return "".join(lines)


@pytest.fixture
def jerking(tmp_path: Path) -> Path:
    """Two people before a patterned wall, by a hand-held camera."""
    folder = sequences.write(tmp_path / "walk")
    for path in (folder / "gt" / "gt.txt", folder / "det" / "exact.txt"):
        path.write_text(shifted(path.read_text()))
    (folder / "img1").mkdir()
    noise = np.random.default_rng(1).integers(0, 255, (60, 150, 3), dtype=np.uint8)
    wall = cv2.resize(noise, (600, 240), interpolation=cv2.INTER_CUBIC)
    for frame in range(1, sequences.LENGTH + 1):
        x = int(pan(frame))
        cv2.imwrite(str(folder / "img1" / f"{frame:06}.png"), wall[:, x : x + SIZE[0]])
    return tmp_path


def test_the_picture_tells_how_the_camera_moved(jerking: Path) -> None:
    blind = measure(jerking, "--detections", "exact")
    told = measure(jerking, "--detections", "exact", "--moving-camera")
    assert blind["combined"]["HOTA"] < 60
    assert told["combined"]["IDSW"] == 0
    assert told["combined"]["HOTA"] > 85


def test_what_needs_frames_leaves_out_sequences_without(tmp_path: Path, jerking: Path) -> None:
    sequences.write(tmp_path / "bare")
    found = measure(jerking, "--detections", "exact", "--appearance")
    assert found["skipped"] == {"bare": "no images in img1"}


def test_the_delayed_output_finds_whom_the_detector_missed(tmp_path: Path) -> None:
    given = sequences.write(tmp_path / "walk") / "det" / "exact.txt"
    rows = given.read_text().splitlines(keepends=True)
    given.write_text("".join(row for row in rows if int(row.split(",")[0]) not in (9, 10, 11)))
    online = measure(tmp_path, "--detections", "exact")
    late = measure(tmp_path, "--detections", "exact", "--delayed", "1")
    assert (online["delay_s"], late["delay_s"]) == (0, 1)
    assert online["combined"]["FN"] >= 9
    assert late["combined"]["FN"] == 0


def test_detections_outside_the_frame_are_no_people(tmp_path: Path) -> None:
    info = f"[Sequence]\nframeRate=10\nseqLength={sequences.LENGTH}\nimWidth=320\nimHeight=240\n"
    given = sequences.write(tmp_path / "walk", seqinfo=info) / "det" / "exact.txt"
    ghosts = [f"{frame},-1,400,50,30,80,0.9\n" for frame in range(1, sequences.LENGTH + 1)]
    given.write_text(given.read_text() + "".join(ghosts))
    assert measure(tmp_path, "--detections", "exact")["combined"]["FP"] == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ["--detections", "exact", "--join"],
        ["--tracks", ".", "--delayed", "1"],
        ["--tracks", ".", "--moving-camera"],
    ],
)
def test_cues_that_would_do_nothing_are_refused(tmp_path: Path, arguments: list[str]) -> None:
    sequences.write(tmp_path / "walk")
    result = CliRunner().invoke(app, ["mot", str(tmp_path), *arguments])
    assert isinstance(result.exception, ConfigError)


def test_a_delay_without_end_is_refused_in_one_line(tmp_path: Path) -> None:
    sequences.write(tmp_path / "walk")
    arguments = ["mot", str(tmp_path), "--detections", "exact", "--delayed"]
    endless = CliRunner().invoke(app, [*arguments, "inf"])
    assert isinstance(endless.exception, ConfigError)
    assert str(endless.exception) == "--delayed inf: expected seconds, such as 1.5"
    assert CliRunner().invoke(app, [*arguments, "nan"]).exit_code != 0
