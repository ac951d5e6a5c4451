"""Train the person detector: ``python -m models.training.train --work DIR --teacher FILE``."""

from __future__ import annotations

import argparse
import copy
import math
import time
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from models.training.augment import SampleRules
from models.training.grid import grid_points
from models.training.loss import detection_loss
from models.training.network import PersonNet
from models.training.sources import read_training
from models.training.stream import Batch, SampleStream

CONFIG = Path(__file__).with_name("config.toml")


@dataclass(frozen=True)
class TrainRules:
    """The ``[train]`` table of the configuration."""

    batch: int
    learning_rate: float
    final_rate: float
    weight_decay: float
    warmup_steps: int
    decay_from: float
    steps: int
    ema_decay: float
    clip_norm: float
    box_weight: float
    teacher_from: float
    checkpoint_every: int


def rate(step: int, rules: TrainRules) -> float:
    """Learning rate as a share of the full one: warm-up, plateau, cosine to ``final_rate``."""
    if step < rules.warmup_steps:
        return (step + 1) / rules.warmup_steps
    start = rules.decay_from * rules.steps
    if step < start:
        return 1.0
    done = min(1.0, (step - start) / max(1.0, rules.steps - start))
    return rules.final_rate + (1 - rules.final_rate) * 0.5 * (1 + math.cos(math.pi * done))


def build(config: dict[str, Any]) -> PersonNet:
    """The network of a configuration, with random weights."""
    table = config["network"]
    return PersonNet(tuple(table["widths"]), table["neck"], table["tower"])


def optimizer_for(net: nn.Module, rules: TrainRules) -> torch.optim.AdamW:
    """AdamW that decays convolution weights only."""
    decayed = [p for p in net.parameters() if p.ndim > 1]
    plain = [p for p in net.parameters() if p.ndim <= 1]
    groups = [
        {"params": decayed, "weight_decay": rules.weight_decay},
        {"params": plain, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=rules.learning_rate)


@torch.no_grad()
def follow(average: nn.Module, net: nn.Module, step: int, decay: float) -> None:
    """Move the exponential moving average of the weights one step."""
    keep = decay * (1 - math.exp(-(step + 1) / 300))
    for slow, fast in zip(average.state_dict().values(), net.state_dict().values(), strict=True):
        if slow.dtype.is_floating_point:
            slow.lerp_(fast, 1 - keep)
        else:
            slow.copy_(fast)


def one_step(
    net: nn.Module, optimizer: torch.optim.Optimizer, batch: Batch, rules: TrainRules
) -> tuple[float, float]:
    """Forward, backward, update; returns score loss and box loss."""
    images = batch.images.float().contiguous(memory_format=torch.channels_last)
    with torch.autocast("cpu", torch.bfloat16):
        logits, boxes = net(images)
    points = torch.from_numpy(grid_points(images.shape[2], images.shape[3]))
    score_loss, box_loss = detection_loss(
        logits.float(), boxes.float(), batch, points, rules.teacher_from, rules.box_weight
    )
    optimizer.zero_grad(set_to_none=True)
    total: Tensor = score_loss + box_loss
    total.backward()
    nn.utils.clip_grad_norm_(net.parameters(), rules.clip_norm)
    optimizer.step()
    return float(score_loss.detach()), float(box_loss.detach())


def save(
    path: Path, net: nn.Module, average: nn.Module, optimizer: torch.optim.Optimizer, step: int
) -> None:
    """Write a checkpoint by rename, so that a killed run never leaves half of one."""
    state = {
        "net": net.state_dict(),
        "average": average.state_dict(),
        "optimizer": optimizer.state_dict(),
        "step": step,
    }
    fresh = path.with_suffix(".part")
    torch.save(state, fresh)
    fresh.rename(path)


def main() -> None:
    """Read the configuration, resume where a checkpoint lies, train to the last step."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True, help="folder written by prepare")
    parser.add_argument("--teacher", type=Path, required=True, help="person_det_rtmdet_nano.onnx")
    parser.add_argument("--config", type=Path, default=CONFIG)
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    config = tomllib.loads(args.config.read_text())
    rules = TrainRules(**config["train"])
    torch.set_num_threads(args.threads)
    torch.manual_seed(config["seed"])
    net = build(config).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    average = copy.deepcopy(net)
    optimizer = optimizer_for(net, rules)
    checkpoint, step = args.work / "checkpoint.pt", 0
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        net.load_state_dict(state["net"])
        average.load_state_dict(state["average"])
        optimizer.load_state_dict(state["optimizer"])
        step = state["step"]
    pictures, chances = read_training(args.work / "data", config["weights"])
    stream = SampleStream(
        pictures,
        chances,
        SampleRules(**config["samples"]),
        args.teacher,
        rules.batch,
        config["seed"] + step,
    )
    batches = iter(DataLoader(stream, batch_size=None, num_workers=1, prefetch_factor=8))
    print(f"{len(pictures)} pictures, from step {step} to {rules.steps}", flush=True)
    sums, began = [0.0, 0.0], time.monotonic()
    net.train()
    while step < rules.steps:
        for group in optimizer.param_groups:
            group["lr"] = rules.learning_rate * rate(step, rules)
        losses = one_step(net, optimizer, next(batches), rules)
        follow(average, net, step, rules.ema_decay)
        step += 1
        sums = [s + x for s, x in zip(sums, losses, strict=True)]
        if step % 50 == 0:
            each = (time.monotonic() - began) / 50
            print(
                f"step {step} score {sums[0] / 50:.4f} box {sums[1] / 50:.4f} "
                f"{rules.batch / each:.1f} images/s lr {optimizer.param_groups[0]['lr']:.2e}",
                flush=True,
            )
            sums, began = [0.0, 0.0], time.monotonic()
        if step % rules.checkpoint_every == 0 or step == rules.steps:
            save(checkpoint, net, average, optimizer, step)


if __name__ == "__main__":
    main()
