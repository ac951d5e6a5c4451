"""Train the person embedder: ``python -m models.training.reid.train --work DIR``."""

from __future__ import annotations

import argparse
import copy
import math
import time
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from models.training.reid.crops import CONFIG
from models.training.reid.library import Batch, Library, Target, as_input
from models.training.reid.network import EmbedNet
from models.training.reid.teacher import CHANNELS
from models.training.reid.views import KINDS


@dataclass(frozen=True)
class TrainRules:
    """The ``[train]`` table of the configuration."""

    batch: int
    steps: int
    learning_rate: float
    final_rate: float
    weight_decay: float
    warmup_steps: int
    decay_from: float
    ema_decay: float
    clip_norm: float
    relation_weight: float
    map_weight: float
    whiten: float
    mirror: float
    shift_px: int
    natural: float
    first_shards: int
    checkpoint_every: int


class Student(nn.Module):
    """The network and, for training only, a guess of the teacher's last maps."""

    def __init__(self, table: dict[str, Any]) -> None:
        super().__init__()
        self.net = EmbedNet(
            tuple(table["widths"]), tuple(table["blocks"]), table["top"], table["out"]
        )
        self.guess = nn.Conv2d(table["top"], CHANNELS, 1)


def losses(student: Student, batch: Batch, rules: TrainRules) -> tuple[Tensor, Tensor, Tensor]:
    """Distance of the embeddings, of all similarities in the batch, and of the maps."""
    with torch.autocast("cpu", torch.bfloat16):
        maps = student.net.features(batch.views)
        guess = student.guess(maps)
    unit = functional.normalize(student.net.head(maps.float()))
    apart = (1 - (unit * batch.embeddings).sum(1)).mean()
    relation = (unit @ unit.T - batch.embeddings @ batch.embeddings.T).square().mean()
    inner = functional.smooth_l1_loss(guess.float(), batch.maps)
    return apart, rules.relation_weight * relation, rules.map_weight * inner


def rate(step: int, rules: TrainRules) -> float:
    """Learning rate as a share of the full one: warm-up, plateau, cosine to ``final_rate``."""
    if step < rules.warmup_steps:
        return (step + 1) / rules.warmup_steps
    start = rules.decay_from * rules.steps
    done = min(1.0, max(0.0, (step - start) / max(1.0, rules.steps - start)))
    return rules.final_rate + (1 - rules.final_rate) * 0.5 * (1 + math.cos(math.pi * done))


@torch.no_grad()
def follow(average: nn.Module, net: nn.Module, step: int, decay: float) -> None:
    """Move the exponential moving average of the weights one step."""
    keep = decay * (1 - math.exp(-(step + 1) / 300))
    for slow, fast in zip(average.state_dict().values(), net.state_dict().values(), strict=True):
        if slow.dtype.is_floating_point:
            slow.lerp_(fast, 1 - keep)
        else:
            slow.copy_(fast)


