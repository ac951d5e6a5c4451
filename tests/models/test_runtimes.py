"""Engines give the same answers, take batches of any size, and refuse in one line."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from onnx import TensorProto, helper

from contracts.errors import ModelError
from contracts.store import Precision as StorePrecision
from contracts.store import Runtime as StoreRuntime
from models.catalog import find, resolve
from models.detector import Detector, load_detector
from models.embedder import load_embedder
from models.runtime.base import PRECISIONS, Floats
from models.runtime.engines import (
    AUTO,
    ENGINES,
    check_precision,
    find_engine,
    is_quantized,
    open_engine,
    present,
)
from models.runtime.machine import cpu_name, gpu_name
from models.runtime.openvino import MOST_SHAPES, OpenVinoRuntime, half_type
from models.runtime.ort import OrtRuntime, providers
from models.runtime.profiles import plan, run_in_profiles
from tests.models.builders import write_onnx
from tests.models.fake_engines import row
from tests.models.test_detector import rendered
from tests.models.test_exact import pictures

WITH_OPENVINO = importlib.util.find_spec("openvino") is not None
needs_openvino = pytest.mark.skipif(
    not WITH_OPENVINO, reason="needs openvino, which `make setup` brings"
)
ON_CPU = ["onnxruntime", pytest.param("openvino", marks=needs_openvino)]
HALF_PX = 0.5
SURE = 0.55
"""Eight bits move scores by a few hundredths: those near the threshold say nothing."""


def mean_model(path: Path, batch: int | str = "n") -> Path:
    """A graph that says each frame's mean, ``[N, 1, 1, 1]``."""
    shape = [batch, 3, "h", "w"]
    node = helper.make_node("ReduceMean", ["images"], ["mean"], axes=[1, 2, 3], keepdims=1)
    graph = helper.make_graph(
        [node],
        "test",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("mean", TensorProto.FLOAT, [batch, 1, 1, 1])],
    )
    opset = helper.make_opsetid("", 17)
    onnx.save(helper.make_model(graph, opset_imports=[opset], ir_version=9), str(path))
    return path


def numbered(count: int, side: int = 32) -> Floats:
    """Frames whose mean is their number."""
    numbers = np.arange(1, count + 1, dtype=np.float32)[:, None, None, None]
    return np.broadcast_to(numbers, (count, 3, side, side)).copy()


def opened(name: str, path: Path, tmp_path: Path) -> Any:
    return open_engine(find_engine(name), path, threads=1, precision="fp32", cache_dir=tmp_path)


def crops(count: int) -> list[NDArray[np.uint8]]:
    picture = rendered()
    return [picture[20 + 7 * i : 180, 60 * i : 60 * i + 55].copy() for i in range(count)]


def test_a_store_can_name_every_engine_and_precision() -> None:
    assert set(get_args(StoreRuntime)) == {AUTO, *(engine.name for engine in ENGINES)}
    assert set(get_args(StorePrecision)) == {AUTO, *PRECISIONS}


@needs_openvino
def test_openvino_finds_the_boxes_that_onnxruntime_finds(shared_assets: Path) -> None:
    ours, theirs = load_detector(), load_detector(runtime="openvino")
    for picture in pictures(shared_assets):
        a, b = ours.detect([picture])[0], theirs.detect([picture])[0]
        assert len(a) >= 3
        np.testing.assert_allclose(b.xyxy, a.xyxy, atol=0.01)
        np.testing.assert_allclose(b.score, a.score, atol=1e-4)


@needs_openvino
def test_openvino_runs_a_graph_with_nms_inside(rtmdet: Path) -> None:
    ours = load_detector("rtmdet-nano-person", mirror=rtmdet.parent)
    theirs = load_detector("rtmdet-nano-person", mirror=rtmdet.parent, runtime="openvino")
    a, b = (found.above(0.2) for found in (d.detect([rendered()])[0] for d in (ours, theirs)))
    assert len(a) >= 3
    np.testing.assert_allclose(b.xyxy, a.xyxy, atol=0.05)
    np.testing.assert_allclose(b.score, a.score, atol=1e-3)


