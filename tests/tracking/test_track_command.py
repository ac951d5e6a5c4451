"""`trinetra track` as a process: what is on stdout, exit codes, signals, a full disk."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.models.builders import write_onnx
from tests.tracking.clips import write_clip

DEADLINE_S = 60.0


@pytest.fixture
def nobody(tmp_path: Path) -> Path:
    """A model that never finds anyone."""
    return write_onnx(tmp_path / "nobody.onnx", output="dets", output_shape=[1, 100, 5])


@pytest.fixture
def long_clip(tmp_path: Path) -> Path:
    return write_clip(tmp_path / "long.mp4", lambda i: [(i % 280, 100)], frames=900, fps=30)


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "trinetra", "track", *map(str, arguments)]


def test_json_is_one_object_and_nothing_else(tmp_path: Path, nobody: Path) -> None:
    video = write_clip(tmp_path / "walk.mp4", lambda i: [(5 * i, 100)], frames=10)
    result = subprocess.run(
        command(video, "--model", nobody, "--json", "--line", "door=0,50,320,50"),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    summary = json.loads(result.stdout)
    wanted = {"video", "frames", "fps", "people", "detections", "model", "lines", "outputs"}
    assert wanted <= summary.keys()
    assert summary["lines"] == {"door": {"in": 0, "out": 0}}
    assert summary["outputs"]["tracks"] == "out/walk/tracks.txt"
    assert (tmp_path / "out/walk/annotated.mp4").stat().st_size > 0
    assert result.stderr == ""


@pytest.mark.parametrize(
    ("option", "value", "expected"),
    [
        ("--line", "door=1,2", "NAME=x1,y1,x2,y2"),
        ("--delayed", "inf", "--delayed inf: expected seconds"),
    ],
)
def test_a_bad_option_value_is_one_line_and_exit_code_1(
    tmp_path: Path, option: str, value: str, expected: str
) -> None:
    result = subprocess.run(
        command(tmp_path / "any.mp4", option, value),
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )
    assert result.returncode == 1
    assert expected in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize("asked", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_it_leaves_nothing(
    tmp_path: Path, nobody: Path, long_clip: Path, asked: signal.Signals
) -> None:
    out = tmp_path / "results" / "long"
    with subprocess.Popen(
        command(long_clip, "--model", nobody, "--out", out),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # a suite that runs in the background hands an ignored SIGINT on to its children
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    ) as child:
        deadline = time.monotonic() + DEADLINE_S
        while not list(out.glob(".trinetra-*/annotated.mp4")):
            assert child.poll() is None, child.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.02)
        child.send_signal(asked)
        _, errors = child.communicate(timeout=DEADLINE_S)
    assert child.returncode == 130, errors
    assert b"Traceback" not in errors
    assert not (tmp_path / "results").exists()


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "disk"
    place.mkdir()
    mounted = (
        os.geteuid() == 0
        and not subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=48k", "tmpfs", str(place)],
            capture_output=True,
            check=False,
        ).returncode
    )
    if not mounted:
        pytest.skip("needs root and tmpfs to make a small disk")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_full_disk_is_one_line_and_leaves_nothing(
    tiny_disk: Path, nobody: Path, long_clip: Path
) -> None:
    result = subprocess.run(
        command(long_clip, "--model", nobody, "--out", tiny_disk / "out"),
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )
    assert result.returncode == 1, result.stdout
    assert "no space left" in result.stderr.lower()
    assert len(result.stderr.splitlines()) == 1
    assert list(tiny_disk.iterdir()) == []