def optimizer_for(net: nn.Module, rules: TrainRules) -> torch.optim.AdamW:
    """AdamW that decays the weights of convolutions and of the last layer only."""
    groups = [
        {
            "params": [p for p in net.parameters() if p.ndim > 1],
            "weight_decay": rules.weight_decay,
        },
        {"params": [p for p in net.parameters() if p.ndim <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=rules.learning_rate)


@dataclass
class Run:
    """Everything that a checkpoint keeps."""

    student: Student
    average: Student
    optimizer: torch.optim.Optimizer
    target: Target
    step: int = 0

    def save(self, path: Path) -> None:
        """Write by rename, so that a killed run never leaves half a checkpoint."""
        state = {
            "student": self.student.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "basis": torch.from_numpy(self.target.basis.copy()),
            "map_scale": torch.from_numpy(self.target.map_scale),
            "step": self.step,
        }
        fresh = path.with_suffix(".part")
        torch.save(state, fresh)
        fresh.rename(path)

    def restore(self, path: Path) -> None:
        """Continue from a checkpoint."""
        state = torch.load(path, weights_only=True)
        self.student.load_state_dict(state["student"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.target = Target(state["basis"].numpy(), state["map_scale"].numpy())
        self.step = state["step"]


@torch.no_grad()
def agreement(run: Run, path: Path) -> str:
    """On held-out views: mean cosine to the teacher, and how often both name the same neighbour."""
    if not path.exists():
        return "not yet"
    with np.load(path) as stored:
        views, targets = stored["views"], run.target.embeddings(stored["embeddings"])
    net = run.average.net.eval()
    found = torch.cat([net(as_input(part)) for part in np.array_split(views, 16)]).numpy()
    nearest = []
    for rows in (found, targets):
        similar = rows @ rows.T
        np.fill_diagonal(similar, -1)
        nearest.append(similar.argmax(1))
    same = float((nearest[0] == nearest[1]).mean())
    return f"{float((found * targets).sum(1).mean()):.4f}/{same:.4f}"


def drawn(
    rng: np.random.Generator, wild: Library, natural: Library, target: Target, rules: TrainRules
) -> Batch:
    """A batch of both kinds, of wild views alone as long as there are no others."""
    share = round(rules.natural * rules.batch) if natural.size > rules.batch else 0
    parts = [wild.batch(rng, rules.batch - share, target, rules.mirror, rules.shift_px)]
    if share:
        parts.append(natural.batch(rng, share, target, rules.mirror, rules.shift_px))
    return Batch.joined(parts)


def start(config: dict[str, Any], rules: TrainRules, library: Library, checkpoint: Path) -> Run:
    """A new run, or the one of the checkpoint."""
    while library.shards < rules.first_shards:
        library.refresh()
        time.sleep(2)
    student = Student(config["network"]).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    run = Run(
        student,
        copy.deepcopy(student),
        optimizer_for(student, rules),
        library.target(config["network"]["out"], rules.whiten),
    )
    if checkpoint.exists():
        run.restore(checkpoint)
    return run


def main() -> None:
    """Train to the last step on the views that are there, resuming where a checkpoint lies."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True, help="folder written by views")
    parser.add_argument("--config", type=Path, default=CONFIG)
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    config = tomllib.loads(args.config.read_text())
    rules = TrainRules(**config["train"])
    torch.set_num_threads(args.threads)
    torch.manual_seed(config["seed"])
    checkpoint = args.work / "checkpoint.pt"
    wild, natural = (
        Library(args.work, kind, table["shards"] * table["shard"])
        for kind, table in ((kind, config["views"][kind]) for kind in KINDS)
    )
    run = start(config, rules, wild, checkpoint)
    natural.refresh()
    rng = np.random.default_rng([config["seed"], run.step])
    sums, began = np.zeros(3), time.monotonic()
    while run.step < rules.steps:
        run.student.train()
        for group in run.optimizer.param_groups:
            group["lr"] = rules.learning_rate * rate(run.step, rules)
        batch = drawn(rng, wild, natural, run.target, rules)
        parts = losses(run.student, batch, rules)
        run.optimizer.zero_grad(set_to_none=True)
        sum(parts, torch.zeros(())).backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(run.student.parameters(), rules.clip_norm)
        run.optimizer.step()
        follow(run.average, run.student, run.step, rules.ema_decay)
        run.step += 1
        sums += [float(p.detach()) for p in parts]
        if run.step % rules.checkpoint_every == 0 or run.step == rules.steps:
            each = (time.monotonic() - began) / rules.checkpoint_every
            means = " ".join(f"{s / rules.checkpoint_every:.4f}" for s in sums)
            held = [
                f"{kind} held cosine/neighbour {agreement(run, args.work / f'held_{kind}.npz')}"
                for kind in KINDS
            ]
            print(
                f"step {run.step} apart/relation/maps {means} {', '.join(held)}, {wild.size} and "
                f"{natural.size} views, {rules.batch / each:.0f} views/s",
                flush=True,
            )
            run.save(checkpoint)
            wild.refresh()
            natural.refresh()
            sums, began = np.zeros(3), time.monotonic()


if __name__ == "__main__":
    main()
