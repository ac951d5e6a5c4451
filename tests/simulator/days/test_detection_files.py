"""L1 files: MOT truth that TrackEval reads, detections, and Parquet with the promised columns."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from trackeval.datasets import MotChallenge2DBox

from simulator.days import Day, frames, simulate_day, truth_of_day
from simulator.days.detection_files import write_detections
from simulator.days.truth_files import TABLES, write_truth
from tests.simulator.days.conftest import EVENING
from trinetra.evaluation.mot_files import folders, read_rows, read_truth
from trinetra.evaluation.mot_score import Sequence, scores

SECONDS, FPS, CAMERAS = 20, 15, ("entrance", "floor", "tills")


@pytest.fixture(scope="module")
def short(day: Day) -> Day:
    return simulate_day(day.scenario, day.seed, start=EVENING, seconds=SECONDS)


@pytest.fixture(scope="module")
def written(short: Day, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("l1")
    counted = write_detections(folder, short, embeddings=True)
    assert counted["frames"] == SECONDS * FPS * 3
    write_truth(folder / "truth", truth_of_day(short))
    return folder


def test_the_projects_own_reader_finds_three_sequences(written: Path) -> None:
    found = folders(written)
    assert tuple(each.name for each in found) == CAMERAS
    for each in found:
        assert (each.fps, each.length) == (FPS, SECONDS * FPS)
        truth, benchmark = read_truth(each)
        assert benchmark == "MOT17"
        assert len(truth) > 100
        assert truth[:, 8].min() > 0  # visible
        assert truth[:, 8].max() <= 1


def test_truth_scores_full_marks_against_itself_in_trackeval(written: Path) -> None:
    sequences = {}
    for each in folders(written):
        truth, _ = read_truth(each)
        sequences[each.name] = Sequence(truth, truth[:, :7], each.length)
    found = scores(sequences, "MOT17")
    assert found["combined"]["HOTA"] == pytest.approx(100)
    assert found["combined"]["MOTA"] == pytest.approx(100)


def test_trackeval_reads_the_files_as_they_lie(written: Path, tmp_path: Path) -> None:
    for camera in CAMERAS:
        rows = read_rows(written / camera / "gt" / "gt.txt", SECONDS * FPS)
        path = tmp_path / "us" / "data" / f"{camera}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savetxt(path, rows[:, :7], delimiter=",")
    dataset = MotChallenge2DBox(
        {
            "GT_FOLDER": str(written), "TRACKERS_FOLDER": str(tmp_path),
            "TRACKERS_TO_EVAL": ["us"], "BENCHMARK": "MOT17", "SKIP_SPLIT_FOL": True,
            "SEQ_INFO": dict.fromkeys(CAMERAS), "PRINT_CONFIG": False,
        }
    )  # fmt: skip
    for camera in CAMERAS:
        raw = dataset.get_raw_seq_data("us", camera)
        seen = dataset.get_preprocessed_seq_data(raw, "pedestrian")
        assert seen["num_timesteps"] == SECONDS * FPS
        assert seen["num_gt_dets"] > 100
        assert seen["num_gt_dets"] == seen["num_tracker_dets"]


def test_both_forms_of_the_detections_are_those_of_the_frames(written: Path, short: Day) -> None:
    table = pl.read_parquet(written / "detections" / "*.parquet")
    assert dict(table.schema) == {
        "camera": pl.String, "frame": pl.Int64, "taken_at": pl.Float64, "arrived_at": pl.Float64,
        "x1": pl.Float32, "y1": pl.Float32, "x2": pl.Float32, "y2": pl.Float32,
        "score": pl.Float32, "person": pl.Int64, "embedding": pl.Array(pl.Float32, 128),
    }  # fmt: skip
    made = [frame for frame in frames(short) if len(frame.score)]
    assert len(table) == sum(len(frame.score) for frame in made)
    for frame in made[::97]:
        mine = table.filter(pl.col("camera") == frame.camera, pl.col("frame") == frame.index)
        np.testing.assert_array_equal(mine["score"].to_numpy(), frame.score)
        np.testing.assert_array_equal(mine["person"].to_numpy(), frame.person)
        np.testing.assert_allclose(mine["embedding"].to_numpy(), frame.embedding)
        lines = read_rows(written / frame.camera / "det" / "det.txt", SECONDS * FPS, ids=False)
        mine_too = lines[lines[:, 0] == frame.index + 1]
        sizes = frame.xyxy[:, 2:] - frame.xyxy[:, :2]
        np.testing.assert_allclose(mine_too[:, 2:4], frame.xyxy[:, :2], atol=0.006)
        np.testing.assert_allclose(mine_too[:, 4:6], sizes, atol=0.006)


def test_most_true_boxes_that_are_well_seen_were_detected(written: Path) -> None:
    for camera in CAMERAS:
        truth = read_rows(written / camera / "gt" / "gt.txt", SECONDS * FPS)
        table = pl.read_parquet(written / "detections" / "*.parquet")
        mine = table.filter(pl.col("camera") == camera)
        found = set(zip((mine["frame"] + 1).to_list(), (mine["person"] + 1).to_list(), strict=True))
        clear = truth[truth[:, 8] > 0.8]
        hit = [(int(frame), int(person)) in found for frame, person in clear[:, :2]]
        assert np.mean(hit) > 0.93


def test_truth_is_parquet_with_utc_times(written: Path, short: Day) -> None:
    assert {path.stem for path in (written / "truth").glob("*.parquet")} == set(TABLES)
    crossings = pl.read_parquet(written / "truth" / "crossings.parquet")
    assert crossings.schema["at"] == pl.Datetime("us", "UTC")
    begin = pl.read_parquet(written / "truth" / "occupancy.parquet")["at"][0]
    assert begin.timestamp() == short.begins_at
    sightings = pl.read_parquet(written / "truth" / "sightings.parquet")
    assert set(sightings["camera"]) <= set(CAMERAS)
    assert (sightings["to_at"] >= sightings["from_at"]).all()
    heat = pl.read_parquet(written / "truth" / "heatmap.parquet")
    assert len(heat) == (18 * 4) * (12 * 4)
    assert heat.filter(~pl.col("seen"))["seconds"].sum() == 0
