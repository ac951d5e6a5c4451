"""Small ONNX files for tests."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

KINDS = {"f": TensorProto.FLOAT, "i": TensorProto.INT64}
Shape = list[int | str | None]


def write_onnx(
    path: Path,
    *,
    output: str,
    output_shape: Shape,
    input_shape: Shape | None = None,
) -> Path:
    """A graph whose only use is to be looked at: it returns zeros, whatever comes in."""
    shape = input_shape or ["n", 3, "h", "w"]
    sizes = [size if isinstance(size, int) else 9000 for size in output_shape]
    constant = helper.make_tensor("sizes", TensorProto.INT64, [len(sizes)], sizes)
    nodes = [
        helper.make_node("Constant", [], ["sizes"], value=constant),
        helper.make_node("ConstantOfShape", ["sizes"], [output]),
    ]
    outputs = [helper.make_tensor_value_info(output, TensorProto.FLOAT, output_shape)]
    return save(path, nodes, shape, outputs)


def emit_onnx(
    path: Path, outputs: Mapping[str, NDArray[Any]], input_shape: Shape | None = None
) -> Path:
    """A graph that returns these very arrays, whatever picture comes in."""
    nodes, infos = [], []
    for name, values in outputs.items():
        constant = numpy_helper.from_array(values, f"{name}_values")
        nodes.append(helper.make_node("Constant", [], [name], value=constant))
        infos.append(
            helper.make_tensor_value_info(name, KINDS[values.dtype.kind], list(values.shape))
        )
    return save(path, nodes, input_shape or [1, 3, 96, 96], infos)


def save(
    path: Path, nodes: list[onnx.NodeProto], shape: Shape, outputs: list[onnx.ValueInfoProto]
) -> Path:
    """A checked model of opset 17 with one input, ``images``."""
    images = helper.make_tensor_value_info("images", TensorProto.FLOAT, shape)
    graph = helper.make_graph(nodes, "test", [images], outputs)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(model, str(path))
    return path