@needs_openvino
def test_sixteen_bits_see_the_same_people() -> None:
    half = load_detector(runtime="openvino", precision="fp16")
    full = load_detector()
    assert (full.engine, half.engine) == ("onnxruntime", "openvino-fp16")
    a, b = (d.detect([rendered()])[0].above(full.threshold) for d in (full, half))
    assert len(a) >= 4
    np.testing.assert_allclose(b.xyxy, a.xyxy, atol=HALF_PX)
    np.testing.assert_allclose(b.score, a.score, atol=0.02)


@needs_openvino
@pytest.mark.parametrize(("precision", "apart"), [("fp32", 1e-5), ("fp16", 2e-3)])
def test_openvino_embeds_as_onnxruntime_does(precision: str, apart: float) -> None:
    ours = load_embedder().embed(crops(6))
    theirs = load_embedder(runtime="openvino", precision=precision).embed(crops(6))
    assert 1 - (ours * theirs).sum(1).min() < apart


@pytest.mark.parametrize("name", ON_CPU)
@pytest.mark.parametrize("batch", ["n", 1, 3, 4])
def test_frames_keep_their_answers_whatever_batch_the_graph_has(
    name: str, batch: int | str, tmp_path: Path
) -> None:
    runtime = opened(name, mean_model(tmp_path / "m.onnx", batch), tmp_path)
    assert runtime.input_shape[0] == (1 if batch == 1 else None)
    for count in (1,) if batch == 1 else range(1, 10):
        (mean,) = runtime.run(numbered(count))
        np.testing.assert_allclose(mean.ravel(), np.arange(1, count + 1), rtol=1e-6)


@given(st.integers(1, 60), st.sets(st.integers(1, 9), min_size=1), st.booleans())
def test_every_frame_is_in_one_profile(count: int, profiles: set[int], pads: bool) -> None:
    chosen = plan(count, tuple(profiles), pads=pads)
    assert set(chosen) <= profiles
    assert sum(chosen[:-1]) < count <= sum(chosen)
    if not pads and 1 in profiles:
        assert sum(chosen) == count


def test_a_gpu_fills_up_and_a_cpu_does_not() -> None:
    assert plan(3, (1, 4)) == [4]
    assert plan(3, (1, 4), pads=False) == [1, 1, 1]
    assert plan(6, (1, 4)) == [4, 4]
    assert plan(9, (1, 4)) == plan(9, (1, 4), pads=False) == [4, 4, 1]


def test_padding_never_reaches_the_answers() -> None:
    sizes: list[int] = []

    def run(batch: Floats) -> list[NDArray[Any]]:
        sizes.append(len(batch))
        return [batch.mean((1, 2, 3)), batch[:, :1]]

    mean, _ = run_in_profiles(run, numbered(7, 2), (1, 4))
    assert sizes == [4, 4]
    assert mean.tolist() == [1, 2, 3, 4, 5, 6, 7]


@needs_openvino
def test_openvino_keeps_few_graphs_and_answers_for_any_size(tmp_path: Path) -> None:
    runtime = OpenVinoRuntime(mean_model(tmp_path / "m.onnx"))
    for side in (*range(8, 8 + 2 * MOST_SHAPES), 8):
        (mean,) = runtime.run(numbered(2, side))
        assert mean.ravel().tolist() == [1, 2]
    assert len(runtime._static) == MOST_SHAPES


@needs_openvino
def test_answers_are_not_overwritten_by_the_next_pass(tmp_path: Path) -> None:
    runtime = OpenVinoRuntime(mean_model(tmp_path / "m.onnx"))
    (first,) = runtime.run(numbered(1))
    runtime.run(numbered(1) * 5)
    assert first.ravel().tolist() == [1]


