"""The teacher's inner maps as targets: far more to learn from an image than its few boxes.

Pearson distillation (Cao et al. 2022, "PKD"): what counts is how the maps correlate, channel by
channel, so teacher and student may differ in scale.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Adapters(nn.Module):
    """One 1x1 convolution a map, from the student's channels to the teacher's; training only."""

    def __init__(self, channels: int, teacher_channels: int, maps: int) -> None:
        super().__init__()
        self.each = nn.ModuleList(nn.Conv2d(channels, teacher_channels, 1) for _ in range(maps))

    def forward(self, features: tuple[Tensor, ...]) -> list[Tensor]:
        """Maps ``[N, C, H, W]`` in the teacher's channels."""
        return [one(f) for one, f in zip(self.each, features, strict=True)]


def standard(maps: Tensor) -> Tensor:
    """Maps with mean 0 and deviation 1 of every channel over the batch."""
    flat = maps.float().transpose(0, 1).flatten(1)
    flat = flat - flat.mean(1, keepdim=True)
    return flat / (flat.std(1, keepdim=True) + 1e-6)


def map_loss(ours: list[Tensor], theirs: list[Tensor]) -> Tensor:
    """Mean of ``1 - correlation`` over channels and maps: 0 is the same, 1 unrelated."""
    gaps = [
        (standard(a) - standard(b)).square().mean() / 2 for a, b in zip(ours, theirs, strict=True)
    ]
    return torch.stack(gaps).mean()
