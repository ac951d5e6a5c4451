"""The network of ``person-embed-trinetra``: plain residual 3x3 convolutions, weighted pooling.

A crop of 128x64 shrinks to a map of 8x4 cells.  Each channel is pooled with weights of its own per
cell (a depthwise convolution as large as the map, as in the teachers), so that what is worn above
and below stays apart, and a linear layer makes the embedding.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

HEIGHT, WIDTH = 128, 64
MAP_ROWS, MAP_COLUMNS = 8, 4
PIXEL_MEAN, PIXEL_STD = 114.0, 58.0


def conv(inner: int, outer: int, size: int, stride: int = 1) -> nn.Sequential:
    """Convolution, batch norm, ReLU."""
    return nn.Sequential(
        nn.Conv2d(inner, outer, size, stride, size // 2, bias=False),
        nn.BatchNorm2d(outer),
        nn.ReLU(inplace=True),
    )


class Residual(nn.Module):
    """Two 3x3 convolutions beside a shortcut."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = conv(width, width, 3)
        self.second = nn.Sequential(
            nn.Conv2d(width, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width)
        )

    def forward(self, x: Tensor) -> Tensor:
        """``[N, width, H, W]`` to the same shape."""
        return functional.relu(x + self.second(self.first(x)))


class EmbedNet(nn.Module):
    """Crops to embeddings; ``widths`` are the channels at stride 2, 4, 8 and 16."""

    def __init__(
        self, widths: tuple[int, ...], blocks: tuple[int, ...], top: int, out: int
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        inner = 3
        for width, number in zip(widths, blocks, strict=True):
            layers.append(conv(inner, width, 3, 2))
            layers += [Residual(width) for _ in range(number)]
            inner = width
        layers.append(conv(inner, top, 1))
        self.trunk = nn.Sequential(*layers)
        self.pool = nn.Conv2d(top, top, (MAP_ROWS, MAP_COLUMNS), groups=top, bias=False)
        nn.init.normal_(self.pool.weight, 1 / (MAP_ROWS * MAP_COLUMNS), 0.01)
        self.norm = nn.BatchNorm1d(top)
        self.embed = nn.Linear(top, out)

    def features(self, crops: Tensor) -> Tensor:
        """BGR crops ``[N, 3, 128, 64]``, 0..255, to maps ``[N, top, 8, 4]``."""
        maps: Tensor = self.trunk((crops - PIXEL_MEAN) / PIXEL_STD)
        return maps

    def head(self, maps: Tensor) -> Tensor:
        """Maps to embeddings ``[N, out]``, not yet of unit length."""
        # Sum of products: the CPU's depthwise kernel is slow for so large a window.
        pooled = (maps * self.pool.weight[:, 0]).sum((2, 3))
        embedding: Tensor = self.embed(self.norm(pooled))
        return embedding

    def forward(self, crops: Tensor) -> Tensor:
        """BGR crops ``[N, 3, 128, 64]``, 0..255, to unit embeddings ``[N, out]``."""
        return functional.normalize(self.head(self.features(crops)))
