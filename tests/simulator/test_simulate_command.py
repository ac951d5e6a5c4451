"""`trinetra simulate`: every level, every option, every refusal."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import polars as pl
import pytest
import typer
from typer.testing import CliRunner

from contracts.errors import ConfigError
from contracts.store import parse_store
from simulator.days.truth_files import TABLES
from tests.simulator.commands import TINY, told
from trinetra.evaluation.app import app
from trinetra.evaluation.mot_files import folders
from trinetra.simulate import simulate


def refused(*arguments: str) -> ConfigError:
    app = typer.Typer()
    app.command()(simulate)
    error = CliRunner().invoke(app, list(arguments)).exception
    assert isinstance(error, ConfigError)
    return error


def test_events_are_whole_days_with_their_truth(tiny: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    found = told(
        simulate, tiny, "--out", str(out), "--days", "3", "--seed", "4", "--start", "2026-03-28",
        "--picture",
    )  # fmt: skip
    assert (found["days"], found["level"], found["seed"]) == (3, "events", 4)
    days = sorted(path.name for path in (out / "truth").iterdir())
    assert days == ["date=2026-03-28", "date=2026-03-29", "date=2026-03-30"]
    for day in days:
        assert {path.stem for path in (out / "truth" / day).iterdir()} == set(TABLES)
    crossings = pl.read_parquet(out / "truth" / "*" / "crossings.parquet")
    came = crossings.filter(pl.col("direction") == "in", ~pl.col("staff"))
    assert found["entries"] == len(came) > 20
    index = (out / "batches" / "index.jsonl").read_text().splitlines()
    assert found["batches"] == len(index)
    assert found["events"] == sum(json.loads(line)["records"] for line in index)
    picture = cv2.imread(str(out / "picture.png"))
    assert picture is not None
    assert picture.std() > 20


def test_a_week_is_simulated_unless_told_otherwise(tiny: str, tmp_path: Path) -> None:
    assert told(simulate, tiny, "--out", str(tmp_path / "out"))["days"] == 7


def test_equal_seeds_write_equal_files(tiny: str, tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("one", "two", "other")]
    for folder, seed in zip(folders, (1, 1, 2), strict=True):
        told(simulate, tiny, "--out", str(folder), "--days", "1", "--seed", str(seed))
    one, two, other = (
        {p.relative_to(f): p.read_bytes() for p in f.rglob("*") if p.is_file()} for f in folders
    )
    assert one == two
    assert one.keys() != other.keys()  # the seed is part of the batches' name


def test_detections_have_truth_boxes_and_the_installers_store(tiny: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    found = told(
        simulate, tiny, "--out", str(out), "--level", "detections", "--seconds", "60",
        "--start", "2026-03-03T12:10", "--embeddings", "--picture",
    )  # fmt: skip
    assert (found["seconds"], found["frames"]) == (60, 3 * 60 * 5)
    assert found["start"] == "2026-03-03T12:10:00"
    table = pl.read_parquet(out / "detections" / "*.parquet")
    assert len(table) == found["boxes"]
    assert "embedding" in table.columns
    assert (out / "picture.png").is_file()
    store = parse_store((out / "store.toml").read_text())
    assert [camera.id for camera in store.cameras] == ["street", "station", "till"]
    assert [camera.fps for camera in store.cameras] == [5.0] * 3
    assert (out / "street" / "gt" / "gt.txt").is_file()
    assert "imDir" not in (out / "street" / "seqinfo.ini").read_text()


def test_a_window_without_a_time_lies_in_the_busiest_hour(tiny: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    found = told(simulate, tiny, "--out", str(out), "--level", "detections", "--seconds", "2")
    assert found["start"] == "2026-03-03T12:00:00"
    assert "embedding" not in pl.read_parquet(out / "detections" / "*.parquet").columns


def test_frames_are_video_with_boxes(tiny: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    found = told(
        simulate, tiny, "--out", str(out), "--level", "frames", "--seconds", "1",
        "--start", "2026-03-03T12:10",
    )  # fmt: skip
    assert found["frames"] == 3 * 10
    for camera in ("street", "station", "till"):
        video = cv2.VideoCapture(str(out / "video" / f"{camera}.mp4"))
        assert video.get(cv2.CAP_PROP_FRAME_COUNT) == 10
        assert (out / camera / "gt" / "gt.txt").is_file()
        assert "imDir" not in (out / camera / "seqinfo.ini").read_text()
    store = parse_store((out / "store.toml").read_text())
    assert [camera.fps for camera in store.cameras] == [10.0] * 3  # the film's, not L1's


def test_frames_with_images_can_be_scored_by_eval_mot(tiny: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    told(
        simulate, tiny, "--out", str(out), "--level", "frames", "--seconds", "1",
        "--start", "2026-03-03T12:10", "--images",
    )  # fmt: skip
    for sequence in folders(out):
        assert [image.name for image in sequence.images()] == [f"{n:06}.jpg" for n in range(1, 11)]
        assert "imDir=img1\n" in (sequence.path / "seqinfo.ini").read_text()
        first, last = (cv2.imread(str(sequence.images()[index])) for index in (0, -1))
        assert first is not None
        assert last is not None
        assert first.shape[1::-1] == sequence.size
        assert np.any(first != last)
    found = CliRunner().invoke(app, ["mot", str(out), "--model", "person-trinetra-nano", "--json"])
    assert set(json.loads(found.stdout)["sequences"]) == {"station", "street", "till"}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--seconds", "5"], "--seconds: events are simulated by whole days"),
        (["--level", "frames", "--days", "5"], "--days: frames are simulated by the second"),
        (["--embeddings"], "--embeddings: only detections"),
        (["--images"], "--images: only frames"),
        (["--start", "Tuesday"], "--start Tuesday: expected 2026-03-03"),
        (["--start", "9999-12-30", "--days", "5"], "--start 9999-12-30: expected a year from 1971"),
        (["--start", "0001-01-01"], "--start 0001-01-01: expected a year from 1971 to 2100"),
        (["--start", "2026-03-03T12:00+01:00"], "leave out the offset"),
        (["--level", "detections", "--start", "2026-03-03T23:59:59.5"], "shorter than a second"),
    ],
)
def test_what_cannot_be_simulated_is_refused(
    tiny: str, tmp_path: Path, arguments: list[str], told: str
) -> None:
    assert told in str(refused(tiny, "--out", str(tmp_path / "out"), *arguments))


def test_a_folder_with_something_in_it_is_left_alone(tiny: str, tmp_path: Path) -> None:
    assert "expected an empty or new folder" in str(refused(tiny, "--out", str(tmp_path)))
    assert "expected an empty or new folder" in str(refused(tiny, "--out", tiny))
    assert sorted(tmp_path.iterdir()) == [Path(tiny)]


def test_a_bad_scenario_is_one_line_that_names_file_and_key(tiny: str, tmp_path: Path) -> None:
    Path(tiny).write_text(TINY.replace("per_day = 20", "per_day = -1"))
    run = subprocess.run(
        [sys.executable, "-m", "trinetra", "simulate", tiny, "--out", str(tmp_path / "out")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 1
    assert run.stdout == ""
    assert run.stderr.count("\n") == 1
    assert run.stderr.startswith("trinetra: tiny.toml: ")
    assert "`$.visits.per_day`" in run.stderr
    assert not (tmp_path / "out").exists()
