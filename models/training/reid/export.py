"""Write the embedder as ONNX: ``python -m models.training.reid.export --work DIR --out FILE``.

Weights are stored as float16, which halves the file, and cast once when the model is loaded.
"""

from __future__ import annotations

import argparse
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper

from models.training.reid.crops import CONFIG
from models.training.reid.network import HEIGHT, WIDTH, EmbedNet
from models.training.reid.train import Student

OPSET = 17
PARITY = 2e-3
SMALLEST_HALVED = 64  # numbers; shapes and scalars stay as they are


def trained(work: Path, config: dict[str, Any]) -> tuple[EmbedNet, int]:
    """The averaged network of the checkpoint and its step."""
    student = Student(config["network"])
    state = torch.load(work / "checkpoint.pt", weights_only=True)
    student.load_state_dict(state["average"])
    return student.net.eval(), int(state["step"])


def halve(model: onnx.ModelProto) -> None:
    """Replace float32 weights by float16 ones and a cast."""
    casts, kept = [], []
    for weight in model.graph.initializer:
        values = numpy_helper.to_array(weight)
        if values.dtype != np.float32 or values.size < SMALLEST_HALVED:
            kept.append(weight)
            continue
        small = f"{weight.name}_half"
        kept.append(numpy_helper.from_array(values.astype(np.float16), small))
        casts.append(helper.make_node("Cast", [small], [weight.name], to=TensorProto.FLOAT))
    nodes = list(model.graph.node)
    del model.graph.initializer[:], model.graph.node[:]
    model.graph.initializer.extend(kept)
    model.graph.node.extend(casts + nodes)


def write(net: EmbedNet, path: Path) -> None:
    """Export with the batch left open."""
    torch.onnx.export(
        net,
        (torch.zeros(1, 3, HEIGHT, WIDTH),),
        str(path),
        opset_version=OPSET,
        dynamo=False,
        input_names=["crops"],
        output_names=["embeddings"],
        dynamic_axes={"crops": {0: "batch"}, "embeddings": {0: "batch"}},
    )
    model = onnx.load(str(path))
    halve(model)
    model.producer_name = "trinetra"
    onnx.save(model, str(path))
    onnx.checker.check_model(str(path), full_check=True)


def largest_difference(net: EmbedNet, path: Path, views: np.ndarray[Any, Any]) -> float:
    """Largest difference of torch and onnxruntime over real views, batches of 1, 3 and 32."""
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    worst = 0.0
    for size in (1, 3, 32):
        crops = views[:size].transpose(0, 3, 1, 2).astype(np.float32)
        with torch.no_grad():
            expected = net(torch.from_numpy(crops)).numpy()
        found = np.asarray(session.run(None, {"crops": crops})[0])
        worst = max(worst, float(np.abs(found - expected).max()))
    return worst


def main() -> None:
    """Export the averaged weights of the last checkpoint and compare both runtimes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--config", type=Path, default=CONFIG)
    args = parser.parse_args()
    net, step = trained(args.work, tomllib.loads(args.config.read_text()))
    write(net, args.out)
    with np.load(args.work / "held.npz") as stored:
        worst = largest_difference(net, args.out, stored["views"][:32])
    if worst > PARITY:
        raise SystemExit(f"onnxruntime differs from torch by {worst}")
    print(f"{args.out}: step {step}, {args.out.stat().st_size} bytes, parity {worst:.1e}")


if __name__ == "__main__":
    main()
