"""Rankings with an answer known by hand, the references' figures, and files that are no crops."""

from __future__ import annotations

import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest

from contracts.errors import ModelError, SourceError
from trinetra.evaluation.reid import (
    LabelledCrops,
    evaluate_reid,
    queries_of,
    rank,
    read_crops,
    sure_cosine,
)

EAST, NORTH = (1.0, 0.0), (0.0, 1.0)


def seen(*sightings: tuple[int, int]) -> LabelledCrops:
    """Crops of (person, camera) without pixels."""
    table = np.array(sightings, np.int64)
    names = [f"{person:04d}_c{camera}s1" for person, camera in sightings]
    return LabelledCrops(names, table[:, 0], table[:, 1], [b""] * len(sightings))


def rows(*directions: tuple[float, float]) -> np.ndarray:
    table = np.array(directions, np.float32)
    return table / np.linalg.norm(table, axis=1, keepdims=True)


def test_a_right_answer_first_is_rank_one_and_full_precision() -> None:
    found = rank(seen((1, 1), (1, 2), (2, 1), (2, 2)), rows(EAST, EAST, NORTH, NORTH))
    assert (found.rank1, found.rank5, found.mean_ap) == (1.0, 1.0, 1.0)
    assert (found.queries, found.gallery) == (4, 4)


def test_a_right_answer_in_second_place_halves_precision() -> None:
    # both people's second crops were swapped: each query meets the other first
    found = rank(seen((1, 1), (1, 2), (2, 1), (2, 2)), rows(EAST, NORTH, NORTH, EAST))
    assert (found.rank1, found.rank5) == (0.0, 1.0)
    # the right answer ties with another wrong one, and ties keep the order of names
    assert found.mean_ap == pytest.approx((1 / 2 + 1 / 2 + 1 / 3 + 1 / 3) / 4)


def test_the_same_person_on_the_same_camera_does_not_count() -> None:
    crops = seen((1, 1), (1, 1), (1, 2), (2, 2))
    # the nearest to the query is its own second crop; the next best is somebody else
    found = rank(crops, rows(EAST, EAST, NORTH, (1.0, 0.1)))
    assert found.rank1 == 0.0


def test_queries_are_the_first_crop_of_each_person_and_camera_that_another_camera_saw() -> None:
    crops = seen((1, 1), (1, 1), (1, 2), (2, 1), (0, 1), (0, 2))
    assert queries_of(crops).tolist() == [0, 2]


def test_the_sure_cosine_looks_at_different_people_on_different_cameras_only() -> None:
    crops = seen((1, 1), (1, 2), (2, 1), (2, 2))
    # the same person, and different people on one camera, are alike; the others are at 90 degrees
    assert sure_cosine(crops, rows(EAST, NORTH, EAST, NORTH)) == pytest.approx(0.0, abs=1e-6)
    assert sure_cosine(crops, rows(EAST, NORTH, NORTH, EAST)) == pytest.approx(1.0)


def test_of_one_person_alone_there_is_no_sure_cosine(tmp_path: Path) -> None:
    assert sure_cosine(seen((1, 1), (1, 2)), rows(EAST, EAST)) is None
    files = {"0001_c1s1.png": crop(1), "0001_c2s1.png": crop(2)}
    found = evaluate_reid(archive(tmp_path / "crops.zip", files))
    assert found["cosine_1pct"] is None
    assert found["rank1"] == 1.0


def test_nobody_seen_twice_is_an_error() -> None:
    with pytest.raises(SourceError, match="two cameras"):
        rank(seen((1, 1), (2, 1)), rows(EAST, NORTH))


def crop(shade: int) -> bytes:
    image = np.full((64, 32, 3), shade, np.uint8)
    image[:32] = (0, 255 - shade, shade)
    return cv2.imencode(".png", image)[1].tobytes()


