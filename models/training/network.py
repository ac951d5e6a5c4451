"""The network of ``person-trinetra-nano``: plain 3x3 convolutions, a PAN neck, one class.

Anchor-free: every cell of the stride 8, 16 and 32 maps predicts one score and the distances
from its point ``(column * stride, row * stride)`` to the four sides of a box.  The points are
those of RTMDet (Lyu et al. 2022), so a cell here and a cell of the teacher mean the same place.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.training.grid import STRIDES

PIXEL_SCALE = 1.0 / 255.0
PRIOR = 0.01


def conv(inputs: int, outputs: int, kernel: int = 3, stride: int = 1) -> nn.Sequential:
    """Convolution, batch normalization, ReLU (which onnxruntime fuses into the convolution)."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False),
        nn.BatchNorm2d(outputs, eps=1e-3, momentum=0.03),
        nn.ReLU(inplace=True),
    )


class Residual(nn.Module):
    """Two 3x3 convolutions, added to the input where ``shortcut`` says so."""

    def __init__(self, channels: int, shortcut: bool) -> None:
        super().__init__()
        self.body = nn.Sequential(conv(channels, channels), conv(channels, channels))
        self.shortcut = shortcut

    def forward(self, x: Tensor) -> Tensor:
        """Map ``[N, C, H, W]`` to ``[N, C\', H, W]``."""
        y: Tensor = self.body(x)
        return x + y if self.shortcut else y


class Split(nn.Module):
    """Cross-stage block: half of the channels pass through ``depth`` residuals, all are joined."""

    def __init__(self, inputs: int, outputs: int, depth: int, shortcut: bool = True) -> None:
        super().__init__()
        self.hidden = outputs // 2
        self.enter = conv(inputs, 2 * self.hidden, 1)
        self.blocks = nn.ModuleList(Residual(self.hidden, shortcut) for _ in range(depth))
        self.leave = conv((2 + depth) * self.hidden, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``[N, C, H, W]`` to ``[N, C\', H, W]``."""
        parts = list(self.enter(x).split(self.hidden, 1))
        for block in self.blocks:
            parts.append(block(parts[-1]))
        y: Tensor = self.leave(torch.cat(parts, 1))
        return y


class Pyramid(nn.Module):
    """Spatial pyramid pooling: three 5x5 maxima in a row, joined with their input."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.enter = conv(channels, channels // 2, 1)
        self.leave = conv(channels * 2, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``[N, C, H, W]`` to ``[N, C\', H, W]``."""
        parts = [self.enter(x)]
        for _ in range(3):
            parts.append(functional.max_pool2d(parts[-1], 5, 1, 2))
        y: Tensor = self.leave(torch.cat(parts, 1))
        return y


class Head(nn.Module):
    """Score logit and four side distances (in strides) for each cell of one map."""

    def __init__(self, inputs: int, channels: int) -> None:
        super().__init__()
        self.score_tower = conv(inputs, channels)
        self.box_tower = conv(inputs, channels)
        self.score = nn.Conv2d(channels, 1, 1)
        self.box = nn.Conv2d(channels, 4, 1)
        nn.init.constant_(self.score.bias, -math.log((1 - PRIOR) / PRIOR))  # type: ignore[arg-type]
        nn.init.constant_(self.box.bias, 2.0)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Logits ``[N, 1, H, W]`` and raw distances ``[N, 4, H, W]``, both in full precision."""
        score, box = self.score_tower(x), self.box_tower(x)
        with torch.autocast(x.device.type, enabled=False):
            return self.score(score.float()), self.box(box.float())


def decode(raw: Tensor, stride: int) -> Tensor:
    """Side distances ``[N, 4, H, W]`` to boxes ``[N, H*W, 4]`` (x1, y1, x2, y2 in pixels)."""
    ones = torch.ones_like(raw[:, :1])
    points = torch.cat([ones.cumsum(3) - 1.0, ones.cumsum(2) - 1.0], 1)
    sides = functional.softplus(raw)
    boxes = torch.cat([points - sides[:, :2], points + sides[:, 2:]], 1) * float(stride)
    return boxes.flatten(2).transpose(1, 2)


class PersonNet(nn.Module):
    """Backbone, neck and heads; 1.5 million parameters at the default width."""

    def __init__(
        self,
        widths: tuple[int, int, int, int, int] = (16, 32, 64, 128, 192),
        neck: int = 64,
        tower: int = 48,
    ) -> None:
        super().__init__()
        w0, w1, w2, w3, w4 = widths
        self.stem = nn.Sequential(conv(3, w0, 3, 2), conv(w0, w1, 3, 2), Split(w1, w1, 1))
        self.stage8 = nn.Sequential(conv(w1, w2, 3, 2), Split(w2, w2, 2))
        self.stage16 = nn.Sequential(conv(w2, w3, 3, 2), Split(w3, w3, 2))
        self.stage32 = nn.Sequential(conv(w3, w4, 3, 2), Split(w4, w4, 1), Pyramid(w4))
        self.top = conv(w4, neck, 1)
        self.down16 = Split(neck + w3, neck, 1, shortcut=False)
        self.down8 = Split(neck + w2, neck, 1, shortcut=False)
        self.shrink8 = conv(neck, neck, 3, 2)
        self.up16 = Split(2 * neck, neck, 1, shortcut=False)
        self.shrink16 = conv(neck, neck, 3, 2)
        self.up32 = Split(2 * neck, neck, 1, shortcut=False)
        self.heads = nn.ModuleList(Head(neck, tower) for _ in STRIDES)

    def features(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The maps of stride 8, 16 and 32 that the heads read."""
        c8 = self.stage8(self.stem(x))
        c16 = self.stage16(c8)
        p32 = self.top(self.stage32(c16))
        p16 = self.down16(torch.cat([functional.interpolate(p32, scale_factor=2.0), c16], 1))
        p8 = self.down8(torch.cat([functional.interpolate(p16, scale_factor=2.0), c8], 1))
        n16 = self.up16(torch.cat([self.shrink8(p8), p16], 1))
        n32 = self.up32(torch.cat([self.shrink16(n16), p32], 1))
        return p8, n16, n32

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Images ``[N, 3, H, W]`` (BGR, 0..255) to logits ``[N, A]`` and boxes ``[N, A, 4]``."""
        return self.cells(self.features(x * PIXEL_SCALE))

    def cells(self, features: tuple[Tensor, Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        """Logits ``[N, A]`` and boxes ``[N, A, 4]`` of the three maps."""
        logits, boxes = [], []
        for feature, head, stride in zip(features, self.heads, STRIDES, strict=True):
            score, box = head(feature)
            logits.append(score.flatten(1))
            boxes.append(decode(box, stride))
        return torch.cat(logits, 1), torch.cat(boxes, 1)
