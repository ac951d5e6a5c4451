"""Small ONNX files for tests."""

from __future__ import annotations

from pathlib import Path

import onnx
from onnx import TensorProto, helper


def write_onnx(
    path: Path,
    *,
    output: str,
    output_shape: list[int | str | None],
    input_shape: list[int | str | None] | None = None,
) -> Path:
    """A graph whose only use is to be looked at: it returns zeros, whatever comes in."""
    shape = input_shape or ["n", 3, "h", "w"]
    sizes = [size if isinstance(size, int) else 9000 for size in output_shape]
    constant = helper.make_tensor("sizes", TensorProto.INT64, [len(sizes)], sizes)
    graph = helper.make_graph(
        [
            helper.make_node("Constant", [], ["sizes"], value=constant),
            helper.make_node("ConstantOfShape", ["sizes"], [output]),
        ],
        "test",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, output_shape)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(model, str(path))
    return path