QUIET = """
import sys
from pathlib import Path
def watch(event, arguments):
    if event.startswith("socket.") or event == "subprocess.Popen":
        print("SPOKE", event, arguments)
sys.addaudithook(watch)
import numpy as np
from models.runtime.engines import find_engine, open_engine
model, folder = Path(sys.argv[2]), Path(sys.argv[3])
runtime = open_engine(
    find_engine(sys.argv[1]), model, threads=1, precision="fp32", cache_dir=folder
)
(mean,) = runtime.run(np.ones((1, 3, 8, 8), np.float32))
print(mean.ravel(), "openvino_telemetry" in sys.modules)
"""
SILENCERS = {"CI", "TF_BUILD", "GITHUB_ACTIONS", "JENKINS_URL", "XDG_CACHE_HOME"}


@pytest.mark.parametrize("name", ON_CPU)
def test_engines_tell_nobody_that_they_are_used(name: str, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    kept = {k: v for k, v in os.environ.items() if k not in SILENCERS and not k.startswith("ORT_")}
    model = mean_model(tmp_path / "m.onnx")
    done = subprocess.run(
        [sys.executable, "-c", QUIET, name, str(model), str(tmp_path)],
        env={**kept, "HOME": str(home), "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    assert done.stdout.split() == ["[1.]", "False"]
    assert list(home.iterdir()) == []


def test_a_cpu_without_sixteen_bits_says_so() -> None:
    assert half_type(["FP32", "BF16", "INT8"]) == "bf16"
    assert half_type(["FP32", "FP16", "BF16"]) == "f16"
    with pytest.raises(ModelError, match="fp32"):
        half_type(["FP32", "INT8"])


@pytest.fixture(scope="module")
def quantized(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundled detector in int8, its ranges measured on the rendered picture."""
    from onnxruntime.quantization import (  # type: ignore[import-untyped]
        CalibrationDataReader,
        QuantFormat,
        quantize_static,
    )

    blobs = [rendered()[:352, x : x + 416] for x in (0, 100, 200)]
    inputs = [{"images": b.transpose(2, 0, 1)[None].astype(np.float32)} for b in blobs]

    class Reader(CalibrationDataReader):  # type: ignore[misc]
        def get_next(self) -> dict[str, Any] | None:
            return inputs.pop() if inputs else None

    path = tmp_path_factory.mktemp("int8") / "own-int8.onnx"
    source = resolve("person-trinetra-nano").path
    quantize_static(
        str(source), str(path), Reader(), quant_format=QuantFormat.QDQ,
        op_types_to_quantize=["Conv"], per_channel=True,
    )  # fmt: skip
    return path


@pytest.mark.parametrize("name", ON_CPU)
def test_a_quantized_file_runs_as_int8(name: str, quantized: Path, tmp_path: Path) -> None:
    engine = find_engine(name)
    assert check_precision(engine, "int8", quantized) == "int8"
    runtime = open_engine(engine, quantized, threads=1, precision="int8", cache_dir=tmp_path)
    found = Detector(find("person-trinetra-nano"), runtime).detect([rendered()])[0].above(SURE)
    truth = load_detector().detect([rendered()])[0].above(SURE)
    assert len(found) == len(truth) == 3
    for box, like in zip(truth.xyxy, _nearest(truth.xyxy, found.xyxy), strict=True):
        np.testing.assert_allclose(box, like, atol=8)


def _nearest(boxes: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    apart = np.abs(boxes[:, None] - others[None]).sum(2)
    return others[apart.argmin(1)]


def test_only_a_quantized_file_is_int8(quantized: Path) -> None:
    engine, plain = find_engine("onnxruntime"), resolve("person-trinetra-nano").path
    assert is_quantized(quantized)
    assert not is_quantized(plain)
    with pytest.raises(ModelError, match="not quantized: int8 needs"):
        check_precision(engine, "int8", plain)
    with pytest.raises(ModelError, match="no fp16 of a file; these do: openvino"):
        check_precision(engine, "fp16", plain)
    with pytest.raises(ModelError, match="unknown precision 'fp8'; known: auto, fp32"):
        check_precision(engine, "fp8", plain)


def test_a_name_that_is_no_engine_lists_those_that_are() -> None:
    with pytest.raises(ModelError) as caught:
        load_detector(runtime="vulkan")
    assert str(caught.value) == (
        "unknown runtime 'vulkan'; known: auto, onnxruntime, openvino, onnxruntime-cuda, "
        "onnxruntime-tensorrt, tensorrt"
    )


def test_an_engine_that_is_not_installed_names_the_extra() -> None:
    absent = row("Quick", needs="no-such-distribution|nor-this")
    with pytest.raises(ModelError) as caught:
        find_engine("Quick", [absent])
    text = "runtime Quick needs no-such-distribution: pip install 'trinetra[gpu]'"
    assert str(caught.value) == text
    assert present([absent, row("Lying")]) == [row("Lying")]


def test_an_engine_whose_library_is_broken_is_one_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"installed but broken: libthing\.so"):
        open_engine(row("gone"), tmp_path, threads=1, precision="fp32", cache_dir=tmp_path)


@pytest.mark.parametrize("engine", ["onnxruntime-cuda", "onnxruntime-tensorrt"])
def test_a_gpu_provider_never_falls_back_without_a_word(engine: str) -> None:
    with pytest.raises(ModelError, match=rf"{engine} is not in this .*trinetra\[gpu\]"):
        OrtRuntime(resolve("person-trinetra-nano").path, engine=engine)


def test_providers_are_asked_for_what_was_chosen(tmp_path: Path) -> None:
    assert providers("onnxruntime", "fp32", tmp_path) == [("CPUExecutionProvider", {})]
    first, *rest = providers("onnxruntime-tensorrt", "fp16", tmp_path)
    assert first == (
        "TensorrtExecutionProvider",
        {
            "trt_fp16_enable": "1",
            "trt_engine_cache_enable": "1",
            "trt_engine_cache_path": str(tmp_path),
        },
    )
    assert [name for name, _ in rest] == ["CUDAExecutionProvider", "CPUExecutionProvider"]


@pytest.mark.parametrize("name", ON_CPU)
def test_refusals_are_one_line_that_names_the_file(name: str, tmp_path: Path) -> None:
    rubbish = tmp_path / "rubbish.onnx"
    rubbish.write_bytes(b"no graph")
    runtime = opened(name, mean_model(tmp_path / "m.onnx"), tmp_path)
    for attempt in (
        lambda: opened(name, rubbish, tmp_path),
        lambda: runtime.run(np.zeros((1, 4, 8, 8), np.float32)),
        lambda: runtime.run(np.zeros((3, 8), np.float32)),
    ):
        with pytest.raises(ModelError) as caught:
            attempt()
        assert str(tmp_path) in str(caught.value)
        assert "\n" not in str(caught.value)
        assert "Exception from" not in str(caught.value)


@pytest.mark.parametrize("name", ON_CPU)
def test_outputs_that_do_not_fit_the_entry_are_one_error(name: str, tmp_path: Path) -> None:
    path = write_onnx(tmp_path / "m.onnx", output="dets", output_shape=["n", 7, 4])
    detector = Detector(find("person-trinetra-nano"), opened(name, path, tmp_path))
    with pytest.raises(ModelError, match="do not fit the form 'boxes-scores'"):
        detector.probe()


def test_the_machine_is_named_where_linux_tells(tmp_path: Path) -> None:
    info = tmp_path / "cpuinfo"
    info.write_text("processor\t: 0\nmodel name\t: Fast 9000\nmodel name\t: Fast 9000\n")
    assert cpu_name(info) == "Fast 9000"
    assert cpu_name(tmp_path / "absent")
    assert gpu_name(tmp_path) == ""
    card = tmp_path / "0000:01:00.0"
    card.mkdir()
    (card / "information").write_text("Model: \t\t NVIDIA H200\nIRQ: 1\n")
    assert gpu_name(tmp_path) == "NVIDIA H200"
