"""Where a model's file is looked for, and that only the right bytes are used."""

import hashlib
from pathlib import Path

import msgspec
import pytest

from contracts.errors import ModelError
from models import catalog
from models.catalog import DEFAULT_DETECTOR, ModelEntry, find, resolve
from tests.models.builders import write_onnx
from tests.models.test_download import BODY, DIGEST, serving

ENTRY = msgspec.structs.replace(
    find("rtmdet-nano-person"),
    name="tiny",
    file="tiny.onnx",
    sha256=DIGEST,
    bytes=len(BODY),
    url=None,
)


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    """Empty bundled, mirror and cache folders, and a catalog that knows ``tiny`` only."""
    found = {name: tmp_path / name for name in ("bundled", "mirror", "cache")}
    for folder in found.values():
        folder.mkdir()
    monkeypatch.setattr(catalog, "BUNDLED", found["bundled"])
    know(monkeypatch, ENTRY)
    return found


def know(monkeypatch: pytest.MonkeyPatch, entry: ModelEntry) -> None:
    monkeypatch.setattr(catalog, "catalog", lambda: {entry.name: entry})


def look(folders: dict[str, Path]) -> Path:
    return resolve("tiny", mirror=folders["mirror"], cache_dir=folders["cache"]).path


def test_bundled_comes_before_mirror_before_cache(folders: dict[str, Path]) -> None:
    for name in ("cache", "mirror", "bundled"):
        (folders[name] / "tiny.onnx").write_bytes(BODY)
        assert look(folders).parent == folders[name]


def test_an_altered_file_is_refused_with_both_hashes(folders: dict[str, Path]) -> None:
    altered = bytes([BODY[0] ^ 1]) + BODY[1:]
    (folders["mirror"] / "tiny.onnx").write_bytes(altered)
    with pytest.raises(ModelError) as caught:
        look(folders)
    text = str(caught.value)
    assert str(folders["mirror"] / "tiny.onnx") in text
    assert DIGEST in text
    assert hashlib.sha256(altered).hexdigest() in text
    assert "\n" not in text


def test_a_missing_file_is_fetched_once_and_then_cached(
    folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving() as url:
        know(monkeypatch, msgspec.structs.replace(ENTRY, url=f"{url}/whole"))
        assert look(folders) == folders["cache"] / "tiny.onnx"
    assert look(folders).read_bytes() == BODY  # the server is gone


@pytest.mark.parametrize("path", ["/short", "/missing"])
def test_a_failed_fetch_leaves_the_cache_empty(
    folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    with serving() as url:
        know(monkeypatch, msgspec.structs.replace(ENTRY, url=url + path))
        with pytest.raises(ModelError):
            look(folders)
    assert list(folders["cache"].iterdir()) == []


def test_a_model_without_source_says_where_it_was_looked_for(folders: dict[str, Path]) -> None:
    with pytest.raises(ModelError, match="neither bundled nor in a model mirror"):
        look(folders)


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(ModelError, match=r"unknown model 'yolo99'.*rtmdet-nano-person"):
        resolve("yolo99")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("yolo11n.pt", "export the model to ONNX"),
        ("folder/model.bin", "not an .onnx file"),
        ("missing.onnx", "no such model file"),
    ],
)
def test_a_path_that_cannot_be_a_model_is_one_clear_line(name: str, reason: str) -> None:
    with pytest.raises(ModelError, match=reason) as caught:
        resolve(name)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("output", "shape", "form"),
    [
        ("dets", [1, "a", 5], "boxes-scores"),
        ("output", [1, 3549, 85], "yolox"),
        ("output0", [1, 84, 8400], "yolov8"),
        ("output0", [1, 5, "a"], "yolov8"),
    ],
)
def test_a_file_of_ones_own_is_known_by_its_outputs(
    tmp_path: Path, output: str, shape: list[int | str | None], form: str
) -> None:
    path = write_onnx(tmp_path / "own.onnx", output=output, output_shape=shape)
    assert resolve(path).entry.output == form
    assert resolve(path).entry.name == "own"


def test_a_file_that_is_no_detector_is_refused_with_its_shapes(tmp_path: Path) -> None:
    path = write_onnx(tmp_path / "own.onnx", output="features", output_shape=[1, 512])
    with pytest.raises(ModelError, match=r"not a person detector.*features\[\w+, 512\]"):
        resolve(path)


def test_a_file_that_is_no_onnx_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "own.onnx"
    path.write_text("hello")
    with pytest.raises(ModelError, match="onnxruntime cannot load it") as caught:
        resolve(path)
    assert "\n" not in str(caught.value)


def test_a_path_with_the_bytes_of_an_entry_is_that_entry(
    folders: dict[str, Path], tmp_path: Path
) -> None:
    copy = tmp_path / "renamed.onnx"
    copy.write_bytes(BODY)
    assert resolve(copy).entry.name == "tiny"


def test_an_altered_copy_named_by_its_path_is_refused(
    folders: dict[str, Path], tmp_path: Path
) -> None:
    copy = tmp_path / find("tiny").file
    copy.write_bytes(BODY + b"!")
    with pytest.raises(ModelError, match=f"is not tiny: expected sha256 {DIGEST}"):
        resolve(copy)


def test_every_entry_has_a_card_and_bundled_files_are_whole() -> None:
    for entry in catalog.catalog().values():
        assert (catalog.CARDS / entry.card).is_file(), entry.name
        bundled = catalog.BUNDLED / entry.file
        if bundled.exists():
            catalog.verify(entry, bundled)
            assert bundled.stat().st_size == entry.bytes
    assert (catalog.BUNDLED / find(DEFAULT_DETECTOR).file).exists()
