"""Write the trained network as ONNX: ``python -m models.training.export --work DIR --out FILE``."""

from __future__ import annotations

import argparse
import tomllib
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from torch import Tensor, nn

from models.training.network import PersonNet
from models.training.train import CONFIG, build

OPSET = 17
PARITY = 2e-3
SIZES = ((1, 256, 416), (3, 320, 320), (2, 384, 640))


class Exported(nn.Module):
    """The network with its two outputs joined: ``[N, A, 5]``, x1, y1, x2, y2, score."""

    def __init__(self, net: PersonNet) -> None:
        super().__init__()
        self.net = net

    def forward(self, images: Tensor) -> Tensor:
        """Images ``[N, 3, H, W]`` (BGR, 0..255) to boxes with scores, in input pixels."""
        logits, boxes = self.net(images)
        return torch.cat([boxes, logits.sigmoid().unsqueeze(-1)], -1)


def write(net: PersonNet, path: Path) -> None:
    """Export with batch, height and width left open (multiples of 32)."""
    axes = {"images": {0: "batch", 2: "height", 3: "width"}, "dets": {0: "batch", 1: "cells"}}
    sample = torch.zeros(1, 3, 256, 416)
    torch.onnx.export(
        Exported(net).eval(),
        (sample,),
        str(path),
        opset_version=OPSET,
        dynamo=False,
        input_names=["images"],
        output_names=["dets"],
        dynamic_axes=axes,
    )
    model = onnx.load(str(path))
    for dimension, size in zip(
        model.graph.output[0].type.tensor_type.shape.dim, ("batch", "cells", 5), strict=True
    ):
        if isinstance(size, int):
            dimension.dim_value = size
        else:
            dimension.dim_param = size
    model.producer_name = "trinetra"
    onnx.save(model, str(path))
    onnx.checker.check_model(str(path), full_check=True)


def largest_difference(net: PersonNet, path: Path) -> float:
    """Largest difference of torch and onnxruntime on noise of several sizes, in pixels or score."""
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    rng = np.random.default_rng(0)
    worst = 0.0
    for batch, high, wide in SIZES:
        images = rng.uniform(0, 255, (batch, 3, high, wide)).astype(np.float32)
        with torch.no_grad():
            expected = Exported(net).eval()(torch.from_numpy(images)).numpy()
        found = np.asarray(session.run(None, {"images": images})[0])
        worst = max(worst, float(np.abs(found - expected).max()))
    return worst


def main() -> None:
    """Export the averaged weights of the last checkpoint and compare both runtimes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--checkpoint", default="checkpoint.pt", help="file in the work folder")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--config", type=Path, default=CONFIG)
    args = parser.parse_args()
    net = build(tomllib.loads(args.config.read_text()))
    state = torch.load(args.work / args.checkpoint, weights_only=True)
    net.load_state_dict(state["average"])
    net.eval()
    write(net, args.out)
    worst = largest_difference(net, args.out)
    if worst > PARITY:
        raise SystemExit(f"onnxruntime differs from torch by {worst}")
    print(f"{args.out}: step {state['step']}, {args.out.stat().st_size} bytes, parity {worst:.1e}")


if __name__ == "__main__":
    main()
