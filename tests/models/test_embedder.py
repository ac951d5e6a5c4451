"""What goes into an embedding network, what comes out, and what is refused."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper

from contracts.errors import ModelError
from models.catalog import DEFAULT_EMBEDDER, InputSpec, ModelEntry, find
from models.detector import load_detector
from models.embedder import Embedder, EmbeddingNetwork, load_embedder
from models.runtime.ort import OrtRuntime
from tests.models.builders import write_onnx

NCHW = InputSpec(size=(64, 128))
NHWC = InputSpec(size=(64, 128), layout="nhwc")
IMAGENET = InputSpec(
    size=(64, 128),
    colour="rgb",
    mean=(123.675, 116.28, 103.53),
    std=(58.395, 57.12, 57.375),
)


def entry(spec: InputSpec, name: str = "means") -> ModelEntry:
    return msgspec.structs.replace(find("person-reid-retail-0248"), name=name, input=spec)


def network(
    path: Path, spec: InputSpec, batch: int | str = "n", name: str = "means"
) -> EmbeddingNetwork:
    """A network whose embedding is the mean of each channel of its input."""
    axes, shape = ([2, 3], [batch, 3, 128, 64])
    if spec.layout == "nhwc":
        axes, shape = [1, 2], [batch, 128, 64, 3]
    graph = helper.make_graph(
        [helper.make_node("ReduceMean", ["crops"], ["means"], axes=axes, keepdims=0)],
        "test",
        [helper.make_tensor_value_info("crops", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("means", TensorProto.FLOAT, [batch, 3])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=9)
    onnx.save(model, str(path))
    return EmbeddingNetwork(entry(spec, name), OrtRuntime(path))


def plain(blue: int, green: int, red: int, size: tuple[int, int] = (100, 50)) -> NDArray[np.uint8]:
    crop = np.empty((*size, 3), np.uint8)
    crop[:] = (blue, green, red)
    return crop


def dressed(torso: tuple[int, int, int], legs: tuple[int, int, int]) -> NDArray[np.uint8]:
    """A figure before a grey wall."""
    crop = np.full((128, 64, 3), 150, np.uint8)
    crop[8:26, 25:39] = (120, 150, 200)
    crop[26:68, 17:47] = torso
    crop[68:122, 20:44] = legs
    return crop


def unit(*numbers: float) -> NDArray[np.float64]:
    row = np.array(numbers)
    return row / np.linalg.norm(row)


@pytest.mark.parametrize("spec", [NCHW, NHWC])
def test_pixels_arrive_as_bgr_in_either_layout(spec: InputSpec, tmp_path: Path) -> None:
    embedder = Embedder([network(tmp_path / "m.onnx", spec)])
    np.testing.assert_allclose(embedder.embed([plain(10, 20, 30)])[0], unit(10, 20, 30), atol=1e-6)


def test_colours_are_swapped_before_they_are_normalized(tmp_path: Path) -> None:
    embedder = Embedder([network(tmp_path / "m.onnx", IMAGENET)])
    expected = [(30 - 123.675) / 58.395, (20 - 116.28) / 57.12, (10 - 103.53) / 57.375]
    np.testing.assert_allclose(embedder.embed([plain(10, 20, 30)])[0], unit(*expected), atol=1e-5)


@pytest.mark.parametrize("batch", ["n", 1])
def test_many_crops_of_any_size_keep_their_order(batch: int | str, tmp_path: Path) -> None:
    embedder = Embedder([network(tmp_path / "m.onnx", NCHW, batch)])
    crops = [plain(i + 1, 100, 50, size=(1 + 7 * i, 1 + 3 * i)) for i in range(70)]
    rows = embedder.embed(crops)
    assert rows.shape == (70, 3)
    assert rows.dtype == np.float32
    for index, row in enumerate(rows):
        np.testing.assert_allclose(row, unit(index + 1, 100, 50), atol=1e-5)


def test_a_large_crop_is_averaged_not_sampled(tmp_path: Path) -> None:
    # one column in eight is white: sampling would see none of it, or only it
    crop = np.zeros((1024, 512, 3), np.uint8)
    crop[:, ::8] = (0, 0, 240)
    crop[:, :, 0] = 30
    (row,) = Embedder([network(tmp_path / "m.onnx", NCHW)]).embed([crop])
    np.testing.assert_allclose(row, unit(30, 0, 30), atol=0.02)


def test_two_networks_average_their_cosines(tmp_path: Path) -> None:
    first = network(tmp_path / "a.onnx", NCHW, name="a")
    second = network(tmp_path / "b.onnx", IMAGENET, name="b")
    crops = [plain(10, 20, 200), plain(200, 90, 10)]
    joint = Embedder([first, second])
    rows = joint.embed(crops)
    cosines = [float(r[0] @ r[1]) for r in (n.embed(crops) for n in (first, second))]
    assert (joint.name, joint.size) == ("a+b", 6)
    assert float(rows[0] @ rows[1]) == pytest.approx(sum(cosines) / 2, abs=1e-6)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-6)


def test_no_crops_give_no_rows(tmp_path: Path) -> None:
    assert Embedder([network(tmp_path / "m.onnx", NCHW)]).embed([]).shape == (0, 3)


@pytest.mark.parametrize(
    "crop",
    [
        np.zeros((10, 10), np.uint8),
        np.zeros((10, 10, 4), np.uint8),
        np.zeros((10, 10, 3), np.float32),
        np.zeros((0, 10, 3), np.uint8),
    ],
)
def test_what_is_no_crop_is_refused(crop: NDArray[np.uint8], tmp_path: Path) -> None:
    embedder = Embedder([network(tmp_path / "m.onnx", NCHW)])
    with pytest.raises(ValueError, match="not BGR uint8"):
        embedder.embed([plain(1, 2, 3), crop])


def refused(path: Path, spec: InputSpec) -> str:
    with pytest.raises(ModelError) as caught:
        EmbeddingNetwork(entry(spec), OrtRuntime(path))
    text = str(caught.value)
    assert "\n" not in text
    return text


def test_a_graph_of_another_input_is_refused(tmp_path: Path) -> None:
    write_onnx(
        tmp_path / "m.onnx", output="e", output_shape=["n", 4], input_shape=["n", 3, 256, 128]
    )
    text = refused(tmp_path / "m.onnx", NCHW)
    assert "input [N, 3, 128, 64]" in text
    assert "3, 256, 128]" in text
    assert "input [N, 128, 64, 3]" in refused(tmp_path / "m.onnx", NHWC)


@pytest.mark.parametrize("shape", [["n", 4, 8], ["n"]])
def test_a_graph_of_another_output_is_refused(
    shape: list[int | str | None], tmp_path: Path
) -> None:
    write_onnx(tmp_path / "m.onnx", output="e", output_shape=shape, input_shape=["n", 3, 128, 64])
    assert "one output [N, D]" in refused(tmp_path / "m.onnx", NCHW)


def test_a_vector_without_direction_is_an_error_not_a_row(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="without direction"):
        Embedder([network(tmp_path / "m.onnx", NCHW)]).embed([plain(0, 0, 0)])


def test_the_bundled_embedder_sees_clothes_through_a_change_of_light() -> None:
    embedder = load_embedder()
    assert (embedder.name, embedder.size) == (DEFAULT_EMBEDDER, 256)
    red, blue = dressed((40, 40, 200), (90, 60, 30)), dressed((190, 90, 30), (60, 60, 60))
    darker = (red * 0.8).astype(np.uint8)
    rows = embedder.embed([red, darker, blue])
    assert rows[0] @ rows[1] > 0.9
    assert rows[0] @ rows[2] < 0.8


def test_a_detector_is_no_embedder_and_the_other_way_round(shared_assets: Path) -> None:
    mirror = shared_assets / "models"
    with pytest.raises(ModelError, match=r"known embedders: .*person-reid-retail-0248"):
        load_embedder("rtmdet-nano-person", mirror=mirror)
    with pytest.raises(ModelError, match="person-embedding model"):
        load_detector("person-reid-retail-0248", mirror=mirror)


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("person-reid-retail-0248", 256),
        ("osnet-x0-25-msmt17", 512),
        ("person-reid-retail-0248+person-reid-retail-0287", 512),
    ],
)
def test_reference_models_load_by_their_entry_alone(
    name: str, size: int, shared_assets: Path
) -> None:
    embedder = load_embedder(name, mirror=shared_assets / "models")
    crops = [plain(10, 200, 30), plain(10, 200, 40), plain(200, 20, 10)]
    rows = embedder.embed(crops)
    assert rows.shape == (3, size) == (3, embedder.size)
    assert rows[0] @ rows[1] > rows[0] @ rows[2]