def archive(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as stored:
        for name, body in files.items():
            stored.writestr(name, body)
    return path


def test_crops_are_read_by_name_from_a_zip_and_from_a_folder(tmp_path: Path) -> None:
    files = {"b/0002_c3s1_1.png": crop(9), "a/0010_c1s2_7.png": crop(5), "notes.txt": b"hello"}
    for name, body in files.items():
        (tmp_path / "folder" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "folder" / name).write_bytes(body)
    for place in (archive(tmp_path / "crops.zip", files), tmp_path / "folder"):
        crops = read_crops(place)
        assert crops.names == ["0002_c3s1_1.png", "0010_c1s2_7.png"]
        assert crops.person.tolist() == [2, 10]
        assert crops.camera.tolist() == [3, 1]


def test_junk_boxes_of_market_are_left_out(tmp_path: Path) -> None:
    path = archive(tmp_path / "c.zip", {"-1_c1s1.png": crop(1), "0001_c1s1.png": crop(2)})
    assert read_crops(path).person.tolist() == [1]


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        ({}, "no images"),
        ({"readme.txt": b"x"}, "no images"),
        ({"anna_1.png": b"x"}, "anna_1.png does not say who and where"),
    ],
)
def test_a_zip_without_labelled_crops_is_one_clear_error(
    files: dict[str, bytes], problem: str, tmp_path: Path
) -> None:
    path = archive(tmp_path / "crops.zip", files)
    with pytest.raises(SourceError, match=problem) as caught:
        read_crops(path)
    assert "\n" not in str(caught.value)


def test_what_is_no_zip_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "crops.zip").write_bytes(b"PK\x03\x04 cut off")
    with pytest.raises(SourceError, match="not a readable zip"):
        read_crops(tmp_path / "crops.zip")
    with pytest.raises(SourceError, match="no such zip or folder"):
        read_crops(tmp_path / "absent")


def test_altered_bytes_in_a_zip_are_one_clear_error(tmp_path: Path) -> None:
    path = archive(tmp_path / "crops.zip", {"0001_c1s1.png": crop(1)})
    body = bytearray(path.read_bytes())
    body[60] ^= 255
    path.write_bytes(body)
    with pytest.raises(SourceError, match="not a readable zip"):
        read_crops(path)


def test_a_broken_image_is_named(tmp_path: Path, shared_assets: Path) -> None:
    path = archive(
        tmp_path / "c.zip", {"0001_c1s1.png": crop(1), "0001_c2s1.png": b"no picture at all"}
    )
    with pytest.raises(SourceError, match=r"0001_c2s1\.png: not an image"):
        evaluate_reid(path, "person-reid-retail-0248", mirror=shared_assets / "models")


def test_an_unknown_model_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="unknown model"):
        evaluate_reid(tmp_path / "absent.zip", "no-such-model")


def test_the_bundled_embedder_finds_people_again(shared_assets: Path) -> None:
    path = shared_assets / "reid" / "market_test100.zip"
    found, normalized = (evaluate_reid(path, normalize=way) for way in (False, True))
    assert found["model"] == "person-embed-trinetra"
    assert found["rank1"] >= 0.64
    assert normalized["rank1"] >= found["rank1"] + 0.01
    assert normalized["mAP"] >= found["mAP"] + 0.02


def test_the_reference_reproduces_its_published_figures(shared_assets: Path) -> None:
    progress: list[tuple[int, int]] = []
    found = evaluate_reid(
        shared_assets / "reid" / "market_test100.zip",
        "person-reid-retail-0248",
        mirror=shared_assets / "models",
        on_progress=lambda done, total: progress.append((done, total)),
    )
    assert found["rank1"] == pytest.approx(0.755, abs=0.005)
    assert found["mAP"] == pytest.approx(0.598, abs=0.005)
    assert (found["queries"], found["gallery"]) == (319, 854)
    assert found["model"] == "person-reid-retail-0248"
    assert progress[-1] == (854, 854)
