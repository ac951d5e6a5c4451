"""All of the TensorRT engine but NVIDIA's own calls, which need a GPU."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from contracts.errors import ModelError
from models.runtime.tensorrt import MOST_LANES, TensorRtRuntime
from models.runtime.tensorrt_plan import (
    build_plan,
    filled,
    profile_batches,
    read_plan,
    stored_plan,
)
from tests.models import fake_tensorrt
from tests.models.fake_tensorrt import Builder, FakeCuda, FakeEngine


def frames(
    count: int, high: int = 64, wide: int = 96
) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    rng = np.random.default_rng(count * high)
    return rng.random((count, 3, high, wide), np.float32)


@pytest.fixture
def cuda() -> FakeCuda:
    return FakeCuda()


@pytest.fixture
def built() -> list[dict[str, object]]:
    Builder.built.clear()
    Builder.plan = b"a plan"
    return Builder.built


@pytest.mark.parametrize("count", range(1, 10))
def test_any_batch_gets_each_frames_answer(count: int, cuda: FakeCuda) -> None:
    runtime = TensorRtRuntime(fake_tensorrt, FakeEngine(cuda), cuda)
    batch = frames(count)
    mean, double = runtime.run(batch)
    np.testing.assert_allclose(mean[:, 0], batch.mean((1, 2, 3)), atol=1e-6)
    np.testing.assert_array_equal(double, batch * 2)


def test_a_shape_is_captured_once_and_then_only_launched(cuda: FakeCuda) -> None:
    engine = FakeEngine(cuda)
    runtime = TensorRtRuntime(fake_tensorrt, engine, cuda)
    runtime.run(frames(4))
    cuda.calls.clear()
    first = runtime.run(frames(4))
    kept = [array.copy() for array in first]
    runtime.run(frames(4) + 1)
    assert cuda.calls == ["launch", "launch"]
    assert engine.contexts == 1
    for array, copy in zip(first, kept, strict=True):
        np.testing.assert_array_equal(array, copy)


def test_many_shapes_share_a_bounded_memory(cuda: FakeCuda) -> None:
    engine = FakeEngine(cuda)
    runtime = TensorRtRuntime(fake_tensorrt, engine, cuda)
    first = frames(1, 64)
    for i in range(MOST_LANES + 3):
        runtime.run(first)  # in use all the time: stays
        runtime.run(frames(1, 96 + 32 * i))
    assert engine.contexts == 1 + MOST_LANES + 3
    assert len(cuda.graphs) == MOST_LANES
    assert len(cuda.blocks) == MOST_LANES * 6
    cuda.calls.clear()
    runtime.run(first)
    assert cuda.calls == ["launch"]


def test_it_says_what_it_eats_and_returns(cuda: FakeCuda) -> None:
    runtime = TensorRtRuntime(fake_tensorrt, FakeEngine(cuda), cuda)
    assert (runtime.input_name, runtime.input_shape) == ("images", (None, 3, None, None))
    assert runtime.output_names == ("mean", "double")
    assert runtime.output_shapes == ((None, 1), (None, 3, None, None))


def test_what_an_engine_cannot_do_is_one_error(cuda: FakeCuda) -> None:
    fixed = TensorRtRuntime(fake_tensorrt, FakeEngine(cuda, shape=(-1, 3, 64, 64)), cuda)
    with pytest.raises(ModelError, match=r"not \[1, 3, 64, 96\]"):
        fixed.run(frames(1))
    ragged = TensorRtRuntime(fake_tensorrt, FakeEngine(cuda, means=-1), cuda)
    with pytest.raises(ModelError, match="NMS inside"):
        ragged.run(frames(1))
    broken = TensorRtRuntime(fake_tensorrt, FakeEngine(cuda, broken=True), cuda)
    with pytest.raises(ModelError, match="engine failed"):
        broken.run(frames(1))
    with pytest.raises(ModelError, match="one float32 input"):
        TensorRtRuntime(fake_tensorrt, FakeEngine(cuda, dtype="float16"), cuda)


def model(tmp_path: Path, content: bytes = b"a graph") -> Path:
    path = tmp_path / "m.onnx"
    path.write_bytes(content)
    return path


def test_a_plan_is_built_once_and_again_when_damaged(
    tmp_path: Path, built: list[dict[str, object]]
) -> None:
    path = model(tmp_path)
    for _ in range(2):
        assert stored_plan(fake_tensorrt, path, "fp16", tmp_path, 1) == b"a plan"
    assert len(built) == 1
    (kept,) = (tmp_path / "engines").iterdir()
    raw = bytearray(kept.read_bytes())
    raw[-1] ^= 1
    kept.write_bytes(raw)
    assert read_plan(kept) is None
    assert stored_plan(fake_tensorrt, path, "fp16", tmp_path, 1) == b"a plan"
    assert len(built) == 2
    stored_plan(fake_tensorrt, path, "fp32", tmp_path, 1)
    assert len(built) == 3, "another precision is another engine"


def test_profiles_and_precision_reach_the_builder(
    tmp_path: Path, built: list[dict[str, object]]
) -> None:
    for precision in ("fp16", "fp32", "int8"):
        build_plan(fake_tensorrt, model(tmp_path), precision, 2)  # type: ignore[arg-type]
    half, full, quantized = built
    assert (half["network"], half["flags"]) == (0, ["fp16"])
    assert (full["network"], full["flags"]) == (quantized["network"], quantized["flags"]) == (2, [])
    assert [p.sizes for p in half["profiles"]] == [  # type: ignore[attr-defined]
        ("images", (n, 3, 64, 64), (n, 3, 256, 416), (n, 3, 1280, 1280)) for n in (1, 4)
    ]


def test_a_fixed_graph_keeps_its_own_shape() -> None:
    assert profile_batches((2, 3, 64, 64)) == (2,)
    assert filled((2, 3, 64, -1), 2, (256, 416)) == (2, 3, 64, 416)
    assert filled((-1, 256, 128, 3), 4, (256, 416)) == (4, 256, 128, 3)


def test_what_tensorrt_refuses_is_one_error(tmp_path: Path, built: list[dict[str, object]]) -> None:
    with pytest.raises(ModelError, match="no such operator"):
        build_plan(fake_tensorrt, model(tmp_path, b"broken"), "fp32", 1)
    Builder.plan = None
    with pytest.raises(ModelError, match="no way to run it"):
        stored_plan(fake_tensorrt, model(tmp_path), "fp32", tmp_path, 1)
    assert not (tmp_path / "engines").exists()
