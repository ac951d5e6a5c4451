"""Train the person detector: ``python -m models.training.train --work DIR --teacher FILE``."""

from __future__ import annotations

import argparse
import copy
import math
import time
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from models.training.augment import SampleRules
from models.training.crowd import CrowdRules
from models.training.distil import Adapters, map_loss
from models.training.grid import STRIDES, grid_points
from models.training.loss import detection_loss
from models.training.network import PIXEL_SCALE, PersonNet
from models.training.sources import read_crops, read_training
from models.training.stream import Batch, SampleStream
from models.training.teacher import MAP_CHANNELS

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
    map_weight: float
    checkpoint_every: int


def rate(warm_steps: int, done: float, rules: TrainRules) -> float:
    """Learning rate as a share of the full one: warm-up, plateau, cosine to ``final_rate``.

    ``warm_steps`` were made since the warm-up began; ``done`` is the share of the run.
    """
    if warm_steps < rules.warmup_steps:
        return (warm_steps + 1) / rules.warmup_steps
    fallen = min(1.0, max(0.0, done - rules.decay_from) / max(1e-9, 1.0 - rules.decay_from))
    return rules.final_rate + (1 - rules.final_rate) * 0.5 * (1 + math.cos(math.pi * fallen))


def build(config: dict[str, Any]) -> PersonNet:
    """The network of a configuration, with random weights."""
    table = config["network"]
    return PersonNet(tuple(table["widths"]), table["neck"], table["tower"])


def optimizer_for(model: nn.Module, rules: TrainRules) -> torch.optim.AdamW:
    """AdamW that decays convolution weights only."""
    decayed = [p for p in model.parameters() if p.ndim > 1]
    plain = [p for p in model.parameters() if p.ndim <= 1]
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


class Run:
    """Everything that a checkpoint holds: weights, their average, adapters, optimizer, step."""

    def __init__(
        self, config: dict[str, Any], device: torch.device, minutes: float = math.inf
    ) -> None:
        self.rules = TrainRules(**config["train"])
        self.device = device
        self.net = build(config).to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.average = copy.deepcopy(self.net)
        self.adapters = Adapters(config["network"]["neck"], MAP_CHANNELS, len(STRIDES)).to(device)
        self.optimizer = optimizer_for(nn.ModuleList([self.net, self.adapters]), self.rules)
        self.step = 0
        self.warm_from = 0
        self._minutes, self._began_s = minutes, time.monotonic()

    def done(self) -> float:
        """Share of the run that lies behind: of its steps or of its minutes, whichever is more."""
        spent = (time.monotonic() - self._began_s) / 60 / self._minutes
        return max(self.step / self.rules.steps, spent)

    def resume(self, path: Path) -> None:
        """Go on from a checkpoint; one without adapters starts them and the optimizer afresh."""
        state = torch.load(path, weights_only=True, map_location=self.device)
        self.net.load_state_dict(state["net"])
        self.average.load_state_dict(state["average"])
        self.step = state["step"]
        if "adapters" in state:
            self.adapters.load_state_dict(state["adapters"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.warm_from = state["warm_from"]
        else:
            self.warm_from = self.step

    def save(self, path: Path) -> None:
        """Write a checkpoint by rename, so that a killed run never leaves half of one."""
        state = {
            "net": self.net.state_dict(),
            "average": self.average.state_dict(),
            "adapters": self.adapters.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "step": self.step,
            "warm_from": self.warm_from,
        }
        fresh = path.with_suffix(".part")
        torch.save(state, fresh)
        fresh.rename(path)

    def advance(self, batch: Batch) -> tuple[float, float, float]:
        """Forward, backward, update; returns the losses of scores, boxes and maps.

        The maps count less as the rate falls: in the end the boxes are what matters.
        """
        rules = self.rules
        share = rate(self.step - self.warm_from, self.done(), rules)
        for group in self.optimizer.param_groups:
            group["lr"] = rules.learning_rate * share
        images = batch.images.float().contiguous(memory_format=torch.channels_last)
        with torch.autocast(self.device.type, torch.bfloat16):
            features = self.net.features(images * PIXEL_SCALE)
            logits, boxes = self.net.cells(features)
            maps = self.adapters(features)
        points = torch.from_numpy(grid_points(images.shape[2], images.shape[3])).to(self.device)
        score_loss, box_loss = detection_loss(
            logits.float(), boxes.float(), batch, points, rules.teacher_from, rules.box_weight
        )
        likeness = map_loss(maps, batch.teacher_maps)
        self.optimizer.zero_grad(set_to_none=True)
        total: Tensor = score_loss + box_loss + rules.map_weight * share * likeness
        total.backward()
        nn.utils.clip_grad_norm_(self.net.parameters(), rules.clip_norm)
        self.optimizer.step()
        follow(self.average, self.net, self.step, rules.ema_decay)
        self.step += 1
        return float(score_loss.detach()), float(box_loss.detach()), float(likeness.detach())


def main() -> None:
    """Read the configuration, resume where a checkpoint lies, train to the last step."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True, help="folder written by prepare")
    parser.add_argument("--teacher", type=Path, required=True, help="person_det_rtmdet_nano.onnx")
    parser.add_argument("--crops", type=Path, required=True, help="con_reid_train.zip")
    parser.add_argument("--config", type=Path, default=CONFIG)
    parser.add_argument(
        "--minutes", type=float, default=math.inf, help="end by then, with the rate at its lowest"
    )
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--workers", type=int, default=1, help="that compose; 8 to 16 feed a GPU")
    args = parser.parse_args()
    config = tomllib.loads(args.config.read_text())
    torch.set_num_threads(args.threads)
    torch.manual_seed(config["seed"])
    run = Run(config, torch.device("cuda" if torch.cuda.is_available() else "cpu"), args.minutes)
    checkpoint = args.work / "checkpoint.pt"
    if checkpoint.exists():
        run.resume(checkpoint)
    pictures, chances = read_training(
        args.work / "data", config["weights"], config["without_people"]
    )
    stream = SampleStream(
        pictures,
        chances,
        SampleRules(**config["samples"]),
        CrowdRules(**config["crowd"]),
        read_crops(args.crops),
        args.teacher,
        run.rules.batch,
        config["seed"] + run.step,
    )
    batches = iter(DataLoader(stream, batch_size=None, num_workers=args.workers, prefetch_factor=8))
    print(f"{len(pictures)} pictures, from step {run.step}, on {run.device}", flush=True)
    train(run, batches, checkpoint)


def train(run: Run, batches: Iterator[Batch], checkpoint: Path) -> None:
    """Advance to the last step, with a line every 50 steps and a checkpoint now and then."""
    rules = run.rules
    sums, began = [0.0, 0.0, 0.0], time.monotonic()
    run.net.train()
    while run.done() < 1.0:
        losses = run.advance(next(batches).to(run.device))
        sums = [s + x for s, x in zip(sums, losses, strict=True)]
        if run.step % 50 == 0:
            each = (time.monotonic() - began) / 50
            print(
                f"step {run.step} score {sums[0] / 50:.4f} box {sums[1] / 50:.4f} "
                f"maps {sums[2] / 50:.4f} {rules.batch / each:.1f} images/s "
                f"lr {run.optimizer.param_groups[0]['lr']:.2e}",
                flush=True,
            )
            sums, began = [0.0, 0.0, 0.0], time.monotonic()
        if run.step % rules.checkpoint_every == 0:
            run.save(checkpoint)
    run.save(checkpoint)


if __name__ == "__main__":
    main()
